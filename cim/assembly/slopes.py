"""Walls on sloping ground: how their bases fall along their fronts, from the ground under both ends. Pure.

Neighbouring bays of a wall share the ground under their common end, so their tops meet there; and a bay still is a function
of its own row and ground alone. Whatever sets buildings on the ground, tiles, checks or exports, lays their slopes here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from cim.assembly.frames import axes, faced
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

STEEPEST = 0.25
"""Where the ends lie further apart in height, a metre along the front, a wall stands level (the project's own default)."""
_END_M = 0.25
"""How broad a strip at either end tells of its ground."""

Lowest = Callable[[ObjectArray], FloatArray]
"""Lowest heights (n,) of the ground under polygons (n,) of the city frame, metres; NaN where it is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Sloped:
    """Buildings (k) that stand on a slope. row: (k,) which; base_m: (k,) in their middles; slope: (k, 2) how much the base
    rises a metre to the east and to the north; drop_m: (k,) how far either end lies from the middle in height.
    """

    row: IntArray
    base_m: FloatArray
    slope: FloatArray
    drop_m: FloatArray


def sloped(
    footprints: ObjectArray, assembly: ObjectArray, given: BoolArray, on: frozenset[str], lowest: Lowest
) -> Sloped:
    """Which buildings (n,) stand on a slope, and how: those of assemblies that are said to stand `on` sloping ground, half a
    metre long or more, whose base was not given (n,).
    """
    index, bearing = _sloping(assembly, given, on)
    if len(index) == 0:
        return Sloped(index, np.zeros(0), np.zeros((0, 2)), np.zeros(0))
    own = axes(footprints[index], bearing)
    ends = []
    for begin in (np.zeros(len(index)), own.size[:, 0] - _END_M):
        u = np.stack([begin, begin + _END_M, begin + _END_M, begin], axis=1)[..., None]
        v = (np.array([0.0, 0.0, 1.0, 1.0]) * own.size[:, 1:])[..., None]
        corner = own.origin[:, None] + u * own.along[:, None] + v * own.back[:, None]
        ends.append(lowest(np.asarray(shapely.polygons(corner))))
    apart = own.size[:, 0] - _END_M
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = (ends[1] - ends[0]) / apart
        kept = (np.abs(fall) <= STEEPEST) & (apart >= _END_M)  # of a shorter one both ends are the same ground
    fall, middle = fall[kept], (ends[0] + ends[1])[kept] / 2.0
    return Sloped(index[kept], middle, fall[:, None] * own.along[kept], np.abs(fall) * own.size[kept, 0] / 2.0)


def _sloping(assembly: ObjectArray, given: BoolArray, on: frozenset[str]) -> tuple[IntArray, FloatArray]:
    """The rows that stand on sloping ground, and the bearings of their fronts."""
    if not on:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    named = {row: faced(name) for row, name in enumerate(assembly.tolist()) if isinstance(name, str)}
    index = [row for row, (name, _) in named.items() if name in on and not given[row]]
    return np.array(index, dtype=np.int64), np.array([named[row][1] for row in index], dtype=np.float64)
