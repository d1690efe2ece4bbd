"""Rings and polygons in space: too few points, crossings, planes, holes (codes 101 to 208); and good ones as triangles."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from cim.geometry import Rings
from cim.mesh import triangulate
from cim.types import BoolArray, FloatArray, IntArray
from cim.validity.codes import Finding, Tolerances
from cim.validity.faces import Faces

_REASONS = (
    ("Hole lies outside shell", 206),
    ("Holes are nested", 207),
    ("Nested holes", 207),
    ("Interior is disconnected", 205),
    ("Ring Self-intersection", 104),
    ("Self-intersection", 201),
)

_Teller = Callable[[int, IntArray], None]


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Polygons laid into their planes. normal: (p, 3) unit, NaN without area. xy: (v, 2) in the polygon's own axes, in which
    its outline runs anticlockwise. bad: (p,) with a fault. triangles: (t, 3) vertices of the good ones.
    """

    normal: FloatArray
    xy: FloatArray
    bad: BoolArray
    triangles: IntArray


def lay_flat(faces: Faces, point: IntArray, tolerances: Tolerances) -> tuple[Flat, list[Finding]]:
    """Every polygon in its plane, and what is wrong with any. point: (v,) numbers that vertices at one place share."""
    found: list[Finding] = []
    bad = np.zeros(len(faces.body), dtype=np.bool_)

    def tell(code: int, polygons: IntArray, details: FloatArray | None = None, unit: str = "") -> None:
        fresh = ~bad[polygons]
        values = np.full(len(polygons), np.nan) if details is None else details
        for polygon, value in zip(polygons[fresh].tolist(), values[fresh].tolist(), strict=True):
            found.append(_finding(faces, polygon, code, "" if np.isnan(value) else f"{value:.4g} {unit}"))
        bad[polygons] = True

    _count_points(faces, point, tell)
    normal, centre = _planes(faces)
    of_vertex = faces.polygon_of_vertex()
    tell(104, np.flatnonzero(np.isnan(normal[:, 0]) & ~bad))
    away = np.abs(np.einsum("ij,ij->i", faces.xyz - centre[of_vertex], normal[of_vertex]))
    farthest = np.zeros(len(faces.body))
    np.fmax.at(farthest, of_vertex, away)
    off = np.flatnonzero(farthest > tolerances.plane_m)
    tell(203, off, farthest[off], "m")
    xy = _projected(faces, normal, centre)
    for code, polygons in _ring_faults(faces, xy, bad):
        tell(code, polygons)
    triangles = _triangles(faces, xy, bad)
    lean = _leans(faces, triangles, normal, of_vertex)
    folded = np.flatnonzero(lean > tolerances.normal_deg)
    tell(204, folded, lean[folded], "degrees")
    return Flat(normal, xy, bad, triangles[~bad[of_vertex[triangles[:, 0]]]]), found


def _finding(faces: Faces, polygon: int, code: int, detail: str) -> Finding:
    body = int(faces.body[polygon])
    first = int(np.searchsorted(faces.body, body))
    ring = int(np.searchsorted(faces.polygon, polygon))
    at = tuple(faces.xyz[faces.start[ring]].tolist()) if faces.start[ring] < faces.start[ring + 1] else None
    return Finding(body, code, polygon - first, at, detail)


def _count_points(faces: Faces, point: IntArray, tell: _Teller) -> None:
    """101 and 102."""
    sizes = np.diff(faces.start)
    repeated = np.zeros(len(sizes), dtype=np.int64)
    if len(point):
        same = point[faces.following()] == point
        repeated = np.bincount(faces.ring_of_vertex()[same], minlength=len(sizes))
    tell(101, np.unique(faces.polygon[sizes - repeated < 3]))
    tell(102, np.unique(faces.polygon[repeated > 0]))


def _planes(faces: Faces) -> tuple[FloatArray, FloatArray]:
    """Unit normal (p, 3) of each outline by Newell's sums, NaN without area, and the middle of its vertices (p, 3)."""
    count = len(faces.body)
    outline = faces.is_outline()[faces.ring_of_vertex()]
    of_vertex = faces.polygon_of_vertex()
    number = np.maximum(np.bincount(of_vertex[outline], minlength=count), 1)[:, None]
    total = [np.bincount(of_vertex[outline], weights=faces.xyz[outline, k], minlength=count) for k in range(3)]
    centre: FloatArray = np.column_stack(total) / number
    local = faces.xyz - centre[of_vertex]
    cross = np.cross(local, local[faces.following()]) * outline[:, None]
    sums = np.column_stack([np.bincount(of_vertex, weights=cross[:, k], minlength=count) for k in range(3)])
    length = np.linalg.norm(sums, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length[:, None] > 1e-9, sums / length[:, None], np.nan), centre


