"""A raster file behind one named driver: opened, placed on the Earth, and read through once before anyone relies on it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from cim import crs as frames
from cim import file_parts
from cim.errors import BadInput, BadSource, CimError, MissingCrs, NoSpace
from cim.plugins import Raster, Source
from cim.types import FloatArray
from loaders.formats.stated_crs import likely

_READ_PIXELS = 4_000_000
_MAX_PIXELS = 400_000_000_000  # 60 cm over a large prefecture; more is a broken header
_MAX_BLOCK_BYTES = 1 << 30
_CACHE_BYTES = 64 << 20  # GDAL's own, of pixels that are read once; it would take a twentieth of the memory

_SPARE_BYTES = 64 << 20
TIFF_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
"""TIFF and BigTIFF, either byte order."""
_OPTIONS = {"AAIGrid": {"DATATYPE": "Float32"}}  # else whole numbers at the head make all of them whole
Look = Callable[[DatasetReader, Source], None]


def read(source: Source, driver: str, look: Look | None = None) -> Raster:
    """The one raster of a file, every block of which could be read.

    driver: GDAL's name of the only driver that is let at it. look: raises BadSource for what this format must not hold,
    before any pixel is read. Raises MissingCrs when neither file nor owner states one; BadSource when they disagree,
    when the file is not placed, is of no sane size, or has a block that cannot be read.
    """
    _refuse_strange_beside(Path(source.location))
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), opened(source.location, driver) as dataset:
            _refuse_pointing(dataset, Path(source.location))
            if look is not None:
                look(dataset, source)
            raster = _describe(dataset, source, driver)
            _read_through(dataset, source.location)
            return raster
    except (RasterioError, CPLE_BaseError, OSError, ValueError, MemoryError) as error:
        raise BadSource(f"{source.location}: cannot be opened as {driver}: {error}") from error


def opened(path: str, driver: str) -> DatasetReader:
    """A raster by the one driver that may open it. Raises RasterioError."""
    return rasterio.open(path, driver=driver, **_OPTIONS.get(driver, {}))


def _refuse_strange_beside(path: Path) -> None:
    """Smaller pictures and masks beside a raster are opened by any driver that knows them: they have to be TIFF.

    Theirs may lie beside them in turn. Raises BadSource for one that is not, or that leads to another file.
    """
    own = path.suffix.lower()
    for other in file_parts.beside(path, (f"{own}.ovr", f"{own}.msk")).values():
        try:
            with other.open("rb") as file:
                if file.read(4) not in TIFF_MAGIC:
                    raise BadSource(f"{path}: {other.name} beside it is no TIFF; expected that, or none")
            _refuse_strange_beside(other)
            with opened(str(other), "GTiff") as dataset:
                _refuse_pointing(dataset, other)
        except (RasterioError, CPLE_BaseError, OSError) as error:
            raise BadSource(f"{path}: {other.name} beside it cannot be opened: {error}") from error


def _refuse_pointing(dataset: DatasetReader, path: Path) -> None:
    """A raster may name any file or address as its smaller pictures, which GDAL then shows instead of its own pixels."""
    named = dataset.tags(ns="OVERVIEWS").get("OVERVIEW_FILE")
    if named is not None:
        raise BadSource(f"{path}: takes its overviews from {named[:200]!r}; expected them within it, or none")
    others = [one for one in map(Path, dataset.files) if one.parent != path.parent]
    if others:
        raise BadSource(f"{path}: takes pixels from {str(others[0])[:200]!r}; expected them within it")


def unwritten(target: Path, what: str, error: Exception) -> CimError:
    """Why a raster could not be written: no space, as GDAL does not say, or else what it does say."""
    free = shutil.disk_usage(target.parent).free
    if free < _SPARE_BYTES:
        return NoSpace(f"{target.parent}: the disk is full ({free >> 20} MiB are free): {what}")
    return BadSource(f"{what}: {error}")


def _describe(dataset: DatasetReader, source: Source, driver: str) -> Raster:
    name = source.location
    size = dataset.width * dataset.height * dataset.count
    if dataset.count < 1 or dataset.width < 2 or dataset.height < 2 or size > _MAX_PIXELS:
        shape = f"{dataset.width} x {dataset.height} pixels, {dataset.count} bands"
        raise BadSource(f"{name}: {shape}; expected at least 2 x 2 and one band, at most {_MAX_PIXELS:.0e} in all")
    if any(kind.startswith("complex") for kind in dataset.dtypes):
        raise BadSource(f"{name}: {dataset.dtypes[0]} pixels, as radar has them; expected heights or colours")
    points = _control_points(dataset, source)
    corners = np.array([[p[2], p[3]] for p in points]) if points else _corners(dataset, name)
    told = dataset.gcps[1] if points else dataset.crs
    wkt = told.to_wkt() if told else None
    crs = _crs(wkt, told.to_epsg() if told else None, source, corners)
    lonlat = frames.transform(corners, crs, frames.LONLAT)
    if not (np.isfinite(lonlat).all() and (np.abs(lonlat) <= [540.0, 90.0 + 1e-6]).all()):
        raise BadSource(f"{name}: its corners {corners.round(3).tolist()} do not lie in {crs}; is the CRS right?")
    low, high = corners.min(axis=0), corners.max(axis=0)
    a, b, _, d, e, _ = tuple(dataset.transform)[:6]
    return Raster(
        location=name,
        crs=crs,
        bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        width=dataset.width,
        height=dataset.height,
        bands=dataset.count,
        dtype=dataset.dtypes[0],
        nodata=None if dataset.nodata is None else float(dataset.nodata),
        pixel_m=_pixel_m(dataset, crs, name, points),
        driver=driver,
        unit_m=_unit_m(dataset, wkt, name),
        vertical=None if wkt is None else frames.vertical(wkt),
        is_upright=not points and a > 0 and e < 0 and b == 0 and d == 0,
        control_points=points,
    )


def _control_points(dataset: DatasetReader, source: Source) -> tuple[tuple[float, float, float, float], ...]:
    """Control points where nothing else places the image, if its owner wants it warped by them; none where it is placed."""
    if not dataset.transform.is_identity:
        return ()
    points, _ = dataset.gcps
    if not points:
        what = (
            "only rational polynomials (RPC), which need the ground's heights" if dataset.rpcs else "no position at all"
        )
        raise BadSource(f"{source.location}: carries {what}; expected a geotransform: rectify it first (gdalwarp)")
    if source.control_points != "warp":
        raise BadSource(
            f"{source.location}: carries only {len(points)} ground control points; expected a geotransform: warp it "
            'first (gdalwarp), or write `control_points = "warp"` beside it in the city file'
        )
    return tuple((float(p.col), float(p.row), float(p.x), float(p.y)) for p in points)


def _corners(dataset: DatasetReader, name: str) -> FloatArray:
    """The four corners (4, 2) in the file's frame."""
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    if not (np.isfinite([a, b, c, d, e, f]).all() and abs(a * e - b * d) > 0):
        raise BadSource(f"{name}: its geotransform {(a, b, c, d, e, f)} is not invertible")
    pixel = np.array([[0, 0], [dataset.width, 0], [dataset.width, dataset.height], [0, dataset.height]], dtype=float)
    return np.column_stack([a * pixel[:, 0] + b * pixel[:, 1] + c, d * pixel[:, 0] + e * pixel[:, 1] + f])


