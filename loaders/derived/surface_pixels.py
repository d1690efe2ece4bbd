"""The pixels of a loaded surface model within footprints: how high they lie, above the ground too, and how steep there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.windows import Window

from cim import crs as frames
from cim.errors import BadSource
from cim.geometry import centroids
from cim.inference.roof_relief import local_slopes
from cim.types import FloatArray, IntArray, ObjectArray, Progress

_BLOCK = 1024
_CACHE_BYTES = 64 << 20
Ground = Callable[[FloatArray], FloatArray]
"""Heights of the ground (n,) metres under lon/lat (n, 2) degrees, NaN where unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """The pixels over some footprints. members: (m,) which of all those asked for; label: (p,) which of the members a pixel
    lies in. xy: (p, 2) its centre, city frame. height_m: (p,) of the surface.

    above_m: (p,) over the ground, NaN where the ground is unknown. slope_deg: (p,) of the surface about it, NaN unknown.
    """

    members: IntArray
    label: IntArray
    xy: FloatArray
    height_m: FloatArray
    above_m: FloatArray
    slope_deg: FloatArray


def within(
    shapes: ObjectArray, surface: dict[str, Any], ground: Ground, crs: str, progress: Progress
) -> Iterator[Pixels]:
    """The pixels whose centres lie in footprints (n,) of the city frame, shrunk by a pixel: square by square of the file,
    each footprint in one of them.

    surface: a part of a dataset of layer dsm. Raises BadSource for one that has gone.
    """
    theirs, pixel_m = str(surface["crs"]), float(surface["pixel_m"])
    inner = shapely.buffer(shapes, -pixel_m, quad_segs=2, join_style="mitre")
    placed = shapely.transform(inner, lambda xy: frames.transform(xy, crs, theirs))
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(str(surface["path"])) as dataset:
            squares = _squares(placed, ~dataset.transform, dataset.width, dataset.height)
            for done, members in enumerate(squares, 1):
                yield _read(dataset, placed, members, ground, (theirs, crs), pixel_m)
                progress(done, len(squares), f"squares of {Path(str(surface['path'])).name}")
    except RasterioError as error:
        raise BadSource(f"{surface['path']}: the surface model cannot be read any more: {error}") from error


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


def _read(
    dataset: rasterio.DatasetReader,
    shapes: ObjectArray,
    members: IntArray,
    ground: Ground,
    frame: tuple[str, str],
    pixel_m: float,
) -> Pixels:
    """The pixels within some footprints. frame: the file's own, and the city's."""
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
    surface = np.ma.filled(masked.astype(np.float64), np.nan) * dataset.scales[0] + dataset.offsets[0]
    x, y = shift * (column + 0.5, row + 0.5)
    theirs, crs = frame
    xy = frames.transform(np.column_stack([x, y]), theirs, crs)
    height = surface[row, column]
    above = height - ground(frames.transform(xy, crs, frames.LONLAT))
    slope = local_slopes(surface, (pixel_m, pixel_m))[row, column]
    return Pixels(members, burnt[row, column].astype(np.int64) - 1, xy, height, above, slope)
