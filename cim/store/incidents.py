"""Incidents in the store: reported, moved through their steps, read back as GeoJSON Features."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from cim import incidents as rules
from cim.errors import Unknown
from cim.store.bus import tell
from cim.store.frame import outline, srid, to_frame
from cim.store.sql import statement
from cim.types import Box


def report(
    connection: Connection,
    *,
    kind: str,
    title: str,
    severity: int,
    lonlat: tuple[float, float],
    description: str | None = None,
    reported_by: str | None = None,
    is_synthetic: bool = False,
) -> int:
    """A new incident in state `reported`; its id. lonlat: WGS 84 degrees. Raises BadInput for an unknown kind."""
    rules.checked(kind, severity)
    x, y = to_frame(connection, [lonlat])[0].tolist()
    incident = int(
        connection.execute(
            statement("insert_incident"),
            {
                "kind": kind,
                "title": title,
                "description": description,
                "severity": severity,
                "state": rules.FIRST,
                "x": x,
                "y": y,
                "srid": srid(connection),
                "reported_by": reported_by,
                "is_synthetic": is_synthetic,
            },
        ).scalar_one()
    )
    _log(connection, incident, None, rules.FIRST, None, reported_by)
    tell(connection, "incident", [incident])
    return incident


def change(connection: Connection, id: int, to: str, *, note: str | None = None, by: str | None = None) -> None:
    """Move an incident to another state, with a note for its log; repeating the last step changes nothing.

    Raises Unknown for no such incident, BadInput for an unknown state, Conflict for a step that is not allowed.
    """
    now = connection.execute(text("SELECT state FROM cim.incident WHERE id = :id FOR UPDATE"), {"id": id}).scalar()
    if now is None:
        raise Unknown(f"there is no incident {id}")
    if not rules.advance(now, to):
        return
    connection.execute(
        text("UPDATE cim.incident SET state = :to, updated_at = clock_timestamp() WHERE id = :id"), {"id": id, "to": to}
    )
    _log(connection, id, now, to, note, by)
    tell(connection, "incident", [id])


def items(
    connection: Connection,
    *,
    states: Sequence[str] = (),
    bbox: Box | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Incidents as Features, newest first. bbox: degrees. before: the last id of the page before."""
    wanted = [rules.known_state(state) for state in states]
    return _select(connection, states=wanted or None, bbox=bbox, before=before, limit=limit)


def features(connection: Connection, ids: Sequence[int], now: datetime | None = None) -> dict[int, dict[str, Any]]:
    """The Features of these incidents by id; those that do not exist are left out. (`now` changes nothing in them.)"""
    return {feature["id"]: feature for feature in _select(connection, ids=list(ids), limit=len(ids))}


def item(connection: Connection, id: int) -> dict[str, Any]:
    """One incident with its log, oldest entry first. Raises Unknown where there is none."""
    found = features(connection, [id])
    if id not in found:
        raise Unknown(f"there is no incident {id}")
    log = connection.execute(
        text("SELECT at, from_state, to_state, note, by FROM cim.incident_log WHERE incident_id = :id ORDER BY id"),
        {"id": id},
    )
    found[id]["properties"]["log"] = [dict(row._mapping) for row in log]
    return found[id]


def _log(connection: Connection, id: int, before: str | None, to: str, note: str | None, by: str | None) -> None:
    connection.execute(
        text("""
            INSERT INTO cim.incident_log (incident_id, at, from_state, to_state, note, by)
            VALUES (:id, clock_timestamp(), :before, :to, :note, :by)"""),
        {"id": id, "before": before, "to": to, "note": note, "by": by},
    )


def _select(
    connection: Connection,
    *,
    limit: int,
    ids: list[int] | None = None,
    states: list[str] | None = None,
    bbox: Box | None = None,
    before: int | None = None,
) -> list[dict[str, Any]]:
    edges = (None, None, None, None) if bbox is None else bbox.as_tuple()
    values = {
        "ids": ids,
        "states": states,
        "box": outline(connection, bbox),
        "before": before,
        "limit": limit,
        **dict(zip(("west", "south", "east", "north"), edges, strict=True)),
    }
    return [_feature(row) for row in connection.execute(statement("select_incidents"), values)]


def _feature(row: Any) -> dict[str, Any]:
    properties = {
        name: getattr(row, name)
        for name in ("kind", "title", "description", "severity", "state", "reported_by", "is_synthetic")
    }
    properties |= {"reported_at": row.reported_at, "updated_at": row.updated_at, "next": list(rules.STEPS[row.state])}
    geometry = {"type": "Point", "coordinates": [row.lon, row.lat]}
    return {"type": "Feature", "id": row.id, "geometry": geometry, "properties": properties}
