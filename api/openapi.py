"""The OpenAPI document, with the doors that raw ASGI apps answer added to those that the framework knows."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

DESCRIPTION = """\
**没有身份验证。** 目前任何能访问本服务的人都可以读取全部数据，也可以上报事件、变更事件状态、写入观测值。\
服务器默认只监听本机（127.0.0.1）；在以 `--host` 开放给其他机器之前，请先在前面设置带身份验证的网关。

**There is no authentication.** For now whoever reaches this service may read everything, report incidents, move them on \
and write observations. By default the server listens on this machine only (127.0.0.1); before you open it to others with \
`--host`, put a gateway that authenticates in front of it.
"""

_POINT = {"type": "Point", "coordinates": [113.2882, 40.0911]}
_OBSERVATION: dict[str, Any] = {
    "phenomenonTime": "2026-01-01T00:00:00Z",
    "result": 12.5,
    "Datastream": {"@iot.id": 1},
    "FeatureOfInterest": {"feature": _POINT},
}


def complete(app: FastAPI) -> None:
    """Make /openapi.json describe every door."""

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _summarise(schema)
            for path, method, operation in _raw():
                schema["paths"].setdefault(path, {})[method] = operation
            app.openapi_schema = _as_problems(schema)
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _summarise(schema: dict[str, Any]) -> None:
    """A door is announced by the first sentence of its description: the framework would say the function's name."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            if sentence := _first_sentence(operation.get("description", "")):
                operation["summary"] = sentence


def _first_sentence(text: str) -> str:
    """Up to the first full stop at the end of a word or of the text, in one line; without that stop.

    >>> _first_sentence("Report an incident; it starts\\nas `reported`.\\n\\nMore.")
    'Report an incident; it starts as `reported`'
    """
    paragraph = " ".join(text.split("\n\n")[0].split())
    return re.split(r"\.(?:\s|$)", paragraph)[0].removesuffix("。")


def _raw() -> list[tuple[str, str, dict[str, Any]]]:
    live = _get(
        "live",
        "Events as they happen (Server-Sent Events, or a WebSocket): event, id, data = a Feature",
        queries=[
            _query("layers", "incidents, observations, tiles, datasets; several with commas between"),
            _query("bbox", "west,south,east,north in degrees"),
            _query("last_event_id", "resume after this event (a Last-Event-ID header wins)"),
        ],
    )
    tiles = [(path, "get", operation) for path, operation in _tiles().items()]
    return [*tiles, ("/live", "get", live), ("/sta/v1.1/Observations", "post", _post_observations())]


def _tiles() -> dict[str, dict[str, Any]]:
    times = [
        _query("at", "of the tileset `city`: as the world was then (valid time), a day or ISO 8601"),
        _query("as_known_at", "of the tileset `city`: as the model knew it then (record time)"),
    ]
    immutable = "A tile ({hash}.glb) or nested tileset ({hash}.json): immutable"
    vector = "A Mapbox vector tile (XYZ); several layers with commas between; 204: nothing is there"
    return {
        "/tiles3d/{tileset}/tileset.json": _get("tiles", "The root of a 3D Tiles 1.1 tileset", ["tileset"], times),
        "/tiles3d/c/{name}": _get("tiles", immutable, ["name"]),
        "/terrain/layer.json": _get("tiles", "What the terrain holds"),
        "/terrain/{z}/{x}/{y}.terrain": _get("tiles", "A quantized-mesh terrain tile (TMS)", ["z", "x", "y"]),
        "/vector/{layers}/{z}/{x}/{y}.mvt": _get("tiles", vector, ["layers", "z", "x", "y"]),
        "/vector/{layers}/tilejson.json": _get("tiles", "TileJSON 3.0 of these layers", ["layers"]),
    }


def _query(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": "string"}}


def _get(
    tag: str, summary: str, names: list[str] | None = None, queries: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    inside = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names or []]
    return {
        "tags": [tag],
        "summary": summary,
        "parameters": [*inside, *(queries or [])],
        "responses": {"200": {"description": "the bytes"}, "404": {"description": "there is none"}},
    }


def _post_observations() -> dict[str, Any]:
    content = {
        "application/json": {
            "schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]},
            "examples": {"one": {"value": _OBSERVATION}, "several": {"value": [_OBSERVATION]}},
        }
    }
    return {
        "tags": ["SensorThings"],
        "summary": "One Observation or an array of them; the same Datastream and time is the same row",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "201": {"description": "stored, all of them"},
            "400": {"description": "not one of them was stored"},
            "404": {"description": "there is no such Datastream; not one was stored"},
            "413": {"description": "the body is too large; send it in parts"},
            "503": {
                "description": "the database is away, or too much waits already; Retry-After says when to come back"
            },
        },
    }


def _as_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """The framework announces its own 422 shape; what is sent is 400 with a problem body."""
    names = ("type", "title", "detail", "code")
    properties = {name: {"type": "string"} for name in names} | {"status": {"type": "integer"}}
    shapes = schema.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        shapes.pop(unused, None)
    shapes["Problem"] = {"type": "object", "properties": properties, "required": [*names, "status"]}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in schema["paths"].values():
        for operation in operations.values():
            if operation["responses"].pop("422", None) is not None:
                operation["responses"]["400"] = {"description": "the request is wrong", "content": content}
    return schema
