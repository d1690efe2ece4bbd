"""What a surface model shows of a roof's form: how steep its pixels are, and which simple roof they lie on. Pure.

**The rule.** Within each footprint five roofs are laid through the pixels' heights by least squares, pixels that stand off
by more than `OUTLIER` standard deviations (chimneys, trees) once left out: a level one, one that leans (shed), one that
falls from a middle line to the long sides, or to the short ones (gable), and one that falls to every side as the distance
from the outline shrinks (hip; wings round a court too). The one that leaves least over wins, if it leaves no more than
`LEFT_OVER` of what the level one leaves, and rises at `LEAST_PITCH_DEG` or more, by more than `LEAST_RISE_M`. What lies on
none of them has no named form.

*The local slope* is that of the plane through a pixel and its eight neighbours; its median tells a roof of many faces, which
is steep nearly everywhere, from level roofs at several heights, which are steep at their steps alone.

All limits are the project's own defaults: 10 degrees lie between the 5 % that roofs called level drain with and the 20 %
that the least of tiles and slates need; half of the scatter is what chance does not explain.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cim.inference.footprint_sides import axes
from cim.types import FloatArray, IntArray, ObjectArray, RoofForm

LEAST_PITCH_DEG = 10.0
LEVEL_DEG = 5.0
"""A roof whose median slope is less is level: noise of 0.1 m at half a metre a pixel alone gives as much."""
LEAST_RISE_M = 0.4
LEFT_OVER = 0.5
OUTLIER = 3.0
LEAST_PIXELS = 16
"""Fewer pixels show no form: four each of the sides of the simplest hipped roof."""
NO_FORM = 255
SQUARE = 1.2
"""A hipped roof of a footprint up to so much longer than wide meets in a point."""
_NOISE_M = 0.05
_TURNED = 1


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """Of footprints (n,): form: a `RoofForm` code, `NO_FORM` where none is shown. pitch_deg: of it; NaN
    without one, and of a gable whose ridge lies across: roofs are drawn along. slope_deg: the
    median local slope, NaN where fewer than `LEAST_PIXELS` pixels are known.
    """

    form: npt.NDArray[np.uint8]
    pitch_deg: FloatArray
    slope_deg: FloatArray


def relief(
    footprint: ObjectArray, label: IntArray, xy: FloatArray, height: FloatArray, slope_deg: FloatArray
) -> Relief:
    """The relief of each footprint (n,), city frame.

    label: (p,) which footprint a pixel lies in. xy: (p, 2) its centre. height: (p,) of the surface, metres above anything
    that is the same all over the footprint. slope_deg: (p,) local slopes, NaN unknown.

    >>> x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0.5, 12), np.arange(0.5, 8)))
    >>> house, ridge = np.array([shapely.box(0, 0, 12, 8)]), 4.0 - 0.5 * np.abs(y - 4.0)
    >>> found = relief(house, np.zeros(96, dtype=int), np.column_stack([x, y]), ridge, np.full(96, 26.57))
    >>> RoofForm(found.form[0]).name, found.pitch_deg.round(1).tolist()
    ('gable', [26.6])
    """
    count = len(footprint)
    known = np.isfinite(height)
    label, xy, height, slope_deg = label[known], xy[known], height[known], slope_deg[known]
    enough = np.bincount(label, minlength=count) >= LEAST_PIXELS
    slope = np.where(enough, _medians(label, slope_deg, count), np.nan)
    sides = _Sides.of(footprint)
    level, gable, turned, shed, hip = (
        _fitted(label, basis, height, count) for basis in _bases(footprint, sides, label, xy)
    )
    rises = [
        (RoofForm.gable, gable, -gable.slope[:, 0], sides.half[:, 1]),
        (RoofForm.gable, turned, -turned.slope[:, 0], sides.half[:, 0]),
        (RoofForm.shed, shed, np.hypot(*shed.slope.T), 2.0 * sides.half[:, 1]),
        (RoofForm.hip, hip, hip.slope[:, 0], hip.reach),
    ]
    left = np.array([np.where(np.arctan(fall) > 0.0, fit.left, np.inf) for _, fit, fall, _ in rises])
    best = np.argmin(left, axis=0)
    row = np.arange(count)
    fall = np.array([fall for _, _, fall, _ in rises])[best, row]
    rise = fall * np.array([run for _, _, _, run in rises])[best, row]
    shown = enough & (left[best, row] <= LEFT_OVER * level.left) & (rise >= LEAST_RISE_M)
    shown &= fall >= np.tan(np.radians(LEAST_PITCH_DEG))
    form = np.array([form for form, *_ in rises], dtype=np.uint8)[best]
    form[(form == RoofForm.hip) & (sides.half[:, 0] <= SQUARE * sides.half[:, 1])] = RoofForm.pyramidal
    pitch = np.where(shown & (best != _TURNED), np.degrees(np.arctan(fall)), np.nan)
    return Relief(np.where(shown, form, NO_FORM).astype(np.uint8), pitch, slope)


def local_slopes(height: FloatArray, pixel_m: tuple[float, float]) -> FloatArray:
    """Slope in degrees (rows, columns) of the plane through each pixel and its eight neighbours; NaN where one is unknown.

    pixel_m: width and height of a pixel.

    >>> local_slopes(np.tile(np.arange(4.0), (3, 1)), (1.0, 1.0))[1].round(1).tolist()
    [nan, 45.0, 45.0, nan]
    """
    found = np.full(height.shape, np.nan)
    if min(height.shape) >= 3:
        east = (height[:, 2:] - height[:, :-2])[:-2] + (height[:, 2:] - height[:, :-2])[1:-1]
        east += (height[:, 2:] - height[:, :-2])[2:]
        south = (height[2:] - height[:-2])[:, :-2] + (height[2:] - height[:-2])[:, 1:-1]
        south += (height[2:] - height[:-2])[:, 2:]
        found[1:-1, 1:-1] = np.degrees(np.arctan(np.hypot(east / (6.0 * pixel_m[0]), south / (6.0 * pixel_m[1]))))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """The smallest rectangle round each footprint: middle and unit vector along its long side (n, 2), half sides (n, 2)
    long and short, metres.
    """

    middle: FloatArray
    along: FloatArray
    half: FloatArray

    @classmethod
    def of(cls, footprint: ObjectArray) -> "_Sides":
        one, other, middle = axes(footprint)
        length = np.column_stack([np.hypot(*one.T), np.hypot(*other.T)])
        longer = np.where((length[:, 0] >= length[:, 1])[:, None], one, other)
        along = longer / np.maximum(length.max(axis=1), 1e-9)[:, None]
        return cls(middle, along, np.column_stack([length.max(axis=1), length.min(axis=1)]) / 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """slope: (n, k) metres a metre along each term; reach: (n,) the largest value of the first; left: (n,) what is left
    over, root mean square metres, at least `_NOISE_M`.
    """

    slope: FloatArray
    reach: FloatArray
    left: FloatArray


def _bases(footprint: ObjectArray, sides: _Sides, label: IntArray, xy: FloatArray) -> list[FloatArray]:
    """The terms (p, k) of the level roof, the gable along and the one across, the shed and the hip."""
    off = xy - sides.middle[label]
    along = sides.along[label]
    across = off[:, 0] * -along[:, 1] + off[:, 1] * along[:, 0]
    inward = shapely.distance(shapely.boundary(footprint)[label], shapely.points(xy))
    lengthways = (off * along).sum(axis=1)
    return [np.zeros((len(xy), 0)), np.abs(across)[:, None], np.abs(lengthways)[:, None], off, inward[:, None]]


def _fitted(label: IntArray, terms: FloatArray, height: FloatArray, count: int) -> _Fit:
    """Least squares of heights on a constant and terms (p, k), footprint by footprint, once without what stands off."""
    kept = np.ones(len(height), dtype=np.bool_)
    for _ in range(2):
        fit = _solved(label[kept], terms[kept], height[kept], count)
        off = np.abs(height - fit[label, 0] - (terms * fit[label, 1:]).sum(axis=1))
        within = np.maximum(1.4826 * _medians(label, off, count), _NOISE_M)
        last, kept = kept, off <= OUTLIER * within[label]
    number = np.maximum(np.bincount(label[last], minlength=count), 1)
    squares = np.bincount(label[last], weights=off[last] ** 2, minlength=count)
    reach = np.zeros(count)
    if terms.shape[1]:
        np.maximum.at(reach, label, terms[:, 0])
    return _Fit(fit[:, 1:], reach, np.maximum(np.sqrt(squares / number), _NOISE_M))


def _solved(label: IntArray, terms: FloatArray, height: FloatArray, count: int) -> FloatArray:
    """Coefficients (count, 1 + k), the constant first."""
    columns = np.column_stack([np.ones(len(height)), terms])
    size = columns.shape[1]
    normal, right = np.zeros((count, size, size)), np.zeros((count, size))
    np.add.at(normal, label, columns[:, :, None] * columns[:, None, :])
    np.add.at(right, label, columns * height[:, None])
    normal += 1e-9 * np.eye(size)
    return np.asarray(np.linalg.solve(normal, right[:, :, None])[:, :, 0])


def _medians(label: IntArray, values: FloatArray, count: int) -> FloatArray:
    """The median of each label's known values (count,), NaN where there are none."""
    known = np.isfinite(values)
    label, values = label[known], values[known]
    order = np.lexsort((values, label))
    number = np.bincount(label, minlength=count)
    first = np.cumsum(number) - number
    ordered = np.append(values[order], np.nan)
    low = np.where(number > 0, first + (number - 1) // 2, len(values))
    high = np.where(number > 0, first + number // 2, len(values))
    return np.asarray((ordered[low] + ordered[high]) / 2.0)
