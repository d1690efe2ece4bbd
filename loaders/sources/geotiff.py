"""GeoTIFF rasters (DEM, orthophoto): opened, placed on the Earth and read through once before anyone relies on them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from cim import crs as frames
from cim.errors import BadInput, BadSource, MissingCrs
from cim.plugins import Raster, Source
from loaders.stated_crs import likely

_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")  # TIFF and BigTIFF, either byte order
_READ_PIXELS = 4_000_000
_MAX_PIXELS = 400_000_000_000  # 60 cm over a large prefecture; more is a broken header
_MAX_BLOCK_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class GeoTiff:
    """The format. Reading is checking: memory stays near one block row of the file."""

    name: str = "geotiff"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first four bytes."""
        return head[:4] in _MAGIC

    def read(self, source: Source, after: int = 0) -> Iterator[Raster]:
        """The one raster of a file.

        Raises MissingCrs when neither file nor owner states one; BadSource when they disagree, when the file is not
        placed by a transform, is of no sane size, or has a block that cannot be read.
        """
        try:
            with rasterio.open(source.location, driver="GTiff") as dataset:
                raster = _describe(dataset, source)
                _read_through(dataset, source.location)
        except (RasterioError, OSError) as error:
            raise BadSource(f"{source.location}: cannot be opened as GeoTIFF: {error}") from error
        yield raster


SOURCE = GeoTiff()


def _describe(dataset: DatasetReader, source: Source) -> Raster:
    name = source.location
    size = dataset.width * dataset.height * dataset.count
    if dataset.count < 1 or dataset.width < 2 or dataset.height < 2 or size > _MAX_PIXELS:
        shape = f"{dataset.width} x {dataset.height} pixels, {dataset.count} bands"
        raise BadSource(f"{name}: {shape}; expected at least 2 x 2 and one band, at most {_MAX_PIXELS:.0e} in all")
    corners = _corners(dataset, name)
    crs = _crs(dataset, source, corners)
    lonlat = frames.transform(corners, crs, frames.LONLAT)
    if not (np.isfinite(lonlat).all() and (np.abs(lonlat) <= [540.0, 90.0 + 1e-6]).all()):
        raise BadSource(f"{name}: its corners {corners.round(3).tolist()} do not lie in {crs}; is the CRS right?")
    low, high = corners.min(axis=0), corners.max(axis=0)
    return Raster(
        location=name,
        crs=crs,
        bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        width=dataset.width,
        height=dataset.height,
        bands=dataset.count,
        dtype=dataset.dtypes[0],
        nodata=None if dataset.nodata is None else float(dataset.nodata),
        pixel_m=_pixel_m(dataset, crs, name),
    )


def _corners(dataset: DatasetReader, name: str) -> np.ndarray:
    """The four corners (4, 2) in the file's frame."""
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    if dataset.transform.is_identity:
        points, _ = dataset.gcps
        what = f"only {len(points)} ground control points" if points else "no position at all"
        raise BadSource(f"{name}: carries {what}; expected a geotransform: warp it first (gdalwarp)")
    if not (np.isfinite([a, b, c, d, e, f]).all() and abs(a * e - b * d) > 0):
        raise BadSource(f"{name}: its geotransform {(a, b, c, d, e, f)} is not invertible")
    pixel = np.array([[0, 0], [dataset.width, 0], [dataset.width, dataset.height], [0, dataset.height]], dtype=float)
    return np.column_stack([a * pixel[:, 0] + b * pixel[:, 1] + c, d * pixel[:, 0] + e * pixel[:, 1] + f])


def _crs(dataset: DatasetReader, source: Source, corners: np.ndarray) -> str:
    try:
        told = frames.parse(dataset.crs.to_wkt()) if dataset.crs else None
        stated = None if source.crs is None else frames.parse(source.crs)
    except BadInput as error:
        raise BadSource(f"{source.location}: {error}") from error
    crs = stated if told is None or stated in (frames.GCJ02, frames.BD09) else told  # those two have no EPSG code
    if crs is None:
        raise MissingCrs(
            f'{source.location}: states no CRS; write `crs = "..."` beside it in the city file. '
            f"Likely, from its coordinates: {likely(source, corners)}"
        )
    if stated not in (None, crs):
        raise BadSource(f"{source.location}: the file says {told}, the city file says {stated}; one of them is wrong")
    return crs


def _pixel_m(dataset: DatasetReader, crs: str, name: str) -> float:
    """Ground size of the middle pixel: the geometric mean of its sides."""
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    middle = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) + [dataset.width // 2, dataset.height // 2]
    xy = np.column_stack([a * middle[:, 0] + b * middle[:, 1] + c, d * middle[:, 0] + e * middle[:, 1] + f])
    ecef = frames.to_ecef(np.column_stack([frames.transform(xy, crs, frames.LONLAT), np.zeros(3)]))
    size = float(np.sqrt(np.linalg.norm(ecef[1:] - ecef[0], axis=1).prod()))
    if not 1e-3 <= size <= 2e5:
        raise BadSource(f"{name}: a pixel would be {size:.3g} m wide; expected 1 mm to 200 km: is the CRS {crs} right?")
    return size


def _read_through(dataset: DatasetReader, name: str) -> None:
    """Read every block of every band, some block rows at a time. Raises BadSource with the first that fails."""
    high, wide = dataset.block_shapes[0]
    if high * wide * max(np.dtype(t).itemsize for t in dataset.dtypes) > _MAX_BLOCK_BYTES:
        raise BadSource(f"{name}: blocks of {wide} x {high} pixels; expected at most 1 GiB each: retile it first")
    across = max(wide, _READ_PIXELS // high // wide * wide)
    down = max(high, _READ_PIXELS // max(dataset.width, 1) // high * high) if across >= dataset.width else high
    for top in range(0, dataset.height, down):
        for left in range(0, dataset.width, across):
            window = _window(dataset, left, top, across, down)
            try:
                for band in dataset.indexes:
                    dataset.read(band, window=window)
            except RasterioError as error:
                block = _first_bad(dataset, window, wide, high)
                raise BadSource(f"{name}: {block} cannot be read, the file is truncated or damaged: {error}") from error


def _window(dataset: DatasetReader, left: int, top: int, wide: int, high: int) -> Window:
    return Window(left, top, min(wide, dataset.width - left), min(high, dataset.height - top))


def _first_bad(dataset: DatasetReader, area: Window, wide: int, high: int) -> str:
    """Which block of the area fails, in words."""
    for top in range(int(area.row_off), int(area.row_off + area.height), high):
        for left in range(int(area.col_off), int(area.col_off + area.width), wide):
            for band in dataset.indexes:
                try:
                    dataset.read(band, window=_window(dataset, left, top, wide, high))
                except RasterioError:
                    return f"band {band}, block column {left // wide}, row {top // high}"
    return f"a block near row {int(area.row_off)}"
