"""One record of a thematic sample: where it is and what it says; and how its name shows that it is an example."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from data_samples.generate import frame
from data_samples.generate.frame import Array


class Item(NamedTuple):
    """A shape in EPSG:4547 (a point, line or polygon of shapely) and its properties, `id` among them."""

    shape: Any
    properties: dict[str, Any]


Items = list[Item]
Maker = Callable[[int], Items]


def example(kind: str, number: int) -> str:
    """A name that nobody can take for a real one.

    >>> example("小学", 3)
    '示例小学03'
    """
    return f"示例{kind}{number:02d}"


def points(prefix: str, xy: Array, rows: Sequence[dict[str, Any]]) -> Items:
    """One item a point (n, 2), numbered under a prefix."""
    return [
        Item(shapely.Point(np.round(at, 2)), {"id": f"{prefix}-{k:04d}", **row})
        for k, (at, row) in enumerate(zip(xy, rows, strict=True), start=1)
    ]


def shapes(prefix: str, found: Sequence[shapely.Geometry], rows: Sequence[dict[str, Any]]) -> Items:
    """One item a shape, numbered under a prefix."""
    return [
        Item(shapely.set_precision(shape, 0.01), {"id": f"{prefix}-{k:04d}", **row})
        for k, (shape, row) in enumerate(zip(found, rows, strict=True), start=1)
    ]


def marked(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the marks of invented things, unless it has marks of its own."""
    return {"is_synthetic": True, "source": "generator", "accuracy_m": None, **row}


def lonlat(items: Items) -> Array:
    """(n, 2) degrees of points."""
    return frame.to_lonlat(np.array([(item.shape.x, item.shape.y) for item in items]))
