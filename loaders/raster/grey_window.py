"""A piece of a loaded orthophoto as grey values in the city frame: what measuring in pictures starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT

from cim.errors import BadSource
from cim.types import Box, FloatArray
from loaders.raster.picture_bands import colour_bands

_CACHE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class GreyWindow:
    """Grey values (rows, columns) from the north, NaN where the photo shows nothing; its north-west corner, city frame.

    pixel_m: side of a pixel. row, column and x, y: a pixel's centre lies half a pixel from its corner.
    """

    values: FloatArray
    west: float
    north: float
    pixel_m: float


def read(photos: Sequence[dict[str, Any]], box: Box, crs: str) -> GreyWindow | None:
    """The finest photo that shows anything of a box of the city frame; None where none does.

    photos: parts of datasets of layer orthophoto, the finest first. Raises BadSource for one that has gone.
    """
    for photo in photos:
        found = _read(photo, box, crs)
        if found is not None:
            return found
    return None


def _read(photo: dict[str, Any], box: Box, crs: str) -> GreyWindow | None:
    """Grey values of a box; in its own frame a photo is read pixel for pixel, else resampled at its own pixel size."""
    path = str(photo["path"])
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(path) as dataset:
            pixel, origin = _lattice(dataset, str(photo["crs"]), float(photo["pixel_m"]), crs)
            west = origin[0] + np.floor((box.west - origin[0]) / pixel) * pixel
            north = origin[1] + np.ceil((box.north - origin[1]) / pixel) * pixel
            width, height = int(np.ceil((box.east - west) / pixel)), int(np.ceil((north - box.south) / pixel))
            method = Resampling.nearest if _has_palette(dataset) else Resampling.bilinear
            grid = {"transform": from_origin(west, north, pixel, pixel), "width": width, "height": height}
            with WarpedVRT(
                dataset, src_crs=str(photo["crs"]), crs=crs, resampling=method, add_alpha=_needs_alpha(dataset), **grid
            ) as view:
                values = _grey(dataset, view.read(colour_bands(dataset)).astype(np.float64))
                values[view.dataset_mask() == 0] = np.nan
    except RasterioError as error:
        raise BadSource(f"{path}: the orthophoto cannot be read any more: {error}; load it again") from error
    return GreyWindow(values, west, north, pixel) if np.isfinite(values).any() else None


def _lattice(dataset: DatasetReader, theirs: str, pixel_m: float, crs: str) -> tuple[float, tuple[float, float]]:
    """Pixel size, and a corner of the lattice that windows are cut from."""
    t = dataset.transform
    if theirs == crs and t.b == 0.0 and t.d == 0.0 and t.a > 0 and abs(t.a + t.e) < 1e-9 * t.a:
        return t.a, (t.c, t.f)
    return pixel_m, (0.0, 0.0)


def _needs_alpha(dataset: DatasetReader) -> bool:
    return dataset.nodata is None and ColorInterp.alpha not in dataset.colorinterp


def _has_palette(dataset: DatasetReader) -> bool:
    return bool(dataset.colorinterp[0] == ColorInterp.palette)


def _grey(dataset: DatasetReader, bands: FloatArray) -> FloatArray:
    """Mean of the colours; numbers of a palette stand for their colour's."""
    if _has_palette(dataset):
        table = np.zeros(256)
        for number, colour in dataset.colormap(1).items():
            if 0 <= number < 256:
                table[number] = sum(colour[:3]) / 3.0
        return np.asarray(table[bands[0].astype(np.int64).clip(0, 255)])
    return np.asarray(bands.mean(axis=0))
