"""The city's grid and lattice: Morton cell keys, and footprints as ragged arrays that are snapped, cleaned and wound.

The grid is absolute in the city frame: cells of 64 m at depth 0, and at depth d squares of 64 m * 2**d whose key is the
finest key shifted right by 2d. Rows sorted by finest key are contiguous for every cell of every depth.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from cim.errors import BadInput
from cim.types import BoolArray, Box, FloatArray, IntArray, ObjectArray

CELL_M = 64.0
KEY_BITS = 24
LATTICE_M = 1.0 / 64.0
"""Every vertex of every mesh lies on this lattice: a power of two, so that its coordinates are exact in floats."""


# --- grid ------------------------------------------------------------------------------------------------------------


def cell_keys(xy: FloatArray) -> IntArray:
    """Morton keys of the 64 m cells that points lie in; the lowest bit is of x.

    xy: (n, 2) metres, city frame. Returns (n,) int64. Raises BadInput for a point that is not finite or off the grid.

    >>> cell_keys(np.array([[0.0, 0.0], [64.0, 0.0], [0.0, 64.0], [128.0, 0.0]])).tolist()
    [0, 1, 2, 4]
    """
    with np.errstate(invalid="ignore"):
        index = np.floor(np.asarray(xy, dtype=np.float64) / CELL_M)
        outside = ~((index >= 0) & (index < 2**KEY_BITS)).all(axis=1)
    if outside.any():
        at = int(np.flatnonzero(outside)[0])
        raise BadInput(
            f"point {at} at {xy[at].tolist()} is off the grid; expected 0 <= x, y < {CELL_M * 2**KEY_BITS:.0f} m"
        )
    return _spread(index[:, 0].astype(np.int64)) | (_spread(index[:, 1].astype(np.int64)) << 1)


def cell_corners(keys: IntArray, depth: int = 0) -> FloatArray:
    """South-west corners (n, 2), metres, of the cells with these keys at one depth.

    >>> cell_corners(np.array([3]), depth=1).tolist()
    [[128.0, 128.0]]
    """
    keys = np.asarray(keys, dtype=np.int64)
    return np.column_stack([_gather(keys), _gather(keys >> 1)]).astype(np.float64) * cell_size(depth)


def cell_box(key: int, depth: int = 0) -> Box:
    """The square of one cell, city frame.

    >>> cell_box(2, depth=0)
    Box(west=0.0, south=64.0, east=64.0, north=128.0)
    """
    west, south = cell_corners(np.array([key]), depth)[0].tolist()
    return Box(west, south, west + cell_size(depth), south + cell_size(depth))


def cell_size(depth: int) -> float:
    """The side of a cell at a depth, metres."""
    return CELL_M * float(2**depth)


def _spread(index: IntArray) -> IntArray:
    """The bits of 24-bit numbers moved to the even places."""
    x = index & 0xFFFFFF
    x = (x | (x << 16)) & 0x0000FFFF0000FFFF
    x = (x | (x << 8)) & 0x00FF00FF00FF00FF
    x = (x | (x << 4)) & 0x0F0F0F0F0F0F0F0F
    x = (x | (x << 2)) & 0x3333333333333333
    return (x | (x << 1)) & 0x5555555555555555


def _gather(keys: IntArray) -> IntArray:
    """The even bits of keys, moved together: the inverse of `_spread`."""
    x = keys & 0x5555555555555555
    x = (x | (x >> 1)) & 0x3333333333333333
    x = (x | (x >> 2)) & 0x0F0F0F0F0F0F0F0F
    x = (x | (x >> 4)) & 0x00FF00FF00FF00FF
    x = (x | (x >> 8)) & 0x0000FFFF0000FFFF
    return (x | (x >> 16)) & 0xFFFFFF


def anchors(polygons: ObjectArray) -> FloatArray:
    """A point (n, 2) inside each footprint; NaN where a footprint is missing or empty.

    The building belongs to the grid cell of this point.
    """
    return _xy(shapely.point_on_surface(polygons))


@np.errstate(over="ignore", invalid="ignore")
def centroids(shapes: ObjectArray) -> FloatArray:
    """The centroid (n, 2) of each shape; NaN where one is missing or empty."""
    return _xy(shapely.centroid(shapes))


def _xy(points: ObjectArray) -> FloatArray:
    there = np.array(points, dtype=object)
    there[shapely.is_empty(there)] = None
    return np.column_stack([shapely.get_x(there), shapely.get_y(there)]).astype(np.float64)


# --- footprints as arrays --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rings:
    """Polygons as columns: rings without the repeated closing point, polygons as runs of rings, exterior first.

    xy: (v, 2) metres. start: (r + 1,) first vertex of each ring, then v. polygon: (r,) rising number of the polygon a
    ring belongs to. feature: (p,) row of the source that a polygon belongs to.
    """

    xy: FloatArray
    start: IntArray
    polygon: IntArray
    feature: IntArray

    def sizes(self) -> IntArray:
        """Number of vertices of each ring (r,)."""
        return self.start[1:] - self.start[:-1]

    def ring_of_vertex(self) -> IntArray:
        """Which ring each vertex belongs to (v,)."""
        return np.repeat(np.arange(len(self.polygon)), self.sizes())

    def feature_of_vertex(self) -> IntArray:
        """Which source row each vertex belongs to (v,)."""
        return np.repeat(self.feature[self.polygon], self.sizes())

    def following(self) -> IntArray:
        """The vertex after each vertex round its ring (v,)."""
        following = np.arange(1, len(self.xy) + 1)
        filled = self.sizes() > 0
        following[self.start[1:][filled] - 1] = self.start[:-1][filled]
        return following

    def is_exterior(self) -> BoolArray:
        """Whether each ring is the outline of its polygon, not a hole (r,)."""
        exterior = np.ones(len(self.polygon), dtype=np.bool_)
        exterior[1:] = self.polygon[1:] != self.polygon[:-1]
        return exterior

    def keep(self, polygons: BoolArray) -> "Rings":
        """Only the polygons that the mask (p,) selects; source rows keep their numbers."""
        rings = polygons[self.polygon]
        number = np.cumsum(polygons) - 1
        return Rings(
            xy=self.xy[np.repeat(rings, self.sizes())],
            start=_offsets(self.sizes()[rings]),
            polygon=number[self.polygon[rings]],
            feature=self.feature[polygons],
        )


def rings(polygons: ObjectArray) -> Rings:
    """The rings of (n,) shapely Polygons and MultiPolygons; missing and empty ones have none."""
    parts, feature = shapely.get_parts(polygons, return_index=True)
    filled = ~shapely.is_empty(parts)
    parts, feature = parts[filled], feature[filled].astype(np.int64)
    if len(parts) == 0:
        none = np.zeros(0, dtype=np.int64)
        return Rings(np.zeros((0, 2)), np.zeros(1, dtype=np.int64), none, none)
    _, coordinates, (ring_start, polygon_start) = shapely.to_ragged_array(parts, include_z=False)
    start, first = (np.asarray(offsets, dtype=np.int64) for offsets in (ring_start, polygon_start))
    closing = np.zeros(len(coordinates), dtype=np.bool_)
    closing[start[1:] - 1] = True
    return Rings(
        xy=np.asarray(coordinates, dtype=np.float64)[~closing],
        start=_offsets(start[1:] - start[:-1] - 1),
        polygon=np.repeat(np.arange(len(parts)), first[1:] - first[:-1]),
        feature=feature,
    )


def polygons_of(shape: Rings) -> ObjectArray:
    """The rings as shapely polygons (p,)."""
    following = shape.following()
    if len(shape.feature) == 0:
        return np.zeros(0, dtype=object)
    # Ragged arrays state the first point of every ring again at its end.
    last = shape.start[1:] - 1
    index = np.insert(np.arange(len(shape.xy)), shape.start[1:], following[last])
    starts = shape.start + np.arange(len(shape.start))
    first = np.searchsorted(shape.polygon, np.arange(len(shape.feature) + 1))
    return np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, shape.xy[index], (starts, first)))


def signed_areas(shape: Rings) -> FloatArray:
    """Area of each ring (r,), square metres: positive where it runs anticlockwise."""
    filled = shape.sizes() > 0
    areas = np.zeros(len(shape.polygon))
    if not filled.any():
        return areas
    local = shape.xy - np.repeat(shape.xy[np.minimum(shape.start[:-1], len(shape.xy) - 1)], shape.sizes(), axis=0)
    ahead = local[shape.following()]
    cross = local[:, 0] * ahead[:, 1] - local[:, 1] * ahead[:, 0]
    areas[filled] = np.add.reduceat(cross, shape.start[:-1][filled]) / 2.0
    return areas


def wind(shape: Rings) -> Rings:
    """The same polygons with outlines anticlockwise and holes clockwise."""
    turned = (signed_areas(shape) > 0) != shape.is_exterior()
    index = np.arange(len(shape.xy))
    mirror = np.repeat(shape.start[:-1] + shape.start[1:] - 1, shape.sizes()) - index
    return Rings(
        shape.xy[np.where(np.repeat(turned, shape.sizes()), mirror, index)], shape.start, shape.polygon, shape.feature
    )


def snap(values: FloatArray, step: float = LATTICE_M) -> FloatArray:
    """Coordinates rounded to the city lattice.

    >>> snap(np.array([0.51, 0.249]), 0.25).tolist()
    [0.5, 0.25]
    """
    return np.asarray(np.round(values / step) * step)


def clean(shape: Rings) -> Rings:
    """The same polygons without repeated points, spikes and points on a straight line, nor the rings that collapse.

    A polygon whose outline collapses is gone with its holes: compare `feature` before and after to see whose.
    The tests are exact for points on the lattice.
    """
    shape = _drop(shape, ~_repeats(shape))
    while True:
        flat = _is_flat(shape)
        if not flat.any():
            break
        shape = _drop(shape, ~flat)
        shape = _drop(shape, ~_repeats(shape))
    exterior, empty = shape.is_exterior(), shape.sizes() == 0
    alive = np.ones(len(shape.feature), dtype=np.bool_)
    alive[shape.polygon[exterior & empty]] = False
    holes = Rings(shape.xy, shape.start, shape.polygon, shape.feature).keep(alive)
    filled = holes.sizes() > 0
    return Rings(holes.xy, _offsets(holes.sizes()[filled]), holes.polygon[filled], holes.feature)


def lost_features(before: Rings, after: Rings) -> IntArray:
    """Source rows that had a polygon before and have none after."""
    return np.setdiff1d(before.feature, after.feature)


def _repeats(shape: Rings) -> BoolArray:
    following = shape.following()
    repeated = np.zeros(len(shape.xy), dtype=np.bool_)
    repeated[following] = (shape.xy == shape.xy[following]).all(axis=1)
    # A ring whose points are all one point loses every one of them, and so collapses.
    return repeated


def _is_flat(shape: Rings) -> BoolArray:
    """Whether the corner at each vertex turns by exactly 0 or 180 degrees (v,)."""
    following = shape.following()
    step = shape.xy[following] - shape.xy
    cross = np.empty(len(shape.xy))
    cross[following] = step[:, 0] * step[following, 1] - step[:, 1] * step[following, 0]
    return np.asarray(cross == 0.0)


def _drop(shape: Rings, keep: BoolArray) -> Rings:
    if keep.all():
        return shape
    count = np.bincount(shape.ring_of_vertex()[keep], minlength=len(shape.polygon))
    return Rings(shape.xy[keep], _offsets(count), shape.polygon, shape.feature)


def _offsets(sizes: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def moved(shapes: ObjectArray, move: Callable[[FloatArray], FloatArray]) -> ObjectArray:
    """The shapes with every position moved; heights stay as they are. move: (k, 2) -> (k, 2). None stays None.

    >>> moved(np.array([shapely.Point(1, 2, 9)]), lambda xy: xy + 1.0)[0].wkt
    'POINT Z (2 3 9)'
    """
    out = np.array(shapes, dtype=object)
    for solid in (False, True):
        mine = shapely.has_z(shapes) == solid
        at = shapely.get_coordinates(out[mine], include_z=solid)
        at[:, :2] = move(at[:, :2])
        out[mine] = shapely.set_coordinates(out[mine], at)
    return out
