"""Walls on sloping ground: how their bases fall along their fronts, from the ground under both ends. Pure.

Neighbouring bays of a wall share the ground under their common end, so their tops meet there; and a bay still is a function
of its own row and ground alone.
"""

import numpy as np
import shapely

from cim.assembly.frames import axes, faced
from cim.types import Bodies, FloatArray, IntArray
from tilesets.buildings.site import Site

STEEPEST = 0.25
"""Where the ends lie further apart in height, a metre along the front, a wall stands level (the project's own default)."""
_END_M = 0.25
"""How broad a strip at either end tells of its ground."""


def sloped(rows: Bodies, site: Site, base: FloatArray, foot: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Base and foot (n,) in the middle of the rows, metres, and the slope (n, 2) of both, a metre to the east and to the
    north. Only of assemblies that are said to stand on sloping ground, have no surveyed base and are half a metre long or
    more; 0 of all others.
    """
    slope, base, foot = np.zeros((len(rows), 2)), base.copy(), foot.copy()
    index, bearing = _sloping(rows, site.parts.sloping)
    if len(index) == 0:
        return base, foot, slope
    own = axes(rows.geometry[index], bearing)
    ends = []
    for begin in (np.zeros(len(index)), own.size[:, 0] - _END_M):
        u = np.stack([begin, begin + _END_M, begin + _END_M, begin], axis=1)[..., None]
        v = (np.array([0.0, 0.0, 1.0, 1.0]) * own.size[:, 1:])[..., None]
        corner = own.origin[:, None] + u * own.along[:, None] + v * own.back[:, None]
        ends.append(site.ground.stand(np.asarray(shapely.polygons(corner)))[0])
    apart = own.size[:, 0] - _END_M
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = (ends[1] - ends[0]) / apart
        kept = (np.abs(fall) <= STEEPEST) & (apart >= _END_M)  # of a shorter one both ends are the same ground
    index, fall, level = index[kept], fall[kept], (ends[0] + ends[1])[kept] / 2.0
    slope[index] = fall[:, None] * own.along[kept]
    base[index] = level
    # The foot falls with the base: it is laid so deep that no end of it lies higher than it did.
    foot[index] = np.minimum(foot[index], level) - np.abs(fall) * own.size[kept, 0] / 2.0
    return base, foot, slope


def _sloping(rows: Bodies, assemblies: frozenset[str]) -> tuple[IntArray, FloatArray]:
    """The rows that stand on sloping ground, and the bearings of their fronts."""
    if not assemblies:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    named = {row: faced(name) for row, name in enumerate(rows.assembly.tolist()) if isinstance(name, str)}
    index = [row for row, (name, _) in named.items() if name in assemblies and np.isnan(rows.base_m[row])]
    return np.array(index, dtype=np.int64), np.array([named[row][1] for row in index], dtype=np.float64)
