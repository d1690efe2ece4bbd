"""Sheets of one orthophoto as web Mercator COGs: warped block by block, laid over one another, brought to 8 bits.

The rule: a finer sheet lies over a coarser one, and of equally fine ones the later in the delivery over the earlier; where
a sheet is void (nodata, mask, alpha) the one beneath shows. Nothing is feathered. Sheets of one zoom make one COG.
Memory: a few blocks of the map, whatever the sheets' number and size.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from cim import crs as frames
from cim.errors import BadSource
from tilesets.crew import processors
from tilesets.imagery.cog import CACHE_BYTES, TILE_PX, Cog, MercatorGrid, Sheet, grid_over, look, to_cog

_BLOCK = 2048
_OPEN = 16
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """A georeferenced raster. crs: stated by its owner where the file does not say."""

    path: Path
    crs: str | None = None


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Pictures that are one. stretch: the values that become 0 and 255, of pictures deeper than 8 bits."""

    pictures: tuple[Picture, ...]
    stretch: tuple[float, float] | None = None


def write_mosaic(mosaic: Mosaic, folder: Path, name: str) -> list[tuple[str, Cog]]:
    """Write the sheets into `folder` as one COG a zoom: (file name, what it is), files called after `name`.

    Raises BadSource for a sheet that cannot be read or is deeper than 8 bits without a stretch, MissingCrs.
    """
    sheets = [look(picture.path, picture.crs, mosaic.stretch) for picture in mosaic.pictures]
    done: list[tuple[str, Cog]] = []
    for zoom in sorted({sheet.zoom for sheet in sheets}, reverse=True):
        alike = [sheet for sheet in sheets if sheet.zoom == zoom]
        file = f"{name}.tif" if not done else f"{name}_{zoom}.tif"
        done.append((file, write_sheets(alike, folder / file)))
    return done


def write_sheets(sheets: Sequence[Sheet], target: Path) -> Cog:
    """Sheets of one zoom as one COG; later ones lie over earlier ones."""
    boxes = np.array([sheet.bounds for sheet in sheets])
    bbox = np.array([sheet.bbox for sheet in sheets])
    zoom = sheets[0].zoom
    shown = Cog(zoom, (*bbox[:, :2].min(axis=0).tolist(), *bbox[:, 2:].max(axis=0).tolist()))
    grid = grid_over((*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()), zoom)
    try:
        with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
            if len(sheets) == 1 and sheets[0].is_on_map:
                with rasterio.open(sheets[0].opened) as dataset:
                    to_cog(dataset, target)
                return shown
            draft = target.with_name(f"draft_{target.name}")
            _warp(sheets, grid, draft)
            with rasterio.open(draft) as dataset:
                to_cog(dataset, target)
            draft.unlink()
    except (RasterioError, CPLE_BaseError) as error:  # GDAL's own errors leave `copy` untranslated
        raise BadSource(f"{sheets[0].path}: cannot be made into a picture layer: {error}") from error
    return shown


def _warp(sheets: Sequence[Sheet], grid: MercatorGrid, draft: Path) -> None:
    """The sheets over one another on the map's grid: colours and alpha, blocks that show nothing left out."""
    bands = max(sheet.bands for sheet in sheets)
    profile: dict[str, Any] = {
        **{"driver": "GTiff", "width": grid.width, "height": grid.height, "count": bands + 1, "dtype": "uint8"},
        **{"crs": frames.WEB_MERCATOR, "transform": grid.transform, "tiled": True, "sparse_ok": True, "alpha": "yes"},
        **{"blockxsize": TILE_PX, "blockysize": TILE_PX, "bigtiff": "if_safer", "interleave": "pixel"},
        **({"photometric": "rgb"} if bands == 3 else {}),
    }
    light = Table(grid)
    windows = [
        Window(left, top, min(_BLOCK, grid.width - left), min(_BLOCK, grid.height - top))
        for top in range(0, grid.height, _BLOCK)
        for left in range(0, grid.width, _BLOCK)
    ]
    with rasterio.open(draft, "w", **profile) as out, ThreadPoolExecutor(processors()) as pool:
        for window, pixels in _ahead(pool, light, sheets, bands, windows):
            if pixels is not None:
                out.write(pixels, window=window)


