"""One DEM made ready for sampling: NaN-free float32 heights and border distances, in halving sizes, on disk.

A DEM of any size is read in strips and kept in memory-mapped .npy files beside the pyramid being built (about 7 bytes a
pixel), so memory stays bounded and worker processes share the pages.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from numpy.lib.format import open_memmap
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from cim import crs as frames
from cim.dem_flaws import SPIKE, VOID, DemFlaw, Tally, sift, spike_height
from cim.errors import BadSource, MissingCrs, NoSpace
from cim.raster import close_holes, fill_voids, halve, steps_inside
from cim.types import BoolArray, FloatArray

BLEND_PX = 32
"""Over so many pixels inside its border, or round a hole, a DEM fades into the coarser ground."""
HOLE_PX = 8
"""Holes narrower than about twice this are filled from the DEM's own neighbouring pixels."""
_STRIP = 512
_CACHE_BYTES = 64 << 20  # GDAL's own, of pixels that are read once; it would take a twentieth of the memory
_BYTES_PER_PIXEL = 8
_MARGIN = BLEND_PX + 2 * HOLE_PX + 2


@dataclass(frozen=True, slots=True)
class DemSource:
    """A raster whose first band is heights in the city's height system (metres). crs: stated by its owner, if any.

    spike_m: how far a pixel must stand off all its neighbours to be taken for a spike; None: the default, inf: never.
    """

    path: Path
    crs: str | None = None
    spike_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Dem:
    """A prepared DEM. levels: (heights, steps) pairs, each half the size of the one before; heights float32 metres
    without NaN, steps the distance to the border or the next void in pixels of the full size (0..blend).

    to_pixel: a, b, c, d, e, f of column = a x + b y + c, row = d x + e y + f, from the *corner* of the first pixel.
    outline: shapely, lon/lat degrees. pixel_m: ground size of a pixel. flaws: what was filled.
    """

    crs: str
    to_pixel: tuple[float, float, float, float, float, float]
    width: int
    height: int
    blend: int
    pixel_m: float
    latitude: float
    outline: shapely.Geometry
    levels: tuple[tuple[Path, Path], ...]
    flaws: tuple[DemFlaw, ...] = ()

    def pixels(self, lonlat: FloatArray) -> FloatArray:
        """Column and row (n, 2), fractional, from the corner of the first pixel; inf where it cannot be placed."""
        xy = frames.transform(lonlat, frames.LONLAT, self.crs)
        a, b, c, d, e, f = self.to_pixel
        with np.errstate(invalid="ignore"):  # inf times 0, beyond what the projection can place
            return np.column_stack([a * xy[:, 0] + b * xy[:, 1] + c, d * xy[:, 0] + e * xy[:, 1] + f])


def prepare(source: DemSource, folder: Path, name: str) -> Dem:
    """Read a DEM into `folder` as `{name}_*.npy`. Raises BadSource (cannot be read, no valid pixel) or MissingCrs."""
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(source.path) as dataset:
            return _prepare(dataset, source, folder, name)
    except RasterioError as error:
        raise BadSource(f"{source.path}: cannot be read as a DEM: {error}") from error


