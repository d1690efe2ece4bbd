"""Coverages as a whole: gaps and overlaps between divisions or unit grids, and codes that do not fit their parents."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim import crs as frames
from cim import divisions
from cim.divisions import Tree
from cim.errors import BadInput
from cim.plugins import Layer
from cim.types import Issue, ObjectArray

SLIVER_M2 = 1.0
"""Gaps and overlaps up to this area are the rounding of coordinates, not faults."""
SLIT_M = 2.0
"""A slit between neighbours that opens to the outside is a gap up to this width; a wider one is a bay of the outline."""


def check(layer: Layer, frame: gpd.GeoDataFrame, table: Tree | None = None) -> list[Issue]:
    """What is wrong with a source as a whole; nothing for layers that are no coverage. The records stay in.

    frame: what was accepted, city frame, its index the rows of the source; `code` and, for divisions, `parent`.
    table: the divisions that the store knows, for old and statistical codes.
    """
    if layer.name == "divisions":
        return [*check_codes(frame, table), *check_coverage(frame)]
    if layer.name == "division_codes":
        return check_codes(frame, table)
    if layer.name == "unit_grids":
        return check_coverage(frame)
    return []


def check_coverage(frame: gpd.GeoDataFrame, sliver_m2: float = SLIVER_M2, slit_m: float = SLIT_M) -> list[Issue]:
    """Notes `division_overlap` (two units share more than `sliver_m2`) and `division_gap` (ground that the units of one
    parent enclose, or nearly, and that belongs to none), among units of the same level and parent.

    frame: `code` and polygons in the city frame (metres); its index is the row. Units without a code that can be read are
    passed over: `check_codes` names them. `at` is a point in the gap or overlap, where the frame says its CRS.
    """
    crs = None if frame.crs is None else frame.crs.to_string()
    issues: list[Issue] = []
    for rows in _groups(frame):
        part = frame.loc[rows]
        shapes = np.array(part.geometry.to_numpy(), dtype=object)
        codes = [str(code) for code in part["code"]]
        issues += _overlaps(shapes, codes, rows, sliver_m2, crs)
        issues += _gaps(shapes, codes, sliver_m2, slit_m, crs)
    return issues


def check_codes(frame: gpd.GeoDataFrame, table: Tree | None = None) -> list[Issue]:
    """Notes on codes: what `Tree.of` finds, and `old_code` and `statistical_code` as the table or the records know them."""
    records = frame.drop(columns=frame.geometry.name) if isinstance(frame, gpd.GeoDataFrame) else frame
    plain = records.astype(object).where(records.notna(), None).to_dict("records")
    own = Tree.of(divisions.unit({str(k): v for k, v in record.items()}) for record in plain)
    rows = [int(row) for row in frame.index]
    issues = [Issue(i.code, i.message, None if i.row is None else rows[i.row - 1]) for i in own.issues]
    for row, code in zip(rows, frame["code"], strict=True):
        issues += _standing(row, str(code), own, table)
    return issues


def _standing(row: int, code: str, own: Tree, table: Tree | None) -> Iterator[Issue]:
    """Whether a record of units in force names one that is not, or one that the statistics only know.

    A record that says of itself that it is old or statistical is no surprise.
    """
    try:
        code = divisions.normal(code)
    except BadInput:
        return
    if table is None:
        return
    if table.is_old(code) and not own.is_old(code):
        new = ", ".join(f"{c.code} {c.name or ''}".strip() for c in table.resolve(code))
        yield Issue("old_code", f"{code} is no longer in force; today: {new or 'not known'}", row)
    elif table.is_statistical(code) and not own.is_statistical(code):
        yield Issue("statistical_code", f"{code} is a code of the statistics, no division of GB/T 2260", row)


def _groups(frame: gpd.GeoDataFrame) -> list[list[int]]:
    """The rows of units that have the same level and the same parent."""
    keys: dict[tuple[str, str | None], list[int]] = {}
    stated = frame["parent"] if "parent" in frame else pd.Series(None, index=frame.index, dtype=object)
    for row, code, above, shape in zip(frame.index, frame["code"], stated, frame.geometry, strict=True):
        if shape is None or shape.is_empty:
            continue
        try:
            key = (divisions.level(str(code)), str(above) if isinstance(above, str) else divisions.parent(str(code)))
        except BadInput:
            continue
        keys.setdefault(key, []).append(int(row))
    return list(keys.values())


def _overlaps(shapes: ObjectArray, codes: list[str], rows: list[int], least: float, crs: str | None) -> list[Issue]:
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    common = shapely.intersection(shapes[first], shapes[second])
    area = shapely.area(common)
    issues = []
    for n in np.flatnonzero(area > least).tolist():
        a, b = int(first[n]), int(second[n])
        said = f"{codes[b]} overlaps {codes[a]} (row {rows[a]}) by {area[n]:,.0f} m²"
        issues.append(Issue("division_overlap", said, rows[b], at=_where(common[n], crs)))
    return issues


def _gaps(shapes: ObjectArray, codes: list[str], least: float, slit_m: float, crs: str | None) -> list[Issue]:
    """Holes of the union, and slits: what closing the union by the width of a slit adds between two units."""
    if len(shapes) < 2:
        return []
    union = shapely.union_all(shapes)
    parts = shapely.get_parts(union)
    whole = shapely.union_all([shapely.polygons(ring) for ring in shapely.get_exterior_ring(parts)])
    holes = shapely.get_parts(shapely.difference(whole, union))
    closed = shapely.buffer(shapely.buffer(whole, slit_m / 2, join_style="mitre"), -slit_m / 2, join_style="mitre")
    slits = shapely.get_parts(shapely.difference(closed, whole))
    tree = shapely.STRtree(shapes)
    issues = []
    for gap in [*holes.tolist(), *slits[shapely.area(slits) > least].tolist()]:
        near = tree.query(gap, predicate="dwithin", distance=1e-3)
        # Closing also fills the notches of a single outline: those lie between nobody.
        if gap.area > least and (len(near) > 1 or shapely.intersects(whole, gap.representative_point())):
            between = ", ".join(sorted(codes[n] for n in near.tolist())[:6])
            issues.append(
                Issue(
                    "division_gap", f"{gap.area:,.0f} m² between {between} belong to none of them", at=_where(gap, crs)
                )
            )
    return issues


def _where(shape: shapely.Geometry, crs: str | None) -> tuple[float, float] | None:
    if crs is None:
        return None
    xy = shapely.get_coordinates(shapely.point_on_surface(shape))
    lon, lat = frames.transform(xy, crs, frames.LONLAT)[0].tolist()
    return (round(lon, 7), round(lat, 7))
