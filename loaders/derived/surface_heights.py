"""Heights of buildings from the loaded surface and elevation models, as a table and a file ready for the pipeline."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from affine import Affine
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.windows import Window

from cim import crs as frames
from cim.city import City
from cim.errors import BadSource
from cim.geometry import centroids
from cim.plugins import Source
from cim.store.unmeasured import Unmeasured
from cim.surface_heights import LEAST_PIXELS, PERCENTILE, Measured, measure
from cim.types import CimLevel, FloatArray, IntArray, Issue, ObjectArray, Progress, RoofForm
from loaders.derived import claims_file

DATASET = "heights_dsm"
TELLS_OF = "height_m height_basis eaves_m base_m height_inferred height_spread_m height_pixels"
_BLOCK = 1024
_CACHE_BYTES = 64 << 20
Ground = Callable[[FloatArray], FloatArray]
"""Heights of the ground (n,) metres under lon/lat (n, 2) degrees, NaN where unknown."""


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
    """Heights of these buildings by the rule of `cim.surface_heights`; of several surfaces the finest that measures answers.

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
    """What one surface says of footprints (n,), square by square of its pixels."""
    theirs, pixel_m = str(surface["crs"]), float(surface["pixel_m"])
    inner = shapely.buffer(shapes, -pixel_m, quad_segs=2, join_style="mitre")
    placed = shapely.transform(inner, lambda xy: frames.transform(xy, crs, theirs))
    label = np.zeros(0, dtype=np.int64)
    above = np.zeros(0)
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(str(surface["path"])) as dataset:
            squares = _squares(placed, ~dataset.transform, dataset.width, dataset.height)
            for done, members in enumerate(squares, 1):
                which, values = _pixels(dataset, placed, members, ground, theirs)
                label, above = np.append(label, which), np.append(above, values)
                progress(done, len(squares), f"squares of {Path(str(surface['path'])).name}")
    except RasterioError as error:
        raise BadSource(f"{surface['path']}: the surface model cannot be read any more: {error}") from error
    return measure(above, label, len(shapes), percentile)


def _squares(shapes: ObjectArray, to_pixel: Affine, width: int, height: int) -> list[IntArray]:
    """Which footprints have their middle in which square of the raster; those beyond it, and empty ones, in none."""
    middle = centroids(shapes)
    column = to_pixel.a * middle[:, 0] + to_pixel.b * middle[:, 1] + to_pixel.c
    row = to_pixel.d * middle[:, 0] + to_pixel.e * middle[:, 1] + to_pixel.f
    with np.errstate(invalid="ignore"):
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    held = np.flatnonzero(inside)
    square = (row[held] // _BLOCK).astype(np.int64) * (width // _BLOCK + 1) + (column[held] // _BLOCK).astype(np.int64)
    order = np.argsort(square, kind="stable")
    cuts = np.flatnonzero(np.diff(square[order])) + 1
    return [np.asarray(part) for part in np.split(held[order], cuts) if len(part)]


def _pixels(
    dataset: rasterio.DatasetReader, shapes: ObjectArray, members: IntArray, ground: Ground, crs: str
) -> tuple[IntArray, FloatArray]:
    """The pixels within some footprints: which footprint each lies in, and the surface over the ground there (metres)."""
    box = shapely.total_bounds(shapes[members])
    corner = np.array([~dataset.transform * (x, y) for x in box[[0, 2]] for y in box[[1, 3]]])
    low = np.maximum(np.floor(corner.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corner.max(axis=0)).astype(int) + 1, [dataset.width, dataset.height])
    window = Window(low[0], low[1], high[0] - low[0], high[1] - low[1])
    shift = dataset.transform * Affine.translation(*low)
    burnt = rasterize(
        ((shape, number) for number, shape in enumerate(shapes[members], 1)),
        out_shape=(int(window.height), int(window.width)),
        transform=shift,
        dtype="int32",
    )
    row, column = np.nonzero(burnt)
    masked = dataset.read(1, window=window, masked=True)
    surface = np.ma.filled(masked.astype(np.float64), np.nan)[row, column] * dataset.scales[0] + dataset.offsets[0]
    x, y = shift * (column + 0.5, row + 0.5)
    lonlat = frames.transform(np.column_stack([x, y]), crs, frames.LONLAT)
    return members[burnt[row, column] - 1], surface - ground(lonlat)


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
