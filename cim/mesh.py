"""Triangle meshes of many features at once: footprints with holes extruded to closed solids with flat normals."""

from dataclasses import dataclass

import mapbox_earcut
import numpy as np
import numpy.typing as npt
import shapely

from cim.geometry import LATTICE_M, Rings, signed_areas
from cim.types import BoolArray, FloatArray, IntArray, Surface


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles of many features, with a vertex for every corner of every flat face.

    xy: (p, 2) distinct plan positions, city frame; point: (v,) which of them a vertex stands on; z: (v,) metres;
    normal: (v, 3) unit, outward; surface: (v,) `Surface` code; feature: (v,) source row, rising; triangles: (t, 3)
    vertices, anticlockwise seen from outside. material: (v,) `Material` code; None: unknown for all. look: (v, 3)
    which delivered look it has, -1: none, and where it lies in the picture of that (u, v); None: none has any.
    """

    xy: FloatArray
    point: IntArray
    z: FloatArray
    normal: FloatArray
    surface: npt.NDArray[np.uint8]
    feature: IntArray
    triangles: IntArray
    material: npt.NDArray[np.uint8] | None = None
    look: FloatArray | None = None

    def positions(self) -> FloatArray:
        """Vertices (v, 3), city frame."""
        return np.column_stack([self.xy[self.point], self.z])

    def triangle_surface(self) -> npt.NDArray[np.uint8]:
        """The `Surface` code of each triangle (t,)."""
        return self.surface[self.triangles[:, 0]]


@dataclass(frozen=True, slots=True)
class Caps:
    """Polygons cut into triangles: (t, 3) vertices of the rings, anticlockwise, and the polygons that resisted."""

    triangles: IntArray
    failed: IntArray


def join(*meshes: Mesh) -> Mesh:
    """Several meshes as one, each feature's vertices and triangles together, features in rising order."""
    point_offset = np.cumsum([0] + [len(m.xy) for m in meshes[:-1]])
    vertex_offset = np.cumsum([0] + [len(m.z) for m in meshes[:-1]])
    feature = np.concatenate([m.feature for m in meshes])
    triangles = np.concatenate([m.triangles + o for m, o in zip(meshes, vertex_offset, strict=True)])
    order = np.argsort(feature, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    looks = [np.full((len(m.z), 3), -1.0) if m.look is None else m.look for m in meshes]
    made_of = [np.zeros(len(m.z), dtype=np.uint8) if m.material is None else m.material for m in meshes]
    return Mesh(
        xy=np.concatenate([m.xy for m in meshes]),
        point=np.concatenate([m.point + o for m, o in zip(meshes, point_offset, strict=True)])[order],
        z=np.concatenate([m.z for m in meshes])[order],
        normal=np.concatenate([m.normal for m in meshes])[order],
        surface=np.concatenate([m.surface for m in meshes])[order],
        feature=feature[order],
        triangles=place[triangles[np.argsort(feature[triangles[:, 0]], kind="stable")]],
        material=None if all(m.material is None for m in meshes) else np.concatenate(made_of)[order],
        look=None if all(m.look is None for m in meshes) else np.concatenate(looks)[order],
    )


def extrude(shape: Rings, low: FloatArray, high: FloatArray, *, ground: bool = False) -> tuple[Mesh, IntArray]:
    """Footprints stood up between two heights: walls and roof, closed below if `ground`.

    shape: cleaned rings, outlines anticlockwise and holes clockwise. low, high: (n,) metres by source row.
    Returns the mesh, and the source rows left out because a polygon of theirs could not be triangulated.
    """
    caps = triangulate(shape)
    failed = np.unique(shape.feature[caps.failed])
    mesh = raised(shape, caps.triangles, low, high, ground=ground)
    return (without(mesh, failed) if len(failed) else mesh), failed


def raised(shape: Rings, triangles: IntArray, low: FloatArray, high: FloatArray, *, ground: bool = False) -> Mesh:
    """As `extrude`, of footprints that are cut into triangles (t, 3) already, all of them."""
    feature = shape.feature_of_vertex()
    faces = [walls(shape, low, high), _cap(shape, triangles, high[feature], Surface.roof)]
    if ground:
        faces.append(_cap(shape, triangles[:, ::-1], low[feature], Surface.ground))
    return join(*faces)


def boxes(plan: FloatArray, low: FloatArray, high: FloatArray) -> Mesh:
    """Upright boxes without floors: what `raised` makes of four-cornered footprints, without its detours.

    plan: (n, 4, 2) corners, anticlockwise, the roof cut from the first to the third; low, high: (n,) metres.
    """
    count = len(plan)
    step = np.roll(plan, -1, axis=1) - plan
    length = np.hypot(step[..., 0], step[..., 1])
    normal = np.zeros((count, 20, 3))
    normal[:, :16, 0] = np.repeat(step[..., 1] / length, 4, axis=1)
    normal[:, :16, 1] = np.repeat(-step[..., 0] / length, 4, axis=1)
    normal[:, 16:, 2] = 1.0
    corner = np.array([[k, (k + 1) % 4, (k + 1) % 4, k] for k in range(4)]).ravel()
    is_top = np.array([0, 0, 1, 1] * 4 + [1] * 4, dtype=np.bool_)
    each = np.array([[4 * k, 4 * k + a, 4 * k + b] for k in range(4) for a, b in ((1, 2), (2, 3))])
    each = np.concatenate([each, [[16, 17, 18], [16, 18, 19]]])
    return Mesh(
        xy=plan.reshape(-1, 2),
        point=(4 * np.arange(count)[:, None] + np.concatenate([corner, np.arange(4)])).ravel(),
        z=np.where(is_top, high[:, None], low[:, None]).ravel(),
        normal=normal.reshape(-1, 3),
        surface=np.tile(np.repeat(np.array([Surface.wall, Surface.roof], dtype=np.uint8), [16, 4]), count),
        feature=np.repeat(np.arange(count), 20),
        triangles=(20 * np.arange(count)[:, None, None] + each).reshape(-1, 3),
    )


def walls(shape: Rings, low: FloatArray, high: FloatArray) -> Mesh:
    """The walls alone: for every edge of every ring one upright quadrilateral between low and high (n,), none where these
    are one.
    """
    here, ahead, feature = np.arange(len(shape.xy)), shape.following(), shape.feature_of_vertex()
    stands = high[feature] > low[feature]
    if not stands.all():
        here, ahead, feature = here[stands], ahead[stands], feature[stands]
    count = len(here)
    step = shape.xy[ahead] - shape.xy[here]
    length = np.hypot(step[:, 0], step[:, 1])
    normal = np.column_stack([step[:, 1] / length, -step[:, 0] / length, np.zeros(count)])
    bottom, top = low[feature], high[feature]
    corner = 4 * np.arange(count)[:, None]
    return Mesh(
        xy=shape.xy,
        point=np.column_stack([here, ahead, ahead, here]).ravel(),
        z=np.column_stack([bottom, bottom, top, top]).ravel(),
        normal=np.repeat(normal, 4, axis=0),
        surface=np.full(4 * count, Surface.wall, dtype=np.uint8),
        feature=np.repeat(feature, 4),
        triangles=(corner + np.array([[0, 1, 2, 0, 2, 3]])).reshape(-1, 3),
    )


def ground_faces(shape: Rings, low: FloatArray) -> Mesh:
    """The downward faces alone, at low (n,)."""
    return _cap(shape, triangulate(shape).triangles[:, ::-1], low[shape.feature_of_vertex()], Surface.ground)


def without(mesh: Mesh, features: IntArray) -> Mesh:
    """The mesh less some features; plan positions stay."""
    return _kept(mesh, ~np.isin(mesh.feature, features))


def uncovered(mesh: Mesh, surface: Surface) -> Mesh:
    """The mesh less the triangles of one kind; plan positions stay."""
    return _kept(mesh, mesh.surface != surface)


def _kept(mesh: Mesh, keep: BoolArray) -> Mesh:
    place = np.cumsum(keep) - 1
    return Mesh(
        xy=mesh.xy,
        point=mesh.point[keep],
        z=mesh.z[keep],
        normal=mesh.normal[keep],
        surface=mesh.surface[keep],
        feature=mesh.feature[keep],
        triangles=place[mesh.triangles[keep[mesh.triangles[:, 0]]]],
        material=None if mesh.material is None else mesh.material[keep],
        look=None if mesh.look is None else mesh.look[keep],
    )


def volumes(mesh: Mesh, count: int) -> FloatArray:
    """Volume enclosed by each of `count` features (n,), cubic metres; meaningful for closed ones."""
    at = mesh.positions()
    first = np.zeros((count, 3))
    first[mesh.feature[::-1]] = at[::-1]
    corners = at[mesh.triangles] - first[mesh.feature[mesh.triangles[:, 0]]][:, None, :]
    sixfold = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    owner = mesh.feature[mesh.triangles[:, 0]]
    return np.bincount(owner, weights=sixfold / 6.0, minlength=count).astype(np.float64)


def _cap(shape: Rings, triangles: IntArray, z: FloatArray, surface: Surface) -> Mesh:
    count = len(shape.xy)
    up = -1.0 if surface is Surface.ground else 1.0
    return Mesh(
        xy=shape.xy,
        point=np.arange(count),
        z=z,
        normal=np.tile([0.0, 0.0, up], (count, 1)),
        surface=np.full(count, surface, dtype=np.uint8),
        feature=shape.feature_of_vertex(),
        triangles=triangles,
    )


# --- triangulation ---------------------------------------------------------------------------------------------------


def triangulate(shape: Rings) -> Caps:
    """Every polygon cut into triangles that use all its vertices and edges, so that walls fit without gaps.

    Polygons seen whole from their first vertex become fans, for all of them at once; the others go one by one
    through earcut, and where that leaves an edge out through a constrained Delaunay triangulation.
    """
    fan, is_fan = _fans(shape)
    others = np.flatnonzero(~is_fan)
    if len(others) == 0:
        return Caps(fan, others)
    parts = [fan]
    rest, failed = _earcut(shape, others)
    parts.append(rest)
    final = []
    for polygon in failed.tolist():
        triangles = _delaunay(shape, polygon)
        if triangles is None:
            final.append(polygon)
        else:
            parts.append(triangles)
    return Caps(np.concatenate(parts), np.array(final, dtype=np.int64))


def _cross(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Twice the signed area of triangles."""
    return np.asarray((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))


def _fans(shape: Rings) -> tuple[IntArray, BoolArray]:
    """Triangles of the polygons whose first vertex sees all of them, and the mask (p,) of those polygons."""
    count, sizes = len(shape.feature), shape.sizes()
    first = np.repeat(shape.start[:-1], sizes)
    place = np.arange(len(shape.xy)) - first
    inner = np.flatnonzero((place >= 1) & (place <= np.repeat(sizes, sizes) - 2))
    triangles = np.column_stack([first[inner], inner, inner + 1])
    polygon = np.repeat(shape.polygon, sizes)[inner]
    seen = _cross(*(shape.xy[triangles[:, k]] for k in range(3))) > 0
    is_fan = np.bincount(shape.polygon, minlength=count) == 1
    is_fan[polygon[~seen]] = False
    return triangles[is_fan[polygon]], is_fan


def _earcut(shape: Rings, polygons: IntArray) -> tuple[IntArray, IntArray]:
    """Triangles of these polygons by earcut, and those of them whose triangles do not cover them edge to edge."""
    ring_start = np.searchsorted(shape.polygon, np.arange(len(shape.feature) + 1))
    found, counts = [], []
    for polygon in polygons.tolist():
        first, last = ring_start[polygon], ring_start[polygon + 1]
        begin = shape.start[first]
        local = (shape.xy[begin : shape.start[last]] - shape.xy[begin]) / LATTICE_M
        ends = (shape.start[first + 1 : last + 1] - begin).astype(np.uint32)
        corners = mapbox_earcut.triangulate_float64(local, ends).astype(np.int64) + begin
        found.append(corners)
        counts.append(len(corners) // 3)
    triangles = np.concatenate(found).reshape(-1, 3)
    owner = np.repeat(polygons, counts)
    twice = _cross(*(shape.xy[triangles[:, k]] for k in range(3)))
    triangles = np.where((twice < 0)[:, None], triangles[:, ::-1], triangles)
    bad = _uncovered(shape, polygons, triangles, owner, np.abs(twice))
    return triangles[~np.isin(owner, bad)], bad


def _uncovered(shape: Rings, polygons: IntArray, triangles: IntArray, owner: IntArray, twice: FloatArray) -> IntArray:
    """Polygons whose triangles do not add up to their area, or leave out one of their edges."""
    count = len(shape.feature)
    area = np.bincount(shape.polygon, weights=signed_areas(shape), minlength=count)
    covered = np.bincount(owner, weights=twice / 2.0, minlength=count)
    is_bad = np.abs(covered - area) > LATTICE_M**2
    width = len(shape.xy)
    edges = np.concatenate([triangles[:, k] * width + triangles[:, (k + 1) % 3] for k in range(3)])
    mine = np.flatnonzero(np.isin(np.repeat(shape.polygon, shape.sizes()), polygons))
    missing = mine[~np.isin(mine * width + shape.following()[mine], edges)]
    is_bad[np.repeat(shape.polygon, shape.sizes())[missing]] = True
    return np.asarray(polygons[is_bad[polygons]])


def _delaunay(shape: Rings, polygon: int) -> IntArray | None:
    """Triangles of one polygon by GEOS, None if it is not simple."""
    first, last = np.searchsorted(shape.polygon, [polygon, polygon + 1])
    loops = [shape.xy[shape.start[k] : shape.start[k + 1]] for k in range(first, last)]
    outline = shapely.Polygon(loops[0], loops[1:])
    if not outline.is_valid:
        return None
    parts = shapely.get_parts(shapely.constrained_delaunay_triangles(outline))
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    begin = int(shape.start[first])
    place = {tuple(at): begin + k for k, at in enumerate(np.concatenate(loops).tolist())}
    triangles = np.array([[place[tuple(at)] for at in corner] for corner in corners.tolist()], dtype=np.int64)
    twice = _cross(*(shape.xy[triangles[:, k]] for k in range(3)))
    triangles = np.where((twice < 0)[:, None], triangles[:, ::-1], triangles)
    one = np.array([polygon])
    bad = _uncovered(shape, one, triangles, np.full(len(triangles), polygon), np.abs(twice))
    return None if len(bad) else triangles
