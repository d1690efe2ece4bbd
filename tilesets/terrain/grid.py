"""The terrain pyramid's grid: TMS tiles in EPSG:4326, the lattice of their vertices, and which of them exist. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cim.types import Box, FloatArray, IntArray
from tilesets.terrain.quantized_mesh import SIDE

QUADS = SIDE - 1
METRES_PER_DEGREE = 111_319.49
MAX_LEVEL = 20


@dataclass(frozen=True, slots=True)
class TmsLattice:
    """The vertices of one level: index i = 0 at 180 W, j = 0 at the south pole, both in whole steps.

    A step is 45 / 2^(level + 4) degrees, so each coordinate is exact in float64 and depends on its index alone.
    """

    level: int

    @property
    def step(self) -> float:
        """Degrees between vertices."""
        return 45.0 / 2.0 ** (self.level + 4)

    def lon(self, i: IntArray) -> FloatArray:
        """Degrees of columns."""
        return np.asarray(i * self.step - 180.0, dtype=np.float64)

    def lat(self, j: IntArray) -> FloatArray:
        """Degrees of rows; beyond a pole the pole."""
        return np.asarray(np.clip(j * self.step - 90.0, -90.0, 90.0), dtype=np.float64)

    def spacing_m(self, lat: float) -> float:
        """Ground distance between vertices at a latitude: the geometric mean of both directions."""
        return float(self.step * METRES_PER_DEGREE * max(np.cos(np.radians(lat)), 0.01) ** 0.5)


def level_for(pixel_m: float, lat: float) -> int:
    """The deepest level a DEM deserves: the first whose vertices stand no further apart than 1.5 of its pixels.

    >>> level_for(100.0, 40.0), level_for(10.0, 40.0)
    (11, 15)
    """
    for level in range(MAX_LEVEL):
        if TmsLattice(level).spacing_m(lat) <= 1.5 * pixel_m:
            return level
    return MAX_LEVEL


def tile_box(level: int, x: int, y: int) -> Box:
    """Degrees of a tile, y counted from the south."""
    side = 180.0 / 2.0**level
    return Box(x * side - 180.0, y * side - 90.0, (x + 1) * side - 180.0, (y + 1) * side - 90.0)


def tiles_over(area: Any, level: int) -> IntArray:
    """The tiles (m, 2) x, y of a level whose inside meets an area (shapely, lon/lat), sorted by y then x."""
    if shapely.is_empty(area):
        return np.empty((0, 2), np.int64)
    side, hair = 180.0 / 2.0**level, 1e-9
    west, south, east, north = shapely.bounds(area)
    x0, x1 = int(np.floor((west + 180.0) / side)), int(np.floor((east + 180.0) / side))
    y0, y1 = int(np.floor((south + 90.0) / side)), int(np.floor((north + 90.0) / side))
    x1, y1 = min(x1, 2 ** (level + 1) - 1), min(y1, 2**level - 1)
    y, x = (part.ravel() for part in np.mgrid[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1])
    left, bottom = x * side - 180.0, y * side - 90.0
    shapely.prepare(area)
    boxes = shapely.box(left + hair, bottom + hair, left + side - hair, bottom + side - hair)
    met: IntArray = np.column_stack([x, y])[shapely.intersects(area, boxes)]
    return met


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """The ground of one DEM: its outline (shapely, lon/lat degrees) and the deepest level it is shown at."""

    outline: Any
    level: int


def pyramid(coverages: Sequence[Coverage]) -> list[IntArray]:
    """The tiles of each level, (m, 2) x, y: those that meet a DEM shown at that level, and both roots."""
    deepest = max((c.level for c in coverages), default=0)
    levels = [np.array([[0, 0], [1, 0]], dtype=np.int64)]
    for level in range(1, deepest + 1):
        shown = shapely.union_all([c.outline for c in coverages if c.level >= level])
        levels.append(tiles_over(shown, level))
    return levels


def ranges(tiles: IntArray) -> list[dict[str, int]]:
    """Exactly these tiles as the rectangles of layer.json's `available`: runs of a row, joined over equal rows.

    >>> ranges(np.array([[3, 1], [4, 1], [3, 2], [4, 2], [9, 2]]))
    [{'startX': 3, 'startY': 1, 'endX': 4, 'endY': 2}, {'startX': 9, 'startY': 2, 'endX': 9, 'endY': 2}]
    """
    done: list[dict[str, int]] = []
    growing: dict[tuple[int, int], dict[str, int]] = {}
    for y in np.unique(tiles[:, 1]).tolist():
        x = np.sort(tiles[tiles[:, 1] == y, 0])
        cuts = np.flatnonzero(np.diff(x) > 1)
        starts, ends = x[np.concatenate([[0], cuts + 1])], x[np.concatenate([cuts, [len(x) - 1]])]
        fresh: dict[tuple[int, int], dict[str, int]] = {}
        for run in zip(starts.tolist(), ends.tolist(), strict=True):
            held = growing.get(run)
            if held is not None and held["endY"] == y - 1:
                held["endY"] = y
                fresh[run] = held
            else:
                fresh[run] = {"startX": run[0], "startY": y, "endX": run[1], "endY": y}
                done.append(fresh[run])
        growing = fresh
    return done


def unrange(available: Sequence[dict[str, int]]) -> IntArray:
    """The tiles (m, 2) x, y that `ranges` stands for."""
    parts: list[npt.NDArray[np.int64]] = [np.empty((0, 2), np.int64)]
    for r in available:
        y, x = np.mgrid[r["startY"] : r["endY"] + 1, r["startX"] : r["endX"] + 1]
        parts.append(np.column_stack([x.ravel(), y.ravel()]))
    return np.concatenate(parts)


def blocks(tiles: IntArray, side: int) -> list[IntArray]:
    """The tiles in groups that share a square of side x side tiles, so that one reading of the ground serves many."""
    if not len(tiles):
        return []
    key = (tiles[:, 1] // side) * 2**32 + tiles[:, 0] // side
    order = np.lexsort((tiles[:, 0], tiles[:, 1], key))
    cuts = np.flatnonzero(np.diff(key[order])) + 1
    return np.split(tiles[order], cuts)
