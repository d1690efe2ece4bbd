"""The hot bytes: tiles, terrain and the viewer's files, straight from disk through a raw ASGI app.

/tiles3d/c/{hash}.glb|json          named by content: immutable; kept gzipped on disk
/tiles3d/{tileset}/tileset.json     the small roots that change: asked for each time, 304 by their ETag
/terrain/layer.json, /terrain/{z}/{x}/{y}.terrain
/, /assets/...                      the viewer's build
"""

import asyncio
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from api.responses import encode, problem

_TILE = re.compile(r"/tiles3d/c/([0-9a-f]{32}\.(glb|json))", re.ASCII)
_ROOT = re.compile(r"/tiles3d/([A-Za-z0-9][\w-]{0,62})/tileset\.json", re.ASCII)
_TERRAIN = re.compile(r"/terrain/(\d{1,2})/(\d{1,8})/(\d{1,8})\.terrain", re.ASCII)
_TYPES = {"glb": "model/gltf-binary", "json": "application/json"}
_IMMUTABLE = "public, max-age=31536000, immutable"
_ROOT_AGE = "public, max-age=0, must-revalidate"  # a client is told of a new root, and must not be shown the old one
_SHORT = "public, max-age=10, must-revalidate"
_TERRAIN_AGE = "public, max-age=60, must-revalidate"
_VIEWER = "no-cache"
_NOT_BUILT = Path(__file__).with_name("viewer_missing.html")


@dataclass(frozen=True, slots=True)
class Held:
    """A file to serve: where it lies, what it is, how long it may be kept, and whether it lies there gzipped.

    tag: the ETag where the name says it already; None: the hash of the bytes.
    """

    path: Path
    media_type: str
    caching: str
    gzipped: bool = False
    tag: str | None = None


def find(path: str, data: Path) -> Held | None:
    """The file of the data folder behind a request path; None for a path that cannot name one."""
    if match := _TILE.fullmatch(path):
        name, kind = match.groups()
        return Held(data / "tiles" / "c" / f"{name}.gz", _TYPES[kind], _IMMUTABLE, gzipped=True, tag=name[:32])
    if match := _ROOT.fullmatch(path):
        return Held(data / "tiles" / match[1] / "tileset.json", _TYPES["json"], _ROOT_AGE)
    if path == "/terrain/layer.json":
        return Held(data / "terrain" / "layer.json", _TYPES["json"], _SHORT)
    if match := _TERRAIN.fullmatch(path):
        file = data / "terrain" / match[1] / match[2] / f"{match[3]}.terrain"
        return Held(file, "application/vnd.quantized-mesh", _TERRAIN_AGE, gzipped=True)
    return None


def find_viewer(path: str, built: Path) -> Held | None:
    """The file of the viewer's build behind a request path; None where there is none, or it would lie outside."""
    wanted = built / (path.lstrip("/") or "index.html")
    try:
        inside = wanted.resolve().is_relative_to(built.resolve()) and wanted.is_file()
    except (OSError, ValueError):
        return None
    if not inside:
        return None
    media_type = mimetypes.guess_type(wanted.name)[0] or "application/octet-stream"
    hashed = re.search(r"-[\w-]{8}\.\w+$", wanted.name, re.ASCII) and "assets" in wanted.parts
    return Held(wanted, media_type, _IMMUTABLE if hashed else _VIEWER)


class Tiles:
    """Answers for /tiles3d and /terrain, and passes every other request to `rest`."""

    def __init__(self, rest: ASGIApp, data: Path) -> None:
        self._rest, self._data = rest, data

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(("/tiles3d/", "/terrain/")):
            await self._rest(scope, receive, send)
            return
        held = find(path, self._data)
        await serve(held, scope, send, f"there is no tile at {path}")


class Viewer:
    """Answers with the viewer's files, a hint where the viewer is not built, and lets `rest` answer for the others."""

    def __init__(self, rest: ASGIApp, built: Path) -> None:
        self._rest, self._built = rest, built

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request that no route took."""
        held = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            held = find_viewer(scope["path"], self._built)
            if held is None and scope["path"] == "/":
                held = Held(_NOT_BUILT, "text/html; charset=utf-8", _VIEWER)
        if held is None:
            await self._rest(scope, receive, send)
        else:
            await serve(held, scope, send, "the viewer's file went away")


async def serve(held: Held | None, scope: Scope, send: Send, missing: str) -> None:
    """Send a file: gzipped where it lies so and the client takes it, 304 where the client has it, 404 where none is."""
    if scope["method"] == "OPTIONS":
        await _send(send, 204, {"access-control-allow-methods": "GET, HEAD", "access-control-allow-headers": "*"}, b"")
        return
    if scope["method"] not in ("GET", "HEAD"):
        await refuse(
            scope, send, 405, "Method Not Allowed", "only GET and HEAD are possible here", "method_not_allowed"
        )
        return
    try:
        body = b"" if held is None else held.path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        held = None
    if held is None:
        await refuse(scope, send, 404, "Not Found", missing, "unknown")
        return
    asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
    plain = held.gzipped and not takes_gzip(asked.get(b"accept-encoding", ""))
    tag = held.tag or hashlib.sha256(body).hexdigest()[:32]
    headers = {"etag": f'"{tag}-plain"' if plain else f'"{tag}"', "cache-control": held.caching}
    if held.gzipped:
        headers["vary"] = "Accept-Encoding"
    if matches(asked.get(b"if-none-match", ""), headers["etag"]):
        await _send(send, 304, headers, b"")
        return
    headers["content-type"] = held.media_type
    if plain:
        body = await asyncio.to_thread(gzip.decompress, body)
    elif held.gzipped:
        headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(body))
    await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else body)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110 12.5.3).

    >>> takes_gzip("br, gzip;q=0.5"), takes_gzip("gzip;q=0"), takes_gzip("*"), takes_gzip("")
    (True, False, True, False)
    """
    weights = {}
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        value = weight.strip().removeprefix("q=") or "1"
        weights[coding.strip()] = re.fullmatch(r"0(\.0*)?", value) is None
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def matches(asked: str, tag: str) -> bool:
    """Whether an If-None-Match header names this ETag (weak comparison, RFC 9110 13.1.2).

    >>> matches('W/"a", "b"', '"a"'), matches("*", '"a"'), matches("", '"a"')
    (True, True, False)
    """
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in asked.split(",") if one.strip())


async def refuse(scope: Scope, send: Send, status: int, title: str, detail: str, code: str) -> None:
    """Send a problem."""
    body = encode(problem(status, title, detail, code))
    headers = {"content-type": "application/problem+json", "content-length": str(len(body))}
    if status == 503:
        headers["retry-after"] = "2"
    if status == 405:
        headers["allow"] = "GET, HEAD, OPTIONS"
    await _send(send, status, headers, b"" if scope.get("method") == "HEAD" else body)


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    lines.append((b"access-control-allow-origin", b"*"))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
