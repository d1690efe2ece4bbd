"""What each kind of part is made of: its pieces on the building's own axes, as lofts and drawn-out profiles."""

from dataclasses import dataclass

import numpy as np

from cim.assembly.parts import LEAST_PACE_M, Kind, Parts
from cim.assembly.solids import Drawn, Lofts
from cim.types import BoolArray, FloatArray, IntArray, Surface

LEAST_M = 0.1
"""No side, height or gap of a solid is less: well above the lattice that its corners are moved to."""
ARCH_CORNERS = 9
"""Corners of the vault over an opening, from springing to springing."""
COLUMN_SIDES = 8
_WALL, _ROOF, _FLOOR = Surface.wall, Surface.roof, Surface.outer_floor


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Parts on buildings (n,), one row for each part of each building. part: (n,) row of the table. bounds: (n, 4) metres
    from where u begins to where it ends, then v. low, high: (n,) metres above the base. foot: (n,) how far below the base
    walls reach, below 0.
    """

    parts: Parts
    part: IntArray
    bounds: FloatArray
    low: FloatArray
    high: FloatArray
    foot: FloatArray

    def __len__(self) -> int:
        return len(self.part)

    def of(self, kind: Kind) -> IntArray:
        """Rows of one kind."""
        return np.flatnonzero(self.parts.kind[self.part] == kind)

    def grounded(self) -> BoolArray:
        """Whether a row stands on the ground, and so reaches down to the foot of the walls (n,)."""
        return np.asarray(self.low <= 0.0)


def inset(bounds: FloatArray, by: FloatArray, sides: IntArray, edges: BoolArray | None = None) -> FloatArray:
    """Rectangles (n, 4) moved inward by so much (n,) at some edges (n, 4; None: at all).

    Those about plans of other than four sides (n,) keep their proportions, and move by so much along their shorter side: the
    plans stay similar, and what lies between them is flat.
    """
    front, right, back, left = np.ones((4, len(by)), dtype=np.bool_) if edges is None else edges.T
    inward = np.column_stack([left * 1.0, right * -1.0, front * 1.0, back * -1.0])
    size = bounds[:, 1::2] - bounds[:, 0::2]
    least = np.maximum(size.min(axis=1, keepdims=True), LEAST_M)
    share = np.where((sides == 4)[:, None], 1.0, size / least)
    return np.asarray(bounds + by[:, None] * inward * np.repeat(share, 2, axis=1))


def plans(bounds: FloatArray, sides: int) -> FloatArray:
    """Regular polygons (n, sides, 2) stretched to fill rectangles (n, 4), an edge along the front."""
    turn = -np.pi / 2.0 - np.pi / sides + 2.0 * np.pi * np.arange(sides) / sides
    unit = np.column_stack([np.cos(turn), np.sin(turn)])
    unit = (unit - unit.min(axis=0)) / (unit.max(axis=0) - unit.min(axis=0))
    low: FloatArray = bounds[:, None, 0::2]
    size: FloatArray = (bounds[:, 1::2] - bounds[:, 0::2])[:, None]
    return np.asarray(low + unit * size)


def pieces(placed: Placed) -> tuple[list[Lofts], list[Drawn]]:
    """Everything but halls. Rows are taken to be sound on their buildings (`raising` sees to that)."""
    lofts = [*_blocks(placed), *_steps(placed), *_storeys(placed)]
    lofts += _rows_of_pieces(placed)
    return [one for one in lofts if len(one)], [one for one in [_gateways(placed)] if len(one)]


def _blocks(placed: Placed) -> list[Lofts]:
    """Blocks that reach below the base have a third level: straight down there; the batter starts on the base."""
    rows = placed.of(Kind.block)
    table, part = placed.parts, placed.part[rows]
    foot = placed.bounds[rows]
    head = inset(foot, table.lean_m[part], table.sides[part], table.edges[part])
    grounded = placed.grounded()[rows]
    leaning = (table.lean_m[part] != 0.0) & (placed.foot[rows] < placed.low[rows])
    top = np.where(table.is_roofing[part], _ROOF, _FLOOR)
    side = np.where(table.is_roofing[part], _ROOF, _WALL)
    found = []
    for mine, low in ((grounded & leaning, True), (grounded & ~leaning, False), (~grounded, None)):
        levels = [foot[mine], head[mine]]
        heights = [placed.low[rows[mine]], placed.high[rows[mine]]]
        if low is not None:
            heights[0] = placed.foot[rows[mine]]
        if low:
            levels, heights = [levels[0], *levels], [heights[0], placed.low[rows[mine]], heights[1]]
        found += _lofts(placed, rows[mine], levels, heights, side[mine], top[mine], grounded[mine])
    return found


def _steps(placed: Placed) -> list[Lofts]:
    rows = placed.of(Kind.steps)
    count = placed.parts.repeat[placed.part[rows]]
    row, step = np.repeat(rows, count), _counted(count)
    part, of = placed.part[row], np.repeat(count, count)
    lean, table = placed.parts.lean_m[part] * step / (of - 1), placed.parts
    bounds = inset(placed.bounds[row], lean, table.sides[part], table.edges[part])
    rise = (placed.high - placed.low)[row] / of
    low, high = placed.low[row] + step * rise, placed.low[row] + (step + 1) * rise
    low = np.where((step == 0) & placed.grounded()[row], placed.foot[row], low)
    plain = np.full(len(row), _WALL)
    return _lofts(placed, row, [bounds, bounds], [low, high], plain, np.full(len(row), _FLOOR), plain == _WALL)


def _storeys(placed: Placed) -> list[Lofts]:
    """A drum and the roof that hangs over it, storey upon storey; each leans in as far as the one above it begins."""
    rows = placed.of(Kind.storeys)
    count = placed.parts.repeat[placed.part[rows]]
    row, storey = np.repeat(rows, count), _counted(count)
    part, of = placed.part[row], np.repeat(count, count)
    lean, each = placed.parts.lean_m[part] / of, (placed.high - placed.low)[row] / of
    sides = placed.parts.sides[part]
    drum, above = (inset(placed.bounds[row], lean * k, sides) for k in (storey, storey + 1))
    eaves = inset(drum, -placed.parts.overhang_m[part], sides)
    low = placed.low[row] + storey * each
    shoulder, high = low + each - placed.parts.rise_m[part], low + each
    low = np.where((storey == 0) & placed.grounded()[row], placed.foot[row], low)
    plain, roof = np.full(len(row), _WALL), np.full(len(row), _ROOF)
    hidden = np.ones(len(row), dtype=np.bool_)
    walls = _lofts(placed, row, [drum, drum], [low, shoulder], plain, plain, hidden)
    return walls + _lofts(placed, row, [eaves, above], [shoulder, high], roof, roof, ~hidden)


def _rows_of_pieces(placed: Placed) -> list[Lofts]:
    """Parapets, whole or in merlons, and columns: boxes along the edges."""
    found: list[Lofts] = []
    for kind in (Kind.parapet, Kind.columns):
        rows = placed.of(kind)
        for edge in range(4):
            mine = rows[placed.parts.edges[placed.part[rows], edge]]
            bounds, row = _along(placed, mine, edge, kind)
            low = np.where(placed.grounded()[row], placed.foot[row], placed.low[row])
            plain = np.full(len(row), _WALL)
            sides = COLUMN_SIDES if kind is Kind.columns else 4
            levels = [bounds, bounds]
            found += _lofts(placed, row, levels, [low, placed.high[row]], plain, plain, plain == _WALL, sides)
    return found


def _along(placed: Placed, rows: IntArray, edge: int, kind: Kind) -> tuple[FloatArray, IntArray]:
    """The pieces' rectangles along one edge, and the row of each. Where the edges beside it carry pieces too, those at the
    front and the back have the corners.
    """
    table, part, bounds = placed.parts, placed.part[rows], placed.bounds[rows]
    deep = table.piece_m[part] if kind is Kind.columns else table.thick_m[part]
    axis = 0 if edge in (0, 2) else 2
    begin, end = bounds[:, axis].copy(), bounds[:, axis + 1].copy()
    if axis == 2 and kind is Kind.parapet:
        begin += np.where(table.edges[part, 0], deep, 0.0)
        end -= np.where(table.edges[part, 2], deep, 0.0)
    count = piece_counts(end - begin, table.piece_m[part], table.gap_m[part])
    row, number = np.repeat(np.arange(len(rows)), count), _counted(count)
    wide = np.where(table.piece_m[part] > 0, table.piece_m[part], end - begin)
    room = (end - begin - wide) / np.maximum(count - 1, 1)
    start = np.where(count == 1, (begin + end - wide) / 2.0, begin)[row] + number * room[row]
    if axis == 2 and kind is Kind.columns:
        ends = table.edges[part][:, [0, 2]][row]
        inner = ~((number == 0) & ends[:, 0] | (number == count[row] - 1) & ends[:, 1])
        row, start = row[inner], start[inner]
    side = bounds[:, 2 - axis] if edge in (0, 3) else bounds[:, 3 - axis] - deep
    along = np.column_stack([start, start + wide[row]])
    across = np.column_stack([side[row], side[row] + deep[row]])
    return np.concatenate([along, across] if axis == 0 else [across, along], axis=1), rows[row]


def piece_counts(length: FloatArray, piece_m: FloatArray, gap_m: FloatArray) -> IntArray:
    """How many pieces stand on lengths (n,), spread evenly, with gaps of at least gap_m; one where they have no width."""
    pace = np.where(piece_m > 0, np.maximum(piece_m + gap_m, LEAST_PACE_M), 1.0)
    count = np.floor((length + gap_m) / pace + 1e-9).astype(np.int64)
    return np.where(piece_m > 0, np.maximum(count, 0), 1)


def _gateways(placed: Placed) -> Drawn:
    """Blocks with a vaulted opening from front to back, in the middle."""
    rows = placed.of(Kind.gateway)
    part = placed.part[rows]
    left, right = placed.bounds[rows, 0], placed.bounds[rows, 1]
    half, rise = placed.parts.piece_m[part] / 2.0, placed.parts.rise_m[part]
    low, top = placed.low[rows], placed.high[rows]
    foot = np.where(placed.grounded()[rows], placed.foot[rows], low)
    turn = np.linspace(np.pi, 0.0, ARCH_CORNERS)
    vault = np.minimum(half, rise - LEAST_M)  # the springing stays above the foot: no edge of no length
    across = (left + right)[:, None] / 2.0 + half[:, None] * np.cos(turn)
    soffit = (low + rise - vault)[:, None] + vault[:, None] * np.sin(turn)
    ones = np.ones(ARCH_CORNERS)
    u = np.column_stack([left, across[:, 0], across, across[:, -1], right, right, across[:, ::-1], left])
    z = np.column_stack([foot, foot, soffit, foot, foot, top, top[:, None] * ones, top])
    mass, last = ARCH_CORNERS, 2 * ARCH_CORNERS + 5
    crown = [[2 + k, 3 + k, last - 2 - k, last - 1 - k] for k in range(mass - 1)]
    faces = [(last, 0, 1), (last, 1, 2), (last, 2, last - 1)]
    faces += [(mass + 4, mass + 5, mass + 1), (mass + 4, mass + 1, mass + 2), (mass + 4, mass + 2, mass + 3)]
    faces += [corner for a, b, c, d in crown for corner in ((a, b, c), (a, c, d))]
    surface = [Surface.ground, _WALL, *[Surface.overhang] * (mass - 1), _WALL, Surface.ground, _WALL]
    surface += [_FLOOR] * (mass + 1) + [_WALL]
    depth = placed.bounds[rows, 2:]
    return Drawn(np.stack([u, z], axis=2), depth, np.array(faces), np.array(surface, dtype=np.uint8), rows)


def _counted(count: IntArray) -> IntArray:
    """0 … c-1 for each c of count, one after another."""
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)


def _lofts(
    placed: Placed,
    rows: IntArray,
    levels: list[FloatArray],
    heights: list[FloatArray],
    side: IntArray,
    top: IntArray,
    is_open: BoolArray,
    corners: int | None = None,
) -> list[Lofts]:
    """Lofts by the number of their sides. levels: rectangles (n, 4) from the lowest to the highest; heights: (n,) each."""
    sides = np.full(len(rows), corners) if corners else placed.parts.sides[placed.part[rows]]
    below = np.where(placed.grounded()[rows] & (heights[0] <= placed.foot[rows]), Surface.ground, Surface.overhang)
    found = []
    for number in np.unique(sides).tolist():
        mine = sides == number
        codes = (side[mine].astype(np.uint8), top[mine].astype(np.uint8), below[mine].astype(np.uint8))
        plan = np.stack([plans(level[mine], number) for level in levels], axis=1)
        height = np.column_stack([one[mine] for one in heights])
        found.append(Lofts(plan, height, rows[mine], *codes, is_open[mine]))
    return found
