"""Live events with their Features: what the bus's keys stand for, looked up when they are told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cim.store import incidents, things
from cim.store.bus import Row
from cim.types import LiveEvent


def expand(connection: Connection, rows: Sequence[Row], now: datetime) -> list[LiveEvent]:
    """The Features behind the keys, in the order of ids; a key that changed more than once comes once, at its last.

    Incidents and observations are read as they are now; other kinds pass their own data on.
    """
    last = {(row.kind, key): row.id for row in rows for key in row.keys}
    held = {"incident": incidents.features, "observation": things.observed}
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for kind, look in held.items():
        keys = sorted({key for row_kind, key in last if row_kind == kind})
        if keys:
            found.update(((kind, key), feature) for key, feature in look(connection, keys, now).items())
    events = []
    for row in rows:
        for key in row.keys or (0,):
            if row.kind not in held:
                events.append(LiveEvent(row.id, row.kind, key, None, row.data or {"key": key}))
            elif last[row.kind, key] == row.id and (row.kind, key) in found:
                feature = found[row.kind, key]
                geometry = feature["geometry"]
                place = None if geometry is None else (geometry["coordinates"][0], geometry["coordinates"][1])
                events.append(LiveEvent(row.id, row.kind, key, place, feature))
    return events
