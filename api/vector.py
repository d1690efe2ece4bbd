"""/vector: Mapbox vector tiles of the model's layers, through a raw ASGI app.

/vector/{layer[,layer...]}/{z}/{x}/{y}.mvt        one MVT layer for each name; 204 where nothing is there
/vector/{layer[,layer...]}/tilejson.json          TileJSON 3.0: what the tiles hold and where they are
"""

import asyncio
import html
import re
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import refuse_for
from api.responses import encode
from api.static import matches, refuse, takes_gzip
from api.tile_cache import Held
from api.tile_supply import Supply
from cim.city import City
from cim.errors import BadInput, CimError
from cim.store import features, vector_tiles
from cim.store.db import Database
from cim.types import Box
from cim.web_tiles import WebTile

_TILE = re.compile(r"/vector/([\w,-]{1,200})/(\d{1,9})/(\d{1,9})/(\d{1,9})\.mvt", re.ASCII)
_TILEJSON = re.compile(r"/vector/([\w,-]{1,200})/tilejson\.json", re.ASCII)
_TYPE = "application/vnd.mapbox-vector-tile"
_SHORT = "public, max-age=10, must-revalidate"
_DETAILED_ZOOM = 16
"""The last zoom that TileJSON offers: a unit is 15 cm there, clients enlarge from then on. Deeper ones are served too."""

_OPEN = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag"),
    (b"cache-control", _SHORT.encode()),
]


class Vector:
    """Answers for /vector, and passes every other request to `rest`."""

    def __init__(
        self, rest: ASGIApp, city: City, supply: Callable[[], Supply], database: Callable[[], Database]
    ) -> None:
        self._rest, self._city, self._supply, self._database = rest, city, supply, database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not scope["path"].startswith("/vector/"):
            await self._rest(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            allowed = [(b"access-control-allow-methods", b"GET, HEAD"), (b"access-control-allow-headers", b"*")]
            await _send(send, 204, allowed, b"")
        elif scope["method"] not in ("GET", "HEAD"):
            detail = "only GET and HEAD are possible here"
            await refuse(scope, send, 405, "Method Not Allowed", detail, "method_not_allowed")
        else:
            try:
                await self._answer(scope, send)
            except CimError as error:
                await refuse_for(error, scope, send)

    async def _answer(self, scope: Scope, send: Send) -> None:
        _refuse_query(scope["query_string"])
        if match := _TILE.fullmatch(scope["path"]):
            names, (z, x, y) = _layers(match[1]), map(int, match.groups()[1:])
            WebTile(z, x, y)
            await _send_tile(await self._supply().get((names, z, x, y)), scope, send)
        elif match := _TILEJSON.fullmatch(scope["path"]):
            body = await asyncio.to_thread(self._describe, _layers(match[1]), Request(scope))
            await _send_body(body, b"application/json", scope, send)
        else:
            expected = "expected /vector/{layers}/{z}/{x}/{y}.mvt or /vector/{layers}/tilejson.json"
            detail = f"there is nothing at {scope['path']}; {expected}"
            await refuse(scope, send, 404, "Not Found", detail, "unknown")

    def _describe(self, names: tuple[str, ...], request: Request) -> bytes:
        with self._database().begin() as connection:
            boxes = [features.extent(connection, name) for name in names]
            owners = vector_tiles.owners(connection, names)
        around = _around([box for box in boxes if box is not None]) or self._city.extent
        return encode(tilejson(self._city, names, str(request.base_url), around, owners))


def tilejson(city: City, names: tuple[str, ...], base: str, around: Box, owners: list[str]) -> dict[str, Any]:
    """TileJSON 3.0 of these layers. base: the server's address with its slash. around: lon/lat degrees."""
    layers = [vector_tiles.SERVED[name] for name in names]
    return {
        "tilejson": "3.0.0",
        "name": " · ".join(f"{layer.title} {layer.title_en}" for layer in layers),
        "scheme": "xyz",
        "tiles": [f"{base}vector/{','.join(names)}/{{z}}/{{x}}/{{y}}.mvt"],
        "vector_layers": [
            {
                "id": layer.name,
                "description": f"{layer.title} {layer.title_en}",
                "minzoom": 0,
                "maxzoom": _DETAILED_ZOOM,
                "fields": vector_tiles.fields(layer),
            }
            for layer in layers
        ],
        "minzoom": 0,
        "maxzoom": _DETAILED_ZOOM,
        "bounds": [round(side, 7) for side in around.as_tuple()],
        "attribution": html.escape(
            "; ".join([f"{city.name} CIM / {city.name_en} CIM", *owners])
        ),  # clients show it as HTML
    }


def _layers(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        vector_tiles.known(name)
    if len(set(names)) < len(names):
        raise BadInput(f"{text}: a layer is named twice")
    return names


def _refuse_query(query: bytes) -> None:
    """A misspelt or unserved filter must not be taken for none, here as at the other doors."""
    asked = list(parse_qs(query.decode("latin-1"), keep_blank_values=True)) if query else []
    if {"at", "as_known_at"} & set(asked):
        raise BadInput(
            "vector tiles show the model of now; for another time (?at=, ?as_known_at=) ask /ogc/collections/{layer}/items"
        )
    if asked:
        raise BadInput(f"query parameter {asked[0]!r} is unknown; this door has none")


def _around(boxes: list[Box]) -> Box | None:
    if not boxes:
        return None
    west, south, east, north = zip(*(box.as_tuple() for box in boxes), strict=True)
    return Box(min(west), min(south), max(east), max(north))


async def _send_tile(held: Held, scope: Scope, send: Send) -> None:
    if not held.body:
        await _send(send, 204, _OPEN, b"")
        return
    asked = dict(scope["headers"])
    gzipped = takes_gzip(asked.get(b"accept-encoding", b"").decode("latin-1"))
    tag = f'"{held.tag}"' if gzipped else f'"{held.tag}-plain"'
    headers = [*_OPEN, (b"etag", tag.encode()), (b"vary", b"Accept-Encoding")]
    if b"if-none-match" in asked and matches(asked[b"if-none-match"].decode("latin-1"), tag):
        await _send(send, 304, headers, b"")
        return
    body = held.body if gzipped else await asyncio.to_thread(zlib.decompress, held.body, 31)
    headers += [(b"content-type", _TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if gzipped:
        headers.append((b"content-encoding", b"gzip"))
    await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else body)


async def _send_body(body: bytes, media_type: bytes, scope: Scope, send: Send) -> None:
    headers = [*_OPEN, (b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
