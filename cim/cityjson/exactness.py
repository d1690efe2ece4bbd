"""The steps that coordinates are written in, so that they read back as they were (CityJSON 2.0, clause 4)."""

from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from cim.types import BoolArray, FloatArray

# Millimetres first, as everybody writes them; powers of two hold what lies on a lattice of them bit for bit.
_STEPS = (0.001, 2.0**-10, 1e-4, 1e-5, 1e-6, 2.0**-20, 1e-7, 1e-8, 1e-9, 2.0**-30, 2.0**-38, 2.0**-46)
_MOST = 2.0**53  # whole numbers that every reader of JSON holds
_MOST_DIGITS = 15


def placed(counted: FloatArray, step: FloatArray, origin: FloatArray) -> FloatArray:
    """Coordinates (n, 3) of multiples of a step (3,) from an origin (3,).

    What steps and origins of a few decimals come to is the number nearest to the decimal one, whatever the origin:
    so 85012.345 is one number, however a file cuts it.

    >>> step, origin = np.array([0.001] * 3), np.array([84710.1, 0.0, 0.0])
    >>> placed(np.array([[302245.0, 3.0, 0.0]]), step, origin).tolist()
    [[85012.345, 0.003, 0.0]]
    """
    found = counted * step + origin
    for axis in range(3):
        digits = max(_digits(step[axis]), _digits(origin[axis]))
        scaled = found[:, axis] * 10.0**digits
        if digits <= _MOST_DIGITS and bool((np.abs(scaled) < _MOST).all()):
            found[:, axis] = np.rint(scaled) / 10.0**digits
    return found


def _digits(value: float) -> int:
    """How many decimals the shortest text of a number has."""
    exponent = Decimal(repr(float(value))).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else _MOST_DIGITS + 1


@dataclass(slots=True)
class Steps:
    """Watches coordinates go by, then names the coarsest step of each axis that holds all of them exactly.

    origin: (3,) what they are counted from. finest: (3,) the step that is taken where none holds them: the error is half
    of it. Numbers stay below 2^53.
    """

    origin: FloatArray
    finest: FloatArray
    _fits: BoolArray = field(default_factory=lambda: np.ones((3, len(_STEPS)), dtype=bool))

    @classmethod
    def near(cls, xyz: FloatArray, *, degrees: bool = False) -> "Steps":
        """Counting from whole numbers near the first of some coordinates (n, 3), heights from zero; to a nanometre."""
        first = xyz[0] if len(xyz) else np.zeros(3)
        plan = 2.0**-46 if degrees else 2.0**-30
        return cls(np.array([np.floor(first[0]), np.floor(first[1]), 0.0]), np.array([plan, plan, 2.0**-30]))

    def see(self, xyz: FloatArray) -> None:
        """Take note of coordinates (n, 3)."""
        if not len(xyz):
            return
        for place in np.flatnonzero(self._fits.any(axis=0)).tolist():
            step = np.full(3, _STEPS[place])
            counted = np.rint((xyz - self.origin) / step)
            holds = (placed(counted, step, self.origin) == xyz) & (np.abs(counted) < _MOST)
            self._fits[:, place] &= holds.all(axis=0)

    def chosen(self) -> FloatArray:
        """The step (3,) of each axis."""
        exact = self._fits & (np.array(_STEPS) >= self.finest[:, None])
        return np.where(exact.any(axis=1), np.array(_STEPS)[exact.argmax(axis=1)], self.finest)


def whole_numbers(xyz: FloatArray, step: FloatArray, origin: FloatArray) -> list[list[int]]:
    """Coordinates (n, 3) as multiples of a step from an origin."""
    counted: list[list[int]] = np.rint((xyz - origin) / step).astype(np.int64).tolist()
    return counted
