"""Tables of text whose records lie at a point: columns to a frame with geometry, degrees written in any of two ways."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim.types import FloatArray, Issue

_DEGREES = re.compile(
    r"""^\s*(?P<before>[NSEWnsew东西南北])?\D{0,2}?(?P<d>\d{1,3})\s*[°º度]\s*
        (?:(?P<m>\d{1,2}(?:\.\d+)?)\s*['′’分]\s*(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:["″”秒]|''|′′)?\s*)?)?
        (?P<behind>[NSEWnsew东西南北])?\s*$""",
    re.VERBOSE,
)
_NEGATIVE = set("SWsw南西")


def placed(
    columns: Mapping[str, Sequence[Any]], index: pd.Index, place: tuple[str, str] | None
) -> tuple[gpd.GeoDataFrame, int]:
    """A frame of records at points, and how many of them had degrees, minutes and seconds.

    columns: name -> a value for each record. place: the columns of x (longitude) and y (latitude); None: no geometry. A
    record without two numbers there has no geometry. A column called geometry becomes `geometry_property`.
    """
    data = {name: pd.Series(list(values), index=index, dtype=object) for name, values in columns.items()}
    table = pd.DataFrame(data, index=index)
    points = pd.Series([None] * len(table), index=index, dtype=object)
    written = 0
    if place is not None:
        (x, in_x), (y, in_y) = (degrees(table[name]) for name in place)
        known = ~np.isnan(x) & ~np.isnan(y)  # what is infinite is judged with the other records
        points[known] = shapely.points(x[known], y[known])
        written = max(in_x, in_y)
    if "geometry" in table:
        table = table.rename(columns={"geometry": "geometry_property"})
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, index=index)), written


def degrees(values: "pd.Series[Any]") -> tuple[FloatArray, int]:
    """Numbers (n,) of texts, NaN where there is none, and how many were written as degrees, minutes and seconds.

    A decimal comma is not guessed at: it may part thousands as well.

    >>> found, written = degrees(pd.Series(["113.5", "113°30'36\\"E", "南纬10度30分", "113,5", None], dtype=object))
    >>> found.tolist(), written
    ([113.5, 113.51, -10.5, nan, nan], 2)
    """
    found = pd.to_numeric(values, errors="coerce").to_numpy(float, copy=True)
    written = 0
    for at in np.flatnonzero(~np.isfinite(found)).tolist():
        value = values.iloc[at]
        number = _degrees(value) if isinstance(value, str) and len(value) < 40 else None
        if number is not None:
            found[at] = number
            written += 1
    return found, written


def _degrees(text: str) -> float | None:
    match = _DEGREES.match(text)
    if match is None:
        return None
    minutes, seconds = float(match["m"] or 0.0), float(match["s"] or 0.0)
    if minutes >= 60.0 or seconds >= 60.0:
        return None
    size = int(match["d"]) + minutes / 60.0 + seconds / 3600.0
    return round(-size if {match["before"], match["behind"]} & _NEGATIVE else size, 9)


def told(written: int, place: tuple[str, str] | None) -> tuple[Issue, ...]:
    """The note that coordinates are written in degrees, minutes and seconds, if some are."""
    if not written or place is None:
        return ()
    message = f"coordinates in {place[0]} and {place[1]} are degrees, minutes and seconds"
    return (Issue("degrees_minutes_seconds", message, repaired="read as decimal degrees"),)
