"""What in a DEM is no ground: undeclared marks of missing heights, and spikes; found, counted, and given back as voids."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cim.raster import spikes
from cim.types import BoolArray

VOID, SPIKE = "void", "spike"
SPIKE_M = 10.0
"""A spike stands off all its neighbours by at least this, and by at least one pixel's width: a slope of 45 degrees on
every side. Both are the project's own defaults; a source may state another height (`DemSource.spike_m`)."""
ZERO_MARK_M = 100.0
"""Where no pixel but the zeros lies below this, 0 stands for a missing height (the project's own default)."""
_LOWEST_M, _HIGHEST_M = -12_000.0, 9_000.0

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DemFlaw:
    """Pixels of a DEM that were no ground, and were filled from their neighbours.

    code: `void` (a mark of a missing height that the file does not declare) or `spike`. box: lon/lat degrees, west,
    south, east, north.
    """

    dem: str
    code: str
    pixels: int
    box: tuple[float, float, float, float]


def spike_height(stated: float | None, pixel_m: float) -> float:
    """How far a spike must stand off its neighbours: what was stated, or else the default for pixels of this size.

    >>> spike_height(None, 30.0), spike_height(None, 1.0), spike_height(50.0, 1.0)
    (30.0, 10.0, 50.0)
    """
    return max(SPIKE_M, pixel_m) if stated is None else stated


@dataclass(slots=True, eq=False)
class Tally:
    """What the strips of one DEM told. counts: flawed pixels by code; bounds: the pixels (first row, first column, last
    row, last column) round them; known: pixels that are ground; zeros, lowest: zeros, and the least of the other heights.
    """

    counts: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    known: int = 0
    zeros: int = 0
    lowest: float = np.inf

    @property
    def zero_is_a_mark(self) -> bool:
        """Whether 0 cannot be a height here: zeros there are, and nothing else is near the sea."""
        return self.zeros > 0 and ZERO_MARK_M <= self.lowest < np.inf

    def weigh(self, ground: F32) -> None:
        """Take in the heights of a strip, NaN where they are none."""
        known = ground[np.isfinite(ground)]
        self.known += len(known)
        others = known[known != 0.0]
        self.zeros += len(known) - len(others)
        self.lowest = min(self.lowest, float(others.min(initial=np.inf)))

    def add(self, code: str, mask: BoolArray, top: int) -> None:
        """Count the flawed pixels of a strip whose first row is `top`."""
        rows, cols = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        if len(rows):
            found = (top + int(rows[0]), int(cols[0]), top + int(rows[-1]), int(cols[-1]))
            held = self.bounds.get(code, found)
            first, last = zip(held[:2], found[:2], strict=True), zip(held[2:], found[2:], strict=True)
            self.bounds[code] = (*map(min, first), *map(max, last))  # type: ignore[assignment]
            self.counts[code] = self.counts.get(code, 0) + int(mask.sum())


def sift(heights: F32, least: float, zero_is_a_mark: bool) -> tuple[F32, BoolArray, BoolArray]:
    """Heights (r, c) with all that is no ground as NaN, and which pixels were undeclared marks, which spikes.

    heights: metres, NaN where the file itself declares a void. least: of a spike, metres; inf: none is looked for.
    """
    real = (heights > _LOWEST_M) & (heights < _HIGHEST_M) & (heights != -9999.0)
    if zero_is_a_mark:
        real &= heights != 0.0
    marks: BoolArray = ~real & ~np.isnan(heights)
    ground = np.where(real, heights, np.float32(np.nan))
    off: BoolArray = spikes(ground, least) if np.isfinite(least) else np.zeros(ground.shape, bool)
    ground[off] = np.nan
    return ground, marks, off
