"""Where a building's own axes lie: the smallest rectangle about its footprint, and which side of it is the front."""

from dataclasses import dataclass

import numpy as np
import shapely

from cim.types import FloatArray, ObjectArray

FRONT_MARK = "@"
"""Parts the name of an assembly from the bearing that the building's front faces: `gate@90`."""
_SQUARE_SHARE = 0.01
"""Sides that differ by less are taken for equal: any of them may be the front (the project's own default)."""
_SOUTH_DEG = 180.0
_LITTLE_EAST_DEG = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Own axes of buildings (n,). origin: (n, 2) left end of the front, city frame; along, back: (n, 2) unit vectors, the
    second a quarter turn anticlockwise of the first; size: (n, 2) of the rectangle, metres; fill: (n,) share of the
    rectangle that the footprint covers.
    """

    origin: FloatArray
    along: FloatArray
    back: FloatArray
    size: FloatArray
    fill: FloatArray


def faced(name: str) -> tuple[str, float]:
    """The assembly that a building names, and the bearing (degrees clockwise from north) of its front; NaN: not stated.

    >>> faced("gate@90"), faced("gate")
    (('gate', 90.0), ('gate', nan))
    """
    assembly, mark, bearing = name.rpartition(FRONT_MARK)
    if not mark:
        return name, float("nan")
    try:
        turned = float(bearing) % 360.0
    except ValueError:
        return name, float("nan")
    return (assembly, turned) if np.isfinite(turned) else (name, float("nan"))


def axes(polygons: ObjectArray, bearing: FloatArray) -> Axes:
    """The axes of footprints (n,), city frame. bearing: (n,) degrees that their fronts face, NaN: the long side that faces
    more to the south, and of two that face east and west the eastern one.
    """
    corner = _corners(polygons)
    step = np.roll(corner, -1, axis=1) - corner
    length = np.hypot(step[..., 0], step[..., 1])
    faces = np.degrees(np.arctan2(step[..., 1], -step[..., 0])) % 360.0  # the outward normal is (dy, -dx)
    stated = np.isfinite(bearing)
    wanted = np.where(stated, bearing, _SOUTH_DEG - _LITTLE_EAST_DEG)[:, None]
    off = np.abs((faces - wanted + 180.0) % 360.0 - 180.0)
    is_short = length < length.max(axis=1, keepdims=True) * (1.0 - _SQUARE_SHARE)
    front = np.argmin(np.where(is_short & ~stated[:, None], np.inf, off), axis=1)
    row = np.arange(len(polygons))
    size = np.column_stack([length[row, front], length[row, (front + 1) % 4]])
    least = np.finfo(np.float64).tiny
    along = step[row, front] / np.maximum(size[:, :1], least)
    area = np.maximum(size[:, 0] * size[:, 1], least)
    back = np.column_stack([-along[:, 1], along[:, 0]])
    return Axes(corner[row, front], along, back, size, np.asarray(shapely.area(polygons) / area))


def _corners(polygons: ObjectArray) -> FloatArray:
    """Corners (n, 4, 2), anticlockwise, of the smallest rectangles."""
    corner = np.zeros((len(polygons), 4, 2))
    for row, one in enumerate(shapely.oriented_envelope(polygons)):
        at = shapely.get_coordinates(one)
        corner[row] = at[:4] if len(at) == 5 else at[[0, 0, 0, 0]]
    local = corner - corner[:, :1]
    ahead = np.roll(local, -1, axis=1)
    clockwise = np.sum(local[..., 0] * ahead[..., 1] - local[..., 1] * ahead[..., 0], axis=1) < 0
    return np.where(clockwise[:, None, None], corner[:, ::-1], corner)
