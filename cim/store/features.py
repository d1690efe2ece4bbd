"""Features of every layer as GeoJSON: now, at another time, or as the model knew them then."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Text, cast, distinct, exists, func, or_, select, text

from cim import crs as frames
from cim.errors import Unknown
from cim.geoid import Geoid
from cim.layers import LAYERS
from cim.store.frame import outline, srid
from cim.store.sql import statement
from cim.store.tables import current_body as body
from cim.store.tables import current_feature as feature
from cim.store.tables import thing
from cim.types import Box, CimLevel, RoofForm, Use


def items(
    connection: Connection,
    layer: str,
    *,
    bbox: Box | None = None,
    within: shapely.Geometry | None = None,
    limit: int = 100,
    after: int | None = None,
    only: int | None = None,
    at: datetime | None = None,
    as_known_at: datetime | None = None,
    geoid: Geoid | None = None,
) -> list[dict[str, Any]]:
    """Features of a layer as GeoJSON Features, ascending id.

    at: as the world was at this moment (valid time; default: now). as_known_at: by what the model held at this moment
    (record time; default: by what it holds now). bbox: lon/lat degrees. within: a geometry in the city frame that the
    features intersect. after: the last id of the page before. Heights in a geometry count from the city's datum, or from
    the ellipsoid where a `geoid` is given. Raises Unknown for a layer nobody registered.
    """
    known = LAYERS[layer]
    number = srid(connection)
    values = {
        "after": after,
        "id": only,
        "limit": limit,
        "at": at,
        "known": as_known_at,
        "box": outline(connection, bbox),
        "within": None
        if within is None
        else shapely.to_wkb(shapely.set_srid(within, number), hex=True, include_srid=True),
    }
    buildings = known.name == "buildings"
    if not buildings:
        values["layer"] = known.name
    rows = connection.execute(statement("select_building_items" if buildings else "select_feature_items"), values)
    found = [_feature(row.id, row.geometry, row.properties, buildings) for row in rows]
    return found if geoid is None else [_over_ellipsoid(one, geoid) for one in found]


def item(
    connection: Connection,
    layer: str,
    id: int,
    *,
    at: datetime | None = None,
    as_known_at: datetime | None = None,
    geoid: Geoid | None = None,
) -> dict[str, Any]:
    """One feature, as `items` gives it. Raises Unknown where there is none then."""
    found = items(connection, layer, only=id, limit=1, at=at, as_known_at=as_known_at, geoid=geoid)
    if not found:
        raise Unknown(f"layer {layer} has no feature {id}")
    return found[0]


def counts(connection: Connection) -> dict[str, int]:
    """How many current features each loaded layer has, and how many sensors and vehicles there are."""
    return layer_counts(connection) | device_counts(connection)


def layer_counts(connection: Connection) -> dict[str, int]:
    """How many current features each loaded layer has; reads them all."""
    bodies = select(func.count(distinct(body.c.building_id)))
    layers = select(feature.c.layer, func.count()).group_by(feature.c.layer)
    found = {"buildings": int(connection.execute(bodies).scalar_one())}
    return found | {name: int(n) for name, n in connection.execute(layers.order_by(feature.c.layer))}


def device_counts(connection: Connection) -> dict[str, int]:
    """How many sensors and vehicles there are."""
    moving = thing.c.kind == "vehicle"
    devices = select(func.count().filter(~moving), func.count().filter(moving)).select_from(thing)
    sensors, vehicles = connection.execute(devices).one()
    return {"sensors": int(sensors), "vehicles": int(vehicles)}


def has_synthetic(connection: Connection) -> bool:
    """Whether any current feature or thing is made up."""
    return has_synthetic_layers(connection) or has_synthetic_devices(connection)


def has_synthetic_layers(connection: Connection) -> bool:
    """Whether any current feature is made up; reads them all where none is."""
    bodies, layers = exists().where(body.c.is_synthetic), exists().where(feature.c.is_synthetic)
    return bool(connection.execute(select(or_(bodies, layers))).scalar_one())


def has_synthetic_devices(connection: Connection) -> bool:
    """Whether any thing is made up."""
    return bool(connection.execute(select(exists().where(thing.c.is_synthetic))).scalar_one())


def extent(connection: Connection, layer: str) -> Box | None:
    """The lon/lat box round a layer's current features; None where it has none."""
    if LAYERS[layer].name == "buildings":
        around = select(func.ST_Extent(body.c.footprint).label("box"))
    else:
        around = select(func.ST_Extent(feature.c.geom).label("box")).where(feature.c.layer == layer)
    box = around.subquery().c.box
    sides = connection.execute(select(func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box))).one()
    if sides[0] is None:
        return None
    # A row and a column of places on each side: the box of a single point, or of a straight street, has no ring.
    across, up = np.linspace(sides[0], sides[2], 9), np.linspace(sides[1], sides[3], 9)
    ring = np.array([(x, y) for x in across for y in up if x in sides or y in sides])
    lonlat = frames.transform(ring, f"EPSG:{srid(connection)}", frames.LONLAT)
    return Box(*lonlat.min(axis=0).tolist(), *lonlat.max(axis=0).tolist())


