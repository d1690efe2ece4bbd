"""A static host for the tests: a folder over HTTP on this machine, what is kept as name.gz served as name, packed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
}


@contextmanager
def served(*folders: Path) -> Iterator[str]:
    """The folders laid over each other, the first that has a file wins; yields the address."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.split("?")[0].lstrip("/")
            found = next((path for path in (folder / name for folder in folders) if _stored(path)), None)
            if found is None:
                self.send_error(404)
                return
            stored = _stored(found) or found
            body = stored.read_bytes()
            self.send_response(200)
            if stored != found:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", _KINDS.get(found.suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _stored(path: Path) -> Path | None:
    """The file a name stands for: packed, or as it is."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() else path if path.is_file() else None
