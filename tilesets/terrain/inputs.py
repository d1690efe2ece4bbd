"""What each tile is made of: a 64-bit key of all the ground that it reads, and bounds of its heights. No tile is sampled.

Two tiles with equal keys have equal bytes, so a changed DEM costs the tiles that read its changed squares, no others.
Bounds come from the squares too: they fix a level's scale of heights before its first vertex is known.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from cim.geoid import Geoid
from cim.types import BoolArray, FloatArray, IntArray
from tilesets.terrain.dem import Dem
from tilesets.terrain.grid import QUADS, TmsLattice
from tilesets.terrain.quantized_mesh import HeightScale, height_scale
from tilesets.terrain.squares import U64, Squares, Summary, cut, mix
from tilesets.terrain.surface import EXACT_STEP, NODE, Backdrop, Surface, size_for

SCALE_GRAIN_M = 32.0
"""A level's extremes are rounded outward to whole multiples of this (the project's own default): a small change of the
ground then seldom moves the scale, which would rewrite the whole level."""
_CHUNK = 4096
_BACKDROP_SIDE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The surface in squares. dems: for each DEM (the coarsest first) its mark and the squares of each halved size."""

    surface: Surface
    dems: tuple[tuple[int, tuple[Squares, ...]], ...]
    backdrop: Squares
    backdrop_mark: int


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Of m tiles: key (m,) of the ground they read; low, high (m,): city heights between which it stays."""

    key: U64
    low: FloatArray
    high: FloatArray


def survey(surface: Surface) -> Inputs:
    """Read the prepared DEMs once and digest them in squares of 64 pixels."""
    dems = []
    for dem in surface.dems:
        pairs = [[np.load(path, mmap_mode="r") for path in level] for level in dem.levels]
        dems.append((_mark(dem), tuple(cut(heights, steps, dem.blend) for heights, steps in pairs)))
    back = surface.backdrop
    squares = cut(back.values.astype(np.float32), side=_BACKDROP_SIDE)  # quarter metres: float32 holds them exactly
    return Inputs(surface, tuple(dems), squares, number([back.values.shape, back.west, back.south, back.step]))


def number(parts: object) -> int:
    """A 64-bit number for settings, by their text."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "little")


def _mark(dem: Dem) -> int:
    """All of a DEM but its pixels."""
    bounds = shapely.bounds(dem.outline).tolist()
    shape = (dem.width, dem.height, dem.blend, len(dem.levels))
    return number([dem.crs, dem.to_pixel, shape, dem.pixel_m, dem.latitude, bounds])


def origins(inputs: Inputs, level: int, tiles: IntArray) -> Origin:
    """The origin of each tile (m, 2) x, y of a level."""
    parts = [_origins(inputs, level, tiles[start : start + _CHUNK]) for start in range(0, len(tiles), _CHUNK)]
    return Origin(
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
    )


def _origins(inputs: Inputs, level: int, tiles: IntArray) -> Origin:
    lattice = TmsLattice(level)
    window = _cells(inputs.surface.backdrop, lattice, tiles)
    behind = inputs.backdrop.over(window)
    key = _fold(np.full(len(tiles), inputs.backdrop_mark, np.uint64), behind, window)
    low, high = behind.low, behind.high
    for dem, (mark, sizes) in zip(inputs.surface.dems, inputs.dems, strict=True):
        size = size_for(dem, lattice)
        met, within, window = _pixels(dem, lattice, tiles, size, sizes[size])
        found = sizes[size].over(window[met])
        whole = within[met] & found.solid
        seed = np.where(whole, np.uint64(0), key[met]) ^ np.uint64(mark)
        key[met] = _fold(seed, found, window[met])
        low[met] = np.where(whole, found.low, np.minimum(low[met], found.low))
        high[met] = np.where(whole, found.high, np.maximum(high[met], found.high))
    return Origin(key, low, high)


def _fold(key: U64, found: Summary, window: IntArray) -> U64:
    """The key with one more layer of ground in it: which pixels, and what stands there."""
    for part in (found.digest, *window.T.astype(np.uint64)):
        key = mix(key ^ part)
    return key


def _cells(back: Backdrop, lattice: TmsLattice, tiles: IntArray) -> IntArray:
    """The cells (m, 4) of the backdrop that tiles with their collar read: first row, column, last row, column."""
    first, last = tiles * QUADS - 1, (tiles + 1) * QUADS + 1
    rows, cols = back.values.shape
    ends = []
    for column, row in ((first[:, 0], first[:, 1]), (last[:, 0], last[:, 1])):
        x = np.clip((lattice.lon(column) - back.west) / back.step - 0.5, 0.0, cols - 1.0)
        y = np.clip((lattice.lat(row) - back.south) / back.step - 0.5, 0.0, rows - 1.0)
        ends.append((np.minimum(y.astype(np.int64), rows - 2), np.minimum(x.astype(np.int64), cols - 2)))
    return np.stack([*ends[0], ends[1][0] + 1, ends[1][1] + 1], axis=1)


