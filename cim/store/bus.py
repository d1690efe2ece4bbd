"""The bus: numbered events in commit order, and the LISTEN that announces them to every server on the database."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from cim.store.db import Database

CHANNEL = "cim_live"
_LOOK_S = 0.2  # between looks at whether to stop
KEPT_HOURS = 24
"""How long an event can be resumed from; a client that was away longer is told to read everything anew."""


@dataclass(frozen=True, slots=True)
class Row:
    """One remembered event: kind, the keys that changed, and what little could not be looked up again later."""

    id: int
    kind: str
    keys: tuple[int, ...]
    data: dict[str, Any] | None = None


def tell(connection: Connection, kind: str, keys: Sequence[int]) -> int | None:
    """Announce changed keys; call it last in the transaction. Returns the event's id, None where nothing changed."""
    if not keys:
        return None
    sql = text("SELECT cim.tell(:kind, CAST(:keys AS bigint[]))")
    return int(connection.execute(sql, {"kind": kind, "keys": list(keys)}).scalar_one())


def newest(connection: Connection) -> int:
    """The id of the last event that was committed; 0 before the first."""
    return int(connection.execute(text("SELECT coalesce(max(id), 0) FROM cim.live_event")).scalar_one())


def forgotten(connection: Connection, after: int) -> bool:
    """Whether events after this id are no longer remembered, or the id was never given out here."""
    row = connection.execute(text("SELECT min(id) AS low, coalesce(max(id), 0) AS high FROM cim.live_event")).one()
    return after > row.high or (row.low is not None and after < row.low - 1)


def read(connection: Connection, after: int, *, limit: int = 1000) -> list[Row]:
    """Events with a larger id, in order."""
    rows = connection.execute(
        text("SELECT id, kind, keys, data FROM cim.live_event WHERE id > :after ORDER BY id LIMIT :limit"),
        {"after": after, "limit": limit},
    )
    return [Row(row.id, row.kind, tuple(row.keys), row.data) for row in rows]


def missed(connection: Connection, after: int, upto: int, *, limit: int) -> list[Row]:
    """What happened after `after` up to `upto`, each key once, under the last event that changed it.

    An event without keys comes once for each different data. limit: at most this many, the oldest.
    """
    rows = connection.execute(
        text("""
            SELECT max(id) AS id, kind, key, data FROM cim.live_event LEFT JOIN LATERAL unnest(keys) AS key ON true
            WHERE id > :after AND id <= :upto GROUP BY kind, key, data ORDER BY 1, 2, 3 LIMIT :limit"""),
        {"after": after, "upto": upto, "limit": limit},
    )
    return [Row(row.id, row.kind, () if row.key is None else (row.key,), row.data) for row in rows]


def forget(connection: Connection, *, hours: float = KEPT_HOURS) -> int:
    """Drop events older than this, save the newest one (its id is where clients stand). Returns how many."""
    return connection.execute(
        text("""
            DELETE FROM cim.live_event WHERE at < now() - make_interval(secs => :seconds)
            AND id < (SELECT max(id) FROM cim.live_event)"""),
        {"seconds": hours * 3600.0},
    ).rowcount


def follow(
    database: Database, seen: int | None, stop: Callable[[], bool], *, wait_s: float = 5.0
) -> Iterator[tuple[int, list[Row]]]:
    """Listen, and yield (last id, events) whenever there are new ones, after `seen` (None: after the newest).

    The first yield comes at once, with the events that wait already, or none, to say where the bus stands. Ends soon
    after `stop()` is true. Reads every `wait_s` even unasked; raises Unavailable when the connection breaks: call
    again with the last id yielded.
    """
    with database.raw() as listener:
        listener.autocommit = True
        listener.execute(f"LISTEN {CHANNEL}")
        with database.begin() as connection:
            position = newest(connection) if seen is None else seen
        first = True
        while not stop():
            with database.begin() as connection:
                rows = read(connection, position)
            position = rows[-1].id if rows else position
            if rows or first:
                first = False
                yield position, rows
                continue
            waited = 0.0
            while waited < wait_s and not stop() and not list(listener.notifies(timeout=_LOOK_S, stop_after=1)):
                waited += _LOOK_S


def announce(connection: Connection, kind: str, data: dict[str, Any]) -> int:
    """Announce what has no keys, such as a new root of a tileset, with its data; call it last in the transaction."""
    sql = text("SELECT cim.tell(:kind, '{}', CAST(:data AS jsonb))")
    return int(connection.execute(sql, {"kind": kind, "data": json.dumps(data)}).scalar_one())
