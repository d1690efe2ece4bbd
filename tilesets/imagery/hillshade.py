"""The relief as a picture: hillshade of the same ground that the terrain tiles show, one COG a DEM."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.windows import Window

from cim import crs as frames
from cim.errors import BadInput
from cim.raster import hillshade
from cim.types import FloatArray, IntArray, Progress, silent
from tilesets import folder_swap
from tilesets.imagery.cog import TILE_PX, Cog, MercatorGrid, grid_over, to_cog, zoom_for
from tilesets.imagery.layer import ImageryReport, publish
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


def build_hillshade(
    dems: Sequence[DemSource],
    out: Path,
    name: str = "hillshade",
    progress: Progress = silent,
    *,
    title: str = "地貌晕渲",
    title_en: str = "Hillshade",
    fingerprint: str | None = None,
) -> ImageryReport:
    """Build the layer out/name from DEMs: light from the north-west at 45 degrees, heights not exaggerated.

    Raises BadInput without DEMs, BadSource, MissingCrs.
    """
    if not dems:
        raise BadInput(f"layer {name}: no DEM; expected at least one")

    def write(folder: Path) -> list[tuple[str, Cog]]:
        with folder_swap.beside(folder) as scratch:
            prepared = [prepare(source, scratch, f"dem{n}") for n, source in enumerate(dems)]
            surface, done = build_surface(prepared), []
            for n, dem in enumerate(prepared):
                progress(n, len(prepared), f"imagery {name}: {dems[n].path.name}")
                done.append((f"{n}.tif", _shade(surface, dem, scratch / f"{n}.tif", folder / f"{n}.tif")))
            progress(len(prepared), len(prepared), f"imagery {name}")
        return done

    return publish(write, out, name, title, title_en, fingerprint)


def _shade(surface: Surface, dem: Dem, draft: Path, target: Path) -> Cog:
    west, south, east, north = (float(v) for v in shapely.bounds(dem.outline))
    corners = frames.transform(np.array([[west, south], [east, north]]), frames.LONLAT, frames.WEB_MERCATOR)
    grid = grid_over((corners[0, 0], corners[0, 1], corners[1, 0], corners[1, 1]), zoom_for(dem.pixel_m, dem.latitude))
    profile = {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": 2,
        "dtype": "uint8",
        "crs": frames.WEB_MERCATOR,
        "transform": grid.transform,
        "tiled": True,
        "blockxsize": TILE_PX,
        "blockysize": TILE_PX,
        "sparse_ok": True,
        "bigtiff": "if_safer",
        "alpha": "yes",
    }
    with rasterio.open(draft, "w", **profile) as dataset:
        for top in range(0, grid.height, _BLOCK):
            for left in range(0, grid.width, _BLOCK):
                wide, high = min(_BLOCK, grid.width - left), min(_BLOCK, grid.height - top)
                pixels = _shade_block(surface, dem, grid, left, top, wide, high)
                if pixels is not None:
                    dataset.write(pixels, window=Window(left, top, wide, high))
    with rasterio.open(draft) as dataset:
        to_cog(dataset, target, quality=95)  # plains differ by a few shades only
    draft.unlink()
    return Cog(grid.zoom, (west, south, east, north))


def _shade_block(
    surface: Surface, dem: Dem, grid: MercatorGrid, left: int, top: int, wide: int, high: int
) -> np.ndarray | None:
    """Shade and alpha (2, high, wide) of a block; None where the DEM does not reach it."""
    lattice = PixelLattice(grid.zoom)
    i = np.arange(left - 1, left + wide + 1) + grid.x0 * TILE_PX
    j = np.arange(top - 1, top + high + 1) + grid.y0 * TILE_PX
    x, y = pixels_at(dem, lattice, i[1:-1], j[1:-1])
    inside = (x >= 0) & (x <= dem.width) & (y >= 0) & (y <= dem.height)
    if not inside.any():
        return None
    ground = grid.pixel * np.cos(np.radians(lattice.lat(j[1:-1])))[:, None]
    shade = hillshade(surface.heights(lattice, i, j), ground, ground)
    # the shade goes on beyond the mask, or JPEG would smear a dark rim into the picture's edge
    return np.stack([shade, np.where(inside, np.uint8(255), np.uint8(0))])
