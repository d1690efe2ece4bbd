"""The relief as pictures: hillshade and slope of the same ground that the terrain tiles show, one COG a DEM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from rasterio.windows import Window

from cim import crs as frames
from cim.errors import BadInput
from cim.raster import hillshade, slope
from cim.types import FloatArray, IntArray, Progress, silent
from tilesets import folder_swap
from tilesets.imagery.cog import CACHE_BYTES, TILE_PX, Cog, MercatorGrid, grid_over, to_cog, zoom_for
from tilesets.imagery.layer import ImageryReport, publish
from tilesets.imagery.steepness import painted
from tilesets.terrain.dem import Dem, DemSource, prepare
from tilesets.terrain.grid import METRES_PER_DEGREE
from tilesets.terrain.surface import Surface, build_surface, pixels_at

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class PixelLattice:
    """Pixel centres of a whole zoom in degrees: columns from 180 W, rows from the north."""

    zoom: int

    @property
    def step(self) -> float:
        """Degrees of longitude between columns."""
        return 360.0 / (TILE_PX * 2.0**self.zoom)

    def lon(self, i: IntArray) -> FloatArray:
        """Degrees of columns."""
        return np.asarray((i + 0.5) * self.step - 180.0, dtype=np.float64)

    def lat(self, j: IntArray) -> FloatArray:
        """Degrees of rows."""
        y = np.pi * (1.0 - 2.0 * (j + 0.5) / (TILE_PX * 2.0**self.zoom))
        return np.asarray(np.degrees(np.arctan(np.sinh(y))), dtype=np.float64)

    def spacing_m(self, lat: float) -> float:
        """Ground distance between pixels at a latitude."""
        return float(self.step * METRES_PER_DEGREE * np.cos(np.radians(lat)))


@dataclass(frozen=True, slots=True)
class Relief:
    """A picture of the ground: its layer's name and titles, how many colours, and how heights become them.

    paint: heights (r + 2, c + 2) metres and the ground size of a pixel (r, 1) metres to colours (bands, r, c).
    """

    name: str
    title: str
    title_en: str
    bands: int
    paint: Callable[[FloatArray, FloatArray], npt.NDArray[np.uint8]]


def _shaded(heights: FloatArray, step: FloatArray) -> npt.NDArray[np.uint8]:
    return hillshade(heights, step, step)[None]


def _steep(heights: FloatArray, step: FloatArray) -> npt.NDArray[np.uint8]:
    return painted(slope(heights, step, step))


HILLSHADE = Relief("hillshade", "地貌晕渲", "Hillshade", 1, _shaded)
"""Light from the north-west at 45 degrees, heights not exaggerated."""
SLOPE = Relief("slope", "坡度", "Slope", 3, _steep)
"""Degrees by Horn's method, pixels as large as they are on the ground at their latitude, coloured by `STEEPNESS`."""
RELIEFS = (HILLSHADE, SLOPE)


def build_reliefs(
    dems: Sequence[DemSource],
    out: Path,
    reliefs: Sequence[Relief] = RELIEFS,
    progress: Progress = silent,
    *,
    fingerprint: str | None = None,
) -> list[ImageryReport]:
    """Build a layer out/{name} for each picture of the ground; the DEMs are made ready once, and only if one is due.

    Raises BadInput without DEMs, BadSource, MissingCrs.
    """
    if not dems:
        raise BadInput(f"layers {', '.join(r.name for r in reliefs)}: no DEM; expected at least one")
    out.mkdir(parents=True, exist_ok=True)
    with folder_swap.beside(out / "relief") as scratch:
        ready: list[Dem] = []

        def write(relief: Relief, folder: Path) -> list[tuple[str, Cog]]:
            ready.extend(prepare(source, scratch, f"dem{n}") for n, source in enumerate(dems[len(ready) :]))
            surface, done = build_surface(ready), []
            for n, dem in enumerate(ready):
                progress(n, len(ready), f"imagery {relief.name}: {dems[n].path.name}")
                done.append((f"{n}.tif", _paint(relief, surface, dem, scratch / f"{n}.tif", folder / f"{n}.tif")))
            progress(len(ready), len(ready), f"imagery {relief.name}")
            return done

        return [
            publish(partial(write, relief), out, relief.name, relief.title, relief.title_en, fingerprint)
            for relief in reliefs
        ]


def _paint(relief: Relief, surface: Surface, dem: Dem, draft: Path, target: Path) -> Cog:
    west, south, east, north = (float(v) for v in shapely.bounds(dem.outline))
    corners = frames.transform(np.array([[west, south], [east, north]]), frames.LONLAT, frames.WEB_MERCATOR)
    grid = grid_over((corners[0, 0], corners[0, 1], corners[1, 0], corners[1, 1]), zoom_for(dem.pixel_m, dem.latitude))
    profile = {
        **{"driver": "GTiff", "width": grid.width, "height": grid.height, "count": relief.bands + 1, "dtype": "uint8"},
        **{"crs": frames.WEB_MERCATOR, "transform": grid.transform, "tiled": True, "sparse_ok": True, "alpha": "yes"},
        **{"blockxsize": TILE_PX, "blockysize": TILE_PX, "bigtiff": "if_safer"},
        **({"photometric": "rgb"} if relief.bands == 3 else {}),
    }
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
        with rasterio.open(draft, "w", **profile) as dataset:
            for top in range(0, grid.height, _BLOCK):
                for left in range(0, grid.width, _BLOCK):
                    wide, high = min(_BLOCK, grid.width - left), min(_BLOCK, grid.height - top)
                    pixels = _paint_block(relief, surface, dem, grid, Window(left, top, wide, high))
                    if pixels is not None:
                        dataset.write(pixels, window=Window(left, top, wide, high))
        with rasterio.open(draft) as dataset:
            to_cog(dataset, target, quality=95)  # plains differ by a few shades only
    draft.unlink()
    return Cog(grid.zoom, (west, south, east, north))


def _paint_block(
    relief: Relief, surface: Surface, dem: Dem, grid: MercatorGrid, window: Window
) -> npt.NDArray[np.uint8] | None:
    """Colours and alpha (bands + 1, high, wide) of a block; None where the DEM does not reach it."""
    lattice = PixelLattice(grid.zoom)
    left, top = int(window.col_off), int(window.row_off)
    i = np.arange(left - 1, left + int(window.width) + 1) + grid.x0 * TILE_PX
    j = np.arange(top - 1, top + int(window.height) + 1) + grid.y0 * TILE_PX
    x, y = pixels_at(dem, lattice, i[1:-1], j[1:-1])
    inside = (x >= 0) & (x <= dem.width) & (y >= 0) & (y <= dem.height)
    if not inside.any():
        return None
    ground = grid.pixel * np.cos(np.radians(lattice.lat(j[1:-1])))[:, None]
    colours = relief.paint(surface.heights(lattice, i, j), ground)
    # the colours go on beyond the mask, or JPEG would smear a dark rim into the picture's edge
    return np.concatenate([colours, np.where(inside, np.uint8(255), np.uint8(0))[None]])
