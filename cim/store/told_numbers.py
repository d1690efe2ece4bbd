"""Numbers that rows tell in their JSON, where nothing but a layer's column says what they may be."""

import math
from functools import cache
from typing import Any

from cim.layers import LAYERS


def told(layer: str, name: str, value: Any) -> float | None:
    """The number that a column of a layer tells; None for what is no number, is not finite, or lies out of its bounds (of
    what the layer has no column for nobody says any).

    Loads have judged what they brought; whoever edits the store by hand is judged here, where the value is read.

    >>> [told("buildings", "front_deg", value) for value in (90, 0.5, "90", True, None, 361.0, float("nan"), 10**400)]
    [90.0, 0.5, None, None, None, None, None, None]
    >>> told("buildings", "eaves_tiers", 2), told("buildings", "eaves_tiers", 2.5)
    (2.0, None)
    """
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high, is_whole = _bounds(layer, name)
    if not low <= value <= high:  # not a number lies nowhere
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and (not is_whole or number.is_integer()) else None


@cache
def _bounds(layer: str, name: str) -> tuple[float, float, bool]:
    """The lowest and the highest value of a column, and whether it holds whole numbers only."""
    column = next((one for one in LAYERS[layer].columns if one.name == name), None)
    if column is None:
        return -math.inf, math.inf, False
    low = -math.inf if column.low is None else column.low
    return low, math.inf if column.high is None else column.high, column.kind == "integer"
