"""Triangles of bodies that came with their surfaces: every polygon cut in its own plane, with holes, on the city lattice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.geometry import LATTICE_M, Rings, signed_areas, snap
from cim.mesh import Mesh, join, triangulate
from cim.types import BoolArray, FloatArray, IntArray

WARP_M = 0.05
"""How far corners may lie off their polygon's plane before its triangles get their own normals (the project's default)."""


@dataclass(frozen=True, slots=True)
class Surfaced:
    """Meshes of bodies (n) from their surfaces.

    mesh: `feature` counts the bodies from 0. polygon: (t,) which polygon each triangle is of, counted over all bodies.
    skipped: (n,) polygons of each that enclose no area on the lattice or cross themselves, and so have no triangles.
    """

    mesh: Mesh
    polygon: IntArray
    skipped: IntArray


def surfaced(boundaries: Sequence[Boundary], lift_m: FloatArray) -> Surfaced:
    """The triangles of all bodies' surfaces, anticlockwise seen from where their polygons are.

    lift_m: (n,) metres added to the heights of each before they are snapped. Normals are flat: a polygon's, or each
    triangle's where the polygon is warped by more than 5 cm. Points on a straight line stay, so that neighbours that
    meet there leave no gap.

    >>> wall = Boundary(np.array([shapely.Polygon([(0, 0, 0), (4, 0, 0), (4, 0, 3), (0, 0, 3)])]), np.zeros(1, np.uint8))
    >>> surfaced([wall], np.array([10.0])).mesh.normal[0].tolist()
    [0.0, -1.0, 0.0]
    """
    polygons = np.concatenate([boundary.polygons for boundary in boundaries])
    surface = np.concatenate([boundary.surface for boundary in boundaries])
    owner = np.repeat(np.arange(len(boundaries)), [len(boundary) for boundary in boundaries])
    shape = _corners(polygons, lift_m[owner])
    area = _vector_areas(shape)
    size = np.linalg.norm(area, axis=1)
    shape = shape.keep(size > LATTICE_M**2)  # `feature` still tells which polygon
    unit = area[size > LATTICE_M**2] / size[size > LATTICE_M**2][:, None]
    plan, turn = _turned(_projected(shape, unit))
    at = shape.xy[turn]
    caps = triangulate(plan)
    drawn = np.ones(len(shape.feature), dtype=np.bool_)
    drawn[caps.failed] = False
    polygon = np.repeat(shape.polygon, shape.sizes())
    skipped = np.bincount(owner, minlength=len(boundaries))
    skipped -= np.bincount(owner[shape.feature[drawn]], minlength=len(boundaries))
    mesh, of = _assembled(at, unit, polygon, caps.triangles, _warped(shape, unit), shape.feature)
    mesh = Mesh(mesh.xy, mesh.point, mesh.z, mesh.normal, surface[mesh.feature], owner[mesh.feature], mesh.triangles)
    order = np.argsort(owner[of], kind="stable")
    return Surfaced(join(mesh), of[order], skipped)


def _corners(polygons: np.ndarray, lift_m: FloatArray) -> Rings:
    """Rings as `cim.geometry.rings` has them, with heights: xy is (v, 3); on the lattice, without repeated points."""
    _, coordinates, (ring_start, polygon_start) = shapely.to_ragged_array(shapely.force_3d(polygons), include_z=True)
    start, first = (np.asarray(offsets, dtype=np.int64) for offsets in (ring_start, polygon_start))
    of_ring = np.repeat(np.arange(len(polygons)), np.diff(first))
    of_vertex = np.repeat(np.arange(len(of_ring)), np.diff(start))
    at = np.array(coordinates, dtype=np.float64)
    at[:, 2] += lift_m[of_ring[of_vertex]]
    at = snap(at)
    repeated = np.zeros(len(at), dtype=np.bool_)
    repeated[1:] = (at[1:] == at[:-1]).all(axis=1) & (of_vertex[1:] == of_vertex[:-1])
    repeated[start[:-1]] = True  # the first point is the closing one as well, which stays
    sizes = np.bincount(of_vertex[~repeated], minlength=len(of_ring))
    outline = np.isin(np.arange(len(of_ring)), first[:-1])
    kept = (sizes >= 3) | outline  # a hole that collapsed is none; an outline that did has no area
    at = at[~repeated & kept[of_vertex]]
    return Rings(at, np.concatenate([[0], np.cumsum(sizes[kept])]), of_ring[kept], np.arange(len(polygons)))


def _vector_areas(shape: Rings) -> FloatArray:
    """Half the sum of the cross products round each polygon's outline (p, 3): across its plane, as long as its area."""
    ring = shape.ring_of_vertex()
    begin = np.minimum(shape.start[:-1], len(shape.xy) - 1)
    local = shape.xy - shape.xy[begin[ring]]
    cross = np.cross(local, local[shape.following()]) / 2.0
    outline = shape.is_exterior()[ring]
    polygon = shape.polygon[ring]
    columns = [np.bincount(polygon[outline], weights=c[outline], minlength=len(shape.feature)) for c in cross.T]
    return np.column_stack(columns)


