"""Where eaves and ridges lie: as given, or from the pitch where one of the two is not known."""

from dataclasses import dataclass

import numpy as np

from cim.geometry import LATTICE_M, snap
from cim.roofs.fitting import STEEPEST_DEG
from cim.types import BoolArray, FloatArray

_MOST_ROOF = 0.6
"""The share of a body's height that a roof reckoned downward from its ridge may take. The project's own default."""


@dataclass(frozen=True, slots=True)
class Heights:
    """low, eaves, high: (n,) metres; NaN in eaves or high: not known. pitch_deg: (n,) NaN where not known."""

    low: FloatArray
    eaves: FloatArray
    high: FloatArray
    pitch_deg: FloatArray

    def rises(self) -> BoolArray:
        """Whether there is a way (n,) to tell eaves and ridge apart."""
        with np.errstate(invalid="ignore"):
            pitched = (self.pitch_deg > 0.0) & (self.pitch_deg < STEEPEST_DEG)
            return np.where(self._half_known(), pitched, self.high > self.eaves)

    def settled(self, span: FloatArray) -> "Heights":
        """With eaves and ridge of every row. span: (n,) over which the roof rises at its pitch, metres; NaN: flat."""
        pitched = self.rises() & np.isfinite(span)
        rise = np.where(pitched, np.tan(np.radians(np.where(pitched, self.pitch_deg, 0.0))) * span, 0.0)
        down = np.minimum(rise, _MOST_ROOF * (self.high - self.low))
        eaves = np.where(np.isnan(self.eaves), self.high - down, self.eaves)
        high = np.where(np.isnan(self.high), eaves + rise, self.high)
        eaves, high = snap(eaves), snap(high)
        steep = pitched & self._half_known()
        return Heights(self.low, eaves, np.where(steep, np.maximum(high, eaves + LATTICE_M), high), self.pitch_deg)

    def pitches_used(self) -> FloatArray:
        """The pitch (n,) where eaves or ridge hang on it, NaN where both are given."""
        return np.where(self._half_known(), self.pitch_deg, np.nan)

    def _half_known(self) -> BoolArray:
        return np.isnan(self.eaves) | np.isnan(self.high)
