"""Checks and repairs of vector records, pure: a batch in, what is let in and what is not out, each with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim import crs as frames
from cim.city import City
from cim.geoid import Geoid, to_city_heights
from cim.geometry import centroids
from cim.plugins import Batch, Layer, Source
from cim.types import Issue, ObjectArray, Rejected
from loaders.judging import surfaces
from loaders.judging.agreement import agree
from loaders.judging.attributes import clean, provenance, validity, wide
from loaders.judging.bodies import tell_bases
from loaders.judging.raising import Ground, raise_lines
from loaders.judging.verdicts import Verdicts

_KINDS = {"polygon": (3, 6), "line": (1, 5), "point": (0, 4)}  # shapely type ids, single and multi


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a batch.

    frame: the accepted records, geometry in the city frame, canonical columns, index = row number in the source.
    issues: what was found (repaired ones say how). rejected: whole records, with reasons.
    """

    frame: gpd.GeoDataFrame
    issues: tuple[Issue, ...]
    rejected: tuple[Rejected, ...]


@np.errstate(over="ignore", invalid="ignore")  # coordinates beyond all measure are judged, not warned of
def check(
    batch: Batch,
    source: Source,
    layer: Layer,
    city: City,
    geoid: Geoid | None = None,
    ground: Ground | None = None,
) -> Checked:
    """Judge every record of a batch.

    geoid: for sources whose heights are ellipsoidal. ground: for lines of which only the depth is known, and to hold stated
    bases of buildings against. Nothing raises for a bad record: it is repaired and named, or rejected whole. Geometry comes
    back in the city frame, valid, of the layer's kind, within the extent (with heights in a column `raised`, where the layer
    has them); layers without places and deliveries that only name what ends have none. Whether a key comes twice is judged
    over the whole source.
    """
    table = wide(batch.frame, source, layer)
    verdicts = Verdicts(table)
    placed = layer.geometry != "none" and source.mode != "terminate"
    delivered: ObjectArray = table.geometry.to_numpy()
    if placed:
        _check_geometry(table, layer, verdicts)
        table = _project(table, batch.crs, source, city, verdicts)
        _repair(table, layer, city, verdicts)
        table = surfaces.place(table, batch.crs, source, city, verdicts, geoid)
    surfaces.refuse_strange_names(table, source, layer, verdicts)
    if source.mode == "terminate":
        _refuse_nameless(table, layer, verdicts)
    else:
        table = clean(table, layer, city, verdicts)
        agree(table, layer, city, verdicts)
        table = provenance(table, verdicts)
        if layer.z:
            table = raise_lines(table, delivered, source, city, verdicts, geoid=geoid, ground=ground)
    table = validity(table, city.time_zone, verdicts)
    table = _based(table, source, layer, city, verdicts, geoid, ground)
    found = verdicts.split(batch.frame)
    places = _places(batch, table, source, city, {issue.row for issue in (*verdicts.issues, *batch.issues)})
    rejected = (*found, *batch.damaged)
    return Checked(
        frame=cast(gpd.GeoDataFrame, table[verdicts.alive()]),
        issues=tuple(
            replace(issue, at=places.get(cast(int, issue.row))) if issue.at is None else issue
            for issue in (*verdicts.issues, *batch.issues, *_told(batch.damaged))
        ),
        rejected=tuple(replace(r, at=places.get(r.row)) if r.at is None else r for r in rejected),
    )


def _told(damaged: Iterable[Rejected]) -> list[Issue]:
    """Damaged records as issues of the report."""
    return [Issue(code, r.reason, r.row, rejected=True, at=r.at) for r in damaged for code in r.codes]


def _refuse_nameless(table: gpd.GeoDataFrame, layer: Layer, verdicts: Verdicts) -> None:
    blank = table["source_key"].isna().to_numpy()
    verdicts.reject(blank, "key_missing", f"no {layer.key}, which identifies the record")


def _check_geometry(table: gpd.GeoDataFrame, layer: Layer, verdicts: Verdicts) -> None:
    shapes: ObjectArray = table.geometry.to_numpy()
    absent = shapely.is_missing(shapes)
    verdicts.reject(absent, "geometry_missing", "no geometry; expected a " + layer.geometry)
    empty = ~absent & shapely.is_empty(shapes)
    verdicts.reject(empty, "geometry_empty", "an empty geometry; expected a " + layer.geometry)
    there = ~absent & ~empty
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    infinite = np.zeros(len(shapes), dtype=bool)
    infinite[owner[~np.isfinite(xy).all(axis=1)]] = True
    infinite &= there
    verdicts.reject(infinite, "coordinates_not_finite", "a coordinate is NaN or infinite")
    kinds = shapely.get_type_id(shapes)
    wrong = there & ~infinite & ~np.isin(kinds, _KINDS[layer.geometry])
    verdicts.reject(wrong, "geometry_type", f"not a {layer.geometry}, as layer {layer.name} needs")


