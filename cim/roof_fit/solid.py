"""Roof faces bound into a closed body: ground, walls below and between the faces, all corners shared."""

from dataclasses import dataclass

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.roof_fit.cells import GRID_M
from cim.types import FloatArray, ObjectArray, Surface

Node = tuple[float, float]
Ring = list[Node]
Corner = tuple[float, float, float]

SAME_M = 0.01
"""Heights at one corner that differ by less are one height."""
LOWEST_M = 0.2
"""A roof must stay this high above the base everywhere (the project's own default)."""
_STRAIGHT_M = 0.006


class Open(Exception):
    """These faces bind no body; the sentence says why. Never leaves this package."""


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Rings of the faces, the outer one first, anticlockwise, holes clockwise; and their planes (f, 3)."""

    rings: list[list[Ring]]
    planes: FloatArray

    def height(self, face: int, node: Node) -> float:
        a, b, c = self.planes[face]
        return float(a * node[0] + b * node[1] + c)


def bound(footprint: shapely.Polygon, faces: ObjectArray, planes: FloatArray) -> Boundary:
    """The solid under faces (f,), which cover the footprint without overlap, and their planes (f, 3); above_base.

    Raises Open where the faces are not whole, sink to the base, or meet so that no body with an inside is bound.
    """
    plan = _crossed(_straightened(_plan(faces, planes), _corners(footprint)))
    left = {(a, b): f for f, rings in enumerate(plan.rings) for ring in rings for a, b in _edges(ring)}
    if len(left) != sum(len(ring) for rings in plan.rings for ring in rings):
        raise Open("two roof faces lie over each other")
    level = _levels(plan)
    polygons: list[shapely.Polygon] = []
    surface: list[Surface] = []

    def add(outline: list[Corner], of: Surface, holes: list[list[Corner]] | None = None) -> None:
        polygons.append(shapely.Polygon(outline, holes or []))
        surface.append(of)

    outer = _outline(footprint, left)
    ground = [[(x, y, 0.0) for x, y in reversed([chain[0] for chain in ring])] for ring in outer]
    add(ground[0], Surface.ground, ground[1:])
    for ring in outer:
        for chain in ring:
            add(_outer_wall(chain, left, level), Surface.wall)
    for (a, b), face in left.items():
        beyond = left.get((b, a))
        if beyond is not None:
            wall = _step(a, b, face, beyond, level)
            if wall is not None:
                add(wall, Surface.wall)
    for face, rings in enumerate(plan.rings):
        placed = [[(*node, level[node][face]) for node in ring] for ring in rings]
        add(placed[0], Surface.roof, placed[1:])
    _prove(polygons)
    every = np.array(polygons, dtype=object)
    return Boundary(every, np.array(surface, dtype=np.uint8), "Solid", ((len(every),),), above_base=True)


def _node(x: float, y: float) -> Node:
    return float(np.round(x / GRID_M) * GRID_M), float(np.round(y / GRID_M) * GRID_M)


def _ring(ring: shapely.LinearRing, *, anticlockwise: bool) -> Ring:
    nodes = [_node(x, y) for x, y in np.asarray(ring.coords)[:-1, :2].tolist()]
    nodes = [node for k, node in enumerate(nodes) if node != nodes[k - 1]]
    if len(nodes) < 3 or len(set(nodes)) != len(nodes):
        raise Open("a roof face touches itself")
    return nodes if shapely.is_ccw(shapely.LinearRing(nodes)) == anticlockwise else nodes[::-1]


def _edges(ring: Ring) -> list[tuple[Node, Node]]:
    return list(zip(ring, ring[1:] + ring[:1], strict=True))


def _plan(faces: ObjectArray, planes: FloatArray) -> _Plan:
    rings = []
    for face in faces:
        if face.geom_type != "Polygon":
            raise Open("a roof face is in pieces")
        holes = [_ring(hole, anticlockwise=False) for hole in face.interiors]
        rings.append([_ring(face.exterior, anticlockwise=True), *holes])
    return _Plan(rings, planes)


def _corners(footprint: shapely.Polygon) -> set[Node]:
    return {_node(x, y) for x, y in shapely.get_coordinates(footprint).tolist()}


def _straightened(plan: _Plan, kept: set[Node]) -> _Plan:
    """The plan less the nodes in the midst of straight borders, where nothing else meets; the outline keeps its own."""
    around: dict[Node, set[Node]] = {}
    for rings in plan.rings:
        for ring in rings:
            for a, b in _edges(ring):
                around.setdefault(a, set()).add(b)
                around.setdefault(b, set()).add(a)
    idle: set[Node] = set()
    for node, others in around.items():
        if len(others) == 2 and node not in kept:
            a, b = others
            if a not in idle and b not in idle and _off_line(node, a, b) <= _STRAIGHT_M:
                idle.add(node)
    if not idle:
        return plan
    less = [[[node for node in ring if node not in idle] for ring in rings] for rings in plan.rings]
    if any(len(ring) < 3 for face in less for ring in face):
        raise Open("a roof face has no width")
    return _straightened(_Plan(less, plan.planes), kept)


def _off_line(node: Node, a: Node, b: Node) -> float:
    way = np.array(b) - a
    apart = np.array(node) - a
    return float(abs(way[0] * apart[1] - way[1] * apart[0]) / max(np.hypot(*way), GRID_M))


def _crossed(plan: _Plan) -> _Plan:
    """The plan with a node wherever two faces change along their border which of them is the higher."""
    left = {(a, b): f for f, rings in enumerate(plan.rings) for ring in rings for a, b in _edges(ring)}
    extra: dict[tuple[Node, Node], Node] = {}
    for (a, b), face in left.items():
        beyond = left.get((b, a))
        if beyond is None or (b, a) in extra:
            continue
        before, after = (plan.height(face, node) - plan.height(beyond, node) for node in (a, b))
        if before * after < 0 and min(abs(before), abs(after)) > SAME_M:
            share = before / (before - after)
            between = _node(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
            if between not in (a, b):
                extra[a, b] = extra[b, a] = between
    more = [
        [[node for a, b in _edges(ring) for node in (a, extra.get((a, b))) if node is not None] for ring in face]
        for face in plan.rings
    ]
    return _Plan(more, plan.planes)


def _levels(plan: _Plan) -> dict[Node, dict[int, float]]:
    """The height of each face at each of its nodes; those of one node that all but agree are made one."""
    told: dict[Node, list[tuple[float, int]]] = {}
    for face, rings in enumerate(plan.rings):
        for node in (node for ring in rings for node in ring):
            told.setdefault(node, []).append((plan.height(face, node), face))
    level: dict[Node, dict[int, float]] = {}
    for node, heights in told.items():
        heights.sort()
        if heights[0][0] < LOWEST_M:
            raise Open("the roof sinks to the base of the building")
        groups = [[heights[0]]]
        for one in heights[1:]:
            if one[0] - groups[-1][0][0] <= 2 * SAME_M:
                groups[-1].append(one)
            else:
                groups.append([one])
        level[node] = {face: round(sum(z for z, _ in group) / len(group), 3) for group in groups for _, face in group}
    return level


def _outline(footprint: shapely.Polygon, left: dict[tuple[Node, Node], int]) -> list[list[Ring]]:
    """The outline's rings as chains of nodes, one for each of its sides, each from a corner to the next."""
    ahead: dict[Node, Node] = {}
    for a, b in left:
        if (b, a) not in left:
            if a in ahead:
                raise Open("the outline of the building touches itself")
            ahead[a] = b
    loops = [_ring(footprint.exterior, anticlockwise=True)]
    loops += [_ring(hole, anticlockwise=False) for hole in footprint.interiors]
    chains, used = [], 0
    for loop in loops:
        ring = []
        for a, b in _edges(loop):
            chain = [a]
            while chain[-1] != b:
                if chain[-1] not in ahead or len(chain) > len(ahead):
                    raise Open("the roof faces do not cover the building")
                chain.append(ahead[chain[-1]])
            used += len(chain) - 1
            ring.append(chain)
        chains.append(ring)
    if used != len(ahead):
        raise Open("the roof faces do not cover the building")
    return chains


