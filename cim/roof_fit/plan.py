"""Roof faces as rings of shared nodes: on one grid, no idle nodes, none all but coinciding."""

from dataclasses import dataclass

import numpy as np
import shapely

from cim.roof_fit.cells import GRID_M
from cim.types import FloatArray, ObjectArray

Node = tuple[float, float]
Ring = list[Node]

APART_M = (0.15, 0.4, 0.04)
"""Nodes nearer together than this are one, the corners of the outline apart: the first with which a valid body is bound (the
project's own default)."""
_STRAIGHT_M = 0.05


class Open(Exception):
    """These faces bind no body; the sentence says why. Never leaves this package."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """rings: of the faces, the outer one first, anticlockwise, holes clockwise. planes: (f, 3). corners: of the outline."""

    rings: list[list[Ring]]
    planes: FloatArray
    corners: frozenset[Node]

    def height(self, face: int, node: Node) -> float:
        """A face's height at a node, metres."""
        a, b, c = self.planes[face]
        return float(a * node[0] + b * node[1] + c)

    def faces_at(self) -> dict[Node, list[int]]:
        """The faces that have each node."""
        found: dict[Node, list[int]] = {}
        for face, rings in enumerate(self.rings):
            for node in (node for ring in rings for node in ring):
                found.setdefault(node, []).append(face)
        return found

    def left_of(self) -> dict[tuple[Node, Node], int]:
        """The face on the left of each directed edge. Raises Open where two lie there."""
        left = {(a, b): f for f, rings in enumerate(self.rings) for ring in rings for a, b in edges(ring)}
        if len(left) != sum(len(ring) for rings in self.rings for ring in rings):
            raise Open("two roof faces lie over each other")
        return left


def planned(footprint: shapely.Polygon, faces: ObjectArray, planes: FloatArray, apart_m: float) -> Plan:
    """Faces (f,) that cover a footprint as a plan of it, nodes less than apart_m apart made one.

    Raises Open where one is in pieces or touches itself.
    """
    rings = []
    for face in faces:
        if face.geom_type != "Polygon":
            raise Open("a roof face is in pieces")
        holes = [ring_of(hole, anticlockwise=False) for hole in face.interiors]
        rings.append([ring_of(face.exterior, anticlockwise=True), *holes])
    corners = frozenset(node_at(x, y) for x, y in shapely.get_coordinates(footprint).tolist())
    return _straightened(_gathered(_straightened(Plan(rings, planes, corners)), apart_m))


def node_at(x: float, y: float) -> Node:
    """The node nearest to a position."""
    return float(np.round(x / GRID_M) * GRID_M), float(np.round(y / GRID_M) * GRID_M)


def ring_of(ring: shapely.LinearRing, *, anticlockwise: bool) -> Ring:
    """A ring's nodes, once each. Raises Open where it touches itself."""
    nodes = [node_at(x, y) for x, y in np.asarray(ring.coords)[:-1, :2].tolist()]
    nodes = [node for k, node in enumerate(nodes) if node != nodes[k - 1]]
    if len(nodes) < 3 or len(set(nodes)) != len(nodes):
        raise Open("a roof face touches itself")
    return nodes if shapely.is_ccw(shapely.LinearRing(nodes)) == anticlockwise else nodes[::-1]


def edges(ring: Ring) -> list[tuple[Node, Node]]:
    """Its directed edges."""
    return list(zip(ring, ring[1:] + ring[:1], strict=True))


def _straightened(plan: Plan) -> Plan:
    """The plan less the nodes in the midst of straight borders, where nothing else meets; the outline keeps its own."""
    around: dict[Node, set[Node]] = {}
    for rings in plan.rings:
        for ring in rings:
            for a, b in edges(ring):
                around.setdefault(a, set()).add(b)
                around.setdefault(b, set()).add(a)
    idle: set[Node] = set()
    for node, others in around.items():
        if len(others) == 2 and node not in plan.corners:
            a, b = others
            if a not in idle and b not in idle and _off_line(node, a, b) <= _STRAIGHT_M:
                idle.add(node)
    if not idle:
        return plan
    less = [[[node for node in ring if node not in idle] for ring in rings] for rings in plan.rings]
    if any(len(ring) < 3 for face in less for ring in face):
        raise Open("a roof face has no width")
    return _straightened(Plan(less, plan.planes, plan.corners))


def _off_line(node: Node, a: Node, b: Node) -> float:
    way = np.array(b) - a
    apart = np.array(node) - a
    return float(abs(way[0] * apart[1] - way[1] * apart[0]) / max(np.hypot(*way), GRID_M))


def _gathered(plan: Plan, apart_m: float) -> Plan:
    """The plan with nodes that all but coincide made one: a corner of the outline, else a node on it, else the first."""
    left = plan.left_of()
    outer = {node for a, b in left if (b, a) not in left for node in (a, b)}
    nodes = sorted({node for rings in plan.rings for ring in rings for node in ring})
    nodes.sort(key=lambda node: (node not in plan.corners, node not in outer))
    kept: list[Node] = []
    goes: dict[Node, Node] = {}
    for node in nodes:
        if node not in plan.corners and kept:
            apart = np.hypot(*(np.array(kept) - node).T)
            if apart.min() < apart_m:
                goes[node] = kept[int(np.argmin(apart))]
                continue
        kept.append(node)
    if not goes:
        return plan
    rings, planes = [], []
    for face, plane in zip(plan.rings, plan.planes, strict=True):
        fewer = [_without_spikes([goes.get(node, node) for node in ring]) for ring in face]
        if len(fewer[0]) >= 3:
            rings.append([ring for ring in fewer if len(ring) >= 3])
            planes.append(plane)
    if any(len(set(ring)) != len(ring) for face in rings for ring in face):
        raise Open("a roof face touches itself")
    shapes = [shapely.Polygon(face[0], face[1:]) for face in rings]
    if not shapes or not shapely.is_valid(shapes).all():
        raise Open("a roof face touches itself")
    if not all(shapely.is_ccw(shapely.LinearRing(face[0])) for face in rings):
        raise Open("a roof face turned over")
    return Plan(rings, np.array(planes), plan.corners)


def _without_spikes(ring: Ring) -> Ring:
    """The ring less repeated nodes, and less edges that go there and back."""
    while True:
        ring = [node for k, node in enumerate(ring) if node != ring[k - 1]]
        spike = next((k for k in range(len(ring)) if ring[k - 1] == ring[(k + 1) % len(ring)]), None)
        if spike is None or len(ring) < 3:
            return ring
        ring = ring[:spike] + ring[spike + 1 :]
