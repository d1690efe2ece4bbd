"""Things that observe: stations and vehicles, their datastreams, and their last values as GeoJSON Features."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from cim import series
from cim.errors import BadInput, Unknown
from cim.store.frame import outline, srid, to_frame
from cim.store.sql import statement
from cim.types import Box

Entity = dict[str, Any]


def put_stations(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Register sensor stations, each with the one datastream it observes; safe to repeat (the code identifies it).

    Each row: code, name, kind, observed_property, unit (symbol), lon, lat (WGS 84 degrees); optional unit_name,
    period_s (seconds), thresholds ({name: value} or [{"name", "value", "source"}]), building_id (an object's id),
    source, is_synthetic (default False), properties (anything else). Returns {code: thing id}.
    Raises BadInput for a row without one of the required values, or with a threshold that is no number.
    """
    return _put(connection, [_row(row, row.get("observed_property"), row.get("unit")) for row in rows])


def put_vehicles(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Register vehicles: things of kind `vehicle` with a datastream `speed` in km/h; safe to repeat.

    Each row: code (the vehicle's id); optional name (default the code), lon, lat (where it was last seen, WGS 84
    degrees; without them it stands nowhere until its first fix; a known position is never moved back by loading),
    period_s, thresholds, source, is_synthetic (default False), properties. Returns {code: thing id}.
    """
    moving = [{"name": row.get("code"), "lon": None, "lat": None} | dict(row) | {"kind": "vehicle"} for row in rows]
    return _put(connection, [_row({"unit_name": "kilometre per hour"} | row, "speed", "km/h") for row in moving])


def _row(row: Mapping[str, Any], observed: Any, unit: Any) -> Entity:
    needed = {"code": row.get("code"), "name": row.get("name"), "kind": row.get("kind")}
    needed |= {"observed_property": observed, "unit": unit}
    lacking = [name for name, value in needed.items() if value in (None, "")]
    if row.get("kind") != "vehicle":
        lacking += [name for name in ("lon", "lat") if row.get(name) is None]
    if lacking:
        raise BadInput(f"station {row.get('code')!r}: {', '.join(lacking)} missing")
    return {
        "code": str(row["code"]),
        "name": str(row["name"]),
        "kind": str(row["kind"]),
        "lonlat": None if row.get("lon") is None else (float(row["lon"]), float(row["lat"])),
        "building_id": row.get("building_id"),
        "source": row.get("source"),
        "is_synthetic": bool(row.get("is_synthetic") or False),
        "properties": dict(row.get("properties") or {}),
        "property": str(observed),
        "unit_name": str(row.get("unit_name") or unit),
        "unit_symbol": str(unit),
        "period_s": None if row.get("period_s") is None else float(row["period_s"]),
        "thresholds": [asdict(rung) for rung in series.ladder(row.get("thresholds"))],
    }


def _put(connection: Connection, rows: Sequence[Entity]) -> dict[str, int]:
    if not rows:
        return {}
    codes = [row["code"] for row in rows]
    if len(set(codes)) != len(codes):
        raise BadInput(f"two stations share a code: {sorted({c for c in codes if codes.count(c) > 1})}")
    placed = [row for row in rows if row["lonlat"] is not None]
    for row, (x, y) in zip(placed, to_frame(connection, [r["lonlat"] for r in placed]).tolist(), strict=True):
        row["x"], row["y"] = x, y
    values = {"rows": json.dumps(rows, ensure_ascii=False), "srid": srid(connection)}
    return {row.code: row.id for row in connection.execute(statement("put_things"), values)}


def things(
    connection: Connection,
    *,
    ids: Sequence[int] | None = None,
    after: int | None = None,
    skip: int = 0,
    limit: int = 100,
) -> list[Entity]:
    """Things (or those of these ids), ascending id.

    Each: id, code, name, kind, building_id, source, is_synthetic, properties, lon, lat (degrees, or None).
    """
    rows = connection.execute(
        text("""
            SELECT id, code, name, kind, building_id, source, is_synthetic, properties,
                   round(ST_X(ST_Transform(geom, 4490))::numeric, 7)::float8 AS lon,
                   round(ST_Y(ST_Transform(geom, 4490))::numeric, 7)::float8 AS lat
            FROM cim.thing
            WHERE (CAST(:ids AS bigint[]) IS NULL OR id = ANY(CAST(:ids AS bigint[])))
              AND (CAST(:after AS bigint) IS NULL OR id > :after)
            ORDER BY id OFFSET :skip LIMIT :limit"""),
        {"ids": None if ids is None else list(ids), "after": after, "skip": skip, "limit": limit},
    )
    return [dict(row._mapping) for row in rows]


def thing(connection: Connection, id: int) -> Entity:
    """One thing. Raises Unknown where there is none."""
    found = things(connection, ids=[id])
    if not found:
        raise Unknown(f"there is no Thing {id}")
    return found[0]


DATASTREAM = [
    *("id", "thing_id", "thing_name", "kind", "is_synthetic", "property", "unit_name", "unit_symbol"),
    *("period_s", "thresholds", "first_time", "last_time"),
]
"""The columns of a datastream."""


def datastreams(
    connection: Connection,
    *,
    ids: Sequence[int] | None = None,
    things: Sequence[int] | None = None,
    after: int | None = None,
    skip: int = 0,
    limit: int = 100,
) -> list[Entity]:
    """Datastreams, ascending id, all or of some things: id, thing_id, thing_name, kind, property, unit_name,
    unit_symbol, period_s, thresholds, is_synthetic, and the times of the first and last observation (or None).
    """
    values = {"ids": None if ids is None else list(ids), "things": None if things is None else list(things)}
    values |= {"after": after, "skip": skip, "limit": limit}  # type: ignore[dict-item]
    return [dict(row._mapping) for row in connection.execute(statement("select_datastreams"), values)]


def datastream(connection: Connection, id: int) -> Entity:
    """One datastream. Raises Unknown where there is none."""
    found = datastreams(connection, ids=[id])
    if not found:
        raise Unknown(f"there is no Datastream {id}")
    return found[0]


def total(connection: Connection, entity: str) -> int:
    """How many things or datastreams there are. entity: `thing` or `datastream`."""
    sql = {"thing": "SELECT count(*) FROM cim.thing", "datastream": "SELECT count(*) FROM cim.datastream"}[entity]
    return int(connection.execute(text(sql)).scalar_one())


def latest(connection: Connection, now: datetime, bbox: Box | None = None) -> list[Entity]:
    """Every thing with its last values as a Feature (geometry null for one never seen). bbox: degrees."""
    values = {"things": None, "box": outline(connection, bbox)}
    found: dict[int, Entity] = {}
    for row in connection.execute(statement("select_latest"), values):
        if bbox is not None and not (row.lon is not None and bbox.contains(row.lon, row.lat)):
            continue
        if row.thing_id not in found:
            names = ("name", "kind", "code", "is_synthetic", "building_id")
            found[row.thing_id] = _point(row, {name: getattr(row, name) for name in names} | {"readings": []})
        if row.datastream_id is not None:
            found[row.thing_id]["properties"]["readings"].append(_reading(row, now))
    return list(found.values())


def observed(connection: Connection, ids: Sequence[int], now: datetime) -> dict[int, Entity]:
    """What the last observation of each of these datastreams says, as a Feature of its thing, by datastream id."""
    values = {
        "things": list({row["thing_id"] for row in datastreams(connection, ids=ids, limit=len(ids))}),
        "box": None,
    }
    found, wanted = {}, set(ids)
    for row in connection.execute(statement("select_latest"), values):
        if row.datastream_id in wanted and row.result is not None:
            names = ("name", "kind", "code", "is_synthetic", "building_id")
            properties = _reading(row, now) | {name: getattr(row, name) for name in names}
            found[row.datastream_id] = _point(row, properties)
    return found


def _point(row: Any, properties: Entity) -> Entity:
    geometry = None if row.lon is None else {"type": "Point", "coordinates": [row.lon, row.lat]}
    return {"type": "Feature", "id": row.thing_id, "geometry": geometry, "properties": properties}


def _reading(row: Any, now: datetime) -> Entity:
    rungs = series.ladder(row.thresholds)
    return {
        "datastream_id": row.datastream_id,
        "property": row.property,
        "unit": row.unit_symbol,
        "value": row.result,
        "time": row.phenomenon_time,
        "state": series.state(row.result, row.phenomenon_time, rungs, period_s=row.period_s, now=now),
    }
