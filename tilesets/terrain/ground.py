"""The ground that is served: heights read back from the tiles themselves, exact on their triangles.

Buildings stand on it. Within a triangle height is taken as linear in lon/lat; the chord's sag is below a millimetre.
Coordinates (n, 2) are in the city frame, heights H in its height system: the served height less the undulation.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from cim import crs as frames
from cim.errors import BadSource, Unavailable
from cim.geoid import Geoid
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray
from tilesets.terrain import quantized_mesh as mesh
from tilesets.terrain.grid import QUADS, TmsLattice, unrange

_HELD = 4096  # decoded tiles kept, 8 kB each
_CHUNK = 20_000  # footprints looked at together
_LEVEL_BITS, _X_BITS = 58, 29


@dataclass(slots=True, eq=False)
class ServedGround:
    """The pyramid in a folder, its finest tile at each place. Not for use by several threads at once."""

    folder: Path
    city_crs: str
    geoid: Geoid
    keys: IntArray
    deepest: int
    _held: "OrderedDict[int, mesh.Mesh]" = field(default_factory=OrderedDict)

    @classmethod
    def open(cls, folder: Path, city_crs: str, geoid: Geoid) -> "ServedGround":
        """The ground of a built pyramid. Raises Unavailable where none was built yet, BadSource if it is broken."""
        try:
            layer = json.loads((folder / "layer.json").read_text(encoding="utf-8"))
            available = layer["available"]
            keys = [_key(level, *unrange(found).T) for level, found in enumerate(available)]
        except FileNotFoundError as error:
            raise Unavailable(f"{folder}: no terrain is built yet; build it first") from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadSource(f"{folder / 'layer.json'}: not a terrain layer: {error}") from error
        return cls(folder, city_crs, geoid, np.sort(np.concatenate(keys)), len(available) - 1)

    def heights(self, xy: FloatArray) -> FloatArray:
        """H of the finest served mesh at each point. xy: (n, 2) city frame. Returns (n,) metres, NaN for NaN points."""
        lonlat = frames.transform(np.asarray(xy, dtype=np.float64)[:, :2], self.city_crs, frames.LONLAT)
        return self._served(lonlat) - self._undulation(lonlat)

    def lowest(self, polygons: ObjectArray) -> FloatArray:
        """The lowest H of the finest served mesh under each footprint, boundary and inside, exact on its triangles.

        polygons: (n,) shapely Polygon or MultiPolygon, city frame. Returns (n,) metres; NaN for missing or empty ones.
        """
        result = np.full(len(polygons), np.nan)
        for start in range(0, len(polygons), _CHUNK):
            part = np.asarray(polygons[start : start + _CHUNK], dtype=object)
            result[start : start + _CHUNK] = self._lowest(part)
        return result

    def _lowest(self, polygons: ObjectArray) -> FloatArray:
        placed = shapely.transform(polygons, lambda xy: frames.transform(xy, self.city_crs, frames.LONLAT))
        lonlat = np.asarray(placed, dtype=object)
        result = np.full(len(polygons), np.inf)
        usable: IntArray = np.flatnonzero(~np.isnan(shapely.bounds(lonlat)[:, 0]))
        if not len(usable):
            return np.full(len(polygons), np.nan)
        lonlat = lonlat[usable]
        levels, mixed = self._levels_under(shapely.bounds(lonlat))
        for level in np.unique(levels):
            rows = np.flatnonzero(levels == level)
            owner, points = _candidates(lonlat[rows], TmsLattice(int(level)).step)
            straddling = mixed[rows[owner]]
            if straddling.any():
                owner, points = _both_sides(owner, points, straddling, TmsLattice(int(level)).step)
            heights = self._served(points) - self._undulation(points)
            np.minimum.at(result, usable[rows[owner]], heights)
        return np.where(np.isfinite(result), result, np.nan)

    def _undulation(self, lonlat: FloatArray) -> FloatArray:
        finite: BoolArray = np.asarray(np.isfinite(lonlat).all(axis=1))
        return np.where(finite, self.geoid.undulation(np.where(finite[:, None], lonlat, 0.0)), np.nan)

    def _level_at(self, lonlat: FloatArray) -> IntArray:
        """The level of the finest tile at each point."""
        level = np.zeros(len(lonlat), np.int64)
        left = np.arange(len(lonlat))
        for finer in range(self.deepest, 0, -1):
            found = np.isin(_key(finer, *_tile(lonlat[left], finer).T), self.keys)
            level[left[found]] = finer
            left = left[~found]
        return level

    def _levels_under(self, bounds: FloatArray) -> tuple[IntArray, BoolArray]:
        """For boxes (n, 4): the finest level any of their parts has, and whether parts may differ.

        Tiles of the finest level are larger than most boxes, but not than all: where a box is wider, its inside is
        probed tile by tile.
        """
        size = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
        probes = np.clip(np.ceil(size / (180.0 / 2.0**self.deepest)).astype(np.int64) + 1, 2, 65)
        least, most = np.empty(len(bounds), np.int64), np.empty(len(bounds), np.int64)
        for count in np.unique(probes):
            rows = np.flatnonzero(probes == count)
            along = np.linspace(0.0, 1.0, count)
            lon = bounds[rows, 0, None] + along * (bounds[rows, 2] - bounds[rows, 0])[:, None]
            lat = bounds[rows, 1, None] + along * (bounds[rows, 3] - bounds[rows, 1])[:, None]
            grid = np.stack(np.broadcast_arrays(lon[:, :, None], lat[:, None, :]), axis=-1).reshape(-1, 2)
            levels = self._level_at(grid).reshape(len(rows), -1)
            least[rows], most[rows] = levels.min(axis=1), levels.max(axis=1)
        return most, np.asarray(least != most)

    def _served(self, lonlat: FloatArray) -> FloatArray:
        """Ellipsoidal height of the finest mesh at each point (n, 2) lon/lat; NaN where a coordinate is not finite."""
        result = np.full(len(lonlat), np.nan)
        finite = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        points = lonlat[finite]
        level = self._level_at(points)
        side = 180.0 / 2.0**level
        place: FloatArray = (points + [180.0, 90.0]) / side[:, None]
        tile = np.clip(np.floor(place).astype(np.int64), 0, np.stack([2 ** (level + 1), 2**level], axis=1) - 1)
        inner = np.asarray((place - tile) * QUADS, dtype=np.float64)
        keys, index = np.unique(_key(level, tile[:, 0], tile[:, 1]), return_inverse=True)
        order = np.argsort(index, kind="stable")
        cuts = np.searchsorted(index[order], np.arange(0, len(keys) + 256, 256))
        for n, (start, end) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
            rows = order[start:end]
            meshes = [self._mesh(int(key)) for key in keys[n * 256 : n * 256 + 256]]
            stack = np.stack([m.heights() for m in meshes])
            result[finite[rows]] = _on_triangles(stack, index[rows] - n * 256, inner[rows])
        return result

    def _mesh(self, key: int) -> mesh.Mesh:
        held = self._held.get(key)
        if held is None:
            level, x, y = key >> _LEVEL_BITS, (key >> _X_BITS) & (2**_X_BITS - 1), key & (2**_X_BITS - 1)
            path = self.folder / str(level) / str(x) / f"{y}.terrain"
            try:
                held = mesh.decode(path.read_bytes(), str(path))
            except FileNotFoundError as error:
                raise BadSource(f"{path}: layer.json promises this tile, the file is missing") from error
            self._held[key] = held
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        return held


def _key(level: int | IntArray, x: IntArray, y: IntArray) -> IntArray:
    keys: IntArray = (np.asarray(level, dtype=np.int64) << _LEVEL_BITS) | (x << _X_BITS) | y
    return keys


def _tile(lonlat: FloatArray, level: int) -> IntArray:
    tile = np.floor((lonlat + [180.0, 90.0]) / (180.0 / 2.0**level)).astype(np.int64)
    return np.clip(tile, 0, [2 ** (level + 1) - 1, 2**level - 1])


def _on_triangles(stack: FloatArray, tile: IntArray, inner: FloatArray) -> FloatArray:
    """Heights at grid positions (n, 2) of tiles (t, SIDE, SIDE): linear on the two triangles of each quad."""
    cell = np.clip(inner.astype(np.int64), 0, QUADS - 1)
    u, v = (inner - cell).T
    c, r = cell.T
    sw, se = stack[tile, r, c], stack[tile, r, c + 1]
    nw, ne = stack[tile, r + 1, c], stack[tile, r + 1, c + 1]
    under: FloatArray = np.where(u >= v, sw + u * (se - sw) + v * (ne - se), sw + v * (nw - sw) + u * (ne - nw))
    return under


def _both_sides(owner: IntArray, points: FloatArray, straddling: BoolArray, step: float) -> tuple[IntArray, FloatArray]:
    """Points of footprints over a border of levels also a hair to either side: meshes of two levels do not meet."""
    hair = step * 1e-7
    moved = [points[straddling] + [a, b] for a in (-hair, hair) for b in (-hair, hair)]
    return np.concatenate([owner, *[owner[straddling]] * 4]), np.concatenate([points, *moved])


def _candidates(polygons: ObjectArray, step: float) -> tuple[IntArray, FloatArray]:
    """The points at which a mesh of this step can be lowest under each footprint, and whose they are.

    Corners, crossings of the outline with the mesh's three families of lines (meridians, parallels, diagonals from
    south-west to north-east), and mesh vertices inside. Returns owners (m,) and lon/lat (m, 2).
    """
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    owner = part_owner[ring_part[ring]]
    grid = (corners + [180.0, 90.0]) / step
    joined = np.flatnonzero(ring[1:] == ring[:-1])
    crossing_owner, crossings = _crossings(grid[joined], grid[joined + 1], owner[joined])
    inner_owner, inner = _vertices_inside(polygons, step)
    points = np.concatenate([corners, crossings * step - [180.0, 90.0], inner])
    return np.concatenate([owner, crossing_owner, inner_owner]), points


def _crossings(start: FloatArray, end: FloatArray, owner: IntArray) -> tuple[IntArray, FloatArray]:
    """Where segments, in grid units, cross whole u, whole v, or whole u - v."""
    owners, points = [], []
    for axis in (0, 1, 2):
        a, b = (p[:, axis] if axis < 2 else p[:, 0] - p[:, 1] for p in (start, end))
        first = np.floor(np.minimum(a, b)).astype(np.int64) + 1
        count = np.maximum(np.ceil(np.maximum(a, b)).astype(np.int64) - first, 0)
        which = np.repeat(np.arange(len(a)), count)
        line = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        along = ((line - a[which]) / (b - a)[which])[:, None]
        owners.append(owner[which])
        points.append(start[which] + along * (end - start)[which])
    return np.concatenate(owners), np.concatenate(points)


def _vertices_inside(polygons: ObjectArray, step: float) -> tuple[IntArray, FloatArray]:
    bounds = shapely.bounds(polygons)
    first = np.ceil((bounds[:, :2] + [180.0, 90.0]) / step).astype(np.int64)
    last = np.floor((bounds[:, 2:] + [180.0, 90.0]) / step).astype(np.int64)
    wide, high = np.maximum(last - first + 1, 0).T
    count = wide * high
    owner = np.repeat(np.arange(len(polygons)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    width: Any = np.maximum(wide, 1)[owner]
    points = np.column_stack([first[owner, 0] + nth % width, first[owner, 1] + nth // width]) * step - [180.0, 90.0]
    shapely.prepare(polygons)
    inside = shapely.intersects_xy(polygons[owner], points[:, 0], points[:, 1])
    return owner[inside], points[inside]
