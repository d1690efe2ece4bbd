"""A web server on loopback that behaves as badly as it is told: breaks off, refuses, redirects, forgets."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Host:
    """files: path -> bytes. headers: path -> more headers. statuses: what the next answers are instead. breaks: after how
    many bytes the next answers break off. ranges: whether parts can be had. asked: the requests that came, with their Range.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    ranges: bool = True
    sized: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def web_host() -> Iterator[Host]:
    """A running server; its `url` has no slash at the end."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.close_connection = True
            _answer(host, self)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *arguments: Any) -> None:  # a client that has seen enough hangs up
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        host.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def _answer(host: Host, request: BaseHTTPRequestHandler) -> None:
    path, wanted = unquote(urlsplit(request.path).path), request.headers.get("Range")
    host.asked.append((path, wanted))
    status = host.statuses.pop(0) if host.statuses else 200 if path in host.files else 404
    content = host.files.get(path, b"") if status == 200 else b""
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    begin = 0
    if status == 200 and host.ranges and wanted and request.headers.get("If-Range") == tag:
        begin, status = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1)), 206  # type: ignore[union-attr]
    request.send_response(status)
    if status == 206:
        request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
    if host.ranges:
        request.send_header("ETag", tag)
    if host.sized:
        request.send_header("Content-Length", str(len(content) - begin))
    for name, value in host.headers.get(path, {}).items():
        request.send_header(name, value)
    request.send_header("Connection", "close")
    request.end_headers()
    end = begin + host.breaks.pop(0) if host.breaks and status in (200, 206) else len(content)
    request.wfile.write(content[begin:end])
