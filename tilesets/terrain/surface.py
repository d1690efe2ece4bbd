"""The ground as one function of the place: every DEM blended, the finest winning, and a backdrop beyond and beneath.

Heights are a function of a lattice's index alone: whichever block asks, the same vertex gets the same float64 bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import shapely

from cim.raster import distance, fill_voids
from cim.types import FloatArray, IntArray
from tilesets.terrain.dem import Dem
from tilesets.terrain.grid import METRES_PER_DEGREE

FADE_M = 40_000.0
"""Beyond every DEM the ground continues smoothly and sinks to height 0 over this distance."""
_BACKDROP_CELLS = 512
_ALIGNED = 32
"""The backdrop's corner lies on a whole multiple of so many cells: a DEM more moves it seldom, and then by much."""
_BACKDROP_STEP_M = 0.25
"""The backdrop's heights are whole multiples of this, so that a changed pixel is not felt on the city's other side."""
NODE = 16
EXACT_STEP = 0.012
"""Lattices wider than this (degrees) are projected point by point; finer ones between nodes every 16 points, which
is off by less than 1/200 of the spacing."""


class Lattice(Protocol):
    """Meridians and parallels numbered by integers: where each one runs, in degrees, from its number alone."""

    @property
    def step(self) -> float:
        """Degrees of longitude between columns."""
        ...

    def lon(self, i: IntArray) -> FloatArray:
        """Degrees of columns."""
        ...

    def lat(self, j: IntArray) -> FloatArray:
        """Degrees of rows."""
        ...

    def spacing_m(self, lat: float) -> float:
        """Ground distance between crossings at a latitude."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """Heights (r, c), row 0 in the south, at cell centres of a coarse lon/lat raster; 0 all round it."""

    values: FloatArray
    west: float
    south: float
    step: float

    def heights(self, lons: FloatArray, lats: FloatArray) -> FloatArray:
        """(r, c) metres where meridians (c,) and parallels (r,) cross; 0 outside."""
        rows, cols = self.values.shape
        x = np.clip((lons - self.west) / self.step - 0.5, 0.0, cols - 1.0)
        y = np.clip((lats - self.south) / self.step - 0.5, 0.0, rows - 1.0)
        c0, r0 = np.minimum(x.astype(np.int64), cols - 2), np.minimum(y.astype(np.int64), rows - 2)
        fx, fy = x - c0, (y - r0)[:, None]
        along = self.values[:, c0] * (1.0 - fx) + self.values[:, c0 + 1] * fx
        result: FloatArray = along[r0] * (1.0 - fy) + along[r0 + 1] * fy
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The ground. dems: prepared, the coarsest first."""

    dems: tuple[Dem, ...]
    backdrop: Backdrop

    def heights(self, lattice: Lattice, i: IntArray, j: IntArray) -> FloatArray:
        """H (metres) at the crossings of consecutive columns i (c,) and rows j (r,). Returns (r, c).

        Each DEM is read at the size that comes nearest to the lattice's spacing from below, so that a coarse level shows
        means and not single pixels.
        """
        result = self.backdrop.heights(lattice.lon(i), lattice.lat(j))
        for dem in self.dems:
            _lay(dem, result, lattice, i, j)
        return result


def build_surface(dems: Sequence[Dem]) -> Surface:
    """The ground that these DEMs describe together."""
    ordered = tuple(sorted(dems, key=lambda dem: -dem.pixel_m))
    return Surface(ordered, _backdrop(ordered))


def size_for(dem: Dem, lattice: Lattice) -> int:
    """Which of the DEM's halved sizes a lattice reads. It depends on the two alone: other DEMs move no height of this."""
    ratio = max(lattice.spacing_m(dem.latitude) / dem.pixel_m, 1.0)
    return int(np.clip(np.floor(np.log2(ratio)), 0, len(dem.levels) - 1))


def _lay(dem: Dem, base: FloatArray, lattice: Lattice, i: IntArray, j: IntArray) -> None:
    """Blend one DEM over the heights beneath it, in place."""
    west, south, east, north = shapely.bounds(dem.outline)
    lons, lats = lattice.lon(i), lattice.lat(j)
    cols = _span((lons >= west) & (lons <= east))
    rows = _span((lats >= south) & (lats <= north))
    if cols is None or rows is None:
        return
    x, y = pixels_at(dem, lattice, i[cols], j[rows])
    inside = (x >= 0) & (x <= dem.width) & (y >= 0) & (y <= dem.height)
    if not inside.any():
        return
    # what lies outside is read where the inside begins, lest the window stretch over the whole DEM
    x, y = np.where(inside, x, x[inside].min()), np.where(inside, y, y[inside].min())
    heights, steps = _sample(dem, size_for(dem, lattice), x, y)
    share = np.where(inside, steps / dem.blend, 0.0)
    share = share * share * (3.0 - 2.0 * share)
    part = base[rows, cols]
    base[rows, cols] = np.where(share >= 1.0, heights, part + share * (heights - part))


def _span(wanted: npt.NDArray[np.bool_]) -> slice | None:
    where = np.flatnonzero(wanted)
    return slice(int(where[0]), int(where[-1]) + 1) if len(where) else None


