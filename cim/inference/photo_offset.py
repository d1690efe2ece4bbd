"""How far an orthophoto lies from footprints: outlines held against the photo's edges, cell by cell. Pure.

**The method**: points on all outlines, half a pixel apart, each with its wall's direction. For every shift within reach the
score is the mean, over these points, of how much the photo changes across the wall there: (g . n)^2 for the gradient g,
of which strong ones count little more than weak ones, and the wall's normal n. The sum over all shifts at once is three
correlations by FFT. The best shift, refined by a parabola each way, is where the photo's edges lie. Footprints that were
drawn at the ground and roofs that lean in a photo that is no true orthophoto differ by the lean: that is told as well.

A cell *cannot tell*, with the reason, where the photo covers too little of it, outlines are few, the photo has no edges,
the best shift does not stand out (`LEAST_CONTRAST`) or is one of several (a row of equal houses), or lies at the edge of
what was looked at. The dataset's shift is the median over the cells that tell; cells *agree* that lie within `AGREE_PX`
pixels of it. All limits are the project's own defaults.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from cim.errors import BadInput
from cim.types import FloatArray, IntArray, ObjectArray

REACH_M = 8.0
LEAST_COVER = 0.6
"""Of the outlines' points so many must lie in the photo."""
LEAST_OUTLINE_PX = 400
LEAST_CONTRAST = 6.0
"""Standard deviations of all shifts' scores that the best stands over their median."""
RIVAL = 0.9
"""Another peak this near the best, measured over the median, makes the shift ambiguous."""
_RIVAL_PX = 3.0
AGREE_PX = 1.0
_LEAST_GRADIENT = 0.25
"""Grey values a pixel: less is no texture at all."""


@dataclass(frozen=True, slots=True)
class Shift:
    """What moves the footprints onto the photo: metres east and north. contrast: how far it stands out.

    reason: why it cannot be told (then dx_m and dy_m are None), as a code of `REASONS`.
    """

    dx_m: float | None
    dy_m: float | None
    contrast: float
    reason: str | None = None


REASONS = {
    "photo_missing": "no photo covers the outlines",
    "outlines_few": "too few outlines to tell",
    "photo_without_edges": "the photo shows no edges",
    "shift_not_distinct": "no shift stands out from the others",
    "shift_ambiguous": "several shifts fit equally well",
    "shift_beyond_reach": "the best shift lies at the edge of what was looked at",
}


@dataclass(frozen=True, slots=True)
class Offset:
    """A dataset's shift (metres east and north; None where no cell tells), and what stands behind it.

    cells: all; telling: that could tell; agreeing: within a pixel or so of the shift; spread_m: median distance from it.
    """

    dx_m: float | None
    dy_m: float | None
    cells: int
    telling: int
    agreeing: int
    spread_m: float | None

    @property
    def length_m(self) -> float | None:
        """How far it is; None where nobody can tell."""
        return None if self.dx_m is None or self.dy_m is None else float(np.hypot(self.dx_m, self.dy_m))


def shift(
    grey: FloatArray, west: float, north: float, pixel_m: float, shapes: ObjectArray, reach_m: float = REACH_M
) -> Shift:
    """Where the photo's edges lie, seen from the outlines of footprints.

    grey: (rows, columns) from the north, NaN void; its outer corner at (west, north) of the footprints' frame, metres.
    Should reach `reach_m` beyond the footprints. Raises BadInput for a pixel or reach that is none.
    """
    if not (pixel_m > 0 and reach_m > 0):
        raise BadInput(f"a pixel of {pixel_m:g} m, a reach of {reach_m:g} m: expected more than 0")
    reach = int(np.ceil(reach_m / pixel_m)) + 2
    at, normal = _outlines(shapes, west, north, pixel_m)
    if len(at) < LEAST_OUTLINE_PX:
        return Shift(None, None, 0.0, "outlines_few")
    known = np.isfinite(grey)
    if not known.any() or _covered(known, at) < LEAST_COVER:
        return Shift(None, None, 0.0, "photo_missing")
    gradient = _gradient(grey, known)
    if gradient is None:
        return Shift(None, None, 0.0, "photo_without_edges")
    return _peak(_scores(gradient, at, normal, reach), reach, pixel_m, reach_m)


