"""A small relief: a coarse DEM with a hole, a finer one 6 m higher inside it, a sloping geoid, and their pyramid."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from quantized_mesh_tile.terrain import TerrainTile
from rasterio.transform import from_origin

from cim.geoid import Geoid
from tilesets.terrain.build import DemSource, TerrainReport, build_terrain
from tilesets.terrain.grid import tile_box

CRS = "EPSG:4547"
COARSE = (430_000.0, 4_450_000.0, 200.0, 80)  # west, north, pixel, count
FINE = (437_000.0, 4_443_000.0, 25.0, 200)
LIFT = 6.0
HOLE = (433_000.0, 4_437_000.0, 3_000.0)  # west, south, side: void in the coarse DEM


def ground(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The relief as a formula of city coordinates."""
    return 1100 + 150 * np.sin(x / 4100) * np.cos(y / 3300) + 8 * np.sin(x / 700 + 1) * np.sin(y / 500)


def centres(field: tuple[float, float, float, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres (n, n) of a square raster."""
    west, north, pixel, count = field
    along = (np.arange(count) + 0.5) * pixel
    x, y = np.meshgrid(west + along, north - along)
    return x, y


def write_dem(path: Path, values: np.ndarray, field: tuple[float, float, float, int], crs: str | None = CRS) -> Path:
    west, north, pixel, _ = field
    profile = {
        "driver": "GTiff",
        "width": values.shape[1],
        "height": values.shape[0],
        "count": 1,
        "dtype": "float32",
        "crs": crs,
        "transform": from_origin(west, north, pixel, pixel),
        "nodata": -9999.0,
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.where(np.isnan(values), -9999.0, values).astype(np.float32), 1)
    return path


def sloping_geoid() -> Geoid:
    lat, lon = np.mgrid[30:51:0.25, 100:121:0.25]
    values = (-15.0 + (lon - 113) * 1.5 - (lat - 40) * 0.7).astype(">f4")
    head = struct.pack(">4d2i", 30.0, 100.0, 0.25, 0.25, *values.shape)
    return Geoid.from_gtx(head + values.tobytes(), "a slope for tests")


@dataclass(frozen=True)
class Relief:
    folder: Path
    dems: list[DemSource]
    geoid: Geoid
    report: TerrainReport
    ground: Callable[[np.ndarray, np.ndarray], np.ndarray]
    centres: Callable[..., tuple[np.ndarray, np.ndarray]]
    write_dem: Callable[..., Path]
    crs: str = CRS
    coarse: tuple[float, float, float, int] = COARSE
    fine: tuple[float, float, float, int] = FINE
    hole: tuple[float, float, float] = HOLE
    lift: float = LIFT


@pytest.fixture(scope="session")
def relief(tmp_path_factory: pytest.TempPathFactory) -> Relief:
    folder = tmp_path_factory.mktemp("relief")
    x, y = centres(COARSE)
    coarse = ground(x, y)
    west, south, side = HOLE
    coarse[(x > west) & (x < west + side) & (y > south) & (y < south + side)] = np.nan
    x, y = centres(FINE)
    dems = [
        DemSource(write_dem(folder / "coarse.tif", coarse, COARSE)),
        DemSource(write_dem(folder / "fine.tif", ground(x, y) + LIFT, FINE)),
    ]
    geoid = sloping_geoid()
    report = build_terrain(dems, folder / "terrain", CRS, geoid)
    return Relief(folder / "terrain", dems, geoid, report, ground, centres, write_dem)


@dataclass(frozen=True)
class Decoded:
    """A tile as quantized-mesh-tile, which shares no code with ours, reads it."""

    header: dict[str, float]
    u: np.ndarray
    v: np.ndarray
    heights: np.ndarray
    indices: np.ndarray
    normals: np.ndarray
    edges: dict[str, list[int]]
    lonlat: np.ndarray


def decode_elsewhere(folder: Path, level: int, x: int, y: int) -> Decoded:
    box = tile_box(level, x, y)
    tile = TerrainTile(west=box.west, south=box.south, east=box.east, north=box.north)
    tile.fromFile(str(folder / str(level) / str(x) / f"{y}.terrain"), hasLighting=True, gzipped=True)
    points = np.array(tile.getVerticesCoordinates())
    edges = {"west": tile.westI, "south": tile.southI, "east": tile.eastI, "north": tile.northI}
    u, v = np.array(tile.u), np.array(tile.v)
    normals = np.array(tile.vLight)
    return Decoded(dict(tile.header), u, v, points[:, 2], np.array(tile.indices), normals, edges, points[:, :2])


@pytest.fixture(scope="session")
def decoded(relief: Relief) -> dict[tuple[int, int, int], Decoded]:
    """Every tile of the pyramid from level 9 on, by level, x, y."""
    found = {}
    for path in sorted(relief.folder.glob("*/*/*.terrain")):
        key = (int(path.parts[-3]), int(path.parts[-2]), int(path.stem))
        if key[0] >= 9:
            found[key] = decode_elsewhere(relief.folder, *key)
    return found
