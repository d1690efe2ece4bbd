"""Whether the storeys and the height of a building fit each other, by the city's limits. Pure."""

import numpy as np

from cim.city import Limits
from cim.types import BoolArray, FloatArray

HALL_USES = ("religious", "heritage")
HALL_ROOFS = ("hip", "hip_and_gable", "pyramidal", "conical")
"""What halls of temples and palaces are told by: either will do."""


def misfits(
    height_m: FloatArray, eaves_m: FloatArray, storeys: FloatArray, halls: BoolArray, limits: Limits
) -> dict[int, str]:
    """Position -> in words, how storeys and height do not fit each other. All (n,); what is not known (NaN) fits.

    Too high is judged up to the eaves, for a roof is no storey; too low in all, for a storey may reach into the roof. A hall
    is one storey of great height, so it has limits of its own.

    >>> tall, eaves = np.array([9.0, 9.0]), np.array([4.0, np.nan])
    >>> misfits(tall, eaves, np.array([1.0, 1.0]), np.array([False, False]), Limits())
    {1: '9 m up to the eaves over 1 storeys is outside 2.2 to 6 m a storey'}
    """
    (low, high), (hall_low, hall_high) = limits.storey_height_m, limits.hall_storey_height_m
    least, most = np.where(halls, hall_low, low), np.where(halls, hall_high, high)
    with np.errstate(invalid="ignore", divide="ignore"):
        walls = np.where(np.isfinite(eaves_m) & np.isfinite(height_m), eaves_m, height_m)
        short = height_m / storeys < least
        odd = short | (walls / storeys > most)
    told: dict[int, str] = {}
    for at in np.flatnonzero(odd).tolist():
        metres = f"{height_m[at]:g} m" if short[at] else f"{walls[at]:g} m up to the eaves"
        of = "a storey of a hall" if halls[at] else "a storey"
        told[at] = f"{metres} over {storeys[at]:g} storeys is outside {least[at]:g} to {most[at]:g} m {of}"
    return told
