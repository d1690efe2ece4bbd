"""Roof forms that nobody tells, inferred from class, footprint, photo and surface, as a file ready for the pipeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from rasterio.features import rasterize
from rasterio.transform import from_origin

from cim.inference.roof_forms import Evidence, Inferred, infer
from cim.inference.roof_photo import ridge_contrast
from cim.inference.roof_relief import NO_FORM, Relief, relief
from cim.inference.surface_heights import LEAST_PIXELS, Measured, measure
from cim.plugins import Source
from cim.store.formless import Formless
from cim.types import Box, CimLevel, FloatArray, IntArray, Progress, RoofForm
from loaders.derived import claims_file, surface_pixels
from loaders.derived.surface_pixels import Ground
from loaders.raster import grey_window

DATASET = "roofs_inferred"
TELLS_OF = "roof_form roof_basis pitch_deg eaves_m roof_rule roof_confidence roof_form_inferred"
_SQUARE_M = 400.0


def derive(
    buildings: Formless,
    photos: Sequence[dict[str, Any]],
    surfaces: Sequence[dict[str, Any]],
    ground: Ground,
    crs: str,
    progress: Progress,
) -> gpd.GeoDataFrame:
    """A roof for every building by the rules of `cim.inference.roof_forms`, as records of layer `buildings`.

    photos, surfaces: parts of datasets of layers orthophoto and dsm, the finest first. Raises BadSource for one that has
    gone.
    """
    ridge = _ridges(buildings, photos, crs, progress)
    surface, shape = _surface(buildings, surfaces, ground, crs, progress)
    evidence = Evidence(
        footprint=buildings.footprint,
        use=buildings.use,
        year=buildings.year,
        storeys=buildings.storeys,
        height_m=buildings.height_m,
        eaves_m=buildings.eaves_m,
        in_protected_ground=buildings.in_protected_ground,
        ridge=ridge,
        spread_m=surface.spread_m,
        pixels=surface.pixels,
        shown=shape.form,
        shown_pitch_deg=shape.pitch_deg,
        slope_deg=shape.slope_deg,
        name=buildings.name,
        height_is_stated=buildings.height_is_stated,
    )
    return _frame(buildings, infer(evidence), evidence, crs)


def _surface(
    buildings: Formless, surfaces: Sequence[dict[str, Any]], ground: Ground, crs: str, progress: Progress
) -> tuple[Measured, Relief]:
    """How even each roof is and what form it shows in the finest surface that measures it; nothing where none does."""
    count = len(buildings)
    even = Measured(np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, dtype=np.int64))
    shape = Relief(np.full(count, NO_FORM, dtype=np.uint8), np.full(count, np.nan), np.full(count, np.nan))
    for surface in surfaces:
        open_ = np.flatnonzero(even.pixels < LEAST_PIXELS)
        if not len(open_):
            break
        for pixels in surface_pixels.within(buildings.footprint[open_], surface, ground, crs, progress):
            rows = open_[pixels.members]
            one = measure(pixels.height_m, pixels.label, len(rows))
            seen = relief(buildings.footprint[rows], pixels.label, pixels.xy, pixels.height_m, pixels.slope_deg)
            better = one.pixels > even.pixels[rows]
            for kept, fresh in ((even, one), (shape, seen)):
                for name in kept.__slots__:
                    getattr(kept, name)[rows[better]] = getattr(fresh, name)[better]
    return even, shape


def _ridges(buildings: Formless, photos: Sequence[dict[str, Any]], crs: str, progress: Progress) -> FloatArray:
    """Contrast of the halves of each roof in the finest photo, square by square; NaN where none shows enough of it."""
    found = np.full(len(buildings), np.nan)
    if not photos or not len(buildings):
        return found
    bounds = shapely.bounds(buildings.footprint)
    square = np.floor((bounds[:, :2] + bounds[:, 2:]) / 2.0 / _SQUARE_M).astype(np.int64)
    order = np.lexsort((square[:, 0], square[:, 1]))
    cuts = np.flatnonzero(np.any(np.diff(square[order], axis=0), axis=1)) + 1
    groups = np.split(order, cuts)
    for done, members in enumerate(groups, 1):
        found[members] = _contrasts(buildings, members, bounds[members], photos, crs)
        progress(done, len(groups), "squares of the orthophoto")
    return found


def _contrasts(
    buildings: Formless, members: IntArray, bounds: FloatArray, photos: Sequence[dict[str, Any]], crs: str
) -> FloatArray:
    box = Box(*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist())
    window = grey_window.read(photos, box, crs)
    if window is None:
        return np.full(len(members), np.nan)
    pixel = window.pixel_m
    inner = shapely.buffer(buildings.footprint[members], -pixel, quad_segs=2, join_style="mitre")
    there = np.flatnonzero(~shapely.is_empty(inner))
    burnt = np.zeros(window.values.shape, dtype=np.int32)
    if len(there):
        pairs = ((inner[n], int(n) + 1) for n in there)
        rasterize(pairs, out=burnt, transform=from_origin(window.west, window.north, pixel, pixel))
    row, column = np.nonzero((burnt > 0) & np.isfinite(window.values))
    xy = np.column_stack([window.west + (column + 0.5) * pixel, window.north - (row + 0.5) * pixel])
    label = burnt[row, column].astype(np.int64) - 1
    return ridge_contrast(buildings.footprint[members], label, xy, window.values[row, column])


def _frame(buildings: Formless, found: Inferred, evidence: Evidence, crs: str) -> gpd.GeoDataFrame:
    """Records that speak of the roof alone; what a body needs besides goes on as it was."""
    lods = buildings.lod
    measured = evidence.pixels >= LEAST_PIXELS
    return gpd.GeoDataFrame(
        {
            "id": [f"{id}@{lod:g}" for id, lod in zip(buildings.building_id, lods, strict=True)],
            "tells_of": TELLS_OF,
            "roof_form": [RoofForm(int(form)).name for form in found.form],
            "roof_basis": "inferred",
            "roof_form_inferred": True,
            "roof_rule": found.rule,
            "roof_confidence": found.confidence,
            "pitch_deg": found.pitch_deg,
            "eaves_m": found.eaves_m,
            "height_m": buildings.height_m,
            "height_basis": "assumed",
            "base_m": buildings.base_m,
            "cim_level": [CimLevel(int(level)).name for level in buildings.cim_level],
            "lod": lods,
            "is_synthetic": buildings.is_synthetic,
            "roof_photo_contrast": evidence.ridge.round(2),
            "roof_surface_spread_m": np.where(measured, evidence.spread_m, np.nan).round(2),
            "roof_surface_slope_deg": np.where(measured, evidence.slope_deg, np.nan).round(1),
        },
        geometry=buildings.footprint,
        crs=crs,
    )


def source(path: Path, crs: str, made_from: Sequence[tuple[str, int]]) -> Source:
    """How the pipeline is told of the file: what the forms were inferred from stands beside every one of them."""
    told = claims_file.told(made_from)
    made = f"inferred from class and footprint{', ' if told else ''}{told}"
    return Source(location=str(path), layer="buildings", crs=crs, constants={"source": made})