def named(connection: Connection, layer: str, name: str) -> list[tuple[str, shapely.Geometry]]:
    """The current features of a layer whose name or code this is: (code, geometry in the city frame)."""
    code = feature.c.properties["code"].astext
    rows = connection.execute(
        select(func.coalesce(code, cast(feature.c.object_id, Text)).label("code"), func.ST_AsBinary(feature.c.geom))
        .where(feature.c.layer == layer, or_(feature.c.name == name, code == name))
        .order_by("code")
    )
    return [(found, shapely.from_wkb(bytes(shape))) for found, shape in rows]


def building_ids(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """The buildings with these ids of their sources: {source's id: our id}; ids that several sources use are left out."""
    rows = connection.execute(
        text("""
            SELECT o.source_key, min(o.id) AS id FROM (
                SELECT id, dataset_id, source_key FROM cim.object
                UNION ALL SELECT object_id, dataset_id, source_key FROM cim.object_alias
            ) o JOIN cim.dataset d ON d.id = o.dataset_id
            WHERE d.layer = 'buildings' AND o.source_key = ANY(CAST(:keys AS text[]))
            GROUP BY o.source_key HAVING count(DISTINCT o.id) = 1"""),
        {"keys": sorted(set(keys))},
    )
    return {row.source_key: int(row.id) for row in rows}


def pages(connection: Connection, layer: str, *, size: int = 5_000, **where: Any) -> Iterator[list[dict[str, Any]]]:
    """All matching features, page by page, each starting after the last id of the one before."""
    after = None
    while page := items(connection, layer, limit=size, after=after, **where):
        yield page
        after = int(page[-1]["id"])


def _feature(id: int, geometry: Any, properties: dict[str, Any], building: bool) -> dict[str, Any]:
    if building:
        properties["use"] = Use(properties["use"]).name
        properties["roof_form"] = RoofForm(properties["roof_form"]).name
        properties["cim_level"] = CimLevel(properties["cim_level"]).name
        properties = {**properties.pop("extra"), **properties}
    return {"type": "Feature", "id": id, "geometry": geometry, "properties": properties}


def _over_ellipsoid(feature: dict[str, Any], geoid: Geoid) -> dict[str, Any]:
    """The feature with the heights in its geometry counted from the ellipsoid: h = H + N."""

    def lift(part: Any) -> Any:
        if not part or isinstance(part[0], list):
            return [lift(one) for one in part]
        if len(part) < 3:
            return part
        return [*part[:2], round(part[2] + float(geoid.undulation(np.array([part[:2]]))[0]), 3)]

    shape = feature["geometry"]
    return {**feature, "geometry": {**shape, "coordinates": lift(shape["coordinates"])}}
