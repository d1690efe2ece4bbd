"""A block of neighbouring terrain tiles: its ground, sampled once, with a collar; and its tiles' bytes, written."""

import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.geoid import Geoid
from cim.types import FloatArray, IntArray
from tilesets import folder_swap
from tilesets.terrain import quantized_mesh as mesh
from tilesets.terrain import water
from tilesets.terrain.grid import QUADS, TmsLattice
from tilesets.terrain.manifest import part_digests
from tilesets.terrain.normals import facing
from tilesets.terrain.squares import U64
from tilesets.terrain.surface import Surface
from tilesets.terrain.water import Waters

_JOB = "job.pickle"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """All that a worker needs besides the tiles of its block. waters: None where no water is known."""

    surface: Surface
    geoid: Geoid
    folder: Path
    waters: Waters | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A block's tiles as they lie on disk, in the order given: 8-byte digests and sizes of their bytes, both (m,), and
    the digests of their parts (m, p, p)."""

    digests: U64
    sizes: IntArray
    parts: U64


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A block to write: its level, that level's scale of heights, its tiles (m, 2) x, y."""

    level: int
    scale: mesh.HeightScale
    tiles: IntArray


def leave(job: Job, folder: Path) -> None:
    """Leave a job in a scratch folder, where whoever is `hired` finds it."""
    (folder / _JOB).write_bytes(pickle.dumps(job))


@contextmanager
def hired(folder: Path) -> Iterator[Callable[[Task], Written]]:
    """What writes blocks of the job that lies in a scratch folder."""
    _hold_memory()
    job: Job = pickle.loads((folder / _JOB).read_bytes())
    yield lambda task: write(task.level, task.scale, job, task.tiles)


def _hold_memory() -> None:
    """Let the C library keep what a block frees for the next one, which saves a fifth of the time.

    glibc hands memory back to the kernel until a piece of 32 MB was freed once (mallopt(3), M_MMAP_THRESHOLD); none of
    it is ever touched. Elsewhere it does nothing.
    """
    np.empty(4_000_000)


def write(level: int, scale: mesh.HeightScale, job: Job, tiles: IntArray) -> Written:
    """Write a block's tiles (m, 2) x, y. Doing it again writes the same bytes."""
    heights = _ground(job, level, tiles)
    lattice = TmsLattice(level)
    i, j = _lines(tiles)
    lons, lats = lattice.lon(i[1:-1]), lattice.lat(j[1:-1])
    k = _cut(scale.encode(heights[1:-1, 1:-1]), tiles)
    rises = heights[1:-1, 2:] - heights[1:-1, :-2], heights[2:, 1:-1] - heights[:-2, 1:-1]
    bytes_of = facing(*rises, lattice.step, lons[None, :], lats[:, None])
    normals = np.stack([_cut(part, tiles) for part in bytes_of], axis=-1)
    offset = (tiles - tiles.min(axis=0)) * QUADS
    along = np.arange(mesh.SIDE)
    where = mesh.headers(lons[offset[:, :1] + along], lats[offset[:, 1:] + along], scale.decode(k))
    wet = None if job.waters is None else water.masks(job.waters, level, tiles)
    digests, sizes = np.empty(len(tiles), np.uint64), np.empty(len(tiles), np.int64)
    for n, data in enumerate(mesh.encode(scale, where, k, normals, water=wet)):
        folder_swap.write(job.folder / str(level) / str(tiles[n, 0]) / f"{tiles[n, 1]}.terrain", data)
        digests[n] = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
        sizes[n] = len(data)
    return Written(digests, sizes, part_digests(k, scale, level))


def _lines(tiles: IntArray) -> tuple[IntArray, IntArray]:
    """The columns and rows of a block's lattice, with a collar of one."""
    low, high = tiles.min(axis=0) * QUADS, (tiles.max(axis=0) + 1) * QUADS
    return np.arange(low[0] - 1, high[0] + 2), np.arange(low[1] - 1, high[1] + 2)


def _ground(job: Job, level: int, tiles: IntArray) -> FloatArray:
    """Ellipsoidal heights of a block's vertices with a collar of one."""
    lattice = TmsLattice(level)
    i, j = _lines(tiles)
    heights = job.surface.heights(lattice, i, j)
    heights += job.geoid.undulation_lattice(lattice.lon(i), lattice.lat(j))
    return heights


def _cut(grid: npt.NDArray[Any], tiles: IntArray) -> npt.NDArray[Any]:
    """The windows (t, SIDE, SIDE) of a block's grid (r, c): neighbours share their edge vertices."""
    offset = (tiles - tiles.min(axis=0)) * QUADS
    windows = np.lib.stride_tricks.sliding_window_view(grid, (mesh.SIDE, mesh.SIDE))
    cut: npt.NDArray[Any] = windows[offset[:, 1], offset[:, 0]]
    return cut
