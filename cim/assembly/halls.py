"""Halls of assemblies: walls up to the eaves and a roof by its form, as `cim.roofs` raises them of monuments."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cim.assembly.parts import Kind
from cim.assembly.pieces import Placed, plans
from cim.geometry import Rings, clean, wind
from cim.mesh import Mesh
from cim.roofs import raise_bodies
from cim.types import FloatArray, IntArray

InCity = Callable[[FloatArray, FloatArray, IntArray], FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class Halls:
    """Halls (h,): their mesh, `feature` counting them, the pair each belongs to, and why roofs are not as asked for."""

    mesh: Mesh
    pair: IntArray
    reasons: dict[int, str]


def halls(placed: Placed, in_city: InCity, *, closed: bool) -> Halls | None:
    """The halls among placed parts; None where there is none."""
    rows = placed.of(Kind.hall)
    if len(rows) == 0:
        return None
    table, part = placed.parts, placed.part[rows]
    low = np.where(placed.grounded()[rows], placed.foot[rows], placed.low[rows])
    heights = np.column_stack([low, placed.high[rows] - table.rise_m[part], placed.high[rows]])
    xy, sizes, level = [], [], np.zeros((len(rows), 3))
    for at in range(len(rows)):
        plan = plans(placed.bounds[rows[at]][None], int(table.sides[part[at]]))
        corner = in_city(np.repeat(plan, 3, axis=0)[None], heights[at][None, :, None], rows[at : at + 1])
        xy.append(corner[0, 0, :, :2])
        sizes.append(plan.shape[1])
        level[at] = corner[0, :, 0, 2]
    every = np.arange(len(rows))
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    shape = wind(clean(Rings(np.concatenate(xy), start, every, every)))
    low, eaves, high = level.T
    form, reach, curved = table.roof_form[part], table.overhang_m[part], np.ones(len(rows), dtype=np.bool_)
    body = raise_bodies(shape, low, eaves, high, form, reach, ground=closed, curved=curved)
    return Halls(body.mesh, rows, body.reasons)
