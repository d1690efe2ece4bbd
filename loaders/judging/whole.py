"""Checks that need the whole source: keys that come again, overlaps, gaps, a shift from what is held, too many of a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from cim import crs as frames
from cim.city import City
from cim.errors import BadInput
from cim.plugins import Layer, Source
from cim.store import divisions, staged
from cim.store.db import Connection
from cim.types import Issue, Report
from loaders.judging import coverage, placement
from loaders.judging.overlaps import pairs

_PIECES_M = 0.5
_COVERAGES = ("divisions", "division_codes", "unit_grids")
_WINDOW_M, _REACH_M = 2_000.0, 2_000.0
_REPORTED = 200_000


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: issues in the order of rows, and the rows that are to be set aside, each with its reason."""

    issues: tuple[Issue, ...]
    rejected: Mapping[int, tuple[str, str]]


def judge(connection: Connection, source: Source, layer: Layer, city: City) -> Findings:
    """Look at all that is staged. Pieces are put together and repeats taken out of the staging tables.

    Raises BadInput where the source lies beside what is held by the shift of a mistaken CRS, unless its owner accepts it.
    """
    staged.index(connection)
    issues, rejected = _keys(connection, layer, city)
    if layer.geometry != "none":
        _refuse_shifted(connection, source, layer, city)
    if layer.name == "buildings":
        issues += _overlaps(connection, city)
    if layer.name in _COVERAGES:
        frame = staged.frame(connection, city.crs)
        issues += coverage.check(layer, frame, divisions.held(connection).tree) if len(frame) else []
    return Findings(tuple(issues), rejected)


def refusal(report: Report, city: City, source: Source) -> str | None:
    """Why this load may not be published, if it may not: too many rejected in all, or too many of one code."""
    spared = sum(report.codes.get(code, 0) for code in source.accept)
    codes = ", ".join(f"{code} {n}" for code, n in sorted(report.codes.items(), key=lambda kv: -kv[1])[:4])
    share = city.limits.max_rejected_share
    if report.read and report.rejected - spared > share * report.read:
        return (
            f"{report.source}: {report.rejected} of {report.read} records rejected ({codes}), more than the "
            f"{share:.0%} that the city file allows; nothing of it was published"
        )
    for code, most in city.limits.max_share.items():
        count = report.codes.get(code, 0)
        if code not in source.accept and report.read and count > most * report.read:
            return (
                f"{report.source}: {count} of {report.read} records have {code}, more than the {most:.1%} that "
                f"limits.max_share allows; nothing of it was published"
            )
    return None


def _keys(connection: Connection, layer: Layer, city: City) -> tuple[list[Issue], dict[int, tuple[str, str]]]:
    """One object a key: pieces of one polygon cut at a tile edge are put together, other repeats are set aside."""
    issues: list[Issue] = []
    rejected: dict[int, tuple[str, str]] = {}
    absorbed: list[int] = []
    for group in list(staged.repeated(connection, lods=layer.name == "buildings")):
        first, shape = group.rows[0], group.shapes[0]
        for row, other in zip(group.rows[1:], group.shapes[1:], strict=True):
            union = _joined(shape, other) if layer.geometry == "polygon" and not group.whole else None
            if union is None:
                message = f"{layer.key} {group.key} occurs earlier, in row {first}"
                rejected[row] = ("duplicate_key", message)
            else:
                shape = union
                absorbed.append(row)
                message = f"{layer.key} {group.key} again, touching row {first}: a piece of the same polygon"
                issues.append(Issue("piece", message, row, repaired=f"put together with row {first}"))
        if shape is not group.shapes[0] and shape is not None:
            staged.reshape(connection, first, shape, city.srid)
    staged.remove(connection, [*absorbed, *rejected])
    return issues, rejected


def _joined(shape: shapely.Geometry | None, other: shapely.Geometry | None) -> shapely.Geometry | None:
    """Two shapes as one where they are pieces of it: they touch, and neither lies within the other."""
    if shape is None or other is None or shapely.distance(shape, other) >= _PIECES_M:
        return None
    union = shapely.union_all([shape, other])
    larger = max(float(shapely.area(shape)), float(shapely.area(other)))
    return union if float(shapely.area(union)) > larger * 1.0001 else None


def _refuse_shifted(connection: Connection, source: Source, layer: Layer, city: City) -> None:
    xy, held = staged.beside_held(connection, layer, _WINDOW_M, _REACH_M)
    offset = placement.judge(xy, held, city.crs)
    if offset is not None and offset.code not in source.accept:
        raise BadInput(f"{source.location}: {offset.message}")


def _overlaps(connection: Connection, city: City) -> list[Issue]:
    """Buildings that share more of their ground than they may, and such as stand there twice."""
    rows, boxes = staged.boxes(connection)
    issues: list[Issue] = []
    for found in pairs(boxes):
        a, b = staged.shapes(connection, rows[found[:, 0]]), staged.shapes(connection, rows[found[:, 1]])
        shared = shapely.area(shapely.intersection(a, b))
        areas = np.column_stack([shapely.area(a), shapely.area(b)])
        share, both = shared / areas.min(axis=1), shared / areas.max(axis=1)
        above = np.flatnonzero(share > city.limits.overlap_share)
        keys = staged.keys(connection, rows[np.unique(found[above])].tolist()) if len(above) else {}
        for at in above.tolist():
            first, second = sorted((int(rows[found[at, 0]]), int(rows[found[at, 1]])))
            if keys[first] == keys[second]:
                continue  # one building at two levels of detail
            if both[at] > 0.999:
                code, message = "duplicate_geometry", f"the same footprint as row {first}, under another key"
            else:
                code, message = (
                    "overlap",
                    f"shares {shared[at]:.1f} m² ({share[at]:.0%} of the smaller) with row {first}",
                )
            issues.append(Issue(code, message, second, at=_lonlat(a[at], city)))
        if len(issues) > _REPORTED:
            break
    return sorted(issues, key=lambda issue: issue.row or 0)


def _lonlat(shape: shapely.Geometry, city: City) -> tuple[float, float]:
    x, y = shapely.get_coordinates(shapely.centroid(shape))[0].tolist()
    lon, lat = frames.transform(np.array([[x, y]]), city.crs, frames.LONLAT)[0].round(7).tolist()
    return lon, lat


def set_aside(connection: Connection, rows: Sequence[int]) -> None:
    """Take records out of what is staged."""
    staged.remove(connection, rows)


def rejected_issues(rejected: Mapping[int, tuple[str, str]]) -> Sequence[Issue]:
    """The records set aside, as issues."""
    return [Issue(code, message, row, rejected=True) for row, (code, message) in sorted(rejected.items())]
