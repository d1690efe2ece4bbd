"""What points cover on a map: the cone that a camera sees, the disc that a base station serves. Flat, in the city frame.

A bearing is clockwise from the frame's north; true north differs from it by the meridian convergence (under a degree within
a zone of three degrees). Walls and hills that stand in between are not looked at. Edges belong to what they bound.
"""

import numpy as np
import shapely

from cim.types import BoolArray, FloatArray, ObjectArray

_ARC_DEG = 3.0  # an arc is drawn by chords of at most this angle: they lie within 0.04 % of the radius of it
_ROUNDING = 1e-9


def cones(xy: FloatArray, azimuth_deg: FloatArray, fov_deg: FloatArray, range_m: FloatArray) -> ObjectArray:
    """The sector that each camera sees: apex at (x, y), azimuth -fov/2 ... +fov/2, out to its range.

    xy: (n, 2) metres; the others (n,). Returns (n,) polygons; None where a number is NaN. A field of 360 degrees is a disc.
    The sector's area is fov/360 * pi * range^2, the polygon's a little less.

    >>> found = cones(np.array([[0.0, 0.0]]), np.array([90.0]), np.array([60.0]), np.array([100.0]))[0]
    >>> round(found.area), round(60 / 360 * np.pi * 100**2)
    (5234, 5236)
    >>> [round(v) for v in found.bounds]
    [0, -50, 100, 50]
    """
    out = np.full(len(xy), None, dtype=object)
    known = np.isfinite(np.column_stack([xy, azimuth_deg, fov_deg, range_m])).all(axis=1)
    for k in np.flatnonzero(known).tolist():
        fov = min(float(fov_deg[k]), 360.0)
        steps = max(int(np.ceil(fov / _ARC_DEG)), 1)
        bearing = np.radians(azimuth_deg[k] + np.linspace(-fov / 2, fov / 2, steps + 1))
        arc = xy[k] + range_m[k] * np.column_stack([np.sin(bearing), np.cos(bearing)])
        out[k] = shapely.Polygon(arc if fov >= 360.0 else np.vstack([xy[k], arc, xy[k]]))
    return out


def discs(xy: FloatArray, radius_m: FloatArray) -> ObjectArray:
    """The disc about each point. xy: (n, 2) metres, radius_m: (n,). Returns (n,) polygons; None where a number is NaN.

    >>> [round(v) for v in discs(np.array([[10.0, 0.0]]), np.array([5.0]))[0].bounds]
    [5, -5, 15, 5]
    """
    whole = np.full(len(xy), 360.0)
    return cones(xy, np.zeros(len(xy)), whole, radius_m)


def sees(
    points: FloatArray, xy: FloatArray, azimuth_deg: FloatArray, fov_deg: FloatArray, range_m: FloatArray
) -> BoolArray:
    """(m, n) whether each point lies in each camera's sector, its edges and its apex included; by angle, not by chords.

    points: (m, 2), xy: (n, 2) metres; the others (n,). False where a number is NaN.

    >>> eye = (np.array([[0.0, 0.0]]), np.array([0.0]), np.array([90.0]), np.array([100.0]))
    >>> sees(np.array([[0.0, 100.0], [50.0, 50.0], [0.0, 100.1], [60.0, 50.0], [0.0, -1.0]]), *eye)[:, 0].tolist()
    [True, True, False, False, False]
    """
    step = points[:, None, :] - xy[None, :, :]
    distance = np.hypot(step[..., 0], step[..., 1])
    bearing = np.degrees(np.arctan2(step[..., 0], step[..., 1]))
    aside = np.abs((bearing - azimuth_deg + 180.0) % 360.0 - 180.0)
    inside = (aside <= fov_deg / 2.0 + _ROUNDING) | (distance == 0.0)
    result: BoolArray = inside & (distance <= range_m * (1.0 + _ROUNDING))
    return result


def covers(points: FloatArray, xy: FloatArray, radius_m: FloatArray) -> BoolArray:
    """(m, n) whether each point lies in each disc, its edge included. False where a number is NaN.

    >>> covers(np.array([[3.0, 4.0], [3.0, 4.1]]), np.array([[0.0, 0.0]]), np.array([5.0]))[:, 0].tolist()
    [True, False]
    """
    step = points[:, None, :] - xy[None, :, :]
    result: BoolArray = np.hypot(step[..., 0], step[..., 1]) <= radius_m * (1.0 + _ROUNDING)
    return result
