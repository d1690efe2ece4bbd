"""Grids cut into squares: of each a digest, its extremes and whether it is solid, asked for by rectangle. Pure.

They tell what a tile is made of without reading it: two rectangles with equal digests hold the same pixels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.types import BoolArray, FloatArray, IntArray

U64 = npt.NDArray[np.uint64]
_TOGETHER = 6  # rectangles less wide and high are looked at together
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(values: U64) -> U64:
    """Each number scattered over 64 bits (the finaliser of SplitMix64): one to one, so nothing is lost."""
    with np.errstate(over="ignore"):
        z = values + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def weights(count: int, seed: int) -> U64:
    """(count,) odd numbers without a pattern, for sums that notice every change and every exchange of places."""
    return mix(np.arange(count, dtype=np.uint64) + (np.uint64(seed) << np.uint64(32))) | np.uint64(1)


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Of n rectangles: digest (n,), lowest and highest value (n,), and whether every pixel is solid (n,)."""

    digest: U64
    low: FloatArray
    high: FloatArray
    solid: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """A grid in squares of side x side pixels, R x C of them.

    digests, loose: (R + 1, C + 1) running sums of digests and of squares that are not solid. low, high: (R, C).
    """

    side: int
    digests: U64
    loose: IntArray
    low: FloatArray
    high: FloatArray

    def over(self, window: IntArray) -> Summary:
        """What stands in these windows. window: (n, 4) first row, first column, last row, last column, in pixels."""
        top, left, bottom, right = (window // self.side).T
        with np.errstate(over="ignore"):
            digest = _between(self.digests, top, left, bottom, right)
        low, high = np.full(len(window), np.inf), np.full(len(window), -np.inf)
        large = (bottom - top >= _TOGETHER) | (right - left >= _TOGETHER)
        for n in np.flatnonzero(large).tolist():
            part = slice(top[n], bottom[n] + 1), slice(left[n], right[n] + 1)
            low[n], high[n] = self.low[part].min(), self.high[part].max()
        rest = np.flatnonzero(~large)
        for down in range(int((bottom - top)[rest].max(initial=-1)) + 1):
            for along in range(int((right - left)[rest].max(initial=-1)) + 1):
                at = np.minimum(top + down, bottom)[rest], np.minimum(left + along, right)[rest]
                low[rest] = np.minimum(low[rest], self.low[at])
                high[rest] = np.maximum(high[rest], self.high[at])
        return Summary(digest, low, high, _between(self.loose, top, left, bottom, right) == 0)


def _between(
    sums: npt.NDArray[Any], top: IntArray, left: IntArray, bottom: IntArray, right: IntArray
) -> npt.NDArray[Any]:
    inside: npt.NDArray[Any] = (
        sums[bottom + 1, right + 1] - sums[top, right + 1] - sums[bottom + 1, left] + sums[top, left]
    )
    return inside


def cut(
    values: npt.NDArray[np.float32], steps: npt.NDArray[np.uint8] | None = None, solid_from: int = 0, side: int = 64
) -> Squares:
    """The squares of a grid (r, c) without NaN; it is read in strips, so it may be larger than memory.

    steps: (r, c) numbers that count as content too; a square is solid where all of them reach `solid_from`.
    """
    rows, cols = values.shape
    high, wide = -(-rows // side), -(-cols // side)
    digests = np.empty((high, wide), np.uint64)
    loose = np.zeros((high, wide), np.int64)
    lows, highs = np.empty((high, wide)), np.empty((high, wide))
    by_column, by_row = weights(side, 1), weights(side, 2)
    place = weights(high * wide, 3).reshape(high, wide)
    for number in range(high):
        strip = slice(number * side, min(number * side + side, rows))
        heights = _square_up(np.asarray(values[strip], dtype=np.float32), side, wide)
        lows[number], highs[number] = heights.min(axis=(0, 2)), heights.max(axis=(0, 2))
        content = heights.view(np.uint32).astype(np.uint64)
        if steps is not None:
            near = _square_up(steps[strip], side, wide)
            loose[number] = near.min(axis=(0, 2)) < solid_from
            content |= near.astype(np.uint64) << np.uint64(32)
        with np.errstate(over="ignore"):
            lines = mix(content @ by_column)
            digests[number] = mix((lines * by_row[: len(lines), None]).sum(axis=0, dtype=np.uint64))
    with np.errstate(over="ignore"):
        return Squares(side, _running(mix(digests ^ place)), _running(loose), lows, highs)


def _square_up(strip: npt.NDArray[Any], side: int, wide: int) -> npt.NDArray[Any]:
    """The strip (r, c) as (r, wide, side): its last column repeated to a whole square."""
    padded = np.pad(strip, [(0, 0), (0, wide * side - strip.shape[1])], mode="edge")
    return np.ascontiguousarray(padded).reshape(len(strip), wide, side)


def _running(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1), values.dtype)
    total[1:, 1:] = values.cumsum(axis=0, dtype=values.dtype).cumsum(axis=1, dtype=values.dtype)
    return total