def _crs(wkt: str | None, epsg: int | None, source: Source, corners: FloatArray) -> str:
    """The CRS by its canonical name. epsg: what GDAL takes it for, who knows more of ESRI's names (.prj) than PROJ."""
    try:
        told = frames.parse(wkt) if wkt else None
        if told is not None and epsg is not None and not told.startswith("EPSG:"):
            told = frames.parse(f"EPSG:{epsg}")
        stated = None if source.crs is None else frames.parse(source.crs)
    except BadInput as error:
        raise BadSource(f"{source.location}: {error}") from error
    crs = stated if told is None or stated in (frames.GCJ02, frames.BD09) else told  # those two have no EPSG code
    if crs is None:
        raise MissingCrs(
            f'{source.location}: states no CRS; write `crs = "..."` beside it in the city file, or say --crs. '
            f"Likely, from its coordinates: {likely(source, corners)}"
        )
    if stated not in (None, crs):
        raise BadSource(f"{source.location}: the file says {told}, the city file says {stated}; one of them is wrong")
    return crs


_UNITS_M = {
    **dict.fromkeys(("", "m", "metre", "meter", "metres", "meters", "米"), 1.0),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("us survey foot", "us survey feet", "us-ft", "ftus", "us-foot"), 1200.0 / 3937.0),
    **dict.fromkeys(("cm", "centimetre", "centimeter"), 0.01),
    **dict.fromkeys(("dm", "decimetre", "decimeter"), 0.1),
}


def _unit_m(dataset: DatasetReader, wkt: str | None, name: str) -> float:
    """Metres in one unit of the first band: as the band says, else as the vertical part of the CRS does."""
    by_frame = 1.0 if wkt is None else frames.height_unit_m(wkt)
    said = (dataset.units[0] or "").strip().lower()
    if not said or dataset.count != 1:
        return by_frame
    if said not in _UNITS_M:
        raise BadSource(f"{name}: its heights are in {said!r}; expected metres, decimetres, centimetres or feet")
    by_band = _UNITS_M[said]
    if by_frame != 1.0 and abs(by_band - by_frame) > 1e-5:
        raise BadSource(f"{name}: its band says {said!r}, its CRS a unit of {by_frame:g} m; one of them is wrong")
    return by_frame if by_frame != 1.0 else by_band


def _pixel_m(
    dataset: DatasetReader, crs: str, name: str, points: tuple[tuple[float, float, float, float], ...]
) -> float:
    """Ground size of the middle pixel: the geometric mean of its sides; of control points, of the area they span."""
    if points:
        at = np.array(points)
        lonlat = frames.transform(at[:, 2:], crs, frames.LONLAT)
        ecef = frames.to_ecef(np.column_stack([lonlat, np.zeros(len(at))]))
        ground, image = (float(np.linalg.norm(np.ptp(spread, axis=0))) for spread in (ecef, at[:, :2]))
        size = ground / (image or 1.0)
    else:
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
