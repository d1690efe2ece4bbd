"""How high buildings stand: a surface model over the ground, taken within each footprint. Pure.

**The rule**: of the surface's pixels whose centres lie within the footprint, shrunk by one pixel so that walls, trees and
neighbours do not count, the stated percentile (default: the median) of surface minus ground. At least `LEAST_PIXELS` must
know both. The accuracy told is the spread of the pixels: 1.4826 times their median distance from the median, which is a
standard deviation where they are normally distributed, and says how even the roof is; how good the surface model itself
is, it does not say.
"""

from dataclasses import dataclass

import numpy as np

from cim.errors import BadInput
from cim.types import FloatArray, IntArray

LEAST_PIXELS = 6
"""Fewer pixels within a footprint measure nothing (the project's own default)."""
PERCENTILE = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Height over the ground and spread (n,) metres, NaN where no pixel knows; pixels (n,): how many did."""

    height_m: FloatArray
    spread_m: FloatArray
    pixels: IntArray


def measure(above: FloatArray, label: IntArray, count: int, percentile: float = PERCENTILE) -> Measured:
    """Surface over ground of each footprint. above: (p,) metres, NaN unknown. label: (p,) which footprint, 0 to count - 1.

    The percentile is linear between the two pixels next to it. Raises BadInput for one that is none.

    >>> found = measure(np.array([9.0, 10.0, 11.0, 3.0, np.nan]), np.array([0, 0, 0, 2, 2]), 3)
    >>> found.height_m.tolist(), found.pixels.tolist()
    ([10.0, nan, 3.0], [3, 0, 1])
    """
    if not 0.0 <= percentile <= 100.0:
        raise BadInput(f"a percentile of {percentile:g}: expected 0 to 100")
    known = np.isfinite(above)
    above, label = above[known], label[known]
    height, pixels = _percentile(above, label, count, percentile)
    middle, _ = _percentile(above, label, count, 50.0)
    off, _ = _percentile(np.abs(above - middle[label]), label, count, 50.0)
    return Measured(height, 1.4826 * off, pixels)


def _percentile(values: FloatArray, label: IntArray, count: int, percentile: float) -> tuple[FloatArray, IntArray]:
    """Of each label (count,), NaN where it has no value; and how many values it has."""
    order = np.lexsort((values, label))
    ordered = np.append(values[order], np.nan)
    pixels = np.bincount(label, minlength=count).astype(np.int64)
    first = np.cumsum(pixels) - pixels
    at = (np.maximum(pixels, 1) - 1) * (percentile / 100.0)
    low = np.floor(at).astype(np.int64)
    share = at - low
    lower = ordered[np.where(pixels > 0, first + low, len(values))]
    upper = ordered[np.where(pixels > 0, first + np.minimum(low + 1, np.maximum(pixels - 1, 0)), len(values))]
    return np.asarray(lower + (upper - lower) * share), pixels
