"""The straight skeleton of one polygon: how its sides, moved inward at one speed, part it among themselves.

The moving front is followed from event to event. At an event the front is taken as it lies: corners that meet become one,
sides that a corner touches are divided there, and stretches that lie back to back are done. So events that fall together,
as they do in every symmetric building, need no cases of their own. What comes out is checked; nothing comes out of doubt.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from cim.types import FloatArray, IntArray

MOST_CORNERS = 100
"""Polygons of more corners are not tried: the time grows with the cube. The project's own limit."""
_TOGETHER_M = 1e-5
_LEAST_STEP_M = 1e-9
_ASIDE_M = 2e-3
"""How far a node may lie beside the slopes that meet in it."""

_Piece = tuple[int, int, int]  # from node, to node, side


@dataclass(frozen=True, slots=True)
class Skeleton:
    """nodes: (k, 3) of x, y and the distance from the sides, metres; the corners first, in order. faces: for every side
    the nodes round what is its own, anticlockwise, from the side's first corner on.
    """

    nodes: FloatArray
    faces: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Sides:
    """along, inward: (n, 2) unit vectors of the sides. following: (n,) the next side round its ring."""

    along: FloatArray
    inward: FloatArray
    following: IntArray


@dataclass(slots=True)
class _Front:
    """Where the sides have come to: piece i runs on side[i] from node[i] at xy[i] to the start of piece ahead[i]."""

    side: IntArray
    node: IntArray
    xy: FloatArray
    ahead: IntArray


def skeleton(rings: list[FloatArray]) -> Skeleton | None:
    """The skeleton of one valid polygon, None where it is too large or does not come out sound.

    rings: the outline (n, 2) anticlockwise, then the holes clockwise, metres, without closing points.
    """
    corners = np.concatenate(rings)
    if len(corners) > MOST_CORNERS:
        return None
    origin = corners[0]
    corners = corners - origin
    sides = _sides(corners, [len(ring) for ring in rings])
    count = np.arange(len(corners))
    front = _Front(count, count, corners, sides.following)
    nodes = [(x, y, 0.0) for x, y in corners.tolist()]
    edges: list[set[tuple[int, int]]] = [{(k, int(sides.following[k]))} for k in count.tolist()]
    time = 0.0
    for _ in range(4 * len(corners)):
        if len(front.side) == 0:
            break
        speed = _speeds(front, sides)
        step = _next_event(front, sides, speed)
        if not np.isfinite(step):
            return None
        time += step
        front = _advance(front, front.xy + speed * step, time, nodes, edges)
    else:
        return None
    return _checked(np.array(nodes), edges, corners, sides, origin)


def _sides(corners: FloatArray, sizes: list[int]) -> _Sides:
    following = np.arange(1, len(corners) + 1)
    ends = np.cumsum(sizes)
    following[ends - 1] = ends - sizes
    along = corners[following] - corners
    along = along / np.hypot(along[:, 0], along[:, 1])[:, None]
    return _Sides(along, np.column_stack([-along[:, 1], along[:, 0]]), following)


def _speeds(front: _Front, sides: _Sides) -> FloatArray:
    """How the corner at the start of each piece moves (m, 2), metres for every metre that the sides do."""
    inward = sides.inward[front.side]
    before = np.empty_like(inward)
    before[front.ahead] = inward
    return np.asarray((inward + before) / np.maximum(1.0 + np.sum(inward * before, axis=1), 1e-12)[:, None])