def _projected(shape: Rings, unit: FloatArray) -> Rings:
    """The polygons flat, along the axis that their normal is nearest to, outlines anticlockwise."""
    along = np.abs(unit).argmax(axis=1)
    backward = unit[np.arange(len(unit)), along] < 0
    polygon = np.repeat(shape.polygon, shape.sizes())
    first, second = (along[polygon] + 1) % 3, (along[polygon] + 2) % 3
    first, second = np.where(backward[polygon], second, first), np.where(backward[polygon], first, second)
    every = np.arange(len(shape.xy))
    flat = np.column_stack([shape.xy[every, first], shape.xy[every, second]])
    return Rings(flat, shape.start, shape.polygon, np.arange(len(shape.feature)))


def _turned(plan: Rings) -> tuple[Rings, IntArray]:
    """The same with holes clockwise, and where each vertex was before (v,)."""
    turned = (signed_areas(plan) > 0) != plan.is_exterior()
    every = np.arange(len(plan.xy))
    mirror = np.repeat(plan.start[:-1] + plan.start[1:] - 1, plan.sizes()) - every
    turn = np.where(np.repeat(turned, plan.sizes()), mirror, every)
    return Rings(plan.xy[turn], plan.start, plan.polygon, plan.feature), turn


def _warped(shape: Rings, unit: FloatArray) -> BoolArray:
    """Polygons (p,) with a corner further off their plane than `WARP_M`."""
    polygon = np.repeat(shape.polygon, shape.sizes())
    first = shape.xy[np.searchsorted(polygon, np.arange(len(shape.feature)))]
    off = np.abs(np.sum((shape.xy - first[polygon]) * unit[polygon], axis=1))
    found = np.zeros(len(shape.feature), dtype=np.bool_)
    found[polygon[off > WARP_M]] = True
    return found


def _assembled(
    at: FloatArray, unit: FloatArray, polygon: IntArray, triangles: IntArray, warped: BoolArray, number: IntArray
) -> tuple[Mesh, IntArray]:
    """A mesh whose features are polygons by their numbers, and those of its triangles (t,)."""
    of = polygon[triangles[:, 0]]
    bent = warped[of]
    used, place = np.unique(triangles[~bent], return_inverse=True)
    loose = triangles[bent].ravel()
    corner = at[loose].reshape(-1, 3, 3)
    across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    length = np.linalg.norm(across, axis=1)
    across = np.where((length > 0)[:, None], across / np.where(length > 0, length, 1.0)[:, None], unit[of[bent]])
    vertex = np.concatenate([used, loose])
    xy, point = _distinct(at[vertex, :2])
    faces = np.concatenate([place.reshape(-1, 3), len(used) + np.arange(len(loose)).reshape(-1, 3)])
    mesh = Mesh(
        xy=xy,
        point=point,
        z=at[vertex, 2],
        normal=np.concatenate([unit[polygon[used]], np.repeat(across, 3, axis=0)]),
        surface=np.zeros(len(vertex), dtype=np.uint8),
        feature=number[polygon[vertex]],
        triangles=faces,
    )
    return mesh, number[np.concatenate([of[~bent], of[bent]])]


def _distinct(xy: FloatArray) -> tuple[FloatArray, IntArray]:
    """Plan positions on the lattice without repeats, and which of them each is (v,)."""
    if len(xy) == 0:
        return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    step = np.rint((xy - xy.min(axis=0)) / LATTICE_M).astype(np.int64)
    _, first, place = np.unique((step[:, 0] << 32) | step[:, 1], return_index=True, return_inverse=True)
    return xy[first], place