def _pixels(
    dem: Dem, lattice: TmsLattice, tiles: IntArray, size: int, squares: Squares
) -> tuple[BoolArray, BoolArray, IntArray]:
    """Which tiles read the DEM, which lie in it whole, and the pixels (m, 4) of the halved size that they read."""
    west, south, east, north = shapely.bounds(dem.outline)
    first, last = tiles * QUADS - 1, (tiles + 1) * QUADS + 1
    left, right = lattice.lon(first[:, 0]), lattice.lon(last[:, 0])
    bottom, top = lattice.lat(first[:, 1]), lattice.lat(last[:, 1])
    met = (right >= west) & (left <= east) & (top >= south) & (bottom <= north)
    within = (left >= west) & (right <= east) & (bottom >= south) & (top <= north)
    window = np.zeros((len(tiles), 4), np.int64)
    for rows, x, y in _reached(dem, lattice, tiles, np.flatnonzero(met)):
        known = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
        ends = [
            np.where(known, part, edge) for part, edge in zip(_ends(x, y), (0, 0, dem.width, dem.height), strict=True)
        ]
        met[rows] = (ends[2] >= 0) & (ends[0] <= dem.width) & (ends[3] >= 0) & (ends[1] <= dem.height)
        inside = (ends[0] > 0) & (ends[2] < dem.width) & (ends[1] > 0) & (ends[3] < dem.height)
        within[rows] &= known & inside
        high, wide = (n - 1.0 for n in np.load(dem.levels[size][0], mmap_mode="r").shape)
        c0, r0, c1, r1 = (
            np.clip(np.clip(end, 0.0, edge) / 2.0**size - 0.5, 0.0, limit).astype(np.int64)
            for end, edge, limit in zip(ends, (dem.width, dem.height) * 2, (wide, high) * 2, strict=True)
        )
        window[rows] = np.stack([r0, c0, np.minimum(r1 + 1, int(high)), np.minimum(c1 + 1, int(wide))], axis=1)
    return met, within & met, window


def _ends(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    hair = 1e-6  # pixels: what rounding can add between nodes
    return x.min(axis=1) - hair, y.min(axis=1) - hair, x.max(axis=1) + hair, y.max(axis=1) + hair


def _reached(
    dem: Dem, lattice: TmsLattice, tiles: IntArray, rows: IntArray
) -> Iterator[tuple[IntArray, FloatArray, FloatArray]]:
    """Pixel positions (n, p) between whose extremes the tiles of these rows lie, in portions: their nodes.

    Where the lattice is so wide that each vertex is projected, all of those that can lie in the DEM.
    """
    node = 1 if lattice.step > EXACT_STEP else NODE
    along = np.arange(-1 // node, (QUADS + 1) // node + 2) * node
    portion = max(1, 1_000_000 // len(along) ** 2)
    for start in range(0, len(rows), portion):
        part = rows[start : start + portion]
        i = tiles[part, 0, None] * QUADS + along
        j = tiles[part, 1, None] * QUADS + along
        lon = np.broadcast_to(lattice.lon(i)[:, None, :], (len(part), len(along), len(along)))
        lat = np.broadcast_to(lattice.lat(j)[:, :, None], lon.shape)
        pixels = dem.pixels(np.column_stack([lon.ravel(), lat.ravel()])).reshape(len(part), -1, 2)
        yield part, pixels[..., 0], pixels[..., 1]


def scale_of(origin: Origin, geoid: Geoid, level: int, tiles: IntArray) -> HeightScale:
    """The one scale of a level: it holds every height that its tiles can have, and moves seldom."""
    lattice = TmsLattice(level)
    first, last = tiles.min(axis=0) * QUADS - 1, (tiles.max(axis=0) + 1) * QUADS + 1
    least, most = undulations(
        geoid, lattice.lon(np.array([first[0], last[0]])), lattice.lat(np.array([first[1], last[1]]))
    )
    low = np.floor((float(origin.low.min()) + least) / SCALE_GRAIN_M) * SCALE_GRAIN_M
    high = np.ceil((float(origin.high.max()) + most) / SCALE_GRAIN_M) * SCALE_GRAIN_M
    return height_scale(low, high)


def undulations(geoid: Geoid, lons: FloatArray, lats: FloatArray) -> tuple[float, float]:
    """Bounds of the undulation over a box (west, east), (south, north): those of the grid's nodes round it."""
    if geoid.grid is None:
        return geoid.constant_m, geoid.constant_m
    grid = geoid.grid
    columns = np.arange(np.floor((lons[0] - grid.west) / grid.step_x), np.ceil((lons[1] - grid.west) / grid.step_x) + 1)
    rows = np.arange(np.floor((lats[0] - grid.south) / grid.step_y), np.ceil((lats[1] - grid.south) / grid.step_y) + 1)
    nodes = geoid.undulation_lattice(grid.west + columns * grid.step_x, grid.south + rows * grid.step_y)
    return float(nodes.min()), float(nodes.max())
