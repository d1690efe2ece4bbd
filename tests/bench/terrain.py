"""Terrain programs, run and then checked: every tile there, every common edge equal, no height further off than stated."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests import terrain_reader
from tests.bench.ground import CHECKOUT, Ground
from tests.bench.line import Invalid
from tests.bench.program import timed

_RIVALS = CHECKOUT / "var" / "rivals" / "bin" / "python"
WORKERS = 2
MARTINI_M = 2.0
"""pymartini's allowance, as its own examples have it."""


def rivals_python() -> str | None:
    """The Python of the rivals' environment, where pymartini is installed in it."""
    found = _RIVALS.is_file() and any((_RIVALS.parents[1] / "lib").glob("python*/site-packages/pymartini"))
    return str(_RIVALS) if found else None


@contextmanager
def place(ground: Ground) -> Iterator[Path]:
    """A folder for all runs of a line, gone afterwards: ext4 makes files slowly for a while after many were removed."""
    folder = Path(tempfile.mkdtemp(prefix="terrain-", dir=ground.files))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new(place: Path) -> Path:
    """The name of a folder in it that is not there yet."""
    return place / str(len(list(place.iterdir())))


def pyramid(ground: Ground, place: Path, dem: Path) -> float:
    """Seconds a tile of our pyramid."""
    folder = _new(place)
    command = [sys.executable, "-m", "tests.bench.terrain_pyramid", str(dem), str(folder), str(WORKERS)]
    seconds, said = timed(command)
    tiles = _whole(folder, int(said.strip().splitlines()[-1]))
    differing, shared = _seams(tiles)
    ground.note(f"    {len(tiles):,} tiles, {shared:,} common edges, {differing} of them differ")
    if differing:
        raise Invalid(f"our pyramid: {differing} of {shared} common edges differ")
    return seconds / len(tiles)


def adaptive(ground: Ground, place: Path, grid: Path, side: int, most: float) -> float:
    """Seconds a tile of ours of 257 x 257, nowhere further off than `most` metres."""
    folder = _new(place)
    values = [str(grid), str(folder), str(side), str(most), str(WORKERS)]
    seconds, _ = timed([sys.executable, "-m", "tests.bench.terrain_adaptive", *values])
    tiles = _whole(folder, side * side)
    differing, shared = _seams(tiles)
    worst, triangles = _worst(tiles, grid, 256)
    ground.note(
        f"    {triangles:,.0f} triangles a tile, off by {worst:.2f} m at most; {differing} of {shared} edges differ"
    )
    if differing or worst > most + 1 / 64:  # the lattice of heights rounds by half a step
        raise Invalid(f"adaptive tiles: {differing} of {shared} common edges differ, off by {worst:.2f} m")
    return seconds / len(tiles)


def martini(ground: Ground, place: Path, python: str, grid: Path, vertices: int, side: int) -> float:
    """Seconds a tile of pymartini, quantized-mesh-encoder and gzip, as many processes as ours."""
    folder = _new(place)
    script = str(CHECKOUT / "tests" / "bench" / "terrain_rival.py")
    values = [str(grid), str(folder), str(vertices), str(side), str(MARTINI_M), str(WORKERS)]
    seconds, _ = timed([python, script, *values])
    tiles = _whole(folder, side * side)
    differing, shared = _seams(tiles)
    worst, triangles = _worst(tiles, grid, vertices - 1)
    ground.note(
        f"    {triangles:,.0f} triangles a tile, off by {worst:.2f} m at most; {differing} of {shared} edges differ"
    )
    return seconds / len(tiles)


def _whole(folder: Path, count: int) -> dict[terrain_reader.Key, Path]:
    tiles = terrain_reader.pyramid(folder)
    if len(tiles) != count:
        raise Invalid(f"{count} tiles were to be written, {len(tiles)} are there")
    return tiles


def _seams(tiles: dict[terrain_reader.Key, Path]) -> tuple[int, int]:
    """How many common edges differ, and how many there are, over whole levels."""
    equal = [same for _, _, same in terrain_reader.seams(tiles)]
    return equal.count(False), len(equal)


def _worst(tiles: dict[terrain_reader.Key, Path], grid: Path, quads: int) -> tuple[float, float]:
    """(how far some tiles are off the grid at most, their mean number of triangles): nine, spread over all."""
    z, keys = np.load(grid, mmap_mode="r"), sorted(tiles)
    west, south = min(key[1] for key in keys), min(key[2] for key in keys)
    worst, triangles = 0.0, []
    for level, x, y in keys[:: max(1, len(keys) // 9)][:9]:
        tile = terrain_reader.read(tiles[level, x, y].read_bytes())
        lines = [np.arange(n * quads, (n + 1) * quads + 1) % z.shape[0] for n in (y - south, x - west)]
        columns, rows = (np.rint(part * (quads / 32767)).astype(np.int64) for part in (tile.u, tile.v))
        of = np.asarray(z[lines[0]])[:, lines[1]]
        worst = max(worst, terrain_reader.deviation(columns, rows, tile.triangles, tile.heights, of))
        triangles.append(len(tile.triangles))
    return worst, float(np.mean(triangles))