def _projected(faces: Faces, normal: FloatArray, centre: FloatArray) -> FloatArray:
    """Vertices (v, 2) in axes of their polygon's plane, anticlockwise seen against the normal."""
    flat = np.abs(normal[:, 2]) > 0.9
    helper = np.where(flat[:, None], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    u = np.cross(helper, normal)
    u /= np.linalg.norm(u, axis=1)[:, None]
    v = np.cross(normal, u)
    of_vertex = faces.polygon_of_vertex()
    local = faces.xyz - centre[of_vertex]
    return np.column_stack([np.einsum("ij,ij->i", local, axis[of_vertex]) for axis in (u, v)])


def _ring_faults(faces: Faces, xy: FloatArray, bad: BoolArray) -> list[tuple[int, IntArray]]:
    """104 and 201 to 208 of polygons that are not bad yet, by GEOS in their planes; triangles need no looking at."""
    sizes = np.diff(faces.start)
    rings_of = np.bincount(faces.polygon, minlength=len(faces.body))
    plain = (rings_of[faces.polygon] == 1) & (sizes == 3)
    looked = ~plain & ~bad[faces.polygon]
    chosen = np.flatnonzero(looked)
    if len(chosen) == 0:
        return []
    take = looked[faces.ring_of_vertex()]
    number = np.repeat(np.arange(len(chosen)), sizes[chosen])
    lines = shapely.linearrings(xy[take], indices=number)
    polygon = faces.polygon[chosen]
    simple = shapely.is_simple(lines)
    turned = shapely.is_ccw(lines) != faces.is_outline()[chosen]
    faults = [(104, np.unique(polygon[~simple])), (202, _twice(lines, polygon))]
    whole = np.setdiff1d(np.unique(polygon), np.concatenate([one for _, one in faults]))
    part = np.isin(polygon, whole)
    shapes = shapely.polygons(lines[part], indices=np.searchsorted(whole, polygon[part]))
    reasons = shapely.is_valid_reason(shapes)
    codes = np.array([_code(reason) for reason in reasons.tolist()], dtype=np.int64)
    faults += [(code, whole[codes == code]) for code in np.unique(codes[codes > 0]).tolist()]
    return [*faults, (208, np.unique(polygon[turned]))]


def _twice(lines: np.ndarray, polygon: IntArray) -> IntArray:
    """Polygons of which two rings run through the same points."""
    holed = np.bincount(polygon)[polygon] > 1
    shapes = np.asarray(shapely.to_wkb(shapely.normalize(shapely.polygons(lines[holed]))))
    seen: set[tuple[int, bytes]] = set()
    found = []
    for key in zip(polygon[holed].tolist(), shapes.tolist(), strict=True):
        if key in seen:
            found.append(key[0])
        seen.add(key)
    return np.unique(np.array(found, dtype=np.int64))


def _code(reason: str) -> int:
    if reason == "Valid Geometry":
        return 0
    return next((code for start, code in _REASONS if reason.startswith(start)), 201)


def _triangles(faces: Faces, xy: FloatArray, bad: BoolArray) -> IntArray:
    """The good polygons cut into triangles (t, 3); one that cannot be cut has none."""
    good = ~bad[faces.polygon]
    take = np.flatnonzero(good[faces.ring_of_vertex()])
    sizes = np.diff(faces.start)[good]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    kept = np.flatnonzero(~bad)
    number = np.searchsorted(kept, faces.polygon[good])
    caps = triangulate(Rings(xy[take], start, number, np.arange(len(kept))))
    return take[caps.triangles]


def _leans(faces: Faces, triangles: IntArray, normal: FloatArray, of_vertex: IntArray) -> FloatArray:
    """How far the triangles of each polygon (p,) lean from its plane at the most, degrees."""
    at = faces.xyz[triangles]
    own = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    length = np.linalg.norm(own, axis=1)
    polygon = of_vertex[triangles[:, 0]]
    cosine = np.einsum("ij,ij->i", own, normal[polygon]) / np.maximum(length, 1e-12)
    lean = np.where(length > 1e-9, np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))), 0.0)
    most = np.zeros(len(faces.body))
    np.maximum.at(most, polygon, lean)
    return most
