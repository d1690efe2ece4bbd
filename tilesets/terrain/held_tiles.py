"""The tiles of a built pyramid, decoded as they are asked for: heights on their triangles, and the lows of their quads."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cim.errors import BadSource, Unavailable
from cim.types import BoolArray, FloatArray, IntArray
from tilesets.terrain import quantized_mesh as mesh
from tilesets.terrain.grid import QUADS, unrange
from tilesets.terrain.manifest import code

_HELD = 4096  # decoded tiles kept: at most 17 kB each, 70 MB in all
_TOGETHER = 256  # tiles whose heights stand in one array


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """k (n, n) heights and lows (n - 1, n - 1), the lowest corner of each quad, on the scale low + k * span / TOP."""

    k: mesh.U16
    lows: mesh.U16
    low: float
    span: float


@dataclass(slots=True, eq=False)
class HeldTiles:
    """The pyramid in a folder. codes: of each level's tiles, sorted. Not for use by several threads at once."""

    folder: Path
    codes: tuple[IntArray, ...]
    _held: "OrderedDict[tuple[int, int], Tile]" = field(default_factory=OrderedDict)

    @classmethod
    def open(cls, folder: Path) -> "HeldTiles":
        """The tiles that layer.json promises. Raises Unavailable where none was built yet, BadSource if it is broken."""
        try:
            layer = json.loads((folder / "layer.json").read_text(encoding="utf-8"))
            codes = tuple(np.sort(code(unrange(found))) for found in layer["available"])
        except FileNotFoundError as error:
            raise Unavailable(f"{folder}: no terrain is built yet; build it first") from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadSource(f"{folder / 'layer.json'}: not a terrain layer: {error}") from error
        return cls(folder, codes)

    @property
    def deepest(self) -> int:
        """The deepest level."""
        return len(self.codes) - 1

    def has(self, level: int, tiles: IntArray) -> BoolArray:
        """Which of these tiles (m, 2) there are."""
        known, asked = self.codes[level], code(tiles)
        if not len(known):
            return np.zeros(len(tiles), bool)
        found: BoolArray = known[np.minimum(np.searchsorted(known, asked), len(known) - 1)] == asked
        return found

    def level_at(self, lonlat: FloatArray) -> IntArray:
        """The level of the finest tile at each point (n, 2)."""
        level = np.zeros(len(lonlat), np.int64)
        left = np.arange(len(lonlat))
        for finer in range(self.deepest, 0, -1):
            if not len(left):
                break
            found = self.has(finer, tile_at(lonlat[left], finer))
            level[left[found]] = finer
            left = left[~found]
        return level

    def finest(self, lonlat: FloatArray) -> FloatArray:
        """Ellipsoidal height (n,) of the finest mesh at each point (n, 2) lon/lat; NaN where one is not finite."""
        result = np.full(len(lonlat), np.nan)
        finite = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        levels = self.level_at(lonlat[finite])
        for level in np.unique(levels).tolist():
            rows = finite[levels == level]
            result[rows] = self.heights(level, lonlat[rows])
        return result

    def heights(self, level: int, lonlat: FloatArray) -> FloatArray:
        """Ellipsoidal height (n,) of one level's mesh at points (n, 2) that its tiles hold: linear on each triangle."""
        tile = tile_at(lonlat, level)
        inner = ((lonlat + [180.0, 90.0]) / (180.0 / 2.0**level) - tile) * QUADS
        cell = np.clip(inner.astype(np.int64), 0, QUADS - 1)
        u, v = (inner - cell).T
        result = np.empty(len(lonlat))
        for rows, place, tiles in self._portions(level, tile):
            stack = np.stack([held.k for held in tiles])
            low, span = np.array([[held.low, held.span] for held in tiles]).T
            base, factor = low[place], span[place]
            c, r = cell[rows].T
            sw, se, nw, ne = (
                base + stack[place, r + up, c + right] * factor / mesh.TOP for up in (0, 1) for right in (0, 1)
            )
            a, b = u[rows], v[rows]
            result[rows] = np.where(a >= b, sw + a * (se - sw) + b * (ne - se), sw + b * (nw - sw) + a * (ne - nw))
        return result

    def lows(self, level: int, quads: IntArray) -> FloatArray:
        """Ellipsoidal height (n,) of the lowest corner of quads (n, 2), counted over the whole level from the south-west;
        inf where the level has no tile."""
        tile = quads // QUADS
        result = np.full(len(quads), np.inf)
        there = np.flatnonzero(self.has(level, tile))
        for rows, place, tiles in self._portions(level, tile[there]):
            stack = np.stack([held.lows for held in tiles])
            low, span = np.array([[held.low, held.span] for held in tiles]).T
            c, r = (quads[there[rows]] - tile[there[rows]] * QUADS).T
            result[there[rows]] = low[place] + stack[place, r, c] * span[place] / mesh.TOP
        return result

    def _portions(self, level: int, tiles: IntArray) -> Iterator[tuple[IntArray, IntArray, list[Tile]]]:
        """The rows of these tiles in portions of few tiles, each row's place among them, and the tiles."""
        codes, index = np.unique(code(tiles), return_inverse=True)
        if len(codes) <= _TOGETHER:
            if len(codes):
                yield np.arange(len(tiles)), index, [self._tile(level, one) for one in codes.tolist()]
            return
        order = np.argsort(index, kind="stable")
        cuts = np.searchsorted(index[order], np.arange(0, len(codes) + _TOGETHER, _TOGETHER))
        for start, (first, last) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
            rows, begin = order[first:last], start * _TOGETHER
            if len(rows):
                held = [self._tile(level, one) for one in codes[begin : begin + _TOGETHER].tolist()]
                yield rows, index[rows] - begin, held

    def _tile(self, level: int, number: int) -> Tile:
        held = self._held.get((level, number))
        if held is None:
            path = self.folder / str(level) / str(number & (2**32 - 1)) / f"{number >> 32}.terrain"
            try:
                found = mesh.decode(path.read_bytes(), str(path))
            except FileNotFoundError as error:
                raise BadSource(f"{path}: layer.json promises this tile, the file is missing") from error
            pairs = np.minimum(found.k[:-1], found.k[1:])
            lows = np.minimum(pairs[:, :-1], pairs[:, 1:])
            held = Tile(found.k, lows, found.scale_low, found.scale_high - found.scale_low)
            self._held[level, number] = held
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        return held


def tile_at(lonlat: FloatArray, level: int) -> IntArray:
    """The tile (n, 2) x, y of a level in which each point (n, 2) lies."""
    tile = np.floor((lonlat + [180.0, 90.0]) / (180.0 / 2.0**level)).astype(np.int64)
    return np.clip(tile, 0, [2 ** (level + 1) - 1, 2**level - 1])
