"""Heights of lines, pure: from their vertices, from the heights of their ends, or from depths below the ground."""

from collections.abc import Callable
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim import crs as frames
from cim.city import City
from cim.geoid import Geoid, to_city_heights
from cim.lines import between, filled, raised
from cim.plugins import Source
from cim.types import BoolArray, FloatArray, Issue, ObjectArray
from loaders.judging.verdicts import Verdicts

Ground = Callable[[FloatArray], FloatArray]
"""Ground heights (n,) of the city at lon/lat degrees (n, 2); NaN where none is known."""

_UNKNOWN = "no height of every vertex, none of both ends, and no depth below a ground that is known"


def raise_lines(
    table: gpd.GeoDataFrame,
    delivered: ObjectArray,
    source: Source,
    city: City,
    verdicts: Verdicts,
    *,
    geoid: Geoid | None = None,
    ground: Ground | None = None,
) -> gpd.GeoDataFrame:
    """The table with `raised` (3-D shapes in the city frame, heights by the city's datum; None: not known) and
    `height_basis`: `vertices`, `ends`, `depths` or `unknown`.

    table: typed columns, flat shapes in the city frame. delivered: (n,) the same shapes as they came, with their heights.
    A height of 0 at every vertex is how files without heights are written: it is taken for unknown. A vertex without a
    height between two that have one lies evenly between them, and the report says so. What a depth is measured from, the
    ground model says as it is loaded now. Vertices that their file calls reckoned from ends or depths stay so.
    """
    alive = verdicts.alive()
    shapes: ObjectArray = table.geometry.to_numpy()[alive]
    own = _delivered_heights(delivered[alive], shapes, source, city, geoid)
    z = filled(shapes, own)
    vertices = _whole(shapes, z)
    _tell_filled(table[alive], vertices & ~_whole(shapes, own), verdicts)
    ends, measured = _ends(table[alive], shapes, source, city, geoid, ground)
    by_ends = ~vertices & np.isfinite(ends).all(axis=1)
    even = between(shapes, ends[:, 0], ends[:, 1])
    owner = shapely.get_coordinates(shapes, return_index=True)[1]
    z = np.where(vertices[owner], z, np.where(by_ends[owner], even, np.nan))
    basis = np.select([vertices, by_ends & measured, by_ends], ["vertices", "ends", "depths"], "unknown")
    stated = table["height_basis"].to_numpy(dtype=object)[alive]
    basis = np.where((basis == "vertices") & np.isin(stated, ["ends", "depths"]), stated, basis)
    for row in table.index[alive][basis == "unknown"]:
        verdicts.issues.append(Issue("height_unknown", _UNKNOWN, int(row)))
    solid = np.full(len(table), None, dtype=object)
    solid[alive] = raised(shapes, z)
    table["raised"] = pd.Series(solid, index=table.index, dtype=object)
    told = np.full(len(table), None, dtype=object)
    told[alive] = basis
    table["height_basis"] = pd.Series(told, index=table.index, dtype=object)
    return table


def _delivered_heights(
    delivered: ObjectArray, shapes: ObjectArray, source: Source, city: City, geoid: Geoid | None
) -> FloatArray:
    """Heights (k,) of the vertices as delivered, by the city's datum; NaN where there is none."""
    found, owner = shapely.get_coordinates(delivered, include_z=True, return_index=True)
    z = np.array(found[:, 2], dtype=np.float64)
    flat = np.ones(len(delivered), dtype=bool)
    flat[owner[np.isfinite(z) & (z != 0.0)]] = False
    z[flat[owner]] = np.nan
    if source.heights == "1985" or geoid is None:
        return z
    return to_city_heights(z, _lonlat(shapely.get_coordinates(shapes), city), source.heights, geoid)


def _ends(
    table: gpd.GeoDataFrame,
    shapes: ObjectArray,
    source: Source,
    city: City,
    geoid: Geoid | None,
    ground: Ground | None,
) -> tuple[FloatArray, BoolArray]:
    """Heights (n, 2) of both ends, NaN where unknown, and (n,) whether both were measured and not taken off the ground."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    numbers = np.arange(len(shapes))
    places = (np.searchsorted(owner, numbers), np.searchsorted(owner, numbers, side="right") - 1)
    found, measured = np.full((len(shapes), 2), np.nan), np.ones(len(shapes), dtype=bool)
    for side, name in enumerate(("start", "end")):
        lonlat = _lonlat(xy[places[side]], city)
        heights = _numbers(table, f"{name}_elevation_m")
        if source.heights != "1985" and geoid is not None:
            heights = to_city_heights(heights, lonlat, source.heights, geoid)
        below = _numbers(table, f"{name}_depth_m")
        wanted = ~np.isfinite(heights) & np.isfinite(below)
        measured &= ~wanted
        if wanted.any() and ground is not None:
            heights[wanted] = ground(lonlat[wanted]) - below[wanted]
        found[:, side] = heights
    return found, measured


def _numbers(table: gpd.GeoDataFrame, name: str) -> FloatArray:
    if name not in table:
        return np.full(len(table), np.nan)
    return np.array(cast("pd.Series[Any]", table[name]).astype(float).to_numpy(), dtype=np.float64, copy=True)


def _whole(shapes: ObjectArray, z: FloatArray) -> BoolArray:
    """(n,) whether every vertex has a height."""
    whole = np.ones(len(shapes), dtype=np.bool_)
    whole[shapely.get_coordinates(shapes, return_index=True)[1][~np.isfinite(z)]] = False
    return whole


def _tell_filled(table: gpd.GeoDataFrame, gaps: BoolArray, verdicts: Verdicts) -> None:
    for row in table.index[gaps]:
        message = "a vertex without a height between two that have one"
        verdicts.issues.append(Issue("height_gap", message, int(row), repaired="taken evenly between its neighbours"))


def _lonlat(xy: FloatArray, city: City) -> FloatArray:
    return frames.transform(xy, city.crs, frames.LONLAT)
