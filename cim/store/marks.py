"""Marks: the grid cells whose buildings may look otherwise than when something was made of them, and why.

Each answer is sorted keys of 64 m cells, or None where anything may have changed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from cim.assembly.frames import faced
from cim.store import changes
from cim.store.bodies import Moment
from cim.store.frame import outline
from cim.store.sql import statement
from cim.types import Box, IntArray


def is_of(connection: Connection, newest: tuple[int, str | None]) -> bool:
    """Whether this store has noted that change at that instant: another one, or an older copy, has not."""
    change, noted = newest
    if change == 0:
        return True
    found = changes.noted_at(connection, change)
    return found is not None and found.isoformat() == noted


def changed(connection: Connection, after: int) -> tuple[IntArray, IntArray] | None:
    """The cells of buildings that commits have touched since a change, and the last change (n,) of each.

    None: everything may have changed, by a commit that emptied the table. A building's bodies of other levels of detail
    are shown or hidden with the one that was touched: their cells count too.
    """
    rows = connection.execute(statement("select_changed_cells"), {"after": after}).all()
    if any(row.cell is None for row in rows):
        return None
    return _keys(row.cell for row in rows), _keys(row.id for row in rows)


def turned(connection: Connection, since: Moment, upto: Moment) -> IntArray:
    """The cells of buildings whose states begin or end on a day between two moments, without any commit."""
    rows = connection.execute(statement("select_turned_cells"), {"since": since.at, "upto": upto.at})
    return _keys(rows.scalars())


def has_turned(connection: Connection, since: Moment) -> bool:
    """Whether a state has begun or ended on a day since a moment, by the database's clock."""
    now: datetime = connection.execute(text("SELECT now()")).scalar_one()
    return len(turned(connection, since, Moment(now))) > 0


def last_turns(connection: Connection, moment: Moment) -> tuple[str, ...]:
    """The last instants up to a moment at which any state began or ended, in the world and in the record: moments with the
    same ones show the same buildings.
    """
    row = connection.execute(
        text("""
            SELECT max(valid_from) FILTER (WHERE valid_from <= :at), max(valid_to) FILTER (WHERE valid_to <= :at),
                   max(record_from) FILTER (WHERE record_from <= :known), max(record_to) FILTER (WHERE record_to <= :known)
            FROM cim.body WHERE role <> 1"""),
        {"at": moment.at, "known": moment.known},
    ).one()
    return tuple(str(value) for value in row) if moment.known is not None else tuple(str(value) for value in row[:2])


def differing(connection: Connection, one: Moment, other: Moment) -> IntArray:
    """The cells of the buildings of which other bodies are shown at one moment than at the other."""
    values = {"at": one.at, "known": one.known, "other_at": other.at, "other_known": other.known}
    return _keys(connection.execute(statement("select_differing_cells"), values).scalars())


def over(connection: Connection, boxes: Sequence[Box]) -> IntArray:
    """The cells of the current bodies that may touch one of these lon/lat boxes."""
    found: set[int] = set()
    for box in boxes:
        rows = connection.execute(
            text("""
                SELECT DISTINCT cell FROM cim.body
                WHERE record_to IS NULL AND role <> 1 AND footprint && CAST(:box AS geometry)"""),
            {"box": outline(connection, box)},
        )
        found.update(rows.scalars())
    return _keys(sorted(found))


def assembled(connection: Connection, assemblies: Sequence[str]) -> IntArray:
    """The cells of the current bodies that are built as one of these assemblies, whichever way they face."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT properties->>'assembly' AS name, cell FROM cim.body
            WHERE record_to IS NULL AND role <> 1 AND properties ? 'assembly' AND properties->>'assembly' IS NOT NULL""")
    )
    wanted = set(assemblies)
    return _keys(sorted({row.cell for row in rows if faced(row.name)[0] in wanted}))


def _keys(values: Any) -> IntArray:
    return np.array(list(values), dtype=np.int64)