def pixels_at(dem: Dem, lattice: Lattice, i: IntArray, j: IntArray) -> tuple[FloatArray, FloatArray]:
    """Pixel columns and rows (r, c) of lattice crossings: exact at nodes of the whole lattice, linear between."""
    if lattice.step > EXACT_STEP:
        return _project(dem, lattice, i, j)
    node_i = np.arange(i[0] // NODE, i[-1] // NODE + 2) * NODE
    node_j = np.arange(j[0] // NODE, j[-1] // NODE + 2) * NODE
    grids = _project(dem, lattice, node_i, node_j)
    at_c, fx = i // NODE - node_i[0] // NODE, (i % NODE) / NODE
    at_r, fy = j // NODE - node_j[0] // NODE, ((j % NODE) / NODE)[:, None]
    x, y = (
        (lambda rows: rows[:, at_c] * (1.0 - fx) + rows[:, at_c + 1] * fx)(g[at_r] * (1.0 - fy) + g[at_r + 1] * fy)
        for g in grids
    )
    return x, y


def _project(dem: Dem, lattice: Lattice, i: IntArray, j: IntArray) -> tuple[FloatArray, FloatArray]:
    lon, lat = np.meshgrid(lattice.lon(i), lattice.lat(j))
    pixels = dem.pixels(np.column_stack([lon.ravel(), lat.ravel()]))
    return pixels[:, 0].reshape(lon.shape), pixels[:, 1].reshape(lon.shape)


def _sample(dem: Dem, mip: int, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Heights and border distances at pixel positions, bilinear between the centres of the halved size `mip`."""
    heights, steps = (np.load(path, mmap_mode="r") for path in dem.levels[mip])
    rows, cols = heights.shape
    x, y = np.clip(x / 2.0**mip - 0.5, 0.0, cols - 1.0), np.clip(y / 2.0**mip - 0.5, 0.0, rows - 1.0)
    c0, r0 = x.astype(np.int64), y.astype(np.int64)
    left, top = int(c0.min()), int(r0.min())
    right, bottom = min(int(c0.max()) + 2, cols), min(int(r0.max()) + 2, rows)
    fx, fy = x - c0, y - r0
    c1, r1 = np.minimum(c0 + 1, right - 1) - left, np.minimum(r0 + 1, bottom - 1) - top
    wide = right - left
    corners = [(r0 - top) * wide + (c0 - left), (r0 - top) * wide + c1, r1 * wide + (c0 - left), r1 * wide + c1]
    window = heights[top:bottom, left:right].astype(np.float64).ravel()
    border = steps[top:bottom, left:right].astype(np.float64).ravel()
    if border.min() >= dem.blend:
        return _mix(window, corners, fx, fy), np.full(x.shape, float(dem.blend))
    return _mix(window, corners, fx, fy), _mix(border, corners, fx, fy)


def _mix(values: FloatArray, corners: list[IntArray], fx: FloatArray, fy: FloatArray) -> FloatArray:
    upper = values.take(corners[0])
    upper += fx * (values.take(corners[1]) - upper)
    lower = values.take(corners[2])
    lower += fx * (values.take(corners[3]) - lower)
    lower -= upper
    lower *= fy
    lower += upper
    return lower


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cell centres of the backdrop as a lattice, its corner on a whole multiple of cells."""

    west: float
    south: float
    step: float

    def lon(self, i: IntArray) -> FloatArray:
        """Degrees of columns."""
        return np.asarray(self.west + (i + 0.5) * self.step, dtype=np.float64)

    def lat(self, j: IntArray) -> FloatArray:
        """Degrees of rows."""
        return np.asarray(self.south + (j + 0.5) * self.step, dtype=np.float64)

    def spacing_m(self, lat: float) -> float:
        """Ground distance between columns."""
        return self.step * METRES_PER_DEGREE * max(float(np.cos(np.radians(lat))), 0.01)


def _backdrop(dems: tuple[Dem, ...]) -> Backdrop:
    """What all DEMs know, coarse; continued into holes and outwards, and sinking to 0 over FADE_M."""
    west, south, east, north = shapely.total_bounds([dem.outline for dem in dems])
    cos = max(float(np.cos(np.radians((south + north) / 2))), 0.01)
    margin_y = FADE_M / METRES_PER_DEGREE
    margin_x = margin_y / cos
    wanted = max(east - west + 2 * margin_x, north - south + 2 * margin_y) / _BACKDROP_CELLS
    step = 2.0 ** np.ceil(np.log2(wanted))
    grain = step * _ALIGNED
    left, bottom = np.floor((west - margin_x - step) / grain), np.floor((south - margin_y - step) / grain)
    right, top = np.ceil((east + margin_x + step) / grain), np.ceil((north + margin_y + step) / grain)
    cells = _Cells(left * grain, bottom * grain, step)
    i, j = np.arange(int(right - left) * _ALIGNED), np.arange(int(top - bottom) * _ALIGNED)
    known = np.full((len(j), len(i)), np.nan)
    for dem in dems:
        x, y = _project(dem, cells, i, j)
        inside = (x >= 0) & (x <= dem.width) & (y >= 0) & (y <= dem.height)
        if inside.any():
            heights, steps = _sample(dem, size_for(dem, cells), np.where(inside, x, 0.0), np.where(inside, y, 0.0))
            known = np.where(inside & (steps > 0), heights, known)
    far = distance(np.isfinite(known), step * METRES_PER_DEGREE * cos, step * METRES_PER_DEGREE, FADE_M)
    heights = fill_voids(known).astype(np.float64) * (1.0 - far / FADE_M)
    return Backdrop(np.rint(heights / _BACKDROP_STEP_M) * _BACKDROP_STEP_M, cells.west, cells.south, step)