def _outlines(shapes: ObjectArray, west: float, north: float, pixel_m: float) -> tuple[FloatArray, FloatArray]:
    """Points (k, 2) on outlines as row, column (0 in the middle of the first pixel), and normals (k, 2) alike."""
    rings = shapely.get_rings(shapely.get_parts(shapes))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if len(xy) < 2:
        return np.zeros((0, 2)), np.zeros((0, 2))
    same = ring[1:] == ring[:-1]
    start, along = xy[:-1][same], (xy[1:] - xy[:-1])[same]
    length = np.hypot(*along.T)
    start, along, length = start[length > 0], along[length > 0], length[length > 0]
    count = np.maximum(1, np.rint(length / (0.5 * pixel_m))).astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    step = (np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[owner]
    point = start[owner] + step[:, None] * along[owner]
    unit = (along / length[:, None])[owner]
    at = np.column_stack([(north - point[:, 1]) / pixel_m - 0.5, (point[:, 0] - west) / pixel_m - 0.5])
    return at, np.column_stack([unit[:, 0], unit[:, 1]])  # across (ux, uy): rows go south, so (dr, dc) = (ux, uy)


def _covered(known: np.ndarray, at: FloatArray) -> float:
    row, column = np.rint(at).astype(np.int64).T
    rows, columns = known.shape
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return float(known[row[inside], column[inside]].sum() / len(at))


def _gradient(grey: FloatArray, known: np.ndarray) -> tuple[FloatArray, FloatArray] | None:
    """Change of grey along rows and columns, strong ones held back; 0 beside voids. None: there is none."""
    smooth = _smoothed(np.where(known, grey, np.nan))
    down, right = (np.nan_to_num(part) for part in np.gradient(smooth))
    size = np.hypot(down, right)
    usual = float(np.median(size[size > 0])) if (size > 0).any() else 0.0
    if float(np.percentile(size, 95)) < _LEAST_GRADIENT:
        return None
    scale = 1.0 / np.sqrt(size * size + (3.0 * usual) ** 2 + 1e-12)
    return down * scale, right * scale


def _smoothed(grey: FloatArray) -> FloatArray:
    """A binomial mean over three by three pixels, which takes the grain off and moves nothing; NaN spreads by one."""
    wide = np.pad(grey, 1, mode="edge")
    rows = 0.25 * wide[:-2] + 0.5 * wide[1:-1] + 0.25 * wide[2:]
    return np.asarray(0.25 * rows[:, :-2] + 0.5 * rows[:, 1:-1] + 0.25 * rows[:, 2:])


def _scores(gradient: tuple[FloatArray, FloatArray], at: FloatArray, normal: FloatArray, reach: int) -> FloatArray:
    """Score of every shift of whole pixels, (2 reach + 1, 2 reach + 1), by rows down and columns right."""
    down, right = gradient
    shape = tuple(int(2 ** np.ceil(np.log2(side + 2 * reach + 2))) for side in down.shape)
    total = np.zeros((shape[0], shape[1] // 2 + 1), dtype=np.complex128)
    pairs = (
        (down * down, normal[:, 0] ** 2),
        (2 * down * right, normal.prod(axis=1)),
        (right * right, normal[:, 1] ** 2),
    )
    for photo, weight in pairs:
        outline = _splat(at, weight, down.shape)
        total += np.fft.rfft2(photo, shape) * np.conj(np.fft.rfft2(outline, shape))
    whole = np.fft.irfft2(total, shape)
    wanted = np.arange(-reach, reach + 1)
    return np.asarray(whole[np.ix_(wanted % shape[0], wanted % shape[1])] / len(at))


def _splat(at: FloatArray, weight: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Weights laid on the four pixels round each point, in proportion."""
    low = np.floor(at).astype(np.int64)
    part = at - low
    out = np.zeros(shape)
    for down in (0, 1):
        for right in (0, 1):
            row, column = low[:, 0] + down, low[:, 1] + right
            share = np.abs(1 - down - part[:, 0]) * np.abs(1 - right - part[:, 1])
            inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
            np.add.at(out, (row[inside], column[inside]), (share * weight)[inside])
    return out


def _peak(scores: FloatArray, reach: int, pixel_m: float, reach_m: float) -> Shift:
    """The best shift and whether it can be believed."""
    row, column = (int(v) for v in np.unravel_index(int(np.argmax(scores)), scores.shape))
    over = scores - np.median(scores)
    spread = 1.4826 * float(np.median(np.abs(over)))
    contrast = float(over[row, column] / spread) if spread > 0 else 0.0
    if row in (0, 2 * reach) or column in (0, 2 * reach):
        return Shift(None, None, contrast, "shift_beyond_reach")
    if contrast < LEAST_CONTRAST:
        return Shift(None, None, contrast, "shift_not_distinct")
    if _rivals(over, row, column):
        return Shift(None, None, contrast, "shift_ambiguous")
    down = row - reach + _refined(scores[row - 1 : row + 2, column])
    right = column - reach + _refined(scores[row, column - 1 : column + 2])
    if max(abs(down), abs(right)) * pixel_m > reach_m:
        return Shift(None, None, contrast, "shift_beyond_reach")
    return Shift(round(right * pixel_m, 3), round(-down * pixel_m, 3), round(contrast, 2))


def _rivals(over: FloatArray, row: int, column: int) -> bool:
    """Whether another peak, some pixels off, is nearly as high."""
    middle = over[1:-1, 1:-1]
    rows, columns = np.indices(middle.shape) + 1
    around = [
        over[1 + i : over.shape[0] - 1 + i, 1 + j : over.shape[1] - 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)
    ]
    is_peak = middle >= np.max(around, axis=0)
    far = np.hypot(rows - row, columns - column) > _RIVAL_PX
    return bool((is_peak & far & (middle > RIVAL * over[row, column])).any())


def _refined(three: FloatArray) -> float:
    """Where a parabola through three scores has its top, from the middle one, in steps."""
    left, middle, right = (float(v) for v in three)
    bend = left - 2.0 * middle + right
    return 0.0 if bend >= 0.0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))


def together(shifts: Sequence[Shift], pixel_m: float) -> Offset:
    """The shift of a whole dataset out of its cells'.

    >>> together([Shift(1.0, 0.0, 9.0), Shift(1.2, 0.1, 8.0), Shift(None, None, 1.0, "outlines_few")], 0.5).dx_m
    1.1
    """
    told = np.array([(s.dx_m, s.dy_m) for s in shifts if s.reason is None], dtype=np.float64).reshape(-1, 2)
    if not len(told):
        return Offset(None, None, len(shifts), 0, 0, None)
    middle = np.median(told, axis=0)
    off = np.hypot(*(told - middle).T)
    agreeing = int((off <= AGREE_PX * pixel_m + 1e-9).sum())
    dx, dy = middle.round(3).tolist()
    return Offset(dx, dy, len(shifts), len(told), agreeing, round(float(np.median(off)), 3))


def cells(shapes: ObjectArray, side_m: float) -> list[IntArray]:
    """Which footprints belong to which square cell, by the middle of their boxes; in the order of rows, then columns."""
    box = shapely.bounds(shapes)
    cell = np.floor((box[:, :2] + box[:, 2:]) / (2.0 * side_m)).astype(np.int64)
    order = np.lexsort((cell[:, 0], cell[:, 1]))
    cuts = np.flatnonzero(np.any(np.diff(cell[order], axis=0), axis=1)) + 1
    return [np.asarray(part) for part in np.split(order, cuts) if len(part)]
