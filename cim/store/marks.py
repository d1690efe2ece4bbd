"""Marks: the grid cells whose buildings may look otherwise than when something was made of them, and why.

Each answer is sorted keys of 64 m cells, or None where anything may have changed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from cim.store import changes
from cim.store.bodies import Moment
from cim.store.frame import outline
from cim.store.sql import statement
from cim.types import Box, IntArray


def changed(connection: Connection, after: int) -> tuple[IntArray, IntArray] | None:
    """The cells of buildings that commits have touched since a change, and the last change (n,) of each.

    None: everything may have changed, by a commit that emptied the table or because the change is not of this store.
    """
    if after > changes.newest(connection):
        return None
    rows = connection.execute(
        text("""
            SELECT cell, max(id) AS id, bool_or(cells IS NULL) AS everything
            FROM cim.change LEFT JOIN LATERAL unnest(cells) AS cell ON true
            WHERE id > :after AND layer IN ('buildings', '*')
            GROUP BY cell ORDER BY cell"""),
        {"after": after},
    ).all()
    if any(row.everything for row in rows):
        return None
    known = [row for row in rows if row.cell is not None]
    return _keys(row.cell for row in known), _keys(row.id for row in known)


def turned(connection: Connection, since: Moment, upto: Moment) -> IntArray:
    """The cells of buildings whose states begin or end on a day between two moments, without any commit."""
    rows = connection.execute(
        text("""
            SELECT cell FROM cim.body WHERE record_to IS NULL AND valid_from > record_from
               AND valid_from > :since AND valid_from <= :upto
            UNION SELECT cell FROM cim.body WHERE record_to IS NULL AND valid_to > record_from
               AND valid_to > :since AND valid_to <= :upto
            ORDER BY cell"""),
        {"since": since.at, "upto": upto.at},
    )
    return _keys(rows.scalars())


def next_turn(connection: Connection, after: Moment) -> Any:
    """The next instant at which a state begins or ends without a commit; None where none is known."""
    return connection.execute(
        text("""
            SELECT least(
                (SELECT min(valid_from) FROM cim.body
                 WHERE record_to IS NULL AND valid_from > record_from AND valid_from > :after),
                (SELECT min(valid_to) FROM cim.body
                 WHERE record_to IS NULL AND valid_to > record_from AND valid_to > :after))"""),
        {"after": after.at},
    ).scalar_one()


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
    """The cells in which other bodies are shown at one moment than at the other."""
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


def of(connection: Connection, buildings: Sequence[int]) -> IntArray:
    """The cells of the current bodies of these buildings."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT cell FROM cim.body
            WHERE record_to IS NULL AND building_id = ANY(CAST(:ids AS bigint[])) ORDER BY cell"""),
        {"ids": list(buildings)},
    )
    return _keys(rows.scalars())


def _keys(values: Any) -> IntArray:
    return np.array(list(values), dtype=np.int64)
