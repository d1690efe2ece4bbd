"""Roofs measured from loaded point clouds and surface models, as records with surfaces and a file ready for the pipeline."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely

from cim import crs as frames
from cim.boundary import Boundary
from cim.city import City
from cim.cityjson.exactness import whole_numbers
from cim.cityjson.writing import VERSION, Paints
from cim.cityjson.writing import write as as_objects
from cim.geometry import centroids
from cim.plugins import Source
from cim.roof_fit import MeasuredRoof, measured_roof
from cim.roof_fit.measured import NOT_CLOSED
from cim.store.measurable import Measurable
from cim.types import FloatArray, Issue, ObjectArray, Progress
from loaders.derived.roof_points import Made, Over

DATASET = "roofs_measured"
LOD = 2.2
NO_GROUND = "roof_no_ground"
OUT_OF_LIMITS = "roof_height_limits"
_STEP_M = np.array([1.0 / 4096.0, 1.0 / 4096.0, 1e-6])
Ground = Callable[[FloatArray], FloatArray]
"""Heights of the ground (n,) metres under lon/lat (n, 2) degrees, NaN where unknown."""

_REASONS = {
    "roof_no_points": "no point lies over it",
    "roof_few_points": "too few points lie over it for any plane",
    "roof_part_covered": "points lie over a part of it only: a level roof at their median",
    "roof_poor_fit": "its points agree with no arrangement of planes: the simple form that fits best",
    "roof_not_closed": "its planes bind no closed body: a simpler roof",
    "roof_outline_touches": "its outline touches itself, so that no body stands on it",
    NO_GROUND: "nobody knows the ground under it: no base, no elevation model, no ground in the cloud",
    OUT_OF_LIMITS: "its roof is lower or higher than buildings are (limits.building_height_m)",
}


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A measured building: its number, footprint and surfaces (heights above base_m), and what stands beside them."""

    building_id: int
    footprint: shapely.Geometry
    boundary: Boundary
    base_m: float
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """The buildings that were measured; which ones not, or with a simpler roof, and why: notes, and counts by code."""

    records: tuple[Record, ...]
    issues: tuple[Issue, ...]
    codes: dict[str, int]


def derive(buildings: Measurable, over: Over, ground: Ground, city: City, progress: Progress) -> Derived:
    """A roof for every building with points over it, by the rule of `cim.roof_fit`; those without get no note."""
    lonlat = frames.transform(centroids(buildings.footprint), city.crs, frames.LONLAT)
    base = _bases(buildings, over, ground(lonlat))
    records: list[Record] = []
    issues: list[Issue] = []
    rows = np.flatnonzero([len(one) > 0 for one in over.points])
    for done, row in enumerate(rows.tolist(), 1):
        shape, number = buildings.footprint[row], int(buildings.building_id[row])
        code: str | None = NO_GROUND
        if np.isfinite(base[row]):
            points = over.points[row] - [0.0, 0.0, base[row]]
            found = measured_roof(points, shape)
            code = found.reason if _within(found, points, city) else OUT_OF_LIMITS
            if found.boundary is not None and code != OUT_OF_LIMITS:
                record = Record(
                    number, shape, found.boundary, float(base[row]), _attributes(found, over.made_from[row])
                )
                records.append(record)
        if code is not None:
            lon, lat = (round(float(v), 7) for v in lonlat[row])
            issues.append(Issue(code, f"building {number}: {_REASONS[code]}", at=(lon, lat)))
        if done % 100 == 0 or done == len(rows):
            progress(done, len(rows), "roofs fitted")
    return Derived(tuple(records), tuple(issues), dict(Counter(issue.code for issue in issues)))


def _bases(buildings: Measurable, over: Over, ground: FloatArray) -> FloatArray:
    """What heights count from: the base that is known, else the elevation model, else the cloud's own ground."""
    base = np.where(np.isfinite(buildings.base_m), buildings.base_m, ground)
    return np.asarray(np.where(np.isfinite(base), base, over.ground).round(3))


def _within(found: MeasuredRoof, points: FloatArray, city: City) -> bool:
    """Whether a roof lies where roofs do; what made no body is judged by its points (m, 3), heights above the base: heights
    of another datum, or in another unit, are told as that and not as planes that do not close.
    """
    low, high = city.limits.building_height_m
    if found.boundary is None:
        return found.reason != NOT_CLOSED or bool(low <= np.median(points[:, 2]) <= high)
    return bool(low <= found.height_m <= high)


def _attributes(found: MeasuredRoof, made_from: tuple[Made, ...]) -> dict[str, Any]:
    scans = " and ".join(f"{dataset} version {version}" for dataset, version in made_from)
    told: dict[str, Any] = {
        "roof_form": found.form.name,
        "roof_basis": "measured",
        "height_m": round(found.height_m, 3),
        "height_basis": "dsm",
        "eaves_m": round(found.eaves_m, 3),
        "roof_faces": found.faces,
        **found.fit.properties(),
        "source": f"roof fitted to {scans}",
    }
    return told if found.reason is None else {**told, "roof_reason": found.reason}


def write(records: Sequence[Record], path: Path) -> None:
    """The records as CityJSONSeq, put in place when it is whole; the same records give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial_{path.name}")
    origin = np.floor(shapely.total_bounds([record.footprint for record in records])[:2])
    corner = np.array([*origin, 0.0])
    transform = {"scale": _STEP_M.tolist(), "translate": corner.tolist()}
    head = {"type": "CityJSON", "version": VERSION, "transform": transform, "CityObjects": {}, "vertices": []}
    with partial.open("wb") as file:
        file.write(orjson.dumps(head) + b"\n")
        for record in records:
            file.write(orjson.dumps(_feature(record, corner)) + b"\n")
    partial.replace(path)


def _feature(record: Record, corner: FloatArray) -> dict[str, Any]:
    """A building as a line of CityJSONSeq, its heights absolute."""
    lifted: ObjectArray = shapely.transform(
        record.boundary.polygons, lambda xyz: xyz + [0.0, 0.0, record.base_m], include_z=True
    )
    body = Boundary(lifted, record.boundary.surface, record.boundary.kind, record.boundary.shells)
    name = f"{record.building_id}@{LOD:g}"
    told = {"building": str(record.building_id), "base_m": record.base_m, **record.attributes}
    written = as_objects(name, told, [(LOD, body)], Paints())
    vertices = whole_numbers(written.vertices, _STEP_M, corner)
    return {"type": "CityJSONFeature", "id": name, "CityObjects": dict(written.objects), "vertices": vertices}


def source(path: Path, crs: str) -> Source:
    """How the pipeline is told of the file: every record names the building whose roof it is."""
    return Source(location=str(path), layer="buildings", crs=crs, columns={"building": "building"})
