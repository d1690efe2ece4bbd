"""A footprint cut in two, and its parts again, wherever two planes then explain the points better than one.

A cut is a line (nx, ny, d): the points with nx x + ny y > d lie on its left. Which lines are tried: where two planes meet,
and, as steps between roofs run along walls, lines along the outline's own directions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cim.types import BoolArray, FloatArray, IntArray

_DIRECTIONS = 3
_TURN = np.radians(8.0)
_OFFSETS = 32
_AT_CORNER_M = 0.35
_LEAST_POINTS = 4
_MOST_LEAVES = 40


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A part of the footprint: members (m,) points in it, plane: which one explains them, sides: the cuts about it."""

    members: IntArray
    plane: int
    sides: tuple[tuple[int, bool], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """The lines (c, 3) that were cut along and the leaves they left."""

    lines: FloatArray
    leaves: tuple[Leaf, ...]

    def leaf_of(self, xy: FloatArray) -> IntArray:
        """The number of the leaf that positions (n, 2) lie in."""
        found = np.zeros(len(xy), dtype=np.int64)
        left = xy @ self.lines[:, :2].T > self.lines[:, 2] if len(self.lines) else np.zeros((len(xy), 0), dtype=bool)
        for number, leaf in enumerate(self.leaves):
            inside = np.ones(len(xy), dtype=bool)
            for line, is_left in leaf.sides:
                inside &= left[:, line] == is_left
            found[inside] = number
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """The best cut of a leaf: what it takes off, beyond the price of the faces it makes."""

    gain: float
    line: FloatArray


def cut(
    xy: FloatArray, loss: FloatArray, lines: FloatArray, directions: FloatArray, corners: FloatArray, price: float
) -> Cuts:
    """The cuts of points (n, 2), given what each plane costs at each (k, n), until none takes off its price.

    lines: (m, 3) where planes meet. directions: (d, 2) unit normals of the other lines; corners: (v, 2) of the outline,
    through which those are rather drawn. The leaf that gains most is cut first.
    """
    whole = np.arange(len(xy))
    leaves = [Leaf(whole, int(np.argmin(loss.sum(axis=1))), ())]
    choices = [_choose(xy, loss, whole, lines, directions, corners, price)]
    made: list[FloatArray] = []
    while len(leaves) < _MOST_LEAVES:
        best = int(np.argmax([choice.gain for choice in choices]))
        if choices[best].gain <= 0:
            break
        leaf, line = leaves.pop(best), choices.pop(best).line
        left = xy[leaf.members] @ line[:2] > line[2]
        for is_left in (True, False):
            members = leaf.members[left == is_left]
            plane = int(np.argmin(loss[:, members].sum(axis=1)))
            leaves.append(Leaf(members, plane, (*leaf.sides, (len(made), is_left))))
            choices.append(_choose(xy, loss, members, lines, directions, corners, price))
        made.append(line)
    return Cuts(np.array(made).reshape(-1, 3), tuple(leaves))


def _choose(
    xy: FloatArray,
    loss: FloatArray,
    members: IntArray,
    lines: FloatArray,
    directions: FloatArray,
    corners: FloatArray,
    price: float,
) -> _Choice:
    none = _Choice(-np.inf, np.zeros(3))
    if len(members) < 2 * _LEAST_POINTS:
        return none
    mine, here = loss[:, members], xy[members]
    whole = mine.sum(axis=1)
    now = float(whole.min())
    best = none
    for tried in [lines, *(_across(here, normal, corners) for normal in directions)]:
        if not len(tried):
            continue
        left = here @ tried[:, :2].T > tried[:, 2]
        count = left.sum(axis=0)
        cost = mine @ left
        after = cost.min(axis=0) + (whole[:, None] - cost).min(axis=0)
        after[(count < _LEAST_POINTS) | (len(here) - count < _LEAST_POINTS)] = np.inf
        first = int(np.argmin(after))
        if now - after[first] - price > best.gain:
            best = _Choice(float(now - after[first] - price), tried[first])
        if tried is not lines:
            best = _strip(best, now, cost, whole, count, tried, price)
    return best


def _strip(
    best: _Choice, now: float, cost: FloatArray, whole: FloatArray, count: IntArray, tried: FloatArray, price: float
) -> _Choice:
    """The better of a choice and the first of two parallel cuts, for which two faces are paid."""
    middle = (cost[:, :, None] - cost[:, None, :]).min(axis=0)
    after = cost.min(axis=0)[None, :] + middle + (whole[:, None] - cost).min(axis=0)[:, None]
    enough = count[:, None] - count[None, :] >= _LEAST_POINTS
    after[~enough] = np.inf
    lower, upper = np.unravel_index(int(np.argmin(after)), after.shape)
    gain = (now - float(after[lower, upper]) - 2.0 * price) / 2.0
    if gain <= best.gain:
        return best
    inner = int(lower) if _LEAST_POINTS <= count[lower] <= count.max() - _LEAST_POINTS else int(upper)
    return _Choice(gain, tried[inner])


def _across(here: FloatArray, normal: FloatArray, corners: FloatArray) -> FloatArray:
    """Lines (m, 3) across a direction: at even shares of the points, or at a corner of the outline that is near."""
    along = np.sort(here @ normal)
    pick = np.unique(np.linspace(1, len(along) - 1, min(_OFFSETS, len(along) - 1)).astype(np.int64))
    offset = (along[pick - 1] + along[pick]) / 2.0
    at = np.unique((corners @ normal).round(6))
    nearest = at[np.argmin(np.abs(at[None, :] - offset[:, None]), axis=1)]
    offset = np.unique(np.where(np.abs(nearest - offset) <= _AT_CORNER_M, nearest, offset))
    offset = offset[(offset > along[0] - 1e-9) & (offset < along[-1] + 1e-9)]
    return np.column_stack([np.tile(normal, (len(offset), 1)), offset])


def directions_of(footprint: shapely.Polygon) -> FloatArray:
    """Unit normals (d, 2) of the ways most of an outline runs, at most three, each with the one across it."""
    rings = [np.asarray(ring.coords)[:, :2] for ring in (footprint.exterior, *footprint.interiors)]
    step = np.concatenate([np.diff(ring, axis=0) for ring in rings])
    length = np.hypot(step[:, 0], step[:, 1])
    angle = np.arctan2(step[:, 1], step[:, 0]) % (np.pi / 2)
    chosen: list[float] = []
    free: BoolArray = length > 0
    while free.any() and len(chosen) < _DIRECTIONS:
        near = _apart(angle[:, None], angle[None, :]) < _TURN
        weight = (near & free[None, :]) @ length * free
        middle = angle[int(np.argmax(weight))]
        group = free & (_apart(angle, middle) < _TURN)
        turn = (angle[group] - middle + np.pi / 4) % (np.pi / 2) - np.pi / 4
        if chosen and length[group].sum() < 0.1 * length.sum():
            break
        chosen.append(float(middle + np.average(turn, weights=length[group])))
        free &= ~group
    return np.array([[-np.sin(a + t), np.cos(a + t)] for a in chosen for t in (0.0, np.pi / 2)])


def _apart(a: npt.ArrayLike, b: npt.ArrayLike) -> FloatArray:
    """The angle between directions that are the same after a quarter turn."""
    return np.asarray(np.abs((np.asarray(a) - np.asarray(b) + np.pi / 4) % (np.pi / 2) - np.pi / 4))


def meeting(planes: FloatArray) -> FloatArray:
    """The lines (m, 3) in plan where two of some planes (k, 3) meet, unit normals; those all but parallel meet nowhere."""
    first, second = np.triu_indices(len(planes), 1)
    apart = planes[first] - planes[second]
    length = np.hypot(apart[:, 0], apart[:, 1])
    kept = length > 0.05
    apart, length = apart[kept], length[kept]
    return np.column_stack([apart[:, :2] / length[:, None], -apart[:, 2] / length])
