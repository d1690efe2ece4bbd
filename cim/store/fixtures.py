"""Fixtures as columns, by squares of the city frame: what the tileset of trees and street furniture is made of."""

import numpy as np
from sqlalchemy import Connection

from cim.fixtures import FIXTURE_LAYERS, Fixtures
from cim.store.frame import srid
from cim.store.sql import statement
from cim.store.told_numbers import told
from cim.types import Box


def squares(connection: Connection, side_m: float) -> list[tuple[tuple[int, int], int]]:
    """The squares of a side in which anything stands now, as (column, row) from the frame's zero, and how many there."""
    rows = connection.execute(statement("count_fixtures"), {"side": side_m, "layers": list(FIXTURE_LAYERS)})
    return [((row.across, row.up), int(row.number)) for row in rows]


def within(connection: Connection, box: Box) -> Fixtures:
    """What stands now in a box of the city frame, its south and west sides included; ascending id."""
    values = {"layers": list(FIXTURE_LAYERS), "srid": srid(connection)}
    sides = dict(zip(("west", "south", "east", "north"), box.as_tuple(), strict=True))
    rows = connection.execute(statement("select_fixtures"), {**values, **sides}).all()

    def text(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=object)

    def number(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=np.float64)

    def judged(name: str) -> np.ndarray:
        return np.array([told(row.layer, name, getattr(row, name)) for row in rows], dtype=np.float64)

    return Fixtures(
        id=np.array([row.id for row in rows], dtype=np.int64),
        layer=text("layer"),
        kind=text("kind"),
        species=text("species"),
        name=text("name"),
        xy=np.array([(row.x, row.y) for row in rows], dtype=np.float64).reshape(-1, 2),
        height_m=judged("height_m"),
        crown_m=judged("crown_m"),
        source=text("source"),
        is_synthetic=np.array([row.is_synthetic for row in rows], dtype=np.bool_),
        accuracy_m=number("accuracy_m"),
    )
