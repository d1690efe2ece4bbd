"""The flat faces of a mesh as polygons in space: triangles of one plane and one kind made one, with holes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.mesh import Mesh
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray
from cim.validity import Tolerances, check, of_boundaries

Corner = tuple[float, float, float]
STRICTER = Tolerances(plane_m=0.009, normal_deg=18.0)
"""What goes out must be valid after a format has rounded it too: a millimetre and two degrees less than is allowed."""


def faces(mesh: Mesh, count: int) -> list[tuple[ObjectArray, IntArray]]:
    """Of each feature (0 to `count` - 1) its polygons (p,), outlines anticlockwise seen from outside, and their surfaces.

    Edges stay as they are in the mesh, so that what was closed stays closed. Corners lie on a lattice, which can bend what
    should be flat: a feature whose polygons would not be valid stays in triangles.
    """
    positions = mesh.positions()
    corners = positions[mesh.triangles]
    planes = _planes(corners, mesh.normal[mesh.triangles[:, 0]])
    feature = mesh.feature[mesh.triangles[:, 0]]
    groups: list[dict[tuple[float, ...], list[list[Corner]]]] = [defaultdict(list) for _ in range(count)]
    surface = mesh.triangle_surface().tolist()
    cut = [[(x, y, z) for x, y, z in one] for one in corners.tolist()]
    for row, code, plane, triangle in zip(feature.tolist(), surface, planes.tolist(), cut, strict=True):
        groups[row][(code, *plane)].append(triangle)
    found = [_polygons(one) for one in groups]
    for row in np.flatnonzero(_is_faulty(found)).tolist():
        found[row] = _triangles(groups[row])
    return found


def _is_faulty(bodies: Sequence[tuple[ObjectArray, IntArray]]) -> BoolArray:
    """Which of these bodies have polygons that are not valid or that cross: what comes of making triangles one."""
    there = np.flatnonzero([len(polygons) > 0 for polygons, _ in bodies])
    whole = []
    for row in there.tolist():
        polygons, codes = bodies[row]
        whole.append(Boundary(polygons, codes.astype(np.uint8), "Solid", ((len(polygons),),)))
    faulty = np.zeros(len(bodies), dtype=np.bool_)
    found = [
        finding.body for finding in check(of_boundaries(whole), STRICTER) if finding.code < 300 or finding.code == 306
    ]
    faulty[there[found]] = True
    return faulty


def _triangles(groups: dict[tuple[float, ...], list[list[Corner]]]) -> tuple[ObjectArray, IntArray]:
    cut = [(int(code), triangle) for (code, *_), triangles in groups.items() for triangle in triangles]
    found = np.empty(len(cut), dtype=object)
    found[:] = [shapely.Polygon(triangle) for _, triangle in cut]
    return found, np.array([code for code, _ in cut], dtype=np.int64)


def _planes(corners: FloatArray, normal: FloatArray) -> FloatArray:
    """What triangles (t, 3, 3) of one plane have in common (t, 4): the normal, and the distance to the millimetre."""
    origin = corners[0, 0] if len(corners) else np.zeros(3)
    across = np.round(normal, 6) + 0.0
    return np.column_stack([across, np.round(((corners[:, 0] - origin) * across).sum(axis=1), 3) + 0.0])


def _polygons(groups: dict[tuple[float, ...], list[list[Corner]]]) -> tuple[ObjectArray, IntArray]:
    polygons: list[shapely.Polygon] = []
    codes: list[int] = []
    for (code, *plane), triangles in groups.items():
        merged = _merged(triangles, np.array(plane[:3]))
        polygons += merged
        codes += [int(code)] * len(merged)
    found = np.empty(len(polygons), dtype=object)
    found[:] = polygons
    return found, np.array(codes, dtype=np.int64)


def _merged(triangles: Sequence[Sequence[Corner]], normal: FloatArray) -> list[shapely.Polygon]:
    """Polygons of triangles in one plane; the triangles themselves where their outline crosses a corner twice."""
    edges = {(t[k], t[(k + 1) % 3]) for t in triangles for k in range(3)}
    following: dict[Corner, Corner] = {}
    for a, b in edges:
        if (b, a) not in edges:
            if a in following:
                return [shapely.Polygon(t) for t in triangles]
            following[a] = b
    rings = list(_rings(following))
    if len(rings) == 1:
        return [shapely.Polygon(rings[0])]
    turns = [_turn(ring, normal) > 0 for ring in rings]
    outlines = [ring for ring, is_outline in zip(rings, turns, strict=True) if is_outline]
    holes = [ring for ring, is_outline in zip(rings, turns, strict=True) if not is_outline]
    if len(outlines) == 1:
        return [shapely.Polygon(outlines[0], holes)]
    if holes:
        return [shapely.Polygon(t) for t in triangles]
    return [shapely.Polygon(ring) for ring in outlines]


def _rings(following: dict[Corner, Corner]) -> Iterable[list[Corner]]:
    left = dict(sorted(following.items()))
    while left:
        start, at = next(iter(left.items()))
        del left[start]
        ring = [start]
        while at != start and at in left:
            ring.append(at)
            at = left.pop(at)
        if len(ring) > 2:
            yield ring


def _turn(ring: Sequence[Corner], normal: FloatArray) -> float:
    """Twice the area of a ring, positive where it runs anticlockwise about the normal."""
    at = np.array(ring) - np.array(ring[0])
    return float(np.cross(at, np.roll(at, -1, axis=0)).sum(axis=0) @ normal)


def solids(polygons: ObjectArray) -> list[list[int]] | None:
    """Which polygons (p,) close a solid together: along every edge of one, two run in opposite ways. None: a gap is left.

    Polygons hang together by edges that are of two of them alone, so that solids that touch in an edge are told apart.
    """
    owners: dict[tuple[Corner, Corner], list[int]] = defaultdict(list)
    for number, polygon in enumerate(polygons):
        for ring in (polygon.exterior, *polygon.interiors):
            corners = [tuple(at) for at in shapely.get_coordinates(ring, include_z=True).tolist()]
            for edge in pairwise(corners):
                owners[edge].append(number)
    group = list(range(len(polygons)))
    for (a, b), mine in owners.items():
        theirs = owners.get((b, a), [])
        if len(mine) == len(theirs) == 1:
            one, other = _root(group, mine[0]), _root(group, theirs[0])
            group[max(one, other)] = min(one, other)
    for (a, b), mine in owners.items():
        roots = sorted(_root(group, number) for number in mine)
        if len(set(roots)) < len(roots) or roots != sorted(_root(group, n) for n in owners.get((b, a), [])):
            return None
    found: dict[int, list[int]] = {}
    for number in range(len(polygons)):
        found.setdefault(_root(group, number), []).append(number)
    return list(found.values())


def _root(group: list[int], number: int) -> int:
    while group[number] != number:
        number = group[number]
    return number
