"""Surfaces of bodies, pure: brought into the city frame, judged, and asked for the numbers that their record does not tell.

Nothing is snapped: corners keep the float64 metres of the transformation.
"""

from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim import crs as frames
from cim.boundary import Boundary
from cim.city import City
from cim.geoid import Geoid, to_city_heights
from cim.geometry import centroids
from cim.plugins import Layer, Source
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray, RoofForm, Surface
from loaders.judging.field_values import as_text
from loaders.judging.keys import NAMED, is_naming
from loaders.judging.verdicts import Verdicts

_ASTRAY_M = 1.0  # the project's own default: eaves and rounding apart, surfaces lie over their footprint
_LEAST_HEIGHT_M = 0.01  # what is flatter than this is an outline, not a body
_LARGEST_ID = 2**63
_USUAL_LOD = 2.0


def refuse_strange_names(table: gpd.GeoDataFrame, source: Source, layer: Layer, verdicts: Verdicts) -> None:
    """Reject records that name a building by what is no id of one."""
    if not is_naming(source, layer):
        return
    strange = [name is not None and not _is_id(name) for name in table[NAMED].tolist()]
    message = "building: names none by its id, a whole number as /ogc gives it"
    verdicts.reject(verdicts.alive() & np.array(strange, dtype=np.bool_), "building_unknown", message)


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdigit() and int(name) < _LARGEST_ID


def place(
    table: gpd.GeoDataFrame, crs: str, source: Source, city: City, verdicts: Verdicts, geoid: Geoid | None = None
) -> gpd.GeoDataFrame:
    """The table with its surfaces in the city frame, and with height, base, eaves, roof form, level of detail and grade
    filled in where only the surfaces know them.

    table: columns as delivered, footprints in the city frame; without a column `boundary` it comes back as it is. base_m
    counts from what the source's heights count from, as a stated one does; the surfaces from the city's datum.
    """
    if "boundary" not in table:
        return table
    surfaces: ObjectArray = table["boundary"].to_numpy(dtype=object)
    _refuse_unplaced(surfaces, verdicts)
    rows = np.flatnonzero(verdicts.alive() & np.array([one is not None for one in surfaces], dtype=np.bool_))
    if len(rows) == 0:
        return table
    chosen, at, owner = _gathered(surfaces[rows])
    at[:, :2] = frames.transform(at[:, :2], crs, city.crs, datum_shift=source.datum_shift)
    astray = _astray(table.geometry.to_numpy()[rows], at, owner)
    flags = np.zeros(len(table), dtype=np.bool_)
    flags[rows[astray]] = True
    verdicts.reject(flags, "surfaces_elsewhere", "its surfaces lie elsewhere than its footprint")
    table = _numbers(table, rows, chosen, at[:, 2])
    lift = _lift(table, rows, chosen, source, city, geoid)
    at[:, 2] += lift[owner]
    ends = np.cumsum(np.bincount(owner, minlength=len(rows)))[:-1]
    moved = surfaces.copy()
    for row, boundary, corners in zip(rows.tolist(), chosen, np.split(at, ends), strict=True):
        moved[row] = boundary.at(corners)
    table["boundary"] = pd.Series(moved, index=table.index, dtype=object)
    return table


def _gathered(surfaces: ObjectArray) -> tuple[list[Boundary], FloatArray, IntArray]:
    """The bodies as a list, all their corners (v, 3), and which body each belongs to (v,)."""
    chosen = cast("list[Boundary]", surfaces.tolist())
    corners = [boundary.positions() for boundary in chosen]
    owner = np.repeat(np.arange(len(chosen)), [len(at) for at in corners])
    return chosen, np.concatenate(corners), owner


def _refuse_unplaced(surfaces: ObjectArray, verdicts: Verdicts) -> None:
    """Bodies without any surface, and those with a corner that is nowhere."""
    alive = verdicts.alive()
    bare, lost = np.zeros(len(surfaces), dtype=np.bool_), np.zeros(len(surfaces), dtype=np.bool_)
    for row in np.flatnonzero(alive).tolist():
        boundary = surfaces[row]
        if boundary is not None:
            bare[row] = len(boundary) == 0 or bool(shapely.is_empty(boundary.polygons).any())
            lost[row] = not bare[row] and not np.isfinite(boundary.positions()).all()
    verdicts.reject(bare, "surfaces_empty", "a body without surfaces, or with an empty one")
    verdicts.reject(
        lost, "surfaces_not_finite", "a corner of its surfaces has a coordinate or height that is no number"
    )


