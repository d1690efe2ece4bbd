"""Observations in the store: written so that a repeat changes nothing, read back by time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from cim.errors import Unknown
from cim.store.bus import tell
from cim.store.frame import srid, to_frame
from cim.store.sql import statement
from cim.types import Observation


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: rows new or different from what was there, and the datastreams whose last value it moved."""

    changed: int
    moved: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of observations begins: after this time (and this datastream, among equal times)."""

    time: datetime
    datastream_id: int


def unknown(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of the datastream ids that do not exist."""
    rows = connection.execute(
        text("SELECT id FROM cim.datastream WHERE id = ANY(CAST(:ids AS bigint[]))"), {"ids": sorted(set(ids))}
    )
    return set(ids) - {row.id for row in rows}


def write(
    connection: Connection, observations: Sequence[Observation], *, announce: bool = True, known: bool = False
) -> Written:
    """Store observations; the same datastream and time is the same row, of two in one call the later wins.

    `latest` only moves forward in time (a correction of the last reading counts), and a thing moves with its newest
    fix. Ends with one event on the bus, which others wait for until the commit, so it must be the transaction's last
    statement; announce=False leaves the event to the caller: bus.tell(connection, "observation", moved) at the end.
    known: the caller has asked `unknown` in this transaction. Raises Unknown for a datastream that does not exist,
    BadInput for a place that the city frame cannot hold; then nothing is written.
    """
    if not observations:
        return Written(0, ())
    strange = set() if known else unknown(connection, [o.datastream_id for o in observations])
    if strange:
        raise Unknown(f"there is no Datastream {', '.join(str(id) for id in sorted(strange)[:5])}")
    values = {
        "ids": _array(o.datastream_id for o in observations),
        "times": _array(o.phenomenon_time.isoformat() for o in observations),
        "results": _array(o.result for o in observations),
        "lons": _array("NULL" if o.lonlat is None else o.lonlat[0] for o in observations),
        "lats": _array("NULL" if o.lonlat is None else o.lonlat[1] for o in observations),
    }
    row = connection.execute(statement("write_observations"), values).one()
    if row.fixes:
        _move(connection, row.fixes)
    if announce:
        tell(connection, "observation", row.moved)
    return Written(row.changed, tuple(row.moved))


def _array(values: Iterable[object]) -> str:
    """Numbers, times or NULLs as PostgreSQL writes an array: five times as fast as the driver does it for a list."""
    return "{" + ",".join(map(str, values)) + "}"


def _move(connection: Connection, fixes: Sequence[dict[str, Any]]) -> None:
    xy = to_frame(connection, [(fix["lon"], fix["lat"]) for fix in fixes])
    connection.execute(
        text("""
            UPDATE cim.thing t SET geom = ST_SetSRID(ST_MakePoint(m.x, m.y), :srid)
            FROM unnest(CAST(:ids AS bigint[]), CAST(:x AS float8[]), CAST(:y AS float8[])) AS m (id, x, y)
            WHERE t.id = m.id"""),
        {
            "ids": [f["thing_id"] for f in fixes],
            "x": xy[:, 0].tolist(),
            "y": xy[:, 1].tolist(),
            "srid": srid(connection),
        },
    )


def observations(
    connection: Connection,
    datastream_id: int | None = None,
    *,
    newest_first: bool = False,
    after: Page | None = None,
    skip: int = 0,
    limit: int = 100,
) -> list[Observation]:
    """Observations of one datastream, or of all, in the order of time; a page costs the same however many there are."""
    sql = statement("select_observations_down" if newest_first else "select_observations_up")
    values = {
        "id": datastream_id,
        "time": None if after is None else after.time,
        "after_id": None if after is None else after.datastream_id,
        "skip": skip,
        "limit": limit,
        "reach": skip + limit,
    }
    return [_observation(row) for row in connection.execute(sql, values)]


def between(connection: Connection, datastream_id: int, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """A datastream's (time, result) pairs with start <= time < end (UTC-aware), in the order of time."""
    rows = connection.execute(
        text("""
            SELECT phenomenon_time, result FROM cim.observation
            WHERE datastream_id = :id AND phenomenon_time >= :start AND phenomenon_time < :end ORDER BY 1"""),
        {"id": datastream_id, "start": start, "end": end},
    )
    return [(row.phenomenon_time, row.result) for row in rows]


def observation(connection: Connection, datastream_id: int, time: datetime) -> Observation:
    """The one at this time. Raises Unknown where there is none."""
    row = connection.execute(
        text("""
            SELECT datastream_id, phenomenon_time, result, lon, lat FROM cim.observation
            WHERE datastream_id = :id AND phenomenon_time = :time"""),
        {"id": datastream_id, "time": time},
    ).one_or_none()
    if row is None:
        raise Unknown(f"datastream {datastream_id} has no observation at {time.isoformat()}")
    return _observation(row)


def total(connection: Connection, datastream_id: int | None = None) -> int:
    """How many observations there are, counted one by one: ask only when somebody wants to know."""
    sql = "SELECT count(*) FROM cim.observation WHERE CAST(:id AS bigint) IS NULL OR datastream_id = :id"
    return int(connection.execute(text(sql), {"id": datastream_id}).scalar_one())


def _observation(row: Any) -> Observation:
    place = None if row.lon is None else (row.lon, row.lat)
    return Observation(row.datastream_id, row.phenomenon_time, row.result, place)
