"""The line of a slope from eaves to ridge: straight, hollow as traditional roofs are, or rounded at the ridge."""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from cim.types import BoolArray, FloatArray, IntArray

HOLLOW_FROM_M = 2.5
HOLLOWER_FROM_M = 4.5
"""Half spans from which a curved roof has two and three pitches. The project's own defaults: less is not seen."""
ROUND_FROM_M = 1.5
BENT_FROM_RISE_M = 1.0
"""Half span from which a ridge is rounded, and the rise that any bend takes. The project's own defaults."""


@dataclass(frozen=True, slots=True)
class Profile:
    """share: rising shares of the way in plan from eaves to ridge, 0 to 1; height: of the rise there, 0 to 1."""

    share: tuple[float, ...]
    height: tuple[float, ...]

    def at(self, share: FloatArray) -> FloatArray:
        """Height over the eaves as a share of the rise, at shares of the way.

        >>> STRAIGHT.at(np.array([0.25])).tolist()
        [0.25]
        """
        return np.asarray(np.interp(share, self.share, self.height))

    def broken_at(self, share: float) -> "Profile":
        """The same line with a node of its own at a share of the way."""
        if share in self.share:
            return self
        shares = tuple(sorted((*self.share, share)))
        return Profile(shares, tuple(self.at(np.array(shares)).tolist()))


def _pitched(steps: tuple[float, ...], slopes: tuple[float, ...]) -> Profile:
    """The line of these slopes, one a step, in proportion: both ends are given by eaves and ridge."""
    share = tuple(accumulate(steps, initial=0.0))
    height = tuple(accumulate((s * k for s, k in zip(steps, slopes, strict=True)), initial=0.0))
    return Profile(tuple(s / share[-1] for s in share), tuple(h / height[-1] for h in height))


STRAIGHT = Profile((0.0, 1.0), (0.0, 1.0))
HOLLOW = (STRAIGHT, _pitched((1.0, 1.0), (0.5, 0.7)), _pitched((1.0, 1.0, 1.0), (0.5, 0.7, 0.9)))
"""举架 by how many steps of purlins: each is steeper than the one below. The slopes 0.5, 0.7, 0.9 are those commonly told
of Qing building rules (五举, 七举, 九举), from memory and not from the text: the project's default. Only their proportion is
taken, since eaves and ridge are given.
"""
WINGED = STRAIGHT.broken_at(0.4)
"""A straight slope with a line for eaves that turn up to start from. The share is the project's own default."""
ROUND_RIDGE = _pitched((0.70, 0.17, 0.13), (1.0, 0.65, 0.2))
"""卷棚: the slope lies down towards the ridge in two steps. The project's own default."""


def hollows(half_span: FloatArray, rise: FloatArray, curved: BoolArray) -> IntArray:
    """Which of `HOLLOW` roofs get (n,), by half span and rise (n,) in metres and whether they are to be curved (n,)."""
    steps = (half_span >= HOLLOW_FROM_M).astype(np.int64) + (half_span >= HOLLOWER_FROM_M)
    return np.where(curved & (rise >= BENT_FROM_RISE_M), steps, 0)


def rounds(half_span: FloatArray, rise: FloatArray) -> BoolArray:
    """Whether ridges can be rounded (n,), by half span and rise (n,) in metres."""
    return np.asarray((half_span >= ROUND_FROM_M) & (rise >= BENT_FROM_RISE_M))
