"""How long and wide footprints are: the smallest rectangle round each, and how deep wings are. Pure."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cim.types import FloatArray, ObjectArray


def axes(footprint: ObjectArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Two sides (n, 2) of the smallest rectangle round each footprint, and its middle; zeros for what is no area."""
    around: npt.NDArray[Any] = shapely.oriented_envelope(footprint)
    corner = np.zeros((len(footprint), 4, 2))
    whole = np.flatnonzero(shapely.get_num_coordinates(around) == 5)
    if len(whole):
        corner[whole] = shapely.get_coordinates(around[whole]).reshape(-1, 5, 2)[:, :4]
    return corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 1], corner.mean(axis=1)


def sides(footprint: ObjectArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shorter and longer side (n,) of the smallest rectangle round each footprint, metres; how much of it is filled, 0..1.

    >>> [side.round(3).tolist() for side in sides(np.array([shapely.box(0, 0, 4, 9)]))]
    [[4.0], [9.0], [1.0]]
    """
    first, second, _ = axes(footprint)
    one, other = np.hypot(*first.T), np.hypot(*second.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        filled = np.where(one * other > 0, shapely.area(footprint) / (one * other), 0.0)
    return np.minimum(one, other), np.maximum(one, other), np.minimum(filled, 1.0)


def wing_depth(footprint: ObjectArray) -> FloatArray:
    """Mean depth (n,) of the wings of each footprint, metres: what stands round a court is as deep as its wings are.

    >>> ring = shapely.box(0, 0, 30, 30).difference(shapely.box(6, 6, 24, 24))
    >>> wing_depth(np.array([ring])).tolist()
    [6.0]
    """
    around = shapely.length(footprint)
    return np.asarray(2.0 * shapely.area(footprint) / np.maximum(around, 1e-9))