def _astray(footprints: ObjectArray, at: FloatArray, owner: IntArray) -> BoolArray:
    """Bodies (n,) whose surfaces have no place in common with their footprints."""
    west, south, east, north = shapely.bounds(footprints).T
    count = len(footprints)
    with np.errstate(invalid="ignore"):
        low, high = _least(at, owner, count), -_least(-at, owner, count)
        apart = (low[:, 0] > east + _ASTRAY_M) | (high[:, 0] < west - _ASTRAY_M)
        apart |= (low[:, 1] > north + _ASTRAY_M) | (high[:, 1] < south - _ASTRAY_M)
    return np.asarray(apart | ~np.isfinite(low).all(axis=1) | ~np.isfinite(high).all(axis=1))


def _least(values: FloatArray, owner: IntArray, count: int) -> FloatArray:
    """The least of each column by owner (n, k); owners rise and each has a value."""
    return np.asarray(np.minimum.reduceat(values, np.searchsorted(owner, np.arange(count)), axis=0))


def _numbers(table: gpd.GeoDataFrame, rows: IntArray, chosen: list[Boundary], z: FloatArray) -> gpd.GeoDataFrame:
    """Fill in what the surfaces alone know. z: heights of all their corners, as the source counts them."""
    told: dict[str, list[Any]] = {
        name: [] for name in ("height_m", "base_m", "eaves_m", "roof_form", "lod", "cim_level")
    }
    begin = 0
    lods = pd.to_numeric(table["lod"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    bases = pd.to_numeric(table["base_m"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    for boundary, lod, stated in zip(chosen, lods.tolist(), bases.tolist(), strict=True):
        end = begin + int(shapely.get_num_coordinates(boundary.polygons).sum())
        here, begin = z[begin:end], end
        base = 0.0 if boundary.above_base else stated if stated == stated else float(here.min())
        height, solid = float(here.max()) - base, float(np.ptp(here)) >= _LEAST_HEIGHT_M
        level = lod if lod == lod else _USUAL_LOD
        told["height_m"].append(height if solid else None)
        told["base_m"].append(None if boundary.above_base or not solid else base)
        told["eaves_m"].append(_eaves(boundary, here, base) if solid else None)
        told["roof_form"].append(RoofForm.other.name if solid and level >= 2.0 else None)
        told["lod"].append(level)
        told["cim_level"].append("L3" if level >= 2.0 else "L2")
    for name, values in told.items():
        table[name] = _filled(table[name], rows, values)
    return table


def _eaves(boundary: Boundary, z: FloatArray, base: float) -> float | None:
    """How far above the base the lowest roof surface begins; None where no surface is a roof's, or it lies below."""
    corner = np.repeat(boundary.surface, shapely.get_num_coordinates(boundary.polygons)) == Surface.roof
    lowest = float(z[corner].min()) - base if corner.any() else -1.0
    return lowest if lowest >= 0.0 else None


def _filled(column: "pd.Series[Any]", rows: IntArray, values: list[Any]) -> "pd.Series[Any]":
    """The column with these values where it is silent."""
    found = column.astype(object).to_numpy(dtype=object, copy=True)
    for row, value in zip(rows.tolist(), values, strict=True):
        if value is not None and as_text(found[row]) is None:
            found[row] = value
    return pd.Series(found, index=column.index, dtype=object)


def _lift(
    table: gpd.GeoDataFrame, rows: IntArray, chosen: list[Boundary], source: Source, city: City, geoid: Geoid | None
) -> FloatArray:
    """What is added to the heights of each body (n,): one value, that of its base, so that it is not sheared."""
    lift = np.zeros(len(rows))
    if source.heights == "1985" or geoid is None:
        return lift
    lonlat = frames.transform(centroids(table.geometry.to_numpy()[rows]), city.crs, frames.LONLAT)
    found = to_city_heights(lift, lonlat, source.heights, geoid)
    return np.where([boundary.above_base for boundary in chosen], 0.0, found)
