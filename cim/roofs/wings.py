"""Compound footprints (L, U, T, courtyards) taken apart into rectangular wings, each with a ridge of its own.

Only footprints whose corners are near right angles are taken apart. A wing that meets a larger one end on is drawn on
under that one's roof as far as its ridge, so that the roofs meet in valleys: the wings' bodies are closed and overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from cim.geometry import Rings, snap
from cim.types import BoolArray, FloatArray, IntArray

_APART_M = 1.0
"""Sides along one axis that are less than this apart lie on one line."""
_SLANT = float(np.tan(np.radians(12.0)))
_MOST_LINES = 12
_SHORT_OF_RIDGE_M = 0.6
"""Where a wing ends before its host's ridge, so that its overhang does not come out on the other side."""
_END_ON = 0.6
"""A wing at least this deep, as a share of the side it is joined by, has its ridge across that side."""

_Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Wings:
    """Wings of several footprints, as columns.

    quads: (m, 4, 2) anticlockwise, the first side along the ridge, on the lattice. feature: (m,) source row.
    rise: (m,) how high each ridge is over the eaves, as a share of the highest one's: equal slopes.
    """

    quads: FloatArray
    feature: IntArray
    rise: FloatArray


def take_apart(shape: Rings, rows: IntArray) -> Wings:
    """The wings of these source rows; rows that are several polygons or have slanting sides have none."""
    single = np.bincount(shape.feature, minlength=int(rows.max(initial=-1)) + 1) == 1
    quads: list[FloatArray] = []
    feature: list[int] = []
    rise: list[float] = []
    for row in rows[single[rows]].tolist():
        one = shape.keep(shape.feature == row)
        loops = [one.xy[a:b] for a, b in zip(one.start[:-1].tolist(), one.start[1:].tolist(), strict=True)]
        found = _wings(loops)
        widths = np.array([np.linalg.norm(quad[2] - quad[1]) for quad in found])
        quads += found
        feature += [row] * len(found)
        rise += (widths / widths.max()).tolist() if found else []
    corners = snap(np.array(quads)) if quads else np.zeros((0, 4, 2))
    return Wings(corners, np.array(feature, dtype=np.int64), np.array(rise, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class _Plan:
    """A footprint on the lines of its own axes.

    lines: positions of the lines across u and across v. inside: (nu - 1, nv - 1) cells of the footprint.
    corner: (nu, nv, 2) where lines cross, world: the footprint's own corner where there is one.
    """

    lines: tuple[FloatArray, FloatArray]
    inside: BoolArray
    corner: FloatArray

    def side(self, span: _Span, axis: int) -> float:
        """Length of a span along one axis."""
        return float(self.lines[axis][span[2 * axis + 1]] - self.lines[axis][span[2 * axis]])


def _wings(loops: list[FloatArray]) -> list[FloatArray]:
    """The wings of one footprint, world corners; none if its sides are not at right angles."""
    plan = _plan(loops)
    if plan is None:
        return []
    placed: list[tuple[_Span, int]] = []
    quads = []
    for span in _spans(plan):
        joints = list(_joints(span, placed))
        along = 0 if plan.side(span, 0) >= plan.side(span, 1) else 1
        for axis, _, _ in joints:
            if plan.side(span, axis) >= _END_ON * plan.side(span, 1 - axis):
                along = axis
        reach = [0.0, 0.0]
        for axis, end, (host, host_along) in joints:
            if axis == along and host_along != axis:
                reach[end] = max(0.0, plan.side(host, axis) / 2.0 - _SHORT_OF_RIDGE_M)
        placed.append((span, along))
        quads.append(_quad(plan, span, along, reach))
    return quads


def _plan(loops: list[FloatArray]) -> _Plan | None:
    outline = loops[0]
    edge = np.roll(outline, -1, axis=0) - outline
    longest = edge[np.argmax(np.hypot(edge[:, 0], edge[:, 1]))]
    u = longest / np.hypot(*longest)
    axes = np.array([u, [-u[1], u[0]]])
    local = [loop @ axes.T for loop in loops]
    known = [run for run in map(_runs_along_u, local) if run is not None]
    if len(known) < len(local):
        return None
    u_lines, u_of = _lines([loop[:, 0] for loop in local], [~run for run in known])
    v_lines, v_of = _lines([loop[:, 1] for loop in local], known)
    if max(len(u_lines), len(v_lines)) > _MOST_LINES or min(len(u_lines), len(v_lines)) < 2:
        return None
    corner = np.stack(np.meshgrid(u_lines, v_lines, indexing="ij"), axis=2)
    corner[u_of, v_of] = np.concatenate(local)
    middle = np.stack(
        np.meshgrid((u_lines[1:] + u_lines[:-1]) / 2, (v_lines[1:] + v_lines[:-1]) / 2, indexing="ij"), axis=2
    )
    inside = shapely.contains_xy(shapely.Polygon(local[0], local[1:]), middle.reshape(-1, 2))
    return _Plan((u_lines, v_lines), inside.reshape(middle.shape[:2]), corner @ axes)


def _runs_along_u(loop: FloatArray) -> BoolArray | None:
    """Whether each side of a ring runs along u and not along v; None if one is slanting."""
    step = np.abs(np.roll(loop, -1, axis=0) - loop)
    if (step.min(axis=1) > _SLANT * step.max(axis=1)).any():
        return None
    return np.asarray(step[:, 0] > step[:, 1])


def _lines(loops: list[FloatArray], joined: list[BoolArray]) -> tuple[FloatArray, IntArray]:
    """The lines that corners lie on, rising, and which one each corner lies on.

    loops: coordinates across the lines, ring by ring; joined: whether a corner and the next share a line.
    """
    group, values, count = [], np.concatenate(loops), 0
    for joins in joined:
        breaks = np.roll(~joins, 1)
        number = np.cumsum(breaks)
        number[number == 0] = number[-1]  # the run that crosses the ring's first corner
        group.append(number - 1 + count)
        count += int(number.max())
    run = np.concatenate(group)
    place = np.bincount(run, weights=values) / np.bincount(run)
    order = np.argsort(place, kind="stable")
    line = np.empty(len(place), dtype=np.int64)
    line[order] = np.cumsum(np.concatenate([[0], np.diff(place[order]) > _APART_M]))
    return np.bincount(line[run], weights=values) / np.bincount(line[run]), line[run]


def _spans(plan: _Plan) -> Iterator[_Span]:
    """The largest rectangle of free cells, then the largest of what is left, until nothing is left."""
    free = plan.inside.copy()
    while free.any():
        best, most = (0, 0, 0, 0), 0.0
        for i0, j0 in np.argwhere(free).tolist():
            last = free.shape[1]
            for i1 in range(i0, free.shape[0]):
                run = np.flatnonzero(~free[i1, j0:last])
                last = j0 + int(run[0]) if len(run) else last
                if last == j0:
                    break
                span = (i0, i1 + 1, j0, last)
                area = plan.side(span, 0) * plan.side(span, 1)
                if area > most + 1e-6:
                    best, most = span, area
        free[best[0] : best[1], best[2] : best[3]] = False
        yield best


def _joints(span: _Span, placed: list[tuple[_Span, int]]) -> Iterator[tuple[int, int, tuple[_Span, int]]]:
    """Where a whole side of a span lies against an earlier one: axis across the side, which end, and the host."""
    for host, along in placed:
        for axis in (0, 1):
            low, high = span[2 * axis], span[2 * axis + 1]
            across = 2 * (1 - axis)
            if host[across] <= span[across] and span[across + 1] <= host[across + 1]:
                if host[2 * axis + 1] == low:
                    yield axis, 0, (host, along)
                if host[2 * axis] == high:
                    yield axis, 1, (host, along)


def _quad(plan: _Plan, span: _Span, along: int, reach: list[float]) -> FloatArray:
    i0, i1, j0, j1 = span
    quad = np.array([plan.corner[i, j] for i, j in ((i0, j0), (i1, j0), (i1, j1), (i0, j1))])
    # Corners 0-1 and 3-2 run along u, 1-2 and 0-3 along v.
    pairs = ((0, 1), (3, 2)) if along == 0 else ((0, 3), (1, 2))
    for first, last in pairs:
        way = (quad[last] - quad[first]) / np.linalg.norm(quad[last] - quad[first])
        quad[first], quad[last] = quad[first] - way * reach[0], quad[last] + way * reach[1]
    return quad if along == 0 else np.roll(quad, -1, axis=0)
