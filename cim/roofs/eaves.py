"""Outlines of eaves: footprints moved outward or inward side by side, and the undersides between wall and eaves."""

import numpy as np
import shapely

from cim.geometry import Rings, polygons_of, signed_areas, snap
from cim.mesh import Mesh
from cim.types import BoolArray, FloatArray, IntArray, Surface

_NOISE_M = 0.04
"""Twice what the lattice may move a side by, and some more."""


def widen(shape: Rings, reach: FloatArray) -> Rings:
    """Rings with every side moved outward by its reach (v,), metres, negative inward; on the lattice.

    Corners are mitred, up to about three times the reach where they are sharp. Holes shrink where outlines grow.
    """
    following = shape.following()
    step = shape.xy[following] - shape.xy
    outward = np.column_stack([step[:, 1], -step[:, 0]]) / np.hypot(step[:, 0], step[:, 1])[:, None]
    before, reach_before = np.empty_like(outward), np.empty_like(reach)
    before[following], reach_before[following] = outward, reach
    cosine = np.sum(outward * before, axis=1)
    both = (reach + reach_before) / 2.0 / np.maximum(1.0 + cosine, 0.2)
    apart = (reach - reach_before) / 2.0 / np.maximum(1.0 - cosine, 0.2)
    moved = shape.xy + (outward + before) * both[:, None] + (outward - before) * apart[:, None]
    return Rings(snap(moved), shape.start, shape.polygon, shape.feature)


def is_sound(shape: Rings, moved: Rings) -> BoolArray:
    """Whether outlines (p,) that were moved, all inward or all outward, are still polygons whose sides keep their order,
    with a strip of even breadth between each and where it was.
    """
    following = shape.following()
    outward = (signed_areas(moved) >= signed_areas(shape))[shape.ring_of_vertex()]
    inner = np.where(outward[:, None], shape.xy, moved.xy)
    outer = np.where(outward[:, None], moved.xy, shape.xy)
    step, after = shape.xy[following] - shape.xy, moved.xy[following] - moved.xy
    good = np.sum(step * after, axis=1) > 0.0
    moves = hangs(shape, moved)
    good &= moves | outward
    # The two triangles that `_between` makes of a strip.
    for a, b, c in ((outer, outer[following], inner[following]), (outer, inner[following], inner)):
        good &= ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] > 0.0) | ~moves
    sound = np.bincount(shape.polygon[shape.ring_of_vertex()[~good]], minlength=len(shape.feature)) == 0
    sound[sound] = shapely.is_valid(polygons_of(moved.keep(sound)))
    return np.asarray(sound)


def soffit(inner: Rings, outer: Rings, z: FloatArray) -> Mesh:
    """The undersides of eaves, level at z (n,): between wall tops and the edge of the eaves, where they are apart."""
    return _between(inner, outer, z, z, Surface.overhang, up=False)


def skirt(outer: Rings, inner: Rings, low: FloatArray, high: FloatArray) -> Mesh:
    """A ring of roof that rises from outlines at low (n,) to the same moved inward at high (n,)."""
    return _between(inner, outer, high, low, Surface.roof, up=True)


def hangs(inner: Rings, outer: Rings) -> BoolArray:
    """Which sides (v,) were moved, by more than the lattice moves them."""
    following = inner.following()
    one, other = inner.xy[following] - outer.xy, inner.xy - outer.xy[following]
    twice = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    length = [np.hypot(*(ring.xy[following] - ring.xy).T) for ring in (inner, outer)]
    return np.asarray(twice > _NOISE_M * np.maximum(*length))


def _between(
    inner: Rings, outer: Rings, inner_z: FloatArray, outer_z: FloatArray, surface: Surface, *, up: bool
) -> Mesh:
    count, following = len(inner.xy), inner.following()
    here, owner = np.arange(count), inner.feature_of_vertex()
    apart = hangs(inner, outer)
    here, following, owner = here[apart], following[apart], owner[apart]
    corner = (
        [count + here, count + following, following, here] if up else [count + here, here, following, count + following]
    )
    point = np.column_stack(corner)
    xy = np.concatenate([inner.xy, outer.xy])
    height = [outer_z[owner], outer_z[owner], inner_z[owner], inner_z[owner]]
    z = np.column_stack(height if up else [outer_z[owner], inner_z[owner], inner_z[owner], outer_z[owner]])
    at = np.concatenate([xy[point], z[..., None]], axis=2)
    normal = np.cross(at[:, 2] - at[:, 0], at[:, 3] - at[:, 1])
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    return Mesh(
        xy=xy,
        point=point.ravel(),
        z=z.ravel(),
        normal=np.repeat(normal, 4, axis=0),
        surface=np.full(point.size, surface, dtype=np.uint8),
        feature=np.repeat(owner, 4),
        triangles=(4 * np.arange(len(here))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3),
    )


def centroids(shape: Rings) -> FloatArray:
    """Centres of area of rings (r, 2)."""
    if len(shape.xy) == 0:
        return np.zeros((0, 2))
    origin = shape.xy[shape.start[:-1]]
    local = shape.xy - np.repeat(origin, shape.sizes(), axis=0)
    ahead = local[shape.following()]
    cross = local[:, 0] * ahead[:, 1] - local[:, 1] * ahead[:, 0]
    moment = np.add.reduceat((local + ahead) * cross[:, None], shape.start[:-1], axis=0)
    return np.asarray(origin + moment / (6.0 * signed_areas(shape)[:, None]))


def half_spans(shape: Rings, count: int) -> FloatArray:
    """Half the width (n,) of the rectangle with the area and the length of sides of each footprint, metres: exact for
    rectangles and for wings of one width, somewhat little for round ones. NaN where there is none.
    """
    following = shape.following()
    step = shape.xy[following] - shape.xy
    owner = shape.feature_of_vertex()
    half = np.bincount(owner, weights=np.hypot(step[:, 0], step[:, 1]), minlength=count) / 2.0
    area = np.bincount(shape.feature[shape.polygon], weights=signed_areas(shape), minlength=count)
    width = (half - np.sqrt(np.maximum(half**2 - 4.0 * area, 0.0))) / 2.0
    width = np.minimum(width, np.sqrt(np.maximum(area, 0.0)))
    return np.where(half > 0, width / 2.0, np.nan)


def sides_of(quads: FloatArray) -> FloatArray:
    """Lengths (m, 4) of the sides of quadrilaterals (m, 4, 2), metres."""
    step = np.roll(quads, -1, axis=1) - quads
    return np.asarray(np.hypot(step[..., 0], step[..., 1]))


def of_vertices(shape: Rings, values: FloatArray) -> FloatArray:
    """Values (n,) of source rows at each of their vertices (v,)."""
    return np.asarray(values[shape.feature_of_vertex()])


def rows_of(shape: Rings, rows: IntArray) -> Rings:
    """The polygons of these source rows alone."""
    return shape.keep(np.isin(shape.feature, rows))
