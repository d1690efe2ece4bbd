"""The colours of slopes: what a tile is painted with, and what a legend beside it says."""

import numpy as np
import numpy.typing as npt

from cim.types import FloatArray

STEEPNESS = (
    (0.0, (247, 247, 238)),
    (2.0, (217, 230, 191)),
    (6.0, (250, 224, 130)),
    (15.0, (240, 150, 70)),
    (25.0, (196, 60, 52)),
    (45.0, (98, 24, 58)),
)
"""Degrees and the colour at them, even between: the bounds of the five grades of slope in China's land survey."""


def painted(degrees: FloatArray) -> npt.NDArray[np.uint8]:
    """Colours (3, r, c) of slopes (r, c) in degrees; where nobody knows them they are those of level ground.

    >>> painted(np.array([[2.0]])).ravel().tolist()
    [217, 230, 191]
    """
    at = [one for one, _ in STEEPNESS]
    known = np.nan_to_num(degrees)
    bands = [np.interp(known, at, [colour[n] for _, colour in STEEPNESS]) for n in range(3)]
    return np.rint(np.stack(bands)).astype(np.uint8)


LEGEND = {"unit": "°", "stops": [[degrees, "#{:02x}{:02x}{:02x}".format(*colour)] for degrees, colour in STEEPNESS]}
"""As `/imagery` tells it."""
