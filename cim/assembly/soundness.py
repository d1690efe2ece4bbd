"""Whether a part can be built on the building it is placed on: sizes that come out positive, and within its rectangle."""

import numpy as np

from cim.assembly.parts import Kind
from cim.assembly.pieces import LEAST_M, Placed, inset, piece_counts
from cim.types import BoolArray, FloatArray

REACH_M = 5.0
"""Parts may reach so far beyond the building's rectangle, for eaves and joints (the project's own default)."""
MOST_PIECES = 2_000
"""In one row of merlons or columns (the project's own default)."""


def unsound(placed: Placed, size: FloatArray) -> dict[int, str]:
    """Rows that cannot be built on their buildings, and why. size: (n, 2) of the buildings' rectangles, metres."""
    found: dict[int, str] = {}
    for bad, why in (*_sizes(placed), *_reaches(placed, size), *_of_kinds(placed)):
        for row in np.flatnonzero(bad).tolist():
            found.setdefault(row, why)
    return found


def _sizes(placed: Placed) -> list[tuple[BoolArray, str]]:
    bounds, table, part = placed.bounds, placed.parts, placed.part
    is_lofty = np.isin(table.kind[part], (Kind.block, Kind.steps, Kind.storeys))
    lean = np.where(is_lofty, table.lean_m[part], 0.0)
    edges = table.edges[part] | (table.kind[part] == Kind.storeys)[:, None]  # storeys lean in all round
    head = inset(bounds, lean, table.sides[part], edges)
    least = LEAST_M / np.sin(
        np.pi / np.maximum(table.sides[part], 4)
    )  # a side of a plan of many is shorter than the plan
    narrow = (_extent(bounds) < least) | (_extent(head) < least)
    return [
        (narrow, "has no width, or none left where it has leaned in"),
        (placed.high - placed.low < LEAST_M, "ends in height where it begins, or before"),
    ]


def _extent(bounds: FloatArray) -> FloatArray:
    return np.minimum(bounds[:, 1] - bounds[:, 0], bounds[:, 3] - bounds[:, 2])


def _reaches(placed: Placed, size: FloatArray) -> list[tuple[BoolArray, str]]:
    table, part = placed.parts, placed.part
    is_lofty = np.isin(table.kind[part], (Kind.block, Kind.steps, Kind.storeys))
    out = np.maximum(np.where(is_lofty, -np.minimum(table.lean_m[part], 0.0), 0.0), table.overhang_m[part])
    wide = inset(placed.bounds, -out, table.sides[part])
    far = np.max(np.column_stack([-wide[:, 0], wide[:, 1] - size[:, 0], -wide[:, 2], wide[:, 3] - size[:, 1]]), axis=1)
    return [(far > REACH_M, f"reaches more than {REACH_M:g} m beyond the building's rectangle")]


def _of_kinds(placed: Placed) -> list[tuple[BoolArray, str]]:
    table, part = placed.parts, placed.part
    kind, height, rise = table.kind[part], placed.high - placed.low, table.rise_m[part]
    repeat, piece, thick = table.repeat[part], table.piece_m[part], table.thick_m[part]
    long = placed.bounds[:, 1::2] - placed.bounds[:, 0::2]
    many = piece_counts(long.max(axis=1), piece, table.gap_m[part])
    rows = np.isin(kind, (Kind.parapet, Kind.columns))
    deep = np.where(kind == Kind.columns, piece, thick)
    opening = (piece < 2 * LEAST_M) | (rise < 2 * LEAST_M) | (long[:, 0] - piece < 2 * LEAST_M)
    paired = table.edges[part][:, [[0, 2], [3, 1]]].all(axis=2)  # front and back both, left and right both
    crowded = (deep[:, None] * (1.0 + paired) + LEAST_M * paired > long[:, ::-1] + 1e-9).any(axis=1)
    slender = (deep < LEAST_M) | ((piece > 0) & (piece < LEAST_M))
    return [
        (np.isin(kind, (Kind.steps, Kind.storeys)) & (height / repeat < 2 * LEAST_M), "has steps of no height"),
        (np.isin(kind, (Kind.storeys, Kind.hall)) & (rise < LEAST_M), "has roofs of no height"),
        ((kind == Kind.storeys) & (height / repeat - rise < LEAST_M), "has roofs as high as its storeys"),
        ((kind == Kind.hall) & (height - rise < LEAST_M), "has a roof as high as itself"),
        ((kind == Kind.gateway) & (opening | (height - rise < LEAST_M)), "has no room for its opening"),
        (rows & slender, "has pieces of no width"),
        (rows & (many > MOST_PIECES), f"has more than {MOST_PIECES} pieces in a row"),
        (rows & crowded, "is thicker than its rectangle leaves room for"),
    ]