def _prepare(dataset: DatasetReader, source: DemSource, folder: Path, name: str) -> Dem:
    stated = source.crs or (dataset.crs.to_wkt() if dataset.crs else "")
    if not stated:
        raise MissingCrs(f"{source.path}: the DEM states no CRS and neither does its owner; expected an EPSG code")
    crs = frames.parse(stated)
    _need_space(folder, dataset.width * dataset.height * _BYTES_PER_PIXEL)
    blend = max(1, min(BLEND_PX, min(dataset.width, dataset.height) // 4))
    levels = [(folder / f"{name}_0_heights.npy", folder / f"{name}_0_steps.npy")]
    outline, pixel_m, latitude = _footprint(dataset, crs)
    least = spike_height(source.spike_m, pixel_m)
    tally = _read(dataset, *levels[0], blend, least)
    if tally.zero_is_a_mark:
        tally = _read(dataset, *levels[0], blend, least, zero_is_a_mark=True)
    if not tally.known:
        raise BadSource(f"{source.path}: every pixel of the DEM is void; expected heights")
    while min(np.load(levels[-1][0], mmap_mode="r").shape) >= 4:
        after = (folder / f"{name}_{len(levels)}_heights.npy", folder / f"{name}_{len(levels)}_steps.npy")
        for larger, smaller in zip(levels[-1], after, strict=True):
            _shrink(larger, smaller)
        levels.append(after)
    return Dem(
        crs=crs,
        to_pixel=tuple(~dataset.transform)[:6],
        width=dataset.width,
        height=dataset.height,
        blend=blend,
        pixel_m=pixel_m,
        latitude=latitude,
        outline=outline,
        levels=tuple(levels),
        flaws=_flaws(tally, source.path.name, dataset, crs),
    )


def _flaws(tally: Tally, name: str, dataset: DatasetReader, crs: str) -> tuple[DemFlaw, ...]:
    found = []
    for code, (top, left, bottom, right) in sorted(tally.bounds.items()):
        corners = [dataset.transform * (c, r) for c in (left, right + 1) for r in (top, bottom + 1)]
        lonlat = frames.transform(np.array(corners), crs, frames.LONLAT)
        box = (*lonlat.min(axis=0).round(7).tolist(), *lonlat.max(axis=0).round(7).tolist())
        found.append(DemFlaw(name, code, tally.counts[code], box))
    return tuple(found)


def _need_space(folder: Path, needed: int) -> None:
    """Ask before mapping files: a full disk would kill the process at the first write."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpace(f"{folder.parent}: preparing the DEM takes {needed >> 20} MiB, {free >> 20} MiB are free")


def _read(
    dataset: DatasetReader, heights: Path, steps: Path, blend: int, least: float, *, zero_is_a_mark: bool = False
) -> Tally:
    """Fill both maps strip by strip, each with a margin that makes its result independent of the strips."""
    size = (dataset.height, dataset.width)
    height_map = open_memmap(heights, mode="w+", dtype=np.float32, shape=size)
    step_map = open_memmap(steps, mode="w+", dtype=np.uint8, shape=size)
    tally = Tally()
    for top in range(0, dataset.height, _STRIP):
        first, last = max(0, top - _MARGIN), min(dataset.height, top + _STRIP + _MARGIN)
        keep = slice(top - first, min(top + _STRIP, dataset.height) - first)
        values, marks, off = sift(
            read_heights(dataset, Window(0, first, dataset.width, last - first)), least, zero_is_a_mark
        )
        tally.add(VOID, marks[keep], top)
        tally.add(SPIKE, off[keep], top)
        tally.weigh(values[keep])
        valid = np.isfinite(values)
        inside = _border_steps(valid, first, dataset.height, blend + 1)
        height_map[top : top + _STRIP] = fill_voids(values)[keep]
        step_map[top : top + _STRIP] = np.where(inside > 0, inside - np.uint8(1), 0).astype(np.uint8)[keep]
    return tally


def _border_steps(valid: BoolArray, first: int, height: int, limit: int) -> npt.NDArray[np.uint8]:
    """Steps, at most `limit`, from the pixels of a strip to the nearest void or to beyond the DEM's border.

    valid: (r, c) of the strip. first: its first row in a DEM of `height` rows.
    """
    rows, cols = valid.shape
    if valid.all():
        row, column = np.arange(first, first + rows), np.arange(cols)
        down = np.minimum(np.minimum(row + 1, height - row), limit).astype(np.uint8)
        along = np.minimum(np.minimum(column + 1, cols - column), limit).astype(np.uint8)
        steps: npt.NDArray[np.uint8] = np.minimum(down[:, None], along)
        return steps
    rim = ((int(first == 0), int(first + rows == height)), (1, 1))
    steps = steps_inside(np.pad(close_holes(valid, HOLE_PX), rim), limit)
    return steps[rim[0][0] : steps.shape[0] - rim[0][1], 1:-1]


def read_heights(dataset: DatasetReader, window: Window) -> npt.NDArray[np.float32]:
    """Heights of a window in metres, float32; the band's scale is applied. NaN where the file declares a void."""
    masked = dataset.read(1, window=window, masked=True)
    scale, offset = dataset.scales[0], dataset.offsets[0]
    return np.ma.filled(masked.astype(np.float32), np.nan) * np.float32(scale) + np.float32(offset)


def _shrink(larger: Path, smaller: Path) -> None:
    source = np.load(larger, mmap_mode="r")
    shape = tuple((n + 1) // 2 for n in source.shape)
    target = open_memmap(smaller, mode="w+", dtype=np.float32, shape=shape)
    for top in range(0, source.shape[0], 2 * _STRIP):
        target[top // 2 : top // 2 + _STRIP] = halve(source[top : top + 2 * _STRIP])


def _footprint(dataset: DatasetReader, crs: str) -> tuple[shapely.Geometry, float, float]:
    """The outline in lon/lat, the ground size of the middle pixel, and its latitude."""
    along = np.linspace(0.0, 1.0, 33)
    ring = np.concatenate(
        [np.column_stack(p) for p in ((along, 0 * along), (0 * along + 1, along), (1 - along, 0 * along + 1))]
        + [np.column_stack([0 * along, 1 - along])]
    ) * [dataset.width, dataset.height]
    middle = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) + [dataset.width // 2, dataset.height // 2]
    corner = np.concatenate([ring, middle])
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    x, y = a * corner[:, 0] + b * corner[:, 1] + c, d * corner[:, 0] + e * corner[:, 1] + f
    lonlat = frames.transform(np.column_stack([x, y]), crs, frames.LONLAT)
    ecef = frames.to_ecef(np.column_stack([lonlat[-3:], np.zeros(3)]))
    sides = np.linalg.norm(ecef[1:] - ecef[0], axis=1)
    return shapely.make_valid(shapely.Polygon(lonlat[:-3])), float(np.sqrt(sides.prod())), float(lonlat[-3, 1])
