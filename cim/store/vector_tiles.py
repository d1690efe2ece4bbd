"""Vector tiles (Mapbox Vector Tile 2.1) of the current states, from the shapes in web Mercator that stand beside the rows.

From zoom 14 on a tile holds everything that reaches into it, as it is. Below it is thinned: what a screen could not show
apart is merged, left out or simplified, by rules of which each says in its SQL file how it counts.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, text

from cim.errors import Unknown
from cim.layers import LAYERS
from cim.layers.addresses import PARTS
from cim.plugins import Column, Layer
from cim.store.db import raw
from cim.store.sql import script
from cim.types import Box, RoofForm, Use
from cim.web_tiles import WebTile

WHOLE_ZOOM = 14
"""The first zoom at which nothing is left out."""

MARGIN = 64.0 / 4096.0
"""How far a tile holds what lies beyond its edge, as a share of its side: outlines there must not show at the seam."""

# The project's own defaults. A tile is taken to be drawn 512 pixels wide.
_PIXELS = 512
_SQUARE_PX = 8  # points and small buildings are merged by squares of this side: at most 64 x 64 of them are in a tile
_MOST_LARGE = 4_096  # buildings that are shown one by one below z14
_MOST_POINTS = 60_000  # of lines and areas below z14, eight more counted for each: some 200 KiB

_BUILDING_FIELDS = {
    "id": "Number",
    "name": "String",
    "use": "String",
    "height_m": "Number",
    "height_basis": "String",
    "eaves_m": "Number",
    "storeys": "Number",
    "roof_form": "String",
    "year": "Number",
    "cim_level": "String",
    "lod": "Number",
    "count": "Number",
    "area_m2": "Number",
}
_PROVENANCE_FIELDS = {"source": "String", "accuracy_m": "Number", "is_synthetic": "Boolean"}
_KINDS = {"text": "String", "integer": "Number", "real": "Number", "time": "String"}
_OWN = ("id", "name", *_PROVENANCE_FIELDS)  # columns of the table, not of its properties

# Rasters have doors of their own, and what observes is at /sta and /sensors.
SERVED = {
    name: layer
    for name, layer in LAYERS.items()
    if layer.geometry in ("point", "line", "polygon") and name not in ("stations", "vehicles")
}


def known(name: str) -> Layer:
    """A layer that has tiles. Raises Unknown with those that have."""
    if name not in SERVED:
        raise Unknown(f"no layer named {name!r} has vector tiles; known: {', '.join(SERVED)}")
    return SERVED[name]


def tile(connection: Connection, layers: Sequence[str], place: WebTile) -> bytes:
    """A tile's bytes, one MVT layer for each name that has something there, in this order; empty where there is nothing.

    Raises Unknown for a layer without tiles. The same rows give the same bytes.
    """
    driver = raw(connection)
    # With its values before it the planner takes the whole table for part of it; without them it takes the index.
    driver.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    parts = []
    with driver.cursor(binary=True) as cursor:  # bytes as bytes, not as twice as many hex digits
        for name in layers:
            row = cursor.execute(statement(name, place.z >= WHOLE_ZOOM), values(name, place), prepare=True).fetchone()
            parts.append(b"" if row is None else bytes(row[0]))
    return b"".join(parts)  # layers are a repeated field of the message: tiles join by joining their bytes


def fields(layer: Layer) -> dict[str, str]:
    """What the features of a layer say of themselves in a tile, and as what: {property: String, Number or Boolean}."""
    if layer.name == "buildings":
        return _BUILDING_FIELDS | _PROVENANCE_FIELDS
    own = {column.name: _KINDS[column.kind] for column in _columns(layer)}
    counted = {"count": "Number"} if layer.geometry == "point" else {}
    return {"id": "Number", "name": "String"} | own | counted | _PROVENANCE_FIELDS


def owners(connection: Connection, layers: Sequence[str]) -> list[str]:
    """Whose data these layers are, as the city file says it: owners with their licences; ascending, each once."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT concat_ws(', ', owner, licence) AS owner FROM cim.dataset
            WHERE layer = ANY(CAST(:layers AS text[])) AND coalesce(owner, licence) IS NOT NULL ORDER BY 1"""),
        {"layers": list(layers)},
    )
    return [str(row.owner) for row in rows]


@lru_cache(maxsize=256)
def statement(layer: str, whole: bool) -> sql.Composed | sql.SQL:
    """The query for a layer's part of a tile, to be prepared by psycopg. whole: nothing is left out (from z14 on).

    Raises Unknown for a layer without tiles.
    """
    known(layer)
    if layer == "buildings":
        return sql.SQL(script("select_building_tile" if whole else "select_building_tile_thinned"))
    thinned = f"select_{'point' if SERVED[layer].geometry == 'point' else 'shape'}_tile_thinned"
    columns = sql.SQL("f.name, ") + sql.SQL("").join(_selected(column) for column in _columns(SERVED[layer]))
    return sql.SQL(script("select_feature_tile" if whole else thinned)).format(columns=columns)


def values(layer: str, place: WebTile) -> dict[str, Any]:
    """What `statement` binds for one tile."""
    box, near = place.box(), place.box(MARGIN)
    pixel = (box.east - box.west) / _PIXELS
    return {
        "layer": layer,
        "most": _MOST_LARGE if layer == "buildings" else _MOST_POINTS,
        "box": f"BOX({box.west!r} {box.south!r},{box.east!r} {box.north!r})",
        "near": _outline(near),
        "west": box.west,
        "south": box.south,
        "east": box.east,
        "north": box.north,
        "pixel": pixel,
        "square": pixel * _SQUARE_PX,
        "uses": [use.name for use in Use],
        "roof_forms": [form.name for form in RoofForm],
    }


def _columns(layer: Layer) -> list[Column]:
    """The layer's own columns that a tile can carry; of an address its whole text, not its sixteen parts beside it."""
    spared = {*_OWN, *(PARTS if layer.name == "addresses" else ())}
    return [column for column in layer.columns if column.kind in _KINDS and column.name not in spared]


def _selected(column: Column) -> sql.Composed:
    """One attribute out of `properties` with its comma; a number that somebody wrote as text is left out, not guessed."""
    shape = "f.properties ->> {key} AS {name}, "
    if _KINDS[column.kind] == "Number":
        shape = "CASE jsonb_typeof(f.properties -> {key}) WHEN 'number' THEN (f.properties -> {key})::float8 END AS {name}, "
    return sql.SQL(shape).format(key=sql.Literal(column.name), name=sql.Identifier(column.name))


def _outline(box: Box) -> str:
    west, south, east, north = box.as_tuple()
    corners = ((west, south), (west, north), (east, north), (east, south), (west, south))
    return "SRID=3857;POLYGON((" + ",".join(f"{x!r} {y!r}" for x, y in corners) + "))"