def _ahead(
    pool: ThreadPoolExecutor, table: "Table", sheets: Sequence[Sheet], bands: int, windows: Sequence[Window]
) -> Iterator[tuple[Window, Pixels | None]]:
    """Blocks in their order, some of them made ahead: never more than twice as many as there are threads."""
    waiting: deque[tuple[Window, Future[Pixels | None]]] = deque()
    for window in windows:
        reached = [sheet for sheet in sheets if table.reaches(sheet, window)]
        waiting.append((window, pool.submit(table.block, reached, bands, window)))
        if len(waiting) > 2 * processors():
            first, made = waiting.popleft()
            yield first, made.result()
    for first, made in waiting:
        yield first, made.result()


@dataclass(slots=True, eq=False)
class Table:
    """Where sheets are laid over one another; each thread holds some of them open."""

    grid: MercatorGrid
    _local: threading.local = field(default_factory=threading.local)

    def reaches(self, sheet: Sheet, window: Window) -> bool:
        """Whether a sheet's box meets a block."""
        west, south, east, north = rasterio.windows.bounds(window, self.grid.transform)
        b = sheet.bounds
        return bool(b[0] < east and b[2] > west and b[1] < north and b[3] > south)

    def block(self, sheets: Sequence[Sheet], bands: int, window: Window) -> Pixels | None:
        """Colours and alpha (bands + 1, r, c) of a block, from the uppermost sheet down; None where nothing shows."""
        shape = (int(window.height), int(window.width))
        colours = np.zeros((bands, *shape), dtype=np.uint8)
        shown = np.zeros(shape, dtype=bool)
        for sheet in reversed(sheets):
            values = self._warped(sheet).read(window=window)
            fresh = (values[-1] > 0) & ~shown
            if fresh.any():
                np.copyto(colours, np.broadcast_to(_bytes(values[:-1], sheet.stretch), colours.shape), where=fresh)
                shown |= fresh
            if shown.all():
                break
        if not shown.any():
            return None
        return np.concatenate([colours, np.where(shown, np.uint8(255), np.uint8(0))[None]])

    def _warped(self, sheet: Sheet) -> WarpedVRT:
        """The sheet as it lies on the grid, opened once a thread."""
        held: OrderedDict[str, tuple[Any, WarpedVRT]] = getattr(self._local, "held", None) or OrderedDict()
        self._local.held = held
        if sheet.opened not in held:
            if len(held) >= _OPEN:
                for one in reversed(held.popitem(last=False)[1]):
                    one.close()
            dataset = rasterio.open(sheet.opened)
            warped = WarpedVRT(
                dataset,
                **{"src_crs": sheet.frame, "crs": frames.WEB_MERCATOR, "transform": self.grid.transform},
                **{"width": self.grid.width, "height": self.grid.height, "resampling": Resampling.cubic},
                add_alpha=not sheet.has_alpha,
            )
            held[sheet.opened] = (dataset, warped)
        held.move_to_end(sheet.opened)
        return held[sheet.opened][1]


def _bytes(values: npt.NDArray[Any], stretch: tuple[float, float] | None) -> Pixels:
    """Colours as 0 to 255: as they are, or stretched so that the pair's first becomes 0 and its second 255.

    >>> _bytes(np.array([100, 350, 600, 9000], dtype=np.uint16), (100.0, 600.0)).tolist()
    [0, 128, 255, 255]
    """
    if stretch is None:
        return values.astype(np.uint8, copy=False)
    low, high = stretch
    share = (values.astype(np.float32) - np.float32(low)) * np.float32(255.0 / (high - low))
    return np.asarray(np.floor(np.clip(np.nan_to_num(share), 0.0, 255.0) + np.float32(0.5)).astype(np.uint8))
