"""The steps that coordinates are written in, so that they read back as they were (CityJSON 2.0, clause 4)."""

from dataclasses import dataclass, field

import numpy as np

from cim.types import BoolArray, FloatArray

# Millimetres first, as everybody writes them; powers of two hold what lies on a lattice of them bit for bit.
_STEPS = (0.001, 2.0**-10, 1e-4, 1e-5, 1e-6, 2.0**-20, 1e-7, 2.0**-30, 2.0**-34, 2.0**-38, 2.0**-42, 2.0**-46, 2.0**-50)
_MOST = 2.0**53  # whole numbers that every reader of JSON holds


@dataclass(slots=True)
class Steps:
    """Watches coordinates go by, then names the coarsest step of each axis that holds all of them exactly.

    origin: (3,) what they are counted from. Where no step holds them, the finest whose numbers stay below 2^53: the error
    is half of it, under a nanometre for a city in metres.
    """

    origin: FloatArray
    _fits: BoolArray = field(default_factory=lambda: np.ones((3, len(_STEPS)), dtype=bool))
    _reach: FloatArray = field(default_factory=lambda: np.zeros(3))

    @classmethod
    def near(cls, xyz: FloatArray) -> "Steps":
        """Counting from whole numbers near the first of some coordinates (n, 3); heights from zero."""
        first = xyz[0] if len(xyz) else np.zeros(3)
        return cls(np.array([np.floor(first[0]), np.floor(first[1]), 0.0]))

    def see(self, xyz: FloatArray) -> None:
        """Take note of coordinates (n, 3)."""
        if not len(xyz):
            return
        self._reach = np.maximum(self._reach, np.abs(xyz - self.origin).max(axis=0))
        for axis in range(3):
            for place in np.flatnonzero(self._fits[axis]).tolist():
                step, values = _STEPS[place], xyz[:, axis]
                whole = np.rint((values - self.origin[axis]) / step)
                self._fits[axis, place] = bool((whole * step + self.origin[axis] == values).all())

    def chosen(self) -> FloatArray:
        """The step (3,) of each axis."""
        within = self._reach[:, None] / np.array(_STEPS) < _MOST
        exact = self._fits & within
        first = np.where(exact.any(axis=1), exact.argmax(axis=1), len(_STEPS) - 1 - within[:, ::-1].argmax(axis=1))
        return np.array(_STEPS)[first]


def whole_numbers(xyz: FloatArray, step: FloatArray, origin: FloatArray) -> list[list[int]]:
    """Coordinates (n, 3) as multiples of a step from an origin."""
    counted: list[list[int]] = np.rint((xyz - origin) / step).astype(np.int64).tolist()
    return counted
