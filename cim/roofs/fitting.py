"""Which footprints can carry which roof forms, and what takes a form's place where it does not fit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cim.geometry import Rings, polygons_of
from cim.roofs.eaves import half_spans, rows_of
from cim.roofs.skeleton import MOST_CORNERS
from cim.types import BoolArray, FloatArray, IntArray, RoofForm

SMALLEST_SIDE_M = 1.5
"""Footprints narrower than this get flat roofs."""
STEEPEST_DEG = 80.0
"""Pitches from here on are taken for mistakes. The project's own limit."""
_SQUARE_ENOUGH = np.sin(np.radians(10.0))
_ROUND_FROM = 6
"""Corners from which a footprint is round enough for a cone. The project's own default."""

NOT_CONVEX = "the footprint is not convex: its slopes meet in ridges, not in one point"
NOT_ROUND = "the footprint has too few corners for a cone"
TOO_SMALL = "the footprint is narrower than 1.5 m"
TOO_MANY_CORNERS = f"the footprint has more than {MOST_CORNERS} corners"
TOUCHES = "the footprint touches or crosses itself"
TOO_INVOLVED = "no sound roof is found over the footprint"
NO_RISE = "no height between eaves and ridge is given"
NO_PITCH = f"the pitch is not above 0 and below {STEEPEST_DEG:g} degrees"
NO_FORM = "the form is told by surfaces of its own, and none are given"
NO_ENDS = "no wing of the footprint ends in a gable"
NOT_ROUNDED = "a ridge is rounded over rectangles only"
NOT_SO_SMALL = "a ridge so narrow or so low is not rounded"
TIGHT = "the eaves would meet or cross, and do not hang over"
ONE_TIER = "this form has one tier of eaves"
NARROW_TIERS = "the footprint is too narrow for so many tiers of eaves"

GABLED = (RoofForm.gable, RoofForm.flush_gable, RoofForm.round_ridge, RoofForm.hip_and_gable)
RIDGED = (*GABLED, RoofForm.hip)
POINTED = (RoofForm.pyramidal, RoofForm.conical)


@dataclass(frozen=True, slots=True)
class Fit:
    """How roofs are made. form: (n,) what each gets. rectangle, convex: (n,) whether it is one of these.

    reasons: source row -> why it is not what was asked for.
    """

    form: npt.NDArray[np.uint8]
    rectangle: BoolArray
    convex: BoolArray
    reasons: dict[int, str]

    def settle(self, rows: BoolArray | IntArray, instead: RoofForm, reason: str) -> None:
        """Gives pitched rows another form, for a reason."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        index = index[self.form[index] != RoofForm.flat]
        self.form[index] = instead
        self.tell(index, reason)

    def tell(self, rows: BoolArray | IntArray, reason: str) -> None:
        """Adds a reason to those of rows."""
        for row in (np.flatnonzero(rows) if rows.dtype == np.bool_ else rows).tolist():
            self.reasons[row] = f"{self.reasons[row]}; {reason}" if row in self.reasons else reason

    def rows(self, *forms: RoofForm) -> BoolArray:
        """The rows (n,) of these forms."""
        return np.isin(self.form, forms)


def fit(shape: Rings, form: npt.NDArray[np.uint8], rises: BoolArray, pitch_deg: FloatArray) -> Fit:
    """The form (n,) that each footprint can carry. rises: (n,) whether eaves and ridge are known to be apart; where they are
    not, pitch_deg: (n,) makes them so.
    """
    wanted = np.array(form, dtype=np.uint8)
    count = len(wanted)
    pitched = np.zeros(count, dtype=np.bool_)
    pitched[shape.feature] = True
    pitched &= wanted != RoofForm.flat
    part = shape.keep(pitched[shape.feature])
    simple = _single_rings(part, count)
    convex = simple & _convex(part, count)
    found = Fit(wanted, convex & _rectangular(part, count), convex, {})
    if not pitched.any():
        return found
    found.settle(pitched & (wanted == RoofForm.other), RoofForm.flat, NO_FORM)
    found.settle(~rises & np.isfinite(pitch_deg), RoofForm.flat, NO_PITCH)
    found.settle(~rises, RoofForm.flat, NO_RISE)
    found.settle(2.0 * half_spans(part, count) < SMALLEST_SIDE_M, RoofForm.flat, TOO_SMALL)
    few = _corners(part, count) < _ROUND_FROM
    found.settle(found.rows(RoofForm.conical) & convex & few, RoofForm.pyramidal, NOT_ROUND)
    found.settle(found.rows(*POINTED) & ~convex, RoofForm.hip, NOT_CONVEX)
    found.settle(found.rows(*RIDGED) & ~found.rectangle & _touching(part, found, count), RoofForm.flat, TOUCHES)
    many = found.rows(*RIDGED) & ~found.rectangle & (_corners(part, count) > MOST_CORNERS)
    found.settle(many & convex, RoofForm.pyramidal, TOO_MANY_CORNERS)
    found.settle(many & ~convex, RoofForm.flat, TOO_MANY_CORNERS)
    return found


def _corners(shape: Rings, count: int) -> IntArray:
    return np.bincount(shape.feature_of_vertex(), minlength=count)


def _touching(shape: Rings, found: Fit, count: int) -> BoolArray:
    """Rows of ridged roofs (n,) whose polygons are not simple, or touch themselves or one another in a corner."""
    touching: BoolArray = np.zeros(count, dtype=np.bool_)
    part = rows_of(shape, np.flatnonzero(found.rows(*RIDGED) & ~found.rectangle))
    polygons = polygons_of(part)
    touching[part.feature[~shapely.is_valid(polygons) | ~shapely.is_simple(shapely.boundary(polygons))]] = True
    corner = np.column_stack([part.feature_of_vertex(), part.xy])
    once, times = np.unique(corner, axis=0, return_counts=True)
    touching[once[times > 1, 0].astype(np.int64)] = True
    return touching


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
    right = _corner_turns(shape) > np.sqrt(1.0 - _SQUARE_ENOUGH**2)
    return np.asarray((_corners(shape, count) == 4) & _all_of(right, shape, count))
