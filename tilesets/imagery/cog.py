"""Pictures in web Mercator: what a file shows, the map's own grid of pixels, and the cloud-optimised GeoTIFF."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.shutil import copy
from rasterio.warp import transform_bounds

from cim import crs as frames
from cim.errors import BadSource, MissingCrs
from tilesets.crew import processors

CIRCUMFERENCE = 2.0 * np.pi * 6378137.0
TILE_PX = 256
MAX_ZOOM = 22
CACHE_BYTES = 256 << 20
"""GDAL's own cache while pictures are made: it would take a twentieth of the machine's memory."""
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


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture as it is to be shown. opened: what GDAL opens to see its colours only (and alpha). frame: its CRS.

    bands: colours. zoom: the first that loses nothing of it. bounds: web Mercator. bbox: degrees. stretch: what becomes 0
    and 255, where it is deeper than 8 bits. is_on_map: it lies on the map as it is, upright, and shows all its pixels.
    """

    path: Path
    opened: str
    frame: str
    bands: int
    has_alpha: bool
    zoom: int
    bounds: tuple[float, float, float, float]
    bbox: tuple[float, float, float, float]
    stretch: tuple[float, float] | None
    is_on_map: bool


def look(source: Path, crs: str | None = None, stretch: tuple[float, float] | None = None) -> Sheet:
    """What a picture shows and where: gray, RGB or more bands (red, green, blue or the first three), or a palette.

    crs: stated by the owner. Raises BadSource for a picture deeper than 8 bits without a stretch, or that cannot be
    read, MissingCrs.
    """
    try:
        with rasterio.open(source) as first:
            if stretch is None and any(dtype != "uint8" for dtype in first.dtypes):
                kind = first.dtypes[0]
                raise BadSource(f"{source}: {kind} pixels; an 8-bit picture was expected: scale it to 0..255 first")
            opened = _colours(first, source)
        with rasterio.open(opened) as dataset:
            return _look(dataset, source, opened, crs, stretch)
    except (RasterioError, CPLE_BaseError) as error:
        raise BadSource(f"{source}: cannot be made into a picture layer: {error}") from error


def _colours(dataset: DatasetReader, source: Path) -> str:
    """What to open in order to see colours only: of four bands without alpha the fourth is infrared."""
    kinds = dataset.colorinterp
    if kinds[0] == ColorInterp.palette:
        return f"vrt://{source}?expand={'rgb' if dataset.nodata is None else 'rgba'}"
    alpha = [n for n, kind in enumerate(kinds, 1) if kind == ColorInterp.alpha]
    marked = [kinds.index(kind) + 1 for kind in (ColorInterp.red, ColorInterp.green, ColorInterp.blue) if kind in kinds]
    plain = [n for n in range(1, dataset.count + 1) if n not in alpha]
    wanted = (marked if len(marked) == 3 else plain[: 3 if len(plain) >= 3 else 1]) + alpha[:1]
    if wanted == list(range(1, dataset.count + 1)):
        return str(source)
    return f"vrt://{source}?bands={','.join(map(str, wanted))}"


def _look(
    dataset: DatasetReader, source: Path, opened: str, crs: str | None, stretch: tuple[float, float] | None
) -> Sheet:
    stated = crs or (dataset.crs.to_wkt() if dataset.crs else "")
    if not stated:
        raise MissingCrs(f"{source}: the picture states no CRS and neither does its owner; expected an EPSG code")
    frame = frames.parse(stated)
    bounds = transform_bounds(frame, frames.WEB_MERCATOR, *_box(dataset), densify_pts=33)
    bbox = transform_bounds(frame, frames.LONLAT, *_box(dataset), densify_pts=33)
    lat = (bbox[1] + bbox[3]) / 2
    across = (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]) / (dataset.width * dataset.height)
    has_alpha = ColorInterp.alpha in dataset.colorinterp
    a, b, _, d, e, _ = tuple(dataset.transform)[:6]
    is_upright = a > 0 and e < 0 and b == 0 and d == 0
    return Sheet(
        path=source,
        opened=opened,
        frame=frame,
        bands=dataset.count - has_alpha,
        has_alpha=has_alpha,
        zoom=zoom_for(float(np.sqrt(across) * np.cos(np.radians(lat))), lat),
        bounds=tuple(bounds),
        bbox=tuple(bbox),
        stretch=stretch,
        is_on_map=frame == frames.WEB_MERCATOR and is_upright and stretch is None and dataset.nodata is None,
    )


def _box(dataset: DatasetReader) -> tuple[float, float, float, float]:
    """West, south, east, north of a raster that may be turned."""
    corners = [dataset.transform * (c, r) for c in (0, dataset.width) for r in (0, dataset.height)]
    x, y = zip(*corners, strict=True)
    return min(x), min(y), max(x), max(y)


def to_cog(picture: DatasetReader, target: Path, quality: int = 85) -> None:
    """Write a picture that already lies on the map; an alpha band becomes the mask, every processor compresses."""
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
        NUM_THREADS=processors(),
        BIGTIFF="IF_SAFER",
    )
