"""Footprint shapes: rectangles, L, U and courtyards placed by centre, size and angle."""

import numpy as np
import shapely
from numpy.typing import NDArray

from data_samples.generate.frame import Array

Shapes = NDArray[np.object_]

# corner templates on the unit square; columns x, y in -0.5 .. 0.5; `a` marks where the arm's share enters
RECTANGLE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


def _place(corners: Array, centre: Array, angle: Array) -> Array:
    """(n, k, 2) local corners turned by (n,) radians and moved to (n, 2) centres."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x = corners[..., 0] * cos - corners[..., 1] * sin + centre[:, None, 0]
    y = corners[..., 0] * sin + corners[..., 1] * cos + centre[:, None, 1]
    return np.round(np.stack([x, y], axis=-1), 2).astype(np.float64)


def _spread(centre: Array, *values: Array | float) -> list[Array]:
    return [np.broadcast_to(np.asarray(v, dtype=np.float64), (len(centre),)) for v in values]


def rectangles(centre: Array, width: Array | float, depth: Array | float, angle: Array | float = 0.0) -> Shapes:
    """(n,) polygons; width along the local x axis, depth along y, metres; angle in radians."""
    w, d, turn = _spread(centre, width, depth, angle)
    corners = RECTANGLE[None] * np.stack([w, d], axis=-1)[:, None, :]
    return np.asarray(shapely.polygons(_place(corners, centre, turn)))


def ells(
    centre: Array, width: Array | float, depth: Array | float, arm: Array | float, angle: Array | float = 0.0
) -> Shapes:
    """(n,) L-shaped polygons; `arm` is the thickness of both arms in metres; the inner corner looks to
    +x +y."""
    w, d, t, turn = _spread(centre, width, depth, arm, angle)
    left, right, low, high = -w / 2, w / 2, -d / 2, d / 2
    x = np.stack([left, right, right, left + t, left + t, left], axis=-1)
    y = np.stack([low, low, low + t, low + t, high, high], axis=-1)
    return np.asarray(shapely.polygons(_place(np.stack([x, y], axis=-1), centre, turn)))


def yous(
    centre: Array, width: Array | float, depth: Array | float, arm: Array | float, angle: Array | float = 0.0
) -> Shapes:
    """(n,) U-shaped polygons open to -y; `arm` is the thickness of the three wings in metres."""
    w, d, t, turn = _spread(centre, width, depth, arm, angle)
    left, right, low, high = -w / 2, w / 2, -d / 2, d / 2
    x = np.stack([left, left + t, left + t, right - t, right - t, right, right, left], axis=-1)
    y = np.stack([low, low, high - t, high - t, low, low, high, high], axis=-1)
    return np.asarray(shapely.polygons(_place(np.stack([x, y], axis=-1), centre, turn)))


def courtyards(
    centre: Array, width: Array | float, depth: Array | float, wing: Array | float, angle: Array | float = 0.0
) -> Shapes:
    """(n,) closed courtyards: a ring of building `wing` metres thick round an open court (a hole)."""
    w, d, t, turn = _spread(centre, width, depth, wing, angle)
    outer = RECTANGLE[None] * np.stack([w, d], axis=-1)[:, None, :]
    inner = RECTANGLE[None] * np.stack([w - 2 * t, d - 2 * t], axis=-1)[:, None, :]
    shells, holes = _place(outer, centre, turn), _place(inner, centre, turn)[:, ::-1]
    made = np.empty(len(centre), dtype=object)
    made[:] = [shapely.Polygon(shell, [hole]) for shell, hole in zip(shells, holes, strict=True)]
    return made


def shifted(shape: shapely.Geometry, by: Array) -> shapely.Geometry:
    """One geometry moved by (2,) metres."""
    return shapely.transform(shape, lambda xy: xy + by)


def first_of_each_overlap(shapes: Shapes, gap: float = 0.0) -> NDArray[np.bool_]:
    """(n,) mask keeping shapes in order of appearance and dropping each that comes within gap of a kept
    one."""
    tree = shapely.STRtree(shapes)
    if gap > 0:
        left, right = tree.query(shapes, predicate="dwithin", distance=gap)
    else:
        left, right = tree.query(shapes, predicate="intersects")
    keep = np.ones(len(shapes), dtype=bool)
    later = left > right
    order = np.lexsort((right[later], left[later]))
    for i, j in zip(left[later][order], right[later][order], strict=True):
        if keep[i] and keep[j]:
            keep[i] = False
    return keep


def clear_of(shapes: Shapes, obstacles: Shapes) -> NDArray[np.bool_]:
    """(n,) mask of shapes that touch no obstacle."""
    if len(obstacles) == 0:
        return np.ones(len(shapes), dtype=bool)
    hit, _ = shapely.STRtree(obstacles).query(shapes, predicate="intersects")
    keep = np.ones(len(shapes), dtype=bool)
    keep[hit] = False
    return keep