def _next_event(front: _Front, sides: _Sides, speed: FloatArray) -> float:
    """How far on a piece shrinks to nothing or a corner that points inward meets a piece; infinite if never."""
    along, inward, end = sides.along[front.side], sides.inward[front.side], front.ahead
    length = np.sum((front.xy[end] - front.xy) * along, axis=1)
    growth = np.sum((speed[end] - speed) * along, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shrunk = np.where(growth < -1e-12, -length / growth, np.inf)
    before = np.empty_like(end)
    before[end] = np.arange(len(end))
    turn = along[before, 0] * along[:, 1] - along[before, 1] * along[:, 0]
    steps = shrunk[shrunk > _LEAST_STEP_M]
    soonest = float(steps.min()) if len(steps) else np.inf
    pointed = np.flatnonzero(turn < -1e-9)
    if len(pointed) == 0:
        return soonest
    gap = (front.xy[pointed, None, :] - front.xy[None]) * inward[None]
    away = gap[..., 0] + gap[..., 1]
    closing = 1.0 - speed[pointed] @ inward.T
    with np.errstate(divide="ignore", invalid="ignore"):
        meets = np.where((closing > 1e-12) & (away > -_TOGETHER_M), away / closing, np.inf)
    meets[np.arange(len(pointed)), pointed] = np.inf
    meets[np.arange(len(pointed)), before[pointed]] = np.inf
    corner, piece = np.nonzero((meets > _LEAST_STEP_M) & (meets < soonest))
    when = meets[corner, piece]
    at = front.xy[pointed[corner]] + speed[pointed[corner]] * when[:, None]
    first = front.xy[piece] + speed[piece] * when[:, None]
    last = front.xy[end[piece]] + speed[end[piece]] * when[:, None]
    beyond = np.sum((at - first) * along[piece], axis=1) < -_TOGETHER_M
    beyond |= np.sum((at - last) * along[piece], axis=1) > _TOGETHER_M
    when = when[~beyond]
    return min(soonest, float(when.min())) if len(when) else soonest


def _advance(
    front: _Front,
    xy: FloatArray,
    time: float,
    nodes: list[tuple[float, float, float]],
    edges: list[set[tuple[int, int]]],
) -> _Front:
    """The front at an event, its pieces divided and joined anew; adds to nodes and to the edges round each side's own."""
    gap = xy[:, None, :] - xy[None]
    near = gap[..., 0] ** 2 + gap[..., 1] ** 2 < _TOGETHER_M**2
    group = np.argmax(near, axis=1)
    group = group[group]
    distinct, place = np.unique(group, return_inverse=True)
    points, offset = xy[distinct], len(nodes)
    nodes += [(x, y, time) for x, y in points.tolist()]
    here = (place + offset).tolist()
    side, ahead, node = front.side.tolist(), front.ahead.tolist(), front.node.tolist()
    for k, s in enumerate(side):
        nxt = ahead[k]
        _add(edges[s], here[k], node[k])
        _add(edges[s], node[nxt], here[nxt])
    whole = [(here[k], here[ahead[k]], s) for k, s in enumerate(side) if here[k] != here[ahead[k]]]
    pieces = _cancelled(_divided(whole, points, offset), edges)
    return _linked(pieces, nodes)


def _add(edges: set[tuple[int, int]], start: int, end: int) -> None:
    """An edge round a face; with the one the other way, which is there already, it comes to nothing."""
    if start == end:
        return
    if (end, start) in edges:
        edges.remove((end, start))
    else:
        edges.add((start, end))


def _divided(pieces: list[_Piece], points: FloatArray, offset: int) -> list[_Piece]:
    """The pieces, divided at every point that lies on them."""
    if not pieces:
        return pieces
    ends = np.array(pieces)[:, :2] - offset
    start, step = points[ends[:, 0]], points[ends[:, 1]] - points[ends[:, 0]]
    length = np.hypot(step[:, 0], step[:, 1])
    unit = step / length[:, None]
    gap = points[None] - start[:, None]
    along = gap[..., 0] * unit[:, :1] + gap[..., 1] * unit[:, 1:]
    aside = gap[..., 1] * unit[:, :1] - gap[..., 0] * unit[:, 1:]
    on = (np.abs(aside) < _TOGETHER_M) & (along > _TOGETHER_M) & (along < length[:, None] - _TOGETHER_M)
    if not on.any():
        return pieces
    found: list[_Piece] = []
    for k, (first, last, side) in enumerate(pieces):
        between = np.flatnonzero(on[k])
        stops = [first, *(between[np.argsort(along[k, between])] + offset).tolist(), last]
        found += [(a, b, side) for a, b in zip(stops[:-1], stops[1:], strict=True)]
    return found


def _cancelled(pieces: list[_Piece], edges: list[set[tuple[int, int]]]) -> list[_Piece]:
    """The pieces less those that lie back to back: there two slopes meet in a ridge."""
    by_ends: dict[tuple[int, int], list[int]] = defaultdict(list)
    for first, last, side in pieces:
        facing = by_ends.get((last, first))
        if facing:
            _add(edges[facing.pop()], first, last)
            _add(edges[side], last, first)
        else:
            by_ends[first, last].append(side)
    return [(first, last, side) for (first, last), of in by_ends.items() for side in of]


def _linked(pieces: list[_Piece], nodes: list[tuple[float, float, float]]) -> _Front:
    """The front of these pieces: where several go on from one node, each is followed by the one sharpest to the left."""
    leaving: dict[int, list[int]] = defaultdict(list)
    for k, (first, _, _) in enumerate(pieces):
        leaving[first].append(k)
    ahead = []
    for first, last, _ in pieces:
        choices = leaving[last]
        ahead.append(choices[0] if len(choices) == 1 else _leftmost(first, last, choices, pieces, nodes))
    if sorted(ahead) != list(
        range(len(pieces))
    ):  # the front does not close: the caller finds no event, or no sound face
        pieces, ahead = [], []
    side = np.array([side for _, _, side in pieces], dtype=np.int64)
    node = np.array([first for first, _, _ in pieces], dtype=np.int64)
    xy = np.array([nodes[first][:2] for first, _, _ in pieces]).reshape(-1, 2)
    return _Front(side, node, xy, np.array(ahead, dtype=np.int64))


def _leftmost(
    first: int, last: int, choices: list[int], pieces: list[_Piece], nodes: list[tuple[float, float, float]]
) -> int:
    x, y = nodes[last][:2]
    back = np.arctan2(nodes[first][1] - y, nodes[first][0] - x)

    def turned(choice: int) -> float:
        to = nodes[pieces[choice][1]]
        return float((back - np.arctan2(to[1] - y, to[0] - x)) % (2.0 * np.pi)) or 2.0 * np.pi

    return min(choices, key=turned)


# --- what comes of it ------------------------------------------------------------------------------------------------


def _checked(
    nodes: FloatArray, edges: list[set[tuple[int, int]]], corners: FloatArray, sides: _Sides, origin: FloatArray
) -> Skeleton | None:
    """Faces from their edges, None unless they part the polygon and every one lies in one slope."""
    loops = [_loop(edge, k) for k, edge in enumerate(edges)]
    if not all(loops):
        return None
    beside: dict[int, set[int]] = defaultdict(set)
    for loop in loops:
        for a, b in zip(loop, [*loop[1:], loop[0]], strict=True):
            beside[a].add(b)
            beside[b].add(a)
    count = len(corners)
    kept = [[k for k in loop if k < count or len(beside[k]) != 2] for loop in loops]
    area = 0.0
    for side, loop in enumerate(kept):
        at = nodes[loop]
        away = (at[:, :2] - corners[side]) @ sides.inward[side]
        part = _area(at[:, :2])
        if part <= 0.0 or np.abs(away - at[:, 2]).max() > _ASIDE_M:
            return None
        area += part
    ahead = corners[sides.following]
    whole = float(np.sum(corners[:, 0] * ahead[:, 1] - corners[:, 1] * ahead[:, 0])) / 2.0
    if abs(area - whole) > 1e-6 * whole + 1e-4:
        return None
    used = sorted({k for loop in kept for k in loop} | set(range(count)))
    number = {k: i for i, k in enumerate(used)}
    at = nodes[used] + np.append(origin, 0.0)
    return Skeleton(at, tuple(tuple(number[k] for k in loop) for loop in kept))


def _loop(edges: set[tuple[int, int]], start: int) -> list[int]:
    """The one loop that edges make from a node on; empty where they make another thing."""
    after = dict(edges)
    if len(after) != len(edges):
        return []
    loop, at = [start], after.get(start)
    while at is not None and at != start and len(loop) <= len(edges):
        loop.append(at)
        at = after.get(at)
    return loop if at == start and len(loop) == len(edges) else []


def _area(ring: FloatArray) -> float:
    ahead = np.roll(ring, -1, axis=0)
    return float(np.sum(ring[:, 0] * ahead[:, 1] - ring[:, 1] * ahead[:, 0])) / 2.0
