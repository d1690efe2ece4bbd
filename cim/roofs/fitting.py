"""Which footprints can carry which roof forms, and what takes a form's place where it does not fit."""

import numpy as np
import numpy.typing as npt

from cim.geometry import Rings
from cim.types import BoolArray, FloatArray, RoofForm

SMALLEST_SIDE_M = 1.5
"""Footprints narrower than this get flat roofs."""
_SQUARE_ENOUGH = np.sin(np.radians(10.0))

NOT_FOUR_SIDED = "the footprint is not one rectangle"
NOT_CONVEX = "the footprint is not convex"
TOO_SMALL = "the footprint is narrower than 1.5 m"
NO_RISE = "no height between eaves and ridge is given"
HIPS_AS_GABLES = "the footprint is not one rectangle: each wing gets a gable"
HIP_AS_PYRAMID = "the footprint is convex but no rectangle: its hips meet in one point"

_AS = np.arange(len(RoofForm), dtype=np.uint8)
_AS[[RoofForm.conical, RoofForm.flush_gable, RoofForm.round_ridge, RoofForm.other]] = [
    RoofForm.pyramidal,
    RoofForm.gable,
    RoofForm.gable,
    RoofForm.flat,
]


def fitting_forms(
    shape: Rings, eaves: FloatArray, high: FloatArray, form: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], dict[int, str]]:
    """The form (n,) that each footprint can carry, and by source row why it is not the one asked for."""
    wanted = _AS[form]
    reasons: dict[int, str] = {}
    pitched = np.unique(shape.feature[wanted[shape.feature] != RoofForm.flat])
    if len(pitched) == 0:
        return wanted, reasons
    simple = _single_rings(shape, len(wanted))
    convex = simple & _convex(shape, len(wanted))
    rectangle = convex & _rectangular(shape, len(wanted))
    wide = _widths(shape, rectangle, len(wanted)) >= SMALLEST_SIDE_M

    def settle(rows: BoolArray, instead: RoofForm, reason: str) -> None:
        index = pitched[rows[pitched] & (wanted[pitched] != RoofForm.flat)]
        wanted[index] = instead
        reasons.update(dict.fromkeys(index.tolist(), reason))

    settle(~(high > eaves), RoofForm.flat, NO_RISE)
    settle(rectangle & ~wide, RoofForm.flat, TOO_SMALL)
    hipped = np.isin(wanted, (RoofForm.hip, RoofForm.hip_and_gable))
    settle(hipped & convex & ~rectangle, RoofForm.pyramidal, HIP_AS_PYRAMID)
    pyramid = wanted == RoofForm.pyramidal
    settle(pyramid & ~convex, RoofForm.flat, NOT_CONVEX)
    settle(~pyramid & ~rectangle, RoofForm.flat, NOT_FOUR_SIDED)
    return wanted, reasons


def _single_rings(shape: Rings, count: int) -> BoolArray:
    """Rows (n,) that are one polygon without holes."""
    return np.asarray(np.bincount(shape.feature[shape.polygon], minlength=count) == 1)


def _corner_turns(shape: Rings) -> FloatArray:
    """Sine of the turn at each vertex (v,), and so positive at convex corners."""
    following = shape.following()
    step = shape.xy[following] - shape.xy
    step /= np.hypot(step[:, 0], step[:, 1])[:, None]
    turn = np.empty(len(step))
    turn[following] = step[:, 0] * step[following, 1] - step[:, 1] * step[following, 0]
    return turn


def _all_of(condition: BoolArray, shape: Rings, count: int) -> BoolArray:
    return np.asarray(np.bincount(shape.feature_of_vertex()[~condition], minlength=count) == 0)


def _convex(shape: Rings, count: int) -> BoolArray:
    return _all_of(_corner_turns(shape) > 0, shape, count)


def _rectangular(shape: Rings, count: int) -> BoolArray:
    """Rows of four corners that are right angles to within ten degrees."""
    corners = np.bincount(shape.feature_of_vertex(), minlength=count)
    right = _corner_turns(shape) > np.sqrt(1.0 - _SQUARE_ENOUGH**2)
    return np.asarray((corners == 4) & _all_of(right, shape, count))


def _widths(shape: Rings, rectangle: BoolArray, count: int) -> FloatArray:
    """The shorter side of rectangles (n,), infinite for the rest."""
    width = np.full(count, np.inf)
    part = shape.keep(rectangle[shape.feature])
    if len(part.feature):
        sides = sides_of(part.xy.reshape(-1, 4, 2))
        width[part.feature] = np.minimum(sides[:, 0] + sides[:, 2], sides[:, 1] + sides[:, 3]) / 2.0
    return width


def sides_of(quads: FloatArray) -> FloatArray:
    """Lengths (m, 4) of the sides of quadrilaterals (m, 4, 2), metres."""
    step = np.roll(quads, -1, axis=1) - quads
    return np.asarray(np.hypot(step[..., 0], step[..., 1]))
