"""One picture to one cloud-optimised GeoTIFF in web Mercator, its blocks lying on the map's own tiles."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.shutil import copy
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from cim import crs as frames
from cim.errors import BadSource, MissingCrs

CIRCUMFERENCE = 2.0 * np.pi * 6378137.0
TILE_PX = 256
MAX_ZOOM = 22
ALIGNED = 3
"""The file's corner lies on a tile corner so many zooms above its own: down to there a tile is one block."""


@dataclass(frozen=True, slots=True)
class MercatorGrid:
    """Whole tiles of one zoom: columns x0..x1 and rows y0..y1 (from the north), the ends excluded."""

    zoom: int
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def pixel(self) -> float:
        """Mercator metres of a pixel."""
        return CIRCUMFERENCE / (TILE_PX * 2.0**self.zoom)

    @property
    def width(self) -> int:
        """Pixels from west to east."""
        return (self.x1 - self.x0) * TILE_PX

    @property
    def height(self) -> int:
        """Pixels from north to south."""
        return (self.y1 - self.y0) * TILE_PX

    @property
    def transform(self) -> Affine:
        """Pixel corner to web Mercator."""
        left = self.x0 * TILE_PX * self.pixel - CIRCUMFERENCE / 2
        top = CIRCUMFERENCE / 2 - self.y0 * TILE_PX * self.pixel
        return Affine(self.pixel, 0.0, left, 0.0, -self.pixel, top)


def zoom_for(pixel_m: float, lat: float) -> int:
    """The first zoom whose pixels are no wider on the ground than 1.25 of the picture's.

    >>> zoom_for(0.5, 40.0), zoom_for(60.0, 40.0)
    (18, 11)
    """
    for zoom in range(MAX_ZOOM):
        if CIRCUMFERENCE * np.cos(np.radians(lat)) / (TILE_PX * 2.0**zoom) <= 1.25 * pixel_m:
            return zoom
    return MAX_ZOOM


def grid_over(bounds: tuple[float, float, float, float], zoom: int) -> MercatorGrid:
    """The tiles over web Mercator bounds (west, south, east, north), aligned ALIGNED zooms above."""
    many = 2 ** min(ALIGNED, zoom)
    side = CIRCUMFERENCE / 2.0**zoom * many
    half = CIRCUMFERENCE / 2
    x0, x1 = int((bounds[0] + half) // side), int(np.ceil((bounds[2] + half) / side))
    y0, y1 = int((half - bounds[3]) // side), int(np.ceil((half - bounds[1]) / side))
    return MercatorGrid(zoom, x0 * many, y0 * many, max(x1, x0 + 1) * many, max(y1, y0 + 1) * many)


@dataclass(frozen=True, slots=True)
class Cog:
    """A finished file: its native zoom and lon/lat bounds of what it shows."""

    zoom: int
    bbox: tuple[float, float, float, float]


def write_cog(source: Path, target: Path, crs: str | None = None) -> Cog:
    """Warp an 8-bit picture into a JPEG COG with a mask and overviews.

    source: gray, RGB or more bands (the first three are shown), nodata, mask or alpha kept. crs: stated by the owner.
    Raises BadSource for a picture that is not 8-bit or cannot be read, MissingCrs.
    """
    try:
        with rasterio.open(source) as first:
            if any(dtype != "uint8" for dtype in first.dtypes):
                kind = first.dtypes[0]
                raise BadSource(f"{source}: {kind} pixels; an 8-bit picture was expected: scale it to 0..255 first")
            bands = _bands(first)
        opened = source if bands is None else f"vrt://{source}?bands={bands}"
        with rasterio.open(opened) as dataset:
            return _write(dataset, source, target, crs)
    except (RasterioError, CPLE_BaseError) as error:  # GDAL's own errors leave `copy` untranslated
        raise BadSource(f"{source}: cannot be made into a picture layer: {error}") from error


def _bands(dataset: DatasetReader) -> str | None:
    """Which bands to take where not all of them are colours: of four without alpha the fourth is infrared."""
    alpha = [n for n, kind in enumerate(dataset.colorinterp, 1) if kind == ColorInterp.alpha]
    wanted = (list(range(1, 4)) if dataset.count >= 3 else [1]) + alpha[:1]
    return None if wanted == list(range(1, dataset.count + 1)) else ",".join(map(str, wanted))


def _write(dataset: DatasetReader, source: Path, target: Path, crs: str | None) -> Cog:
    stated = crs or (dataset.crs.to_wkt() if dataset.crs else "")
    if not stated:
        raise MissingCrs(f"{source}: the picture states no CRS and neither does its owner; expected an EPSG code")
    frame = frames.parse(stated)
    bounds = transform_bounds(frame, frames.WEB_MERCATOR, *dataset.bounds, densify_pts=33)
    bbox = transform_bounds(frame, frames.LONLAT, *dataset.bounds, densify_pts=33)
    lat = (bbox[1] + bbox[3]) / 2
    across = (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]) / (dataset.width * dataset.height)
    zoom = zoom_for(float(np.sqrt(across) * np.cos(np.radians(lat))), lat)
    grid = grid_over(bounds, zoom)
    has_alpha = ColorInterp.alpha in dataset.colorinterp
    with WarpedVRT(
        dataset,
        src_crs=frame,
        crs=frames.WEB_MERCATOR,
        transform=grid.transform,
        width=grid.width,
        height=grid.height,
        resampling=Resampling.cubic,
        add_alpha=not has_alpha,
    ) as warped:
        to_cog(warped, target)
    return Cog(zoom, tuple(bbox))


def to_cog(picture: DatasetReader | WarpedVRT, target: Path, quality: int = 85) -> None:
    """Write a picture that already lies on a MercatorGrid; an alpha band becomes the mask."""
    copy(
        picture,
        target,
        driver="COG",
        BLOCKSIZE=TILE_PX,
        COMPRESS="JPEG",
        QUALITY=quality,
        OVERVIEW_QUALITY=quality,
        OVERVIEW_RESAMPLING="AVERAGE",
        SPARSE_OK="TRUE",
        BIGTIFF="IF_SAFER",
    )
