"""Geometry written as text (WKT) in a column of a table: which column that is, and the shapes of its rows."""

from collections.abc import Mapping, Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim.errors import BadSource
from cim.layers import LAYERS
from cim.plugins import Source
from cim.types import Issue, ObjectArray
from loaders.formats import point_tables

Place = tuple[str, str] | tuple[str]
"""The columns of x and y, or the one of WKT."""

NAMES = ("wkt", "wkt_geom", "geom_wkt", "geometry_wkt", "wkt_geometry")
"""What such a column is called where nobody says it, in any case: as GDAL, QGIS and this project write it."""
_SHOWN = 60  # characters of a text that cannot be read


def column(header: Sequence[str], columns: Mapping[str, str], *, prefers_points: bool) -> str | None:
    """The column of a header that holds WKT, None where there is none.

    columns: what the owner says, target -> column: `wkt`, or `lon` and `lat` for points. Where nobody says either, a
    column called as in `NAMES` is one; beside columns `lon` and `lat` only where the layer does not hold points.

    >>> column(["id", "WKT"], {}, prefers_points=True), column(["id", "geom"], {"wkt": "geom"}, prefers_points=True)
    ('WKT', 'geom')
    >>> header = ["id", "lon", "lat", "wkt"]
    >>> column(header, {}, prefers_points=True), column(header, {}, prefers_points=False)
    (None, 'wkt')
    """
    if "wkt" in columns:
        return columns["wkt"]
    if {"lon", "lat"} & columns.keys() or (prefers_points and {"lon", "lat"} <= set(header)):
        return None
    return next((name for wanted in NAMES for name in header if name.lower() == wanted), None)


def place(header: Sequence[str], source: Source) -> Place:
    """Where the records of a table lie, by its header and its owner. Raises BadSource where the header does not say it."""
    wkt = column(header, source.columns, prefers_points=LAYERS[source.layer].geometry == "point")
    found: Place = (source.columns.get("lon", "lon"), source.columns.get("lat", "lat")) if wkt is None else (wkt,)
    for name in found:
        if name not in header:
            told = f"no column {name!r}; the header has {', '.join(header) or 'nothing'}"
            raise BadSource(f"{source.location}: {told}; geometry as text (WKT) is looked for in a column `wkt`")
    return found


def placed(
    columns: Mapping[str, Sequence[str]], index: pd.Index, name: str
) -> tuple[gpd.GeoDataFrame, dict[int, str], tuple[Issue, ...]]:
    """A frame of records with the geometries of the column `name`, which is not in it any more; why records (counted from
    0) have none that can be read; and the rings that were closed.
    """
    found, why, closed = shapes(columns[name])
    others = {there: values for there, values in columns.items() if there != name}
    frame, _ = point_tables.placed(others, index, None)
    what, mended = "a ring does not end where it begins", "closed with its first position"
    issues = tuple(Issue("ring_unclosed", what, int(index[at]), repaired=mended) for at in closed)
    return frame.set_geometry(gpd.GeoSeries(found, index=index)), why, issues


@np.errstate(over="ignore", invalid="ignore")
def shapes(texts: Sequence[str]) -> tuple[ObjectArray, dict[int, str], list[int]]:
    """The geometries (n,) of texts, None where a text is blank or cannot be read; why, for those that cannot be; and
    which had rings that were closed.

    >>> found, why, closed = shapes(["POINT (1 2)", " ", "POINT (1", "SRID=4490;POINT (1 2)", "POLYGON ((0 0, 1 1, 1 0))"])
    >>> [shape is None for shape in found], sorted(why), closed
    ([False, True, True, True, False], [2, 3], [4])
    """
    given = np.array([*(text.strip() or None for text in texts), None], dtype=object)[:-1]
    try:
        found: ObjectArray = shapely.from_wkt(given, on_invalid="ignore")
    except NotImplementedError:  # a curve, which shapely knows none of
        found = np.array([*(_read(text) for text in given), None], dtype=object)[:-1]
    odd = [place for place, text in enumerate(given) if text is not None and found[place] is None]
    closed = []
    for place in odd:
        found[place] = _read(given[place], on_invalid="fix")
        if found[place] is not None:
            closed.append(place)
    return found, {place: _fault(given[place]) for place in odd if found[place] is None}, closed


def _read(text: str | None, on_invalid: Literal["ignore", "fix"] = "ignore") -> shapely.Geometry | None:
    try:
        return shapely.from_wkt(text, on_invalid=on_invalid)
    except NotImplementedError:
        return None


def _fault(text: str) -> str:
    """What is wrong with a text, with its beginning."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
    if text[:5].upper() == "SRID=":
        return f"{shown!r}: an SRID is no part of WKT; state the CRS beside the file"
    try:
        shapely.from_wkt(text)
    except (shapely.errors.ShapelyError, NotImplementedError) as error:
        return f"{shown!r} is no WKT: {str(error).splitlines()[0]}"
    return f"{shown!r} is no WKT"
