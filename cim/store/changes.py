"""Change keys: what every commit touched, in the order of commits, for whoever keeps something that is made of the model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from cim.store.db import Database
from cim.store.sql import statement
from cim.types import Box

CHANNEL = "cim_change"
_LOOK_S = 0.2  # between looks at whether to stop
AT_ONCE = 1_000
"""Changes that are read, and told, at the same time; as many as this: more wait."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one statement touched in one square of 16 x 16 grid cells.

    id: rises in the order of commits. layer: `*` where it may be any. features: object ids. cells: grid keys of the
    64 m cells, before and after; None: everything may have changed (the table was emptied). reach: the EPSG:3857 box round
    all that was touched, before and after; None where nothing of it has a place, or nobody noted it.
    """

    id: int
    at: datetime
    layer: str
    operation: str
    features: tuple[int, ...]
    cells: tuple[int, ...] | None
    reach: Box | None = None

    @property
    def everywhere(self) -> bool:
        """Whether it may have touched any place: nobody knows how far it reaches."""
        return self.cells is None or (self.reach is None and bool(self.cells))


def since(
    connection: Connection, after: int, *, layers: Sequence[str] | None = None, limit: int = AT_ONCE
) -> list[Change]:
    """The changes behind `after` (0: from the first), oldest first; go on with the last one's id."""
    rows = connection.execute(
        text("""
            SELECT id, at, layer, operation, features, cells, reach FROM cim.change
            WHERE id > :after AND (CAST(:layers AS text[]) IS NULL OR layer = ANY(CAST(:layers AS text[])) OR layer = '*')
            ORDER BY id LIMIT :limit"""),
        {"after": after, "layers": None if layers is None else list(layers), "limit": limit},
    )
    return [
        Change(
            r.id,
            r.at,
            r.layer,
            r.operation,
            tuple(r.features),
            None if r.cells is None else tuple(r.cells),
            None if r.reach is None else Box(*r.reach),
        )
        for r in rows
    ]


def newest(connection: Connection) -> int:
    """The id of the last change; 0 for a model that nothing has ever touched."""
    return int(connection.execute(text("SELECT coalesce(max(id), 0) FROM cim.change")).scalar_one())


def noted_at(connection: Connection, id: int) -> datetime | None:
    """When this change was noted; None where it is not there: another database, or changes that were forgotten."""
    found: datetime | None = connection.execute(
        text("SELECT at FROM cim.change WHERE id = :id"), {"id": id}
    ).scalar_one_or_none()
    return found


def follow(
    database: Database, after: int | None, stop: Callable[[], bool], *, wait_s: float = 5.0
) -> Iterator[tuple[int, list[Change]]]:
    """Listen, and yield (last id, changes) whenever there are new ones behind `after` (None: behind the newest), in order.

    The first yield comes at once, with the changes that wait already, or none; then at least every `wait_s`, with none
    where nothing changed. Ends soon after `stop()` is true. Raises Unavailable when the connection breaks: call again
    with the last id yielded.
    """
    with database.raw() as listener:
        listener.autocommit = True
        listener.execute(f"LISTEN {CHANNEL}")
        with database.begin() as connection:
            position = newest(connection) if after is None else after
        while not stop():
            with database.begin() as connection:
                found = since(connection, position)
            position = found[-1].id if found else position
            yield position, found
            waited = 0.0
            while (
                len(found) < AT_ONCE
                and waited < wait_s
                and not stop()
                and not list(listener.notifies(timeout=_LOOK_S, stop_after=1))
            ):
                waited += _LOOK_S


def turns(connection: Connection, since: datetime | None, position: int) -> tuple[datetime, list[Change]]:
    """(now, what began or ended by date since a moment), by the database's clock: days to come leave no change key.

    since: the moment that the last call gave; None: only say what time it is. position: the id that the changes wear.
    Their operation is `turn`, their layer, features, cells and reach are those of the states.
    """
    until: datetime = connection.execute(text("SELECT now()")).scalar_one()
    if since is None:
        return until, []
    rows = connection.execute(statement("select_turns"), {"since": since, "until": until})
    return until, [
        Change(
            position,
            until,
            r.layer,
            "turn",
            tuple(r.features),
            tuple(r.cells),
            None if r.reach is None else Box(*r.reach),
        )
        for r in rows
    ]


def has_turned(connection: Connection, since: datetime | None) -> tuple[datetime, bool]:
    """(now, whether any state began or ended by date since a moment), by the database's clock. since None: it has."""
    row = connection.execute(
        text("""
            SELECT now() AS until,
                   EXISTS (SELECT FROM cim.body WHERE record_to IS NULL AND valid_from > :since AND valid_from <= now())
                OR EXISTS (SELECT FROM cim.body WHERE record_to IS NULL AND valid_to > :since AND valid_to <= now())
                OR EXISTS (SELECT FROM cim.feature WHERE record_to IS NULL AND valid_from > :since AND valid_from <= now())
                OR EXISTS (SELECT FROM cim.feature WHERE record_to IS NULL AND valid_to > :since AND valid_to <= now())
                   AS turned"""),
        {"since": since},
    ).one()
    return row.until, since is None or bool(row.turned)
