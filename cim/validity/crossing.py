"""Triangles in space that go through each other, for many pairs at once."""

from collections.abc import Iterator

import numpy as np
import shapely

from cim.types import BoolArray, FloatArray, IntArray

_CHUNK = 400_000  # pairs at a time
_STEP = 10_000  # triangles at a time


def crossing_pairs(
    corner: FloatArray, point: IntArray, group: IntArray, polygon: IntArray, tolerance: float
) -> IntArray:
    """Pairs (m, 2) of triangles of one group that share more than common corners and edges.

    corner: (t, 3, 3) metres. point: (t, 3) numbers that corners at one place share. group: (t,). polygon: (t,) which one a
    triangle was cut from: those of one do not cross. Triangles that only touch within the tolerance do not cross either.
    """
    if len(corner) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    parts = [_crossing(corner, point, pairs, tolerance) for pairs in _near(corner, group, polygon, tolerance)]
    return np.concatenate(parts) if parts else np.zeros((0, 2), dtype=np.int64)


def _near(corner: FloatArray, group: IntArray, polygon: IntArray, tolerance: float) -> Iterator[IntArray]:
    """Pairs of one group whose boxes overlap, in chunks: a body of ten thousand triangles has a hundred million pairs.

    Groups are laid out side by side, each about its own origin.
    """
    low, high = corner.min(axis=1), corner.max(axis=1)
    beside = np.unique(group, return_inverse=True)[1] * (high[:, 0].max() - low[:, 0].min() + 1.0)
    low[:, 0] += beside
    high[:, 0] += beside
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    tree = shapely.STRtree(boxes)
    most = int(np.unique(group, return_counts=True)[1].max())
    step = max(1, min(_STEP, 4 * _CHUNK // most))
    for begin in range(0, len(boxes), step):
        one, other = tree.query(boxes[begin : begin + step])
        one = one + begin
        keep = (one < other) & (group[one] == group[other]) & (polygon[one] != polygon[other])
        keep &= (low[one, 2] < high[other, 2] + tolerance) & (low[other, 2] < high[one, 2] + tolerance)
        pairs = np.column_stack([one[keep], other[keep]]).astype(np.int64)
        yield from (pairs[k : k + _CHUNK] for k in range(0, len(pairs), _CHUNK))


def _crossing(corner: FloatArray, point: IntArray, pairs: IntArray, tolerance: float) -> IntArray:
    one, other = pairs.T
    shared = (point[one][:, :, None] == point[other][:, None, :]).any(axis=2).sum(axis=1)
    away_other = _distances(corner, one, other)
    # A small triangle may lie in the plane of a long one that reaches far out of its own.
    swap = (np.abs(_distances(corner, other, one)) < tolerance).all(axis=1)
    swap &= ~(np.abs(away_other) < tolerance).all(axis=1)
    one, other = np.where(swap, other, one), np.where(swap, one, other)
    away_other[swap] = _distances(corner, one[swap], other[swap])
    flat = (np.abs(away_other) < tolerance).all(axis=1)
    apart = (away_other > -tolerance).all(axis=1) | (away_other < tolerance).all(axis=1)
    # Those that share an edge meet in it and nowhere else, unless they lie in one plane.
    through = ~flat & (shared < 2) & ~(apart & (shared > 0))
    hit = np.zeros(len(pairs), dtype=np.bool_)
    chosen = np.flatnonzero(through)
    hit[chosen] = _through(corner[one[chosen]], corner[other[chosen]], away_other[chosen], tolerance)
    chosen = np.flatnonzero(flat)
    hit[chosen] = _overlap(corner[one[chosen]], corner[other[chosen]], tolerance)
    return np.asarray(pairs[hit])


def normals(triangle: FloatArray) -> FloatArray:
    """Unit normals (m, 3) of triangles (m, 3, 3); of no length where one has no area."""
    normal = np.cross(triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0])
    length = np.linalg.norm(normal, axis=1)
    return np.asarray(normal / np.maximum(length, 1e-12)[:, None])


def _distances(corner: FloatArray, plane: IntArray, of: IntArray) -> FloatArray:
    """How far the corners (m, 3) of triangles lie above the planes of others."""
    triangle = corner[plane]
    return np.asarray(np.einsum("mij,mj->mi", corner[of] - triangle[:, :1], normals(triangle)))


def _through(one: FloatArray, other: FloatArray, away_other: FloatArray, tolerance: float) -> BoolArray:
    """Pairs in different planes that share more than `tolerance` of the line in which their planes meet."""
    normal_one, normal_other = normals(one), normals(other)
    away_one = np.einsum("mij,mj->mi", one - other[:, :1], normal_other)
    along = np.cross(normal_one, normal_other)
    length = np.linalg.norm(along, axis=1)
    along /= np.maximum(length, 1e-12)[:, None]
    low_one, high_one = _interval(one, away_one, along, one[:, 0], tolerance)
    low_other, high_other = _interval(other, away_other, along, one[:, 0], tolerance)
    with np.errstate(invalid="ignore"):
        overlap = np.minimum(high_one, high_other) - np.maximum(low_one, low_other)
        return np.asarray((overlap > tolerance) & (length > 1e-9))


def _interval(
    triangle: FloatArray, away: FloatArray, along: FloatArray, origin: FloatArray, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    """Where triangles meet a plane that their corners lie `away` from, as a range along a line; NaN where they do not."""
    away = np.where(np.abs(away) < tolerance, 0.0, away)
    place = np.einsum("mij,mj->mi", triangle - origin[:, None], along)
    ahead_away, ahead_place = np.roll(away, -1, axis=1), np.roll(place, -1, axis=1)
    crosses = away * ahead_away < 0
    with np.errstate(invalid="ignore", divide="ignore"):
        share = away / (away - ahead_away)
        met = np.where(crosses, place + share * (ahead_place - place), np.nan)
    places = np.concatenate([met, np.where(away == 0.0, place, np.nan)], axis=1)
    none = np.isnan(places).all(axis=1)
    places[none] = 0.0
    low, high = np.nanmin(places, axis=1), np.nanmax(places, axis=1)
    low[none], high[none] = np.nan, np.nan
    return low, high


def _overlap(one: FloatArray, other: FloatArray, tolerance: float) -> BoolArray:
    """Pairs in one plane that cover common ground: across no side of either do they lie wholly beside each other."""
    normal = normals(one)
    separate = np.zeros(len(one), dtype=np.bool_)
    for triangle in (one, other):
        for k in range(3):
            across = np.cross(triangle[:, (k + 1) % 3] - triangle[:, k], normal)
            across /= np.maximum(np.linalg.norm(across, axis=1), 1e-12)[:, None]
            here, there = (np.einsum("mij,mj->mi", at - triangle[:, k : k + 1], across) for at in (one, other))
            separate |= here.max(axis=1) < there.min(axis=1) + tolerance
            separate |= there.max(axis=1) < here.min(axis=1) + tolerance
    return ~separate