def _project(table: gpd.GeoDataFrame, crs: str, source: Source, city: City, verdicts: Verdicts) -> gpd.GeoDataFrame:
    """Move geometry into the city frame, 2-D; what lies outside the extent is rejected."""
    alive = verdicts.alive()
    shapes = table.geometry.to_numpy()[alive]
    if shapely.has_z(shapes).any() or shapely.has_m(shapes).any():
        shapes = shapely.force_2d(shapes)
    counts = shapely.get_num_coordinates(shapes)
    xy = frames.transform(shapely.get_coordinates(shapes), crs, city.crs, datum_shift=source.datum_shift)
    box = city.frame_box(margin_m=1_000.0)
    owner = np.repeat(np.arange(len(shapes)), counts)
    out = ~((xy[:, 0] >= box.west) & (xy[:, 0] <= box.east) & (xy[:, 1] >= box.south) & (xy[:, 1] <= box.north))
    outside = np.zeros(len(shapes), dtype=bool)
    outside[owner[out]] = True
    moved = np.array(table.geometry.to_numpy(), dtype=object)
    kept = shapes.copy()
    if crs != city.crs:
        kept[~outside] = shapely.set_coordinates(shapes[~outside].copy(), xy[~outside[owner]])
    moved[alive] = kept
    flags = np.zeros(len(table), dtype=bool)
    flags[np.flatnonzero(alive)[outside]] = True
    e = city.extent
    verdicts.reject(
        flags,
        "outside_city",
        f"lies outside the city ({e.west}..{e.east} E, {e.south}..{e.north} N) when read as {crs[:60]}",
    )
    return cast(gpd.GeoDataFrame, table.set_geometry(gpd.GeoSeries(moved, index=table.index)))


def _repair(table: gpd.GeoDataFrame, layer: Layer, city: City, verdicts: Verdicts) -> None:
    """Mend invalid rings in place; reject what is left with no extent."""
    alive = verdicts.alive()
    shapes = np.array(table.geometry.to_numpy(), dtype=object)
    bad = alive & ~shapely.is_valid(shapes)
    if layer.geometry == "polygon" and bad.any():
        reasons = shapely.is_valid_reason(shapes[bad])
        fixed = [_polygonal(shapely.make_valid(s)) for s in shapes[bad]]
        for row, reason, shape in zip(table.index[bad], reasons, fixed, strict=True):
            if not shapely.is_empty(shape):
                what = str(reason).split("[")[0].strip().lower().replace(" ", "_").replace("-", "_")
                message = f"{reason} (city frame): rings were not simple"
                verdicts.issues.append(Issue(what, message, int(row), repaired="rings rebuilt with make_valid"))
        shapes[bad] = fixed
    if layer.geometry == "polygon":
        least = city.limits.min_footprint_m2 if layer.name == "buildings" else 0.01
        small = alive & (shapely.area(shapes) < least)
        verdicts.reject(small, "area_too_small", f"area under {least:g} m²: a sliver or a line")
    elif layer.geometry == "line":
        verdicts.reject(alive & (shapely.length(shapes) < 0.01), "length_zero", "a line of no length")
    table.geometry = gpd.GeoSeries(shapes, index=table.index)


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """The polygon parts of whatever make_valid answered, without crumbs."""
    parts = [p for p in shapely.get_parts(shape).tolist() if p.geom_type in ("Polygon", "MultiPolygon") and p.area > 0]
    polygons = [q for p in parts for q in shapely.get_parts(p).tolist()]
    if not polygons:
        return shapely.Polygon()
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _city_heights(table: gpd.GeoDataFrame, city: City, geoid: Geoid) -> "pd.Series[Any]":
    """Ground heights counted from the ellipsoid, counted from the city's datum instead."""
    heights = cast("pd.Series[Any]", table["base_m"].astype(float))
    known = heights.notna().to_numpy()
    if not known.any():
        return heights
    lonlat = frames.transform(centroids(table.geometry.to_numpy()[known]), city.crs, frames.LONLAT)
    heights[known] = to_city_heights(heights[known].to_numpy(), lonlat, "ellipsoidal", geoid)
    return heights


def _based(
    table: gpd.GeoDataFrame,
    source: Source,
    layer: Layer,
    city: City,
    verdicts: Verdicts,
    geoid: Geoid | None,
    ground: Ground | None,
) -> gpd.GeoDataFrame:
    """The table with bases in the city's datum, held against the elevation model."""
    if source.heights == "ellipsoidal" and "base_m" in table and geoid is not None:
        table["base_m"] = _city_heights(table, city, geoid)
    if layer.name == "buildings" and source.mode != "terminate":
        tell_bases(table, city, ground, verdicts)
    return table


def _places(
    batch: Batch, table: gpd.GeoDataFrame, source: Source, city: City, rows: set[int | None]
) -> dict[int, tuple[float, float]]:
    """Where records that something was found with lie, lon/lat, as far as their coordinates can be read as declared."""
    wanted = table.index.isin([row for row in rows if row is not None])
    xy = centroids(batch.frame.geometry.to_numpy()[wanted])
    known = np.isfinite(xy).all(axis=1)
    if not known.any():
        return {}
    lonlat = frames.transform(xy[known], batch.crs, frames.LONLAT, datum_shift=source.datum_shift)
    sane = np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat) <= [180.0, 90.0]).all(axis=1)
    index = table.index[wanted][known][sane]
    return {int(row): (round(x, 7), round(y, 7)) for row, (x, y) in zip(index, lonlat[sane].tolist(), strict=True)}
