"""Volumes by squares of a plan grid, clipped exactly: of footprints raised to their heights, and of what models draw.

A shape here is a polygon in plan with a flat or sloping top, given as a plane: height = c + a * east + b * north, the
plan coordinates counted from `ORIGIN`, so that the sums stay exact to a millimetre.
"""

from collections.abc import Callable

import numpy as np
import shapely
from pyproj import Transformer

from cim.types import FloatArray, IntArray, ObjectArray
from tests.bench.footprints import CRS
from tests.bench.town import CENTRE
from tests.glb import Glb

SIDE_M = 250.0
ORIGIN = (round(CENTRE[0] / SIDE_M) * SIDE_M, round(CENTRE[1] / SIDE_M) * SIDE_M)

_SHIFT, _OFFSET = 20, 1 << 19
_TO_GEODETIC = Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
_TO_PLAN = Transformer.from_crs("EPSG:4490", CRS, always_xy=True)  # WGS 84 and CGCS2000 taken as equal

Volumes = dict[int, float]
"""Cubic metres by square."""


def added(parts: list[Volumes]) -> Volumes:
    """The sum of several."""
    total: Volumes = {}
    for part in parts:
        for key, value in part.items():
            total[key] = total.get(key, 0.0) + value
    return total


def raised(footprints: ObjectArray, height_m: FloatArray) -> Volumes:
    """What footprints (n,), city frame, hold that are raised by height_m (n,).

    >>> cell = shapely.box(0, 0, 300, 10)
    >>> sorted(raised(np.array([shapely.transform(cell, lambda xy: xy + ORIGIN)]), np.array([2.0])).values())
    [1000.0, 5000.0]
    """
    plane = np.column_stack([height_m, np.zeros((len(height_m), 2))])
    return spread(np.asarray(shapely.transform(footprints, lambda xy: xy - ORIGIN), dtype=object), plane)


def drawn(glb: Glb, ground: Callable[[FloatArray, FloatArray], FloatArray]) -> Volumes:
    """What a model draws above the ground: its triangles that look up, each from the ground to its own plane.

    ground: (plan (n, 2) in the city frame, degrees (n, 2)) to ellipsoidal heights (n,).
    """
    corners, height = tops(glb, ground)
    if len(corners) == 0:
        return {}
    return spread(np.asarray(shapely.polygons(corners), dtype=object), planes(corners, height))


def tops(glb: Glb, ground: Callable[[FloatArray, FloatArray], FloatArray]) -> tuple[FloatArray, FloatArray]:
    """The triangles that look up: corners (t, 3, 2) from ORIGIN, and their heights (t, 3) above the ground."""
    at, triangles = glb.ecef(), glb.triangles()
    up = at.mean(axis=0) / np.linalg.norm(at.mean(axis=0))
    a, b, c = (at[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    triangles = triangles[normal @ up > 0.05 * np.maximum(length, 1e-12)]
    vertices, inverse = np.unique(triangles, return_inverse=True)
    plan, lonlat, height = placed(at[vertices])
    above = height - ground(plan, lonlat)
    inverse = inverse.reshape(-1, 3)
    return (plan - ORIGIN)[inverse], above[inverse]


def placed(ecef: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Earth-centred points (n, 3): plan (n, 2) in the city frame, degrees (n, 2), ellipsoidal heights (n,)."""
    x, y, z = np.asarray(ecef).T
    lon, lat, height = _TO_GEODETIC.transform(x, y, z)
    east, north = _TO_PLAN.transform(lon, lat)
    return np.column_stack([east, north]), np.column_stack([lon, lat]), np.asarray(height)


def planes(corners: FloatArray, height: FloatArray) -> FloatArray:
    """The plane (t, 3) through the corners of each triangle: height at ORIGIN, slopes east and north."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    up, over = height[:, 1] - height[:, 0], height[:, 2] - height[:, 0]
    double = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    safe = np.where(np.abs(double) < 1e-6, np.inf, double)
    east = (up * second[:, 1] - over * first[:, 1]) / safe
    north = (over * first[:, 0] - up * second[:, 0]) / safe
    level = height[:, 0] - east * corners[:, 0, 0] - north * corners[:, 0, 1]
    return np.column_stack([level, east, north])


def spread(shapes: ObjectArray, plane: FloatArray) -> Volumes:
    """Volumes under shapes (n,) with tops in these planes (n, 3), by square; a shape over several is cut at the borders."""
    bounds = shapely.bounds(shapes) / SIDE_M
    low, high = np.floor(bounds[:, :2]).astype(np.int64), np.floor(bounds[:, 2:]).astype(np.int64)
    whole = (low == high).all(axis=1)
    owner, square = _pairs(low[~whole], high[~whole])
    owner = np.flatnonzero(~whole)[owner]
    corner = square * SIDE_M
    boxes = shapely.box(*corner.T, *(corner + SIDE_M).T)
    pieces = np.concatenate([shapes[whole], shapely.intersection(shapes[owner], boxes)])
    top = np.concatenate([plane[whole], plane[owner]])
    cells = np.concatenate([low[whole], square])
    area = shapely.area(pieces)
    some = area > 0.0  # a box round a shape may hold nothing of it
    pieces, top, cells, area = pieces[some], top[some], cells[some], area[some]
    centre = shapely.get_coordinates(shapely.centroid(pieces))
    height = top[:, 0] + (centre * top[:, 1:]).sum(axis=1)
    key, inverse = np.unique(((cells[:, 0] + _OFFSET) << _SHIFT) | (cells[:, 1] + _OFFSET), return_inverse=True)
    total = np.bincount(inverse, weights=area * height, minlength=len(key))
    return dict(zip(key.tolist(), total.tolist(), strict=True))


def _pairs(low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
    """Every (shape, square) of shapes that reach from low to high (n, 2): owners (p,) and squares (p, 2)."""
    side = high - low + 1
    count = side[:, 0] * side[:, 1]
    owner = np.repeat(np.arange(len(low)), count)
    number = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    east, north = number % side[owner, 0], number // side[owner, 0]
    return owner, low[owner] + np.column_stack([east, north])
