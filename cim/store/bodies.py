"""Building bodies as columns, in the order of the tile grid: what tiles are made of, at one moment and in one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
import shapely

from cim.boundary import Boundary
from cim.layers.buildings import LAYER
from cim.store import part_table, pictures
from cim.store.db import Database
from cim.store.sql import script
from cim.store.told_numbers import told
from cim.types import NO_BODIES, Bodies, IntArray

_BATCH = 20_000
_TOLD = {17: "eaves_tiers", 18: "pitch_deg", 20: "front_deg"}
"""Which of the columns read are numbers out of a row's JSON."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Which state of the model: as the world was `at`, by what the model held at `known` (None: by what it holds now)."""

    at: datetime
    known: datetime | None = None


class Reader:
    """One transaction that sees one snapshot of the model, and the bodies that are shown at one moment in it."""

    def __init__(self, connection: psycopg.Connection[Any], moment: Moment) -> None:
        self._connection, self.moment = connection, moment
        self._sql = script("select_shown_bodies").encode()

    def within(self, low: int, high: int) -> Bodies:
        """Each building's finest body whose cell lies from `low` up to `high`, ascending (cell, building)."""
        return self._read({"low": low, "high": high, "cells": None})

    def of(self, cells: IntArray) -> Bodies:
        """Each building's finest body in these cells, ascending (cell, building)."""
        if len(cells) == 0:
            return NO_BODIES
        return self._read({"low": int(cells.min()), "high": int(cells.max()) + 1, "cells": cells.tolist()})

    def count_by_cell(self, depth: int) -> list[tuple[int, int]]:
        """The cells of a depth in which anything is shown, ascending, and how many bodies each holds."""
        rows = self._connection.execute(
            script("count_shown_bodies").encode(), {"shift": 2 * depth, **self._moment()}
        ).fetchall()
        return [(int(key), int(number)) for key, number in rows]

    def assembly_parts(self) -> list[dict[str, Any]]:
        """The rows of the table of parts that hold at the moment: column -> value, by assembly and part."""
        return part_table.assembly_parts(self._connection, self.moment.at, self.moment.known)

    def newest_change(self) -> tuple[int, str | None]:
        """The last change of the model that is seen here, and when it was noted (ISO 8601); (0, None) before the first."""
        row = self._connection.execute("SELECT id, at FROM cim.change ORDER BY id DESC LIMIT 1").fetchone()
        return (0, None) if row is None else (int(row[0]), row[1].isoformat())

    def snapshot(self) -> str:
        """A name under which other connections can see the same, as long as this transaction lasts."""
        row = self._connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        return str(row[0])

    def _moment(self) -> dict[str, datetime | None]:
        return {"at": self.moment.at, "known": self.moment.known}

    def _read(self, where: dict[str, Any]) -> Bodies:
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(self._sql, {**where, **self._moment()})
            parts = []
            while rows := cursor.fetchmany(_BATCH):
                parts.append(_columns(rows, self._connection))
        if len(parts) <= 1:
            return parts[0] if parts else NO_BODIES
        return Bodies(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Bodies.__slots__})


@contextmanager
def reading(database: Database, moment: Moment | None = None, snapshot: str | None = None) -> Iterator[Reader]:
    """A reader in a transaction of its own. moment None: now. snapshot: one that another reader gave a name."""
    with database.raw() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        if snapshot is not None:
            connection.execute(psycopg.sql.SQL("SET TRANSACTION SNAPSHOT {}").format(psycopg.sql.Literal(snapshot)))
        if moment is None:
            row = connection.execute("SELECT now()").fetchone()
            assert row is not None
            moment = Moment(row[0])
        yield Reader(connection, moment)


def _columns(rows: list[tuple[Any, ...]], connection: psycopg.Connection[Any]) -> Bodies:
    columns = list(zip(*rows, strict=True))
    columns[1] = tuple(shapely.from_wkb(list(columns[1])))
    columns[8] = tuple(value or 0 for value in columns[8])
    for place, name in _TOLD.items():
        columns[place] = tuple(told(LAYER.name, name, value) for value in columns[place])
    columns[17] = tuple(value or 0 for value in columns[17])
    *plain, geom, semantics, structure, appearance = columns
    boundaries = [
        None if shape is None else Boundary.read(shape, codes, bound or {}, look)
        for shape, codes, bound, look in zip(
            geom, semantics, structure, pictures.shown(connection, appearance), strict=True
        )
    ]
    return Bodies.of([*plain, boundaries])
