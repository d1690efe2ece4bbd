"""Numbers that rows tell in their JSON, where nothing but a layer's column says what they may be."""

import math
from typing import Any

from cim.plugins import Column, Layer


def told(layer: Layer, name: str, value: Any) -> float | None:
    """The number that a column of a layer tells; None for what is no number, is not finite, or lies out of its bounds.

    Loads have judged what they brought; whoever edits the store by hand is judged here, where the value is read.

    >>> from cim.layers.buildings import LAYER
    >>> [told(LAYER, "front_deg", value) for value in (90, 0.5, "90", True, None, 361.0, float("nan"), 10**400)]
    [90.0, 0.5, None, None, None, None, None, None]
    >>> told(LAYER, "eaves_tiers", 2), told(LAYER, "eaves_tiers", 2.5)
    (2.0, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    column = _column(layer, name)
    low = -math.inf if column.low is None else column.low
    high = math.inf if column.high is None else column.high
    if not low <= value <= high:  # not a number lies nowhere
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    whole = column.kind != "integer" or number.is_integer()
    return number if math.isfinite(number) and whole else None


def _column(layer: Layer, name: str) -> Column:
    return next(column for column in layer.columns if column.name == name)
