"""The simple roofs: one level face, one that leans, and gables along and across a footprint; and the name of a form."""

import numpy as np
import shapely
from shapely import ops

from cim.roof_fit.planes import heights, least_squares, settled
from cim.types import FloatArray, ObjectArray, RoofForm

Faces = tuple[ObjectArray, FloatArray]
"""Roof faces (f,) and their planes (f, 3)."""

_LEVEL = float(np.tan(np.radians(3.0)))
_OPPOSITE = np.radians(15.0)
_REACH_M = 1.0


def flat(footprint: shapely.Polygon, height: float) -> Faces:
    """One level face."""
    return np.array([footprint], dtype=object), np.array([[0.0, 0.0, height]])


def shed(footprint: shapely.Polygon, xyz: FloatArray, weight: FloatArray) -> Faces:
    """One face through points (n, 3) of weights (n,)."""
    plane = settled(least_squares(xyz, weight), xyz, weight, _REACH_M)
    return np.array([footprint], dtype=object), plane[None]


def gables(footprint: shapely.Polygon, xyz: FloatArray, weight: FloatArray) -> list[Faces]:
    """Two faces that meet in a ridge (or a valley), for each of the two ways through the footprint's own rectangle."""
    corner = shapely.get_coordinates(shapely.oriented_envelope(footprint))
    if len(corner) < 5:
        return []
    found = []
    for side in (corner[1] - corner[0], corner[2] - corner[1]):
        normal = np.array([-side[1], side[0]]) / max(float(np.hypot(*side)), 1e-9)
        along = xyz[:, :2] @ normal
        left = along > float(np.mean(corner[:4] @ normal))
        if min(left.sum(), (~left).sum()) < 3:
            continue
        sides = [settled(least_squares(xyz[s], weight[s]), xyz[s], weight[s], _REACH_M) for s in (left, ~left)]
        found += _enveloped(footprint, np.array(sides))
    return found


def _enveloped(footprint: shapely.Polygon, planes: FloatArray) -> list[Faces]:
    """Two planes cut off by each other: the lower of the two everywhere, and the higher."""
    apart = planes[0] - planes[1]
    length = float(np.hypot(*apart[:2]))
    if length < 0.05:
        return []
    normal, offset = apart[:2] / length, -apart[2] / length
    reach = 1.0 + float(np.hypot(*np.ptp(np.array(footprint.bounds).reshape(2, 2), axis=0)))
    foot = normal * offset + _across(normal, footprint)
    way = np.array([-normal[1], normal[0]]) * reach
    pieces = np.array(ops.split(footprint, shapely.LineString([foot - way, foot + way])).geoms, dtype=object)
    inner = shapely.get_coordinates(shapely.point_on_surface(pieces))
    lower = np.argmin(heights(planes, inner), axis=0)
    return [(pieces, planes[lower]), (pieces, planes[1 - lower])]


def _across(normal: FloatArray, footprint: shapely.Polygon) -> FloatArray:
    """From the origin's foot on a line to the foot of the footprint's middle."""
    middle = np.array(footprint.centroid.coords[0])
    along = np.array([-normal[1], normal[0]])
    return np.asarray(along * float(middle @ along))


def form_of(faces: ObjectArray, planes: FloatArray) -> RoofForm:
    """What a roof of these faces (f,) and planes (f, 3) is called; other where it has no name."""
    slope = np.hypot(planes[:, 0], planes[:, 1])
    if (slope < _LEVEL).all():
        return RoofForm.flat
    if len(planes) == 1:
        return RoofForm.shed
    if (slope < _LEVEL).any() or len(planes) not in (2, 4):
        return RoofForm.other
    middle = shapely.get_coordinates(shapely.centroid(faces))
    inward = np.average(middle, axis=0, weights=shapely.area(faces)) - middle
    uphill = planes[:, :2] / slope[:, None]
    if (np.einsum("ij,ij->i", inward, uphill) <= 0).any():
        return RoofForm.other
    turn = np.sort(np.arctan2(uphill[:, 1], uphill[:, 0]))
    gaps = np.diff(np.append(turn, turn[0] + 2 * np.pi))
    if (np.abs(gaps - 2 * np.pi / len(planes)) > _OPPOSITE).any():
        return RoofForm.other
    if len(planes) == 2:
        return RoofForm.gable
    first, second = np.triu_indices(4, 1)
    shared = shapely.length(shapely.intersection(faces[first], faces[second]))
    opposite = np.einsum("ij,ij->i", uphill[first], uphill[second]) < -0.9
    return RoofForm.hip if shared[opposite].max() > _REACH_M / 2 else RoofForm.pyramidal