def _between(node: Node, low: float, high: float, level: dict[Node, dict[int, float]]) -> list[Corner]:
    """The corners at a node between two heights, both left out, upward (downward where low is the higher)."""
    inner = sorted({z for z in level[node].values() if min(low, high) < z < max(low, high)})
    return [(*node, z) for z in (inner if low < high else inner[::-1])]


def _outer_wall(chain: Ring, left: dict[tuple[Node, Node], int], level: dict[Node, dict[int, float]]) -> list[Corner]:
    """One wall under one side of the outline, from the ground up to whatever faces end there."""
    pieces = [left[a, b] for a, b in zip(chain, chain[1:], strict=False)]
    start, end = chain[0], chain[-1]
    corners: list[Corner] = [(*start, 0.0), (*end, 0.0)]
    here, z = end, 0.0
    for number in range(len(pieces) - 1, -1, -1):
        here, face = chain[number + 1], pieces[number]
        top = level[here][face]
        if top != z:
            corners += [*_between(here, z, top, level), (*here, top)]
        z = level[chain[number]][face]
        corners.append((*chain[number], z))
    return corners + _between(start, z, 0.0, level)


def _step(a: Node, b: Node, face: int, beyond: int, level: dict[Node, dict[int, float]]) -> list[Corner] | None:
    """The wall that a face stands on over the one beyond the border from a to b; None where it is not the higher."""
    low_a, low_b, high_a, high_b = level[a][beyond], level[b][beyond], level[a][face], level[b][face]
    if high_a < low_a or high_b < low_b:
        if high_a > low_a or high_b > low_b:
            raise Open("two roof faces cross along their border")
        return None
    if high_a == low_a and high_b == low_b:
        return None
    corners = [(*a, low_a), (*b, low_b), *_between(b, low_b, high_b, level)]
    corners += [(*b, high_b)] if high_b > low_b else []
    corners += [(*a, high_a)] if high_a > low_a else []
    return corners + _between(a, high_a, low_a, level)


def _prove(polygons: list[shapely.Polygon]) -> None:
    """Every edge is run through once each way, and the faces about every corner are one fan; raises Open otherwise."""
    owner: dict[tuple[Corner, Corner], int] = {}
    for number, polygon in enumerate(polygons):
        for ring in (polygon.exterior, *polygon.interiors):
            corners = list(ring.coords)
            for edge in zip(corners, corners[1:], strict=False):
                if edge in owner or edge[0] == edge[1]:
                    raise Open("more than two faces meet in one edge")
                owner[edge] = number
    fans: dict[Corner, dict[int, int]] = {}
    for (a, b), number in owner.items():
        if (b, a) not in owner:
            raise Open("an edge has a face on one side only")
        fans.setdefault(a, {})[number] = owner[b, a]
    starts: dict[Corner, int] = {}
    for a, _ in owner:
        starts[a] = starts.get(a, 0) + 1
    for corner, turn in fans.items():
        first = next(iter(turn))
        steps, at = 1, turn[first]
        while at != first and steps <= len(turn):
            at, steps = turn[at], steps + 1
        if steps != starts[corner]:
            raise Open("faces meet in one corner that share no edge there")
