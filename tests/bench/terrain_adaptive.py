"""A program: a grid without end to adaptive 257 x 257 tiles. Arguments: grid, folder, tiles a side, error (m), workers."""

import multiprocessing
import sys
from functools import partial
from pathlib import Path

import numpy as np

from tilesets.terrain.adaptive import COLLAR, QUADS, errors, triangulate
from tilesets.terrain.grid import TmsLattice
from tilesets.terrain.irregular import tiles
from tilesets.terrain.quantized_mesh import HeightScale, height_scale

LEVEL = 11
WEST, SOUTH = 3334, 1480  # the first tile: at 113.0 E, 40.1 N
_BLOCK = 4
_STEP = TmsLattice(LEVEL + 2).step  # of 256 quads a tile


def write(grid: Path, folder: Path, most: float, scale: HeightScale, side: int, corner: tuple[int, int]) -> int:
    """The tiles of a block whose south-west corner is (column, row); how many."""
    x, y = (np.arange(first, min(first + _BLOCK, side)) for first in corner)
    z = np.load(grid, mmap_mode="r")
    rows, columns = (np.arange(n[0] * QUADS - COLLAR, (n[-1] + 1) * QUADS + COLLAR + 1) % z.shape[0] for n in (y, x))
    lattice = np.asarray(z[rows])[:, columns]
    meshes = triangulate(errors(lattice), most)
    inner = lattice[COLLAR - 1 : 1 - COLLAR, COLLAR - 1 : 1 - COLLAR].astype(np.float64)
    degrees = [(first + n) * QUADS * _STEP - half for n, first, half in ((x, WEST, 180.0), (y, SOUTH, 90.0))]
    found = tiles(inner, _STEP, *degrees, meshes, scale)
    for number, data in enumerate(found):
        path = folder / str(LEVEL) / str(WEST + x[number % len(x)]) / f"{SOUTH + y[number // len(x)]}.terrain"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return len(found)


def main() -> None:
    """Make them all."""
    grid, folder, side, most, workers = sys.argv[1:]
    z = np.load(grid, mmap_mode="r")
    scale = height_scale(float(z.min()), float(z.max()))
    work = partial(write, Path(grid), Path(folder), float(most), scale, int(side))
    corners = [(x, y) for y in range(0, int(side), _BLOCK) for x in range(0, int(side), _BLOCK)]
    with multiprocessing.get_context("fork").Pool(int(workers)) as pool:
        sys.stdout.write(f"{sum(pool.imap_unordered(work, corners))}\n")


if __name__ == "__main__":
    main()
