"""Roof faces bound into a closed body: ground, walls below and between the faces, all corners shared."""

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.roof_fit.joints import joined
from cim.roof_fit.plan import APART_M, Node, Open, Plan, Ring, edges, planned, ring_of
from cim.types import FloatArray, ObjectArray, Surface
from cim.validity import check, of_boundaries

Corner = tuple[float, float, float]

SAME_M = 0.001
"""Heights at one corner that differ by less are one height."""
LOWEST_M = 0.2
"""A roof must stay this high above the base everywhere (the project's own default)."""


def bound(
    footprint: shapely.Polygon, faces: ObjectArray, planes: FloatArray, xyz: FloatArray, weight: FloatArray
) -> Boundary:
    """The solid under faces (f,), which cover the footprint without overlap, and their planes (f, 3); above_base.

    The planes move a little to meet; points (n, 3) of weight (n,) say where to. Raises Open where the faces are not
    whole, sink to the base, or meet so that no valid body is bound.
    """
    why = Open()
    for apart_m in APART_M:
        try:
            return _bound(_crossed(joined(planned(footprint, faces, planes, apart_m), xyz, weight)), footprint)
        except Open as error:
            why = error
    raise why


def _bound(plan: Plan, footprint: shapely.Polygon) -> Boundary:
    left = plan.left_of()
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
    every = np.array(polygons, dtype=object)
    body = Boundary(every, np.array(surface, dtype=np.uint8), "Solid", ((len(every),),), above_base=True)
    wrong = check(of_boundaries([body]))
    if wrong:
        raise Open(f"the body is not valid: {wrong[0].code}")
    return body


def _crossed(plan: Plan) -> Plan:
    """The plan with a node wherever two faces change along their border which of them is the higher."""
    left = plan.left_of()
    extra: dict[tuple[Node, Node], Node] = {}
    for (a, b), face in left.items():
        beyond = left.get((b, a))
        if beyond is None or (b, a) in extra:
            continue
        before, after = (plan.height(face, node) - plan.height(beyond, node) for node in (a, b))
        if before * after < 0 and min(abs(before), abs(after)) > SAME_M:
            share = before / (before - after)
            between = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
            if between not in (a, b):
                extra[a, b] = extra[b, a] = between
    more = [
        [[node for a, b in edges(ring) for node in (a, extra.get((a, b))) if node is not None] for ring in face]
        for face in plan.rings
    ]
    return Plan(more, plan.planes, plan.corners)


def _levels(plan: Plan) -> dict[Node, dict[int, float]]:
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
        level[node] = {face: sum(z for z, _ in group) / len(group) for group in groups for _, face in group}
    return level


def _outline(footprint: shapely.Polygon, left: dict[tuple[Node, Node], int]) -> list[list[Ring]]:
    """The outline's rings as chains of nodes, one for each of its sides, each from a corner to the next."""
    ahead: dict[Node, Node] = {}
    for a, b in left:
        if (b, a) not in left:
            if a in ahead:
                raise Open("the outline of the building touches itself")
            ahead[a] = b
    loops = [ring_of(footprint.exterior, anticlockwise=True)]
    loops += [ring_of(hole, anticlockwise=False) for hole in footprint.interiors]
    chains, used = [], 0
    for loop in loops:
        ring = []
        for a, b in edges(loop):
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
