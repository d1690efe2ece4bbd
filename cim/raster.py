"""Rasters as values: height fields, bilinear sampling, void filling, distances, slope and hillshade, on plain arrays."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from cim.errors import BadInput
from cim.types import BoolArray, FloatArray

Heights = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class HeightField:
    """Heights on a regular grid of points: the centres of a raster's pixels.

    values: (rows, cols) float32 or float64 metres, row 0 in the north, NaN = void. west, north: position of the
    *centre* of the first (north-west) pixel. step_x, step_y: distance between columns and between rows, both
    positive, in the units of the field's frame. So value (r, c) stands at (west + c * step_x, north - r * step_y).
    """

    values: Heights
    west: float
    north: float
    step_x: float
    step_y: float

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or min(self.values.shape) < 1:
            raise BadInput(f"a height field needs rows and columns, got shape {self.values.shape}")
        if not (self.step_x > 0 and self.step_y > 0):
            raise BadInput(f"a height field's steps must be positive, got {self.step_x} and {self.step_y}")

    @property
    def east(self) -> float:
        """Position of the centres of the last column."""
        return float(self.west + (self.values.shape[1] - 1) * self.step_x)

    @property
    def south(self) -> float:
        """Position of the centres of the last row."""
        return float(self.north - (self.values.shape[0] - 1) * self.step_y)


def from_corner(values: Heights, left: float, top: float, pixel_x: float, pixel_y: float) -> HeightField:
    """The field of a raster whose outer north-west *corner* is at (left, top), as GeoTIFF transforms state it.

    >>> from_corner(np.zeros((2, 2)), 0.0, 20.0, 10.0, 10.0).west
    5.0
    """
    return HeightField(values, left + pixel_x / 2, top - pixel_y / 2, pixel_x, pixel_y)


def bilinear(field: HeightField, xy: FloatArray) -> FloatArray:
    """Height under each point, linear between the four nearest pixel centres.

    xy: (n, 2) in the field's frame. Returns (n,) metres; NaN outside the rectangle of pixel centres, and NaN where a
    void has any weight: a hole is never bridged silently (`fill_voids` does it on request).

    >>> flat = HeightField(np.array([[0.0, 10.0], [20.0, 30.0]]), 0.0, 1.0, 1.0, 1.0)
    >>> bilinear(flat, np.array([[0.25, 1.0], [0.5, 0.5], [2.0, 0.5]])).tolist()
    [2.5, 15.0, nan]
    """
    rows, cols = field.values.shape
    x = (np.asarray(xy, dtype=np.float64)[:, 0] - field.west) / field.step_x
    y = (field.north - np.asarray(xy, dtype=np.float64)[:, 1]) / field.step_y
    inside = (x >= 0) & (x <= cols - 1) & (y >= 0) & (y <= rows - 1)
    x, y = np.where(inside, x, 0.0), np.where(inside, y, 0.0)
    c0, r0 = np.minimum(x.astype(np.int64), cols - 1), np.minimum(y.astype(np.int64), rows - 1)
    c1, r1 = np.minimum(c0 + 1, cols - 1), np.minimum(r0 + 1, rows - 1)
    fx, fy = x - c0, y - r0
    total = np.zeros(len(x))
    for row, column, weight in (
        (r0, c0, (1 - fx) * (1 - fy)),
        (r0, c1, fx * (1 - fy)),
        (r1, c0, (1 - fx) * fy),
        (r1, c1, fx * fy),
    ):
        total += np.where(weight > 0, field.values[row, column].astype(np.float64) * weight, 0.0)
    return np.where(inside, total, np.nan)


def halve(values: Heights) -> npt.NDArray[np.float32]:
    """The mean of every 2 x 2 pixels; an odd last row or column counts twice. (r, c) -> (ceil(r/2), ceil(c/2)).

    >>> halve(np.array([[1.0, 3.0, 5.0]])).tolist()
    [[2.0, 5.0]]
    """
    even = np.pad(values, [(0, n % 2) for n in values.shape], mode="edge").astype(np.float32)
    return (even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2]) * np.float32(0.25)


def fill_voids(values: Heights) -> npt.NDArray[np.float32]:
    """The raster with every NaN filled smoothly from its neighbours (push-pull); known values stay as they are.

    values: (r, c). A raster that is void throughout becomes 0. Each hole takes the mean of what is known around it,
    at the smallest scale at which anything is known.

    >>> fill_voids(np.array([[1.0, np.nan], [1.0, 1.0]])).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    known = np.isfinite(values)
    if known.all():
        return values.astype(np.float32)
    if not known.any():
        return np.zeros(values.shape, dtype=np.float32)
    weight = np.pad(known, [(0, n % 2) for n in values.shape]).astype(np.float32)
    held = np.pad(np.where(known, values, 0.0), [(0, n % 2) for n in values.shape]).astype(np.float32)
    share = _four(weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        coarse = fill_voids(_four(held) / np.where(share > 0, share, np.nan))
    return np.where(known, values, _double(coarse)[: values.shape[0], : values.shape[1]]).astype(np.float32)


def _four(even: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2]


def _double(coarse: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Twice the size, linear between the centres of the coarse pixels: weights 3/4 and 1/4."""
    for axis in (0, 1):
        size = coarse.shape[axis]
        back = np.take(coarse, np.maximum(np.arange(size) - 1, 0), axis=axis)
        ahead = np.take(coarse, np.minimum(np.arange(size) + 1, size - 1), axis=axis)
        pair = np.stack([0.75 * coarse + 0.25 * back, 0.75 * coarse + 0.25 * ahead], axis=axis + 1)
        shape = list(coarse.shape)
        shape[axis] *= 2
        coarse = pair.reshape(shape).astype(np.float32)
    return coarse


def spikes(values: Heights, least: float, *, ratio: float = 3.0) -> BoolArray:
    """Pixels that stand above all their neighbours, or below all, by more than `least` and than `ratio` times the
    neighbours' own range: no ground does that. (r, c) -> (r, c).

    values: metres, NaN = void. A cliff has pixels of its own height beside it, a ridge too; the sharpest even cone stands
    2.4 ranges above its neighbours: all of them stay. Fewer than three known neighbours prove nothing. `ratio`'s default
    is the project's own.

    >>> spikes(np.array([[5.0, 6.0, 5.0], [5.0, 99.0, 6.0], [5.0, 5.0, 6.0]]), 10.0).sum()
    np.int64(1)
    """
    padded = np.pad(values, 1, constant_values=np.nan)
    with np.errstate(invalid="ignore"):
        near = np.abs(np.diff(padded[1:-1], axis=1)) <= least  # most pixels are no spike by their row alone
    row, column = np.nonzero(~(near[:, 1:] | near[:, :-1]) & np.isfinite(values))
    found = np.zeros(values.shape, dtype=bool)
    if not len(row):
        return found
    place = (row + 1) * padded.shape[1] + column + 1
    shifts = [down * padded.shape[1] + along for down in (-1, 0, 1) for along in (-1, 0, 1) if down or along]
    around = padded.ravel()[place[:, None] + np.array(shifts)]
    known = np.isfinite(around)
    low, high = np.where(known, around, np.inf).min(axis=1), np.where(known, around, -np.inf).max(axis=1)
    own = values[row, column]
    off = np.maximum(own - high, low - own)
    found[row, column] = (known.sum(axis=1) >= 3) & (off > least) & (off > ratio * (high - low))
    return found


def steps_inside(mask: BoolArray, limit: int) -> npt.NDArray[np.uint8]:
    """Steps (up, down, left, right) from each pixel to the nearest False one, at most `limit` (<= 255).

    mask: (r, c). 0 where False. Beyond the edges nothing is assumed: pad with False where the border counts.

    >>> steps_inside(np.array([[False, True, True, True]]), 2).tolist()
    [[0, 1, 2, 2]]
    """
    steps = np.where(mask, np.int16(limit), np.int16(0))
    for axis in (0, 1):
        place = np.arange(mask.shape[axis], dtype=np.int32).reshape((-1, 1) if axis == 0 else (1, -1))
        ahead = np.minimum.accumulate(steps - place, axis=axis) + place
        back = np.flip(np.minimum.accumulate(np.flip(steps + place, axis), axis=axis), axis) - place
        steps = np.minimum(ahead, back)
    return cast(npt.NDArray[np.uint8], np.clip(steps, 0, limit).astype(np.uint8))


def close_holes(mask: BoolArray, radius: int) -> BoolArray:
    """The mask with holes and notches up to about two radii wide closed; it never grows beyond its own outline."""
    near = steps_inside(~mask, radius + 1) <= radius
    return mask | (steps_inside(near, radius + 1) > radius)


def distance(mask: BoolArray, step_x: float, step_y: float, limit: float) -> FloatArray:
    """Straight distance from each pixel centre to the nearest True one, at most `limit`.

    mask: (r, c); step_x, step_y: metres between columns and rows. Returns (r, c).

    >>> distance(np.array([[True, False, False]]), 30.0, 30.0, 100.0).tolist()
    [[0.0, 30.0, 60.0]]
    """
    rows, cols = mask.shape
    column = np.arange(float(cols))
    last = np.maximum.accumulate(np.where(mask, column, -np.inf), axis=1)
    following = np.flip(np.minimum.accumulate(np.flip(np.where(mask, column, np.inf), 1), axis=1), 1)
    along = (np.minimum(column - last, following - column) * step_x) ** 2
    best = np.minimum(along, limit**2)
    for shift in range(1, min(rows - 1, int(limit / step_y)) + 1):
        height = (shift * step_y) ** 2
        np.minimum(best[shift:], along[:-shift] + height, out=best[shift:])
        np.minimum(best[:-shift], along[shift:] + height, out=best[:-shift])
    straight: FloatArray = np.sqrt(best)
    return straight


def hillshade(
    heights: Heights, step_x: Heights | float, step_y: Heights | float, azimuth: float = 315.0, altitude: float = 45.0
) -> npt.NDArray[np.uint8]:
    """Shaded relief by Horn's slopes (Proceedings of the IEEE 69/1, 1981), 1 (dark) to 255 (facing the light).

    heights: (r + 2, c + 2) metres with a collar of one pixel, row 0 in the north. step_x, step_y: metres, a number or
    an (r, 1) column where they change with latitude. azimuth, altitude: the light's, degrees clockwise from north and
    above the horizon. Returns (r, c); 0 where a void (NaN) touches the pixel.

    >>> hillshade(np.zeros((3, 3)), 10.0, 10.0).tolist()
    [[181]]
    """
    slope_x, slope_y = _gradient(heights, step_x, step_y)
    toward, up = np.radians(azimuth), np.radians(altitude)
    light = np.array([np.sin(toward) * np.cos(up), np.cos(toward) * np.cos(up), np.sin(up)])
    shade = (light[2] - slope_x * light[0] - slope_y * light[1]) / np.sqrt(1 + slope_x**2 + slope_y**2)
    level = np.floor(1.0 + 254.0 * np.clip(shade, 0.0, 1.0) + 0.5)
    return np.where(np.isfinite(level), level, 0).astype(np.uint8)


def slope(heights: Heights, step_x: Heights | float, step_y: Heights | float) -> FloatArray:
    """Steepness in degrees by Horn's slopes, as `hillshade` takes its arguments. Returns (r, c); NaN where a void touches.

    >>> slope(np.array([[0.0, 1.0, 2.0]] * 3), 1.0, 1.0).round(3).tolist()
    [[45.0]]
    """
    slope_x, slope_y = _gradient(heights, step_x, step_y)
    steepness: FloatArray = np.degrees(np.arctan(np.hypot(slope_x, slope_y)))
    return steepness


def _gradient(heights: Heights, step_x: Heights | float, step_y: Heights | float) -> tuple[FloatArray, FloatArray]:
    """Rise to the east and to the north per metre (r, c), of heights with a collar of one pixel."""
    z = np.asarray(heights, dtype=np.float64)
    west = z[:-2, :-2] + 2 * z[1:-1, :-2] + z[2:, :-2]
    east = z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:]
    north = z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:]
    south = z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:]
    return (east - west) / (8 * np.asarray(step_x)), (north - south) / (8 * np.asarray(step_y))
