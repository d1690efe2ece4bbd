"""The ground that is served: heights read back from the tiles themselves, exact on their triangles.

Buildings stand on it. Within a triangle height is taken as linear in lon/lat; the chord's sag is below a millimetre.
Coordinates (n, 2) are in the city frame, heights H in its height system: the served height less the undulation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from cim import crs as frames
from cim.geoid import Geoid
from cim.types import BoolArray, Box, FloatArray, IntArray, ObjectArray
from tilesets.terrain import foundation
from tilesets.terrain.facets import facets
from tilesets.terrain.grid import METRES_PER_DEGREE, TmsLattice
from tilesets.terrain.held_tiles import HeldTiles
from tilesets.terrain.outlines import Outlines, outlines

_CHUNK = 20_000  # footprints looked at together


@dataclass(frozen=True, slots=True, eq=False)
class ServedGround:
    """The pyramid in a folder, its finest tile at each place. Not for use by several threads at once."""

    city_crs: str
    geoid: Geoid
    tiles: HeldTiles

    @classmethod
    def open(cls, folder: Path, city_crs: str, geoid: Geoid) -> "ServedGround":
        """The ground of a built pyramid. Raises Unavailable where none was built yet, BadSource if it is broken."""
        return cls(city_crs, geoid, HeldTiles.open(folder))

    def heights(self, xy: FloatArray) -> FloatArray:
        """H of the finest served mesh at each point. xy: (n, 2) city frame. Returns (n,) metres, NaN for NaN points."""
        lonlat = frames.transform(np.asarray(xy, dtype=np.float64)[:, :2], self.city_crs, frames.LONLAT)
        return self.tiles.finest(lonlat) - self._undulation(lonlat)

    def facets(self, box: Box) -> ObjectArray:
        """The triangles (t,) of the finest mesh that any part of a box has, in the city frame: within one, H is linear."""
        sides = np.array([(x, y) for x in (box.west, box.east) for y in (box.south, box.north)])
        lonlat = frames.transform(sides, self.city_crs, frames.LONLAT)
        hair = TmsLattice(self.tiles.deepest).step
        around = Box(*(lonlat.min(axis=0) - hair).tolist(), *(lonlat.max(axis=0) + hair).tolist())
        corners = facets(int(self.tiles.level_at(lonlat).max()), around)
        placed = frames.transform(corners.reshape(-1, 2), frames.LONLAT, self.city_crs)
        return np.asarray(shapely.polygons(placed.reshape(-1, 3, 2)))

    def lowest(self, polygons: ObjectArray) -> FloatArray:
        """The lowest H of the finest served mesh under each footprint, boundary and inside, exact on its triangles.

        polygons: (n,) shapely Polygon or MultiPolygon, city frame. Returns (n,) metres; NaN for missing or empty ones.
        """
        result = np.full(len(polygons), np.nan)
        for rows, placed in self._placed(polygons):
            result[rows] = self._lowest(placed)
        return result

    def stand(self, polygons: ObjectArray) -> tuple[FloatArray, FloatArray]:
        """Where buildings stand: base, as `lowest`, and foot, down to which they must reach lest they float.

        foot is a whole metre, not above base, nor above any served mesh of FOUNDATION_LEVEL or finer anywhere under the
        footprint. polygons: (n,) as for `lowest`. Returns base (n,), foot (n,), metres; NaN for missing or empty ones.
        Each depends on its own footprint and the pyramid alone.
        """
        base, foot = np.full(len(polygons), np.nan), np.full(len(polygons), np.nan)
        for rows, placed in self._placed(polygons):
            base[rows] = self._lowest(placed)
            foot[rows] = foundation.round_down(np.minimum(base[rows], self._lowest_quads(placed.bounds)))
        return base, foot

    def _placed(self, polygons: ObjectArray) -> Iterator[tuple[slice, Outlines]]:
        for start in range(0, len(polygons), _CHUNK):
            yield slice(start, start + _CHUNK), outlines(polygons[start : start + _CHUNK], self.city_crs)

    def _lowest(self, placed: Outlines) -> FloatArray:
        result = np.full(len(placed.shapes), np.inf)
        usable: IntArray = np.flatnonzero(np.isfinite(placed.bounds).all(axis=1))
        levels, mixed = self._levels_under(placed.bounds[usable])
        straddling = np.zeros(len(result), bool)
        straddling[usable] = mixed
        for level in np.unique(levels).tolist():
            step = TmsLattice(level).step
            owner, points = placed.candidates(usable[levels == level], step)
            wide = straddling[owner]
            if wide.any():
                more_owner, more = _both_sides(owner[wide], points[wide], step)
                np.minimum.at(result, more_owner, self.tiles.finest(more) - self._undulation(more))
                owner, points = owner[~wide], points[~wide]
            np.minimum.at(result, owner, self.tiles.heights(level, points) - self._undulation(points))
        return np.where(np.isfinite(result), result, np.nan)

    def _lowest_quads(self, bounds: FloatArray) -> FloatArray:
        """A height (n,) that no mesh of FOUNDATION_LEVEL or finer falls below over boxes (n, 4): H of the lowest corner of
        the quads that they touch; inf where there are none."""
        ellipsoidal = np.full(len(bounds), np.inf)
        usable = np.flatnonzero(np.isfinite(bounds).all(axis=1))
        for level in range(foundation.FOUNDATION_LEVEL, self.tiles.deepest + 1):
            first, last = foundation.quads_touched(bounds[usable], TmsLattice(level).step)
            for rows, quads in foundation.shared_steps(first, last):
                np.minimum.at(ellipsoidal, usable[rows], self.tiles.lows(level, quads))
        half = METRES_PER_DEGREE * np.hypot(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) / 2
        middle = np.column_stack([bounds[:, 0] + bounds[:, 2], bounds[:, 1] + bounds[:, 3]]) / 2
        return ellipsoidal - self._undulation(middle) - half * foundation.STEEPEST

    def _undulation(self, lonlat: FloatArray) -> FloatArray:
        finite: BoolArray = np.asarray(np.isfinite(lonlat).all(axis=1))
        if finite.all():
            return self.geoid.undulation(lonlat)
        return np.where(finite, self.geoid.undulation(np.where(finite[:, None], lonlat, 0.0)), np.nan)

    def _levels_under(self, bounds: FloatArray) -> tuple[IntArray, BoolArray]:
        """For boxes (n, 4): the finest level any of their parts has, and whether parts may differ.

        Tiles of the finest level are larger than most boxes, but not than all: where a box is wider, its inside is
        probed tile by tile.
        """
        size = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
        probes = np.clip(np.ceil(size / (180.0 / 2.0**self.tiles.deepest)).astype(np.int64) + 1, 2, 65)
        least, most = np.empty(len(bounds), np.int64), np.empty(len(bounds), np.int64)
        for count in np.unique(probes).tolist():
            rows = np.flatnonzero(probes == count)
            along = np.linspace(0.0, 1.0, count)
            lon = bounds[rows, 0, None] + along * (bounds[rows, 2] - bounds[rows, 0])[:, None]
            lat = bounds[rows, 1, None] + along * (bounds[rows, 3] - bounds[rows, 1])[:, None]
            grid = np.stack(np.broadcast_arrays(lon[:, :, None], lat[:, None, :]), axis=-1).reshape(-1, 2)
            levels = self.tiles.level_at(grid).reshape(len(rows), -1)
            least[rows], most[rows] = levels.min(axis=1), levels.max(axis=1)
        return most, np.asarray(least != most)


def _both_sides(owner: IntArray, points: FloatArray, step: float) -> tuple[IntArray, FloatArray]:
    """Points of footprints over a border of levels, and a hair to either side: meshes of two levels do not meet."""
    hair = step * 1e-7
    moved = [points + [a, b] for a in (-hair, hair) for b in (-hair, hair)]
    return np.concatenate([owner] * 5), np.concatenate([points, *moved])
