"""Sheets of heights put together: one GeoTIFF for each fineness, in metres of the city's height system, NaN for a void.

The rule: sheets at most 1.5 times as coarse as the finest of them make one raster, on the grid of that finest sheet; what
is coarser makes a raster of its own, and the finer one covers it where ground is asked for. Within a raster a finer sheet
lies over a coarser one, and of equals the later in the delivery over the earlier; nothing is averaged. A sheet on the same
grid is copied, any other is taken bilinearly. Memory: some blocks of the target, whatever the sheets' number and size.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from cim import crs as frames
from cim.geoid import Geoid
from cim.plugins import Raster
from cim.types import FloatArray, Progress
from loaders.formats import raster_file

ALIKE = 1.5
"""Sheets whose pixels differ by no more than this factor make one raster (the project's own default)."""
_BLOCK = 1024
_NODE_M = 2_000.0  # the geoid is asked so far apart, and taken linearly between: EGM96 is a grid of 25 km
METRES_PER_DEGREE = 111_320.0
_CACHE_BYTES = 64 << 20
_ON_GRID = 1e-3  # of a pixel


@dataclass(frozen=True, slots=True)
class Grid:
    """The target's pixels: frame, transform (upright) and size."""

    crs: str
    transform: Affine
    width: int
    height: int


def fineness(sheets: Sequence[Raster]) -> list[list[Raster]]:
    """The sheets by rasters they make, the finest first; within one the coarser and the earlier come first.

    >>> one = Raster("a", "EPSG:4547", (0, 0, 1, 1), 1, 1, 1, "float32", None, 1.0)
    >>> from dataclasses import replace
    >>> [[s.location for s in g] for g in fineness([one, replace(one, location="b", pixel_m=30.0)])]
    [['a'], ['b']]
    """
    groups: list[list[Raster]] = []
    for sheet in sorted(sheets, key=lambda s: s.pixel_m):
        if groups and sheet.pixel_m <= ALIKE * groups[-1][0].pixel_m:
            groups[-1].append(sheet)
        else:
            groups.append([sheet])
    place = {sheet.location: n for n, sheet in enumerate(sheets)}
    return [sorted(group, key=lambda s: (-s.pixel_m, place[s.location])) for group in groups]


def grid_of(sheets: Sequence[Raster]) -> Grid:
    """The grid of the finest (the last) sheet, wide enough for all of them."""
    finest = sheets[-1]
    with raster_file.opened(finest.location, finest.driver) as dataset:
        across, down = dataset.transform.a, -dataset.transform.e
        if not finest.is_upright:
            across = down = float(np.sqrt(abs(dataset.transform.determinant)))
    west, south, east, north = finest.bounds
    boxes = np.array([transform_bounds(s.crs, finest.crs, *s.bounds, densify_pts=21) for s in sheets])
    left = west + np.floor((boxes[:, 0].min() - west) / across + _ON_GRID) * across
    top = north + np.ceil((boxes[:, 3].max() - north) / down - _ON_GRID) * down
    width = int(np.ceil((boxes[:, 2].max() - left) / across - _ON_GRID))
    height = int(np.ceil((top - boxes[:, 1].min()) / down - _ON_GRID))
    return Grid(finest.crs, Affine(across, 0.0, float(left), 0.0, -down, float(top)), width, height)


def write(sheets: Sequence[Raster], target: Path, heights: str, geoid: Geoid | None, progress: Progress) -> Raster:
    """One raster out of sheets that `fineness` put together, in the order of lying over one another.

    heights: what the sheets' heights count from, `1985` or `ellipsoidal`. geoid: for the latter. The file is put in
    place when it is whole. Raises BadSource for a sheet that cannot be read any more.
    """
    grid = grid_of(sheets)
    reaches = [transform_bounds(s.crs, grid.crs, *s.bounds, densify_pts=21) for s in sheets]
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"partial_{target.name}")
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(partial, "w", **_profile(grid)) as out:
            rows = range(0, grid.height, _BLOCK)
            for done, top in enumerate(rows):
                for left in range(0, grid.width, _BLOCK):
                    window = Window(left, top, min(_BLOCK, grid.width - left), min(_BLOCK, grid.height - top))
                    met = [s for s, reach in zip(sheets, reaches, strict=True) if _meets(reach, window, grid)]
                    values = _block(met, window, grid)
                    if np.isfinite(values).any():  # else it stays unwritten, and costs nothing
                        out.write(_lowered(values, window, grid, heights, geoid), 1, window=window)
                progress(done + 1, len(rows), f"rows of blocks: {len(sheets)} sheets of heights")
        partial.replace(target)
    except (RasterioError, CPLE_BaseError) as error:
        raise raster_file.unwritten(
            target, f"{sheets[-1].location}: its delivery cannot be put together", error
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    west, north = grid.transform.c, grid.transform.f
    east, south = west + grid.width * grid.transform.a, north + grid.height * grid.transform.e
    return Raster(
        *(str(target), grid.crs, (west, south, east, north), grid.width, grid.height, 1, "float32", float("nan")),
        pixel_m=sheets[-1].pixel_m,
    )


def _profile(grid: Grid) -> dict[str, Any]:
    return {
        **{"driver": "GTiff", "width": grid.width, "height": grid.height, "count": 1, "dtype": "float32"},
        **{"crs": grid.crs, "transform": grid.transform, "nodata": float("nan"), "tiled": True, "sparse_ok": True},
        **{"blockxsize": 512, "blockysize": 512, "compress": "zstd", "zstd_level": 1, "predictor": 3},
        **{"bigtiff": "if_safer", "num_threads": "all_cpus"},
    }


def _meets(reach: tuple[float, float, float, float], window: Window, grid: Grid) -> bool:
    west, south, east, north = rasterio.windows.bounds(window, grid.transform)
    return bool(reach[0] < east and reach[2] > west and reach[1] < north and reach[3] > south)


def _block(sheets: Sequence[Raster], window: Window, grid: Grid) -> FloatArray:
    """One block of the target (r, c), metres as the sheets count them; each sheet lies over those before it."""
    values = np.full((int(window.height), int(window.width)), np.nan, dtype=np.float32)
    for sheet in sheets:
        found = _read(sheet, window, grid)
        np.copyto(values, found, where=np.isfinite(found))
    return np.asarray(values)


def _lowered(values: FloatArray, window: Window, grid: Grid, heights: str, geoid: Geoid | None) -> FloatArray:
    """Heights (r, c) as the city counts them: H = h - N."""
    if heights == "1985" or geoid is None:
        return values
    return np.asarray(values - _undulation(window, grid, geoid))


def _read(sheet: Raster, window: Window, grid: Grid) -> FloatArray:
    """What one sheet shows in a block of the target: metres (r, c), NaN where nothing."""
    with ExitStack() as stack:
        dataset = stack.enter_context(raster_file.opened(sheet.location, sheet.driver))
        shift = _shift(sheet, dataset, grid)
        if shift is not None:
            values = _copied(dataset, window, *shift)
        else:
            warped = stack.enter_context(
                WarpedVRT(
                    dataset,
                    **{"src_crs": sheet.crs, "crs": grid.crs, "transform": grid.transform, "dtype": "float32"},
                    **{"width": grid.width, "height": grid.height, "resampling": Resampling.bilinear},
                    **{"nodata": float("nan"), "src_nodata": dataset.nodata},
                )
            )
            values = np.ma.filled(warped.read(1, window=window, masked=True).astype(np.float32), np.nan)
        scale, offset = dataset.scales[0], dataset.offsets[0]
        return np.asarray((values * np.float32(scale) + np.float32(offset)) * np.float32(sheet.unit_m))


def _shift(sheet: Raster, dataset: DatasetReader, grid: Grid) -> tuple[int, int] | None:
    """Columns and rows from the target's corner to the sheet's, where both are the same grid; else None."""
    if sheet.crs != grid.crs or not sheet.is_upright:
        return None
    own, theirs = dataset.transform, grid.transform
    size = max(dataset.width, dataset.height)
    if abs(own.a / theirs.a - 1.0) * size > _ON_GRID or abs(own.e / theirs.e - 1.0) * size > _ON_GRID:
        return None
    column, row = ~theirs * (own.c, own.f)
    if abs(column - round(column)) > _ON_GRID or abs(row - round(row)) > _ON_GRID:
        return None
    return round(column), round(row)


def _copied(dataset: DatasetReader, window: Window, column: int, row: int) -> FloatArray:
    """A block of the target out of a sheet on the same grid whose corner lies at a column and row of it."""
    values = np.full((int(window.height), int(window.width)), np.nan, dtype=np.float32)
    left, top = max(int(window.col_off), column), max(int(window.row_off), row)
    right = min(int(window.col_off + window.width), column + dataset.width)
    bottom = min(int(window.row_off + window.height), row + dataset.height)
    if right > left and bottom > top:
        masked = dataset.read(1, window=Window(left - column, top - row, right - left, bottom - top), masked=True)
        x, y = left - int(window.col_off), top - int(window.row_off)
        values[y : y + bottom - top, x : x + right - left] = np.ma.filled(masked.astype(np.float32), np.nan)
    return np.asarray(values)


def _undulation(window: Window, grid: Grid, geoid: Geoid) -> FloatArray:
    """The geoid under every pixel of a block, from nodes two kilometres apart; (r, c) float32 metres."""
    pixel = abs(grid.transform.a) * (METRES_PER_DEGREE if frames.is_geographic(grid.crs) else 1.0)
    step = int(np.clip(_NODE_M / pixel, 1, 256))
    column, row = (np.arange(0, int(size) + step, step) + 0.5 for size in (window.width, window.height))
    x = grid.transform.c + (window.col_off + column) * grid.transform.a
    y = grid.transform.f + (window.row_off + row) * grid.transform.e
    nodes = np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])
    held = geoid.undulation(frames.transform(nodes, grid.crs, frames.LONLAT)).reshape(len(y), len(x))
    at_column, at_row = (np.arange(int(size)) / step for size in (window.width, window.height))
    c, r = at_column.astype(int), at_row.astype(int)
    fx, fy = at_column - c, (at_row - r)[:, None]
    upper = held[r][:, c] * (1 - fx) + held[r][:, c + 1] * fx
    lower = held[r + 1][:, c] * (1 - fx) + held[r + 1][:, c + 1] * fx
    return np.asarray(upper * (1 - fy) + lower * fy, dtype=np.float32)
