"""Checks and repairs of vector records, pure: a batch in, what is let in and what is not out, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim import crs as frames
from cim.city import City
from cim.plugins import Batch, Layer, Source
from cim.types import Issue, ObjectArray, Rejected
from loaders.attributes import clean, provenance, wide

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


class _Verdicts:
    """Collects reasons while a batch is judged; a record may gather several before it is set aside."""

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self.frame = frame
        self.issues: list[Issue] = []
        self._codes: dict[int, list[tuple[str, str]]] = {}
        self._absorbed: set[int] = set()

    def absorb(self, row: int) -> None:
        """Take a record out whose content now stands in another one."""
        self._absorbed.add(row)

    def reject(self, bad: "pd.Series[bool] | np.ndarray[Any, Any]", code: str, message: str) -> None:
        """Set aside the records where `bad`; they keep their place until `split`."""
        for row in self.frame.index[np.asarray(bad, dtype=bool)]:
            self._codes.setdefault(int(row), []).append((code, message))

    def alive(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(n,) which records are still in."""
        return ~np.asarray(self.frame.index.isin([*self._codes, *self._absorbed]))

    def split(self, originals: gpd.GeoDataFrame) -> tuple[Rejected, ...]:
        """The rejected records, as they came."""
        for row, found in self._codes.items():
            self.issues += [Issue(code, message, row) for code, message in found]
        return tuple(
            Rejected(
                row=row,
                codes=tuple(code for code, _ in found),
                reason="; ".join(message for _, message in found),
                content=_content(originals.loc[row]),
            )
            for row, found in sorted(self._codes.items())
        )


def check(batch: Batch, source: Source, layer: Layer, city: City, seen: set[str]) -> Checked:
    """Judge every record of a batch.

    seen: keys met in earlier batches of the same source; grows. Nothing raises for a bad record: it is repaired and
    named, or rejected whole. Geometry comes back in the city frame, valid, of the layer's kind, within the extent.
    """
    table = wide(batch.frame, source, layer)
    verdicts = _Verdicts(table)
    _check_geometry(table, layer, verdicts)
    table = _project(table, batch.crs, city, verdicts)
    _repair(table, layer, city, verdicts)
    table = clean(table, layer, city, verdicts)
    table = provenance(table)
    table = _check_keys(table, layer, seen, verdicts)
    return Checked(
        frame=cast(gpd.GeoDataFrame, table[verdicts.alive()]),
        rejected=verdicts.split(batch.frame),
        issues=tuple(verdicts.issues),
    )


def _content(record: "pd.Series[Any]") -> Mapping[str, Any]:
    """A record as JSON-able fields: geometry as WKT, everything else as it came."""
    out: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, shapely.Geometry):
            out[str(name)] = shapely.to_wkt(value, rounding_precision=-1)
        elif value is None or (isinstance(value, float) and not np.isfinite(value)):
            out[str(name)] = None if value is None or np.isnan(value) else str(value)
        else:
            out[str(name)] = value.item() if isinstance(value, np.generic) else value
        if not isinstance(out[str(name)], str | int | float | bool | None | list | dict):
            out[str(name)] = str(out[str(name)])
    return out


def _check_geometry(table: gpd.GeoDataFrame, layer: Layer, verdicts: _Verdicts) -> None:
    shapes: ObjectArray = table.geometry.to_numpy()
    absent = shapely.is_missing(shapes)
    verdicts.reject(absent, "geometry_missing", "no geometry; expected a " + layer.geometry)
    empty = ~absent & shapely.is_empty(shapes)
    verdicts.reject(empty, "geometry_empty", "an empty geometry; expected a " + layer.geometry)
    there = ~absent & ~empty
    finite = np.array([bool(np.isfinite(shapely.get_coordinates(s)).all()) for s in shapes[there]], dtype=bool)
    infinite = np.zeros(len(shapes), dtype=bool)
    infinite[np.flatnonzero(there)[~finite]] = True
    verdicts.reject(infinite, "coordinates_not_finite", "a coordinate is NaN or infinite")
    kinds = shapely.get_type_id(shapes)
    wrong = there & ~infinite & ~np.isin(kinds, _KINDS[layer.geometry])
    verdicts.reject(wrong, "geometry_type", f"not a {layer.geometry}, as layer {layer.name} needs")


def _project(table: gpd.GeoDataFrame, crs: str, city: City, verdicts: _Verdicts) -> gpd.GeoDataFrame:
    """Move geometry into the city frame, 2-D; what lies outside the extent is rejected."""
    alive = verdicts.alive()
    shapes = shapely.force_2d(table.geometry.to_numpy()[alive])
    counts = shapely.get_num_coordinates(shapes)
    xy = frames.transform(shapely.get_coordinates(shapes), crs, city.crs)
    box = city.frame_box(margin_m=1_000.0)
    owner = np.repeat(np.arange(len(shapes)), counts)
    out = ~((xy[:, 0] >= box.west) & (xy[:, 0] <= box.east) & (xy[:, 1] >= box.south) & (xy[:, 1] <= box.north))
    outside = np.zeros(len(shapes), dtype=bool)
    outside[owner[out]] = True
    moved = np.array(table.geometry.to_numpy(), dtype=object)
    kept = shapes.copy()
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


def _repair(table: gpd.GeoDataFrame, layer: Layer, city: City, verdicts: _Verdicts) -> None:
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


def _check_keys(table: gpd.GeoDataFrame, layer: Layer, seen: set[str], verdicts: _Verdicts) -> gpd.GeoDataFrame:
    """One object a key: pieces of one polygon cut at a tile edge are put together, other repeats are rejected."""
    alive = verdicts.alive()
    keys = table["source_key"].astype(str)
    repeated = alive & keys.duplicated(keep=False).to_numpy()
    table = table.copy()
    for key, rows in table[repeated].groupby(keys[repeated], sort=False).groups.items():
        _merge_pieces(table, str(key), [int(r) for r in rows], layer, verdicts)
    alive = verdicts.alive()
    again = alive & keys.isin(seen).to_numpy()
    verdicts.reject(again, "duplicate_key", f"{layer.key} occurs earlier in the same source")
    seen.update(keys[alive & ~again])
    return cast(gpd.GeoDataFrame, table)


def _merge_pieces(table: gpd.GeoDataFrame, key: str, rows: list[int], layer: Layer, verdicts: _Verdicts) -> None:
    first = rows[0]
    shape = table.geometry.loc[first]
    for row in rows[1:]:
        other = table.geometry.loc[row]
        touching = layer.geometry == "polygon" and shapely.distance(shape, other) < 0.5
        union = shapely.union_all([shape, other]) if touching else shape
        if touching and union.area > shape.area * 1.0001 and union.area > other.area * 1.0001:
            shape = union
            verdicts.absorb(row)
            message = f"{layer.key} {key} again, touching row {first}: a piece of the same polygon"
            verdicts.issues.append(Issue("piece", message, row, repaired=f"put together with row {first}"))
        else:
            verdicts.reject(table.index == row, "duplicate_key", f"{layer.key} {key} occurs earlier, in row {first}")
    table.loc[[first], "geometry"] = gpd.GeoSeries([shape], index=[first])
