"""Heights of buildings from the loaded surface and elevation models, as a table and a file ready for the pipeline."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from cim import crs as frames
from cim.city import City
from cim.geometry import centroids
from cim.inference.surface_heights import LEAST_PIXELS, PERCENTILE, Measured, measure
from cim.plugins import Source
from cim.store.unmeasured import Unmeasured
from cim.types import CimLevel, Issue, ObjectArray, Progress, RoofForm
from loaders.derived import claims_file, surface_pixels
from loaders.derived.surface_pixels import Ground

DATASET = "heights_dsm"
TELLS_OF = "height_m height_basis eaves_m base_m height_inferred height_spread_m height_pixels"


@dataclass(frozen=True, slots=True)
class Derived:
    """The buildings that got a height, ready for layer `buildings`; why others got none: notes, and counts by code."""

    frame: gpd.GeoDataFrame
    issues: tuple[Issue, ...]
    codes: dict[str, int]


def derive(
    buildings: Unmeasured,
    surfaces: Sequence[dict[str, Any]],
    ground: Ground,
    city: City,
    progress: Progress,
    percentile: float = PERCENTILE,
) -> Derived:
    """Heights of these buildings by `cim.inference.surface_heights`; of several surfaces the finest that measures answers.

    surfaces: the parts of datasets of layer dsm, the finest first. Raises BadSource for one that has gone.
    """
    found = measured(buildings.footprint, surfaces, ground, city.crs, progress, percentile)
    return _judged(buildings, found, city)


def measured(
    shapes: ObjectArray,
    surfaces: Sequence[dict[str, Any]],
    ground: Ground,
    crs: str,
    progress: Progress,
    percentile: float = PERCENTILE,
) -> Measured:
    """What surfaces say of footprints (n,) of the city frame: of several the finest that measures answers."""
    count = len(shapes)
    found = Measured(np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, dtype=np.int64))
    for surface in surfaces:
        open_ = np.flatnonzero(found.pixels < LEAST_PIXELS)
        if len(open_):
            one = _over(shapes[open_], surface, ground, crs, progress, percentile)
            better = one.pixels > found.pixels[open_]
            for kept, fresh in zip(_columns(found), _columns(one), strict=True):
                kept[open_[better]] = fresh[better]
    return found


def _columns(measured: Measured) -> tuple[npt.NDArray[Any], ...]:
    return measured.height_m, measured.spread_m, measured.pixels


def _over(
    shapes: ObjectArray, surface: dict[str, Any], ground: Ground, crs: str, progress: Progress, percentile: float
) -> Measured:
    """What one surface says of footprints (n,)."""
    found = measure(np.zeros(0), np.zeros(0, dtype=np.int64), len(shapes), percentile)
    for pixels in surface_pixels.within(shapes, surface, ground, crs, progress):
        one = measure(pixels.above_m, pixels.label, len(pixels.members), percentile)
        for kept, fresh in zip(_columns(found), _columns(one), strict=True):
            kept[pixels.members] = fresh
    return found


_REASONS = {
    "dsm_missing": "no pixel within the footprint knows both the surface and the ground",
    "dsm_too_few_pixels": f"fewer than {LEAST_PIXELS} pixels within the footprint know both the surface and the ground",
    "dsm_below_ground": "the surface lies below the ground there",
    "dsm_too_low": "the surface stands less above the ground than a building does (limits.building_height_m)",
    "dsm_too_high": "the surface stands higher above the ground than a building does (limits.building_height_m)",
}


def _judged(buildings: Unmeasured, found: Measured, city: City) -> Derived:
    low, high = city.limits.building_height_m
    with np.errstate(invalid="ignore"):
        code = np.select(
            [
                found.pixels == 0,
                found.pixels < LEAST_PIXELS,
                found.height_m < 0.0,
                found.height_m < low,
                found.height_m > high,
            ],
            list(_REASONS),
            "",
        )
    lonlat = frames.transform(centroids(buildings.footprint), city.crs, frames.LONLAT)
    issues = []
    for n in np.flatnonzero(code != ""):
        lon, lat = (round(float(v), 7) for v in lonlat[n])
        what = f"building {buildings.building_id[n]}: {_REASONS[str(code[n])]}"
        if found.pixels[n] >= LEAST_PIXELS:
            what += f": {found.height_m[n]:.2f} m"
        issues.append(Issue(str(code[n]), what, at=(lon, lat)))
    return Derived(_frame(buildings, found, code == "", city.crs), tuple(issues), dict(Counter(i.code for i in issues)))


def _frame(buildings: Unmeasured, found: Measured, good: npt.NDArray[np.bool_], crs: str) -> gpd.GeoDataFrame:
    """The columns of layer `buildings` that a height brings; what goes with a body goes on as it was."""
    height = found.height_m[good].round(2)
    eaves = np.where(buildings.eaves_m[good] <= height, buildings.eaves_m[good], np.nan)
    ids, lods = buildings.building_id[good], buildings.lod[good]
    return gpd.GeoDataFrame(
        {
            "id": [f"{id}@{lod:g}" for id, lod in zip(ids, lods, strict=True)],
            "tells_of": TELLS_OF,
            "height_m": height,
            "height_basis": "dsm",
            "roof_form": [RoofForm(int(form)).name for form in buildings.roof_form[good]],
            "base_m": buildings.base_m[good],
            "eaves_m": eaves,
            "cim_level": [CimLevel(int(level)).name for level in buildings.cim_level[good]],
            "lod": lods,
            "is_synthetic": buildings.is_synthetic[good],
            "height_inferred": True,
            "height_spread_m": found.spread_m[good].round(2),
            "height_pixels": found.pixels[good],
        },
        geometry=buildings.footprint[good],
        crs=crs,
    )


def source(path: Path, crs: str, made_from: Sequence[tuple[str, int]], percentile: float = PERCENTILE) -> Source:
    """How the pipeline is told of the file: what the heights were derived from stands beside every one of them."""
    told = claims_file.told(made_from)
    made = f"height derived from {told} ({percentile:g}th percentile within the footprint)"
    return Source(location=str(path), layer="buildings", crs=crs, constants={"source": made})
