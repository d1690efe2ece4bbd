"""A quantized-mesh reader that shares no code with ours: whole tiles to arrays, shared edges, and how far a mesh is off."""

import gzip
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Key = tuple[int, int, int]
OPPOSITE = (("east", "west", 1, 0), ("north", "south", 0, 1))


@dataclass(frozen=True)
class Tile:
    """u, v: (n,) 0..32767. heights: (n,) metres, float64. triangles: (t, 3). edges: vertex numbers. extensions: by id."""

    u: np.ndarray
    v: np.ndarray
    heights: np.ndarray
    triangles: np.ndarray
    edges: dict[str, np.ndarray]
    extensions: dict[int, bytes]

    def edge(self, side: str) -> np.ndarray:
        """(m, 2): place along the edge and height of each vertex on it, in order, as raw 64-bit patterns."""
        along = self.v if side in ("west", "east") else self.u
        mine = self.edges[side]
        order = mine[np.argsort(along[mine])]
        return np.stack([along[order].astype(np.float64), self.heights[order]], axis=1).view(np.uint64)


def read(data: bytes) -> Tile:
    """A tile's bytes, gzipped or not, by the text of the format (Quantized-Mesh 1.0)."""
    raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    low, high = struct.unpack_from("<ff", raw, 24)
    (count,) = struct.unpack_from("<I", raw, 88)
    place = 92
    columns = []
    for _ in range(3):
        folded = np.frombuffer(raw, "<u2", count, place).astype(np.int64)
        columns.append(np.cumsum((folded >> 1) ^ -(folded & 1)))
        place += 2 * count
    kind, size = ("<u4", 4) if count > 65536 else ("<u2", 2)
    place += -place % size
    (faces,) = struct.unpack_from("<I", raw, place)
    codes = np.frombuffer(raw, kind, 3 * faces, place + 4).astype(np.int64)
    place += 4 + 3 * faces * size
    before = np.concatenate([[0], np.cumsum(codes == 0)[:-1]])
    edges = {}
    for side in ("west", "south", "east", "north"):
        (length,) = struct.unpack_from("<I", raw, place)
        edges[side] = np.frombuffer(raw, kind, length, place + 4).astype(np.int64)
        place += 4 + length * size
    extensions = {}
    while place < len(raw):
        number, length = struct.unpack_from("<BI", raw, place)
        extensions[number] = raw[place + 5 : place + 5 + length]
        place += 5 + length
    u, v, h = columns
    heights = low + h / 32767.0 * (float(high) - low)
    return Tile(u, v, heights, (before - codes).reshape(-1, 3), edges, extensions)


def pyramid(folder: Path) -> dict[Key, Path]:
    """The tiles of a folder {z}/{x}/{y}.terrain."""
    return {(int(p.parts[-3]), int(p.parts[-2]), int(p.stem)): p for p in sorted(folder.glob("*/*/*.terrain"))}


def seams(tiles: dict[Key, Path]) -> Iterator[tuple[Key, Key, bool]]:
    """Each pair of neighbours of a level, and whether their common edge has the same vertices at the same heights."""
    columns: dict[tuple[int, int], dict[Key, Tile]] = {}
    for level, x, y in sorted(tiles):
        columns.pop((level, x - 2), None)
        held = columns.setdefault((level, x), {})
        held[level, x, y] = tile = read(tiles[level, x, y].read_bytes())
        for ours, theirs, left, below in OPPOSITE:
            other = (level, x - left, y - below)
            neighbour = columns.get((level, other[1]), {}).get(other)
            if neighbour is not None:
                equal = np.array_equal(neighbour.edge(ours), tile.edge(theirs))
                yield other, (level, x, y), equal


def deviation(columns: np.ndarray, rows: np.ndarray, triangles: np.ndarray, z: np.ndarray, of: np.ndarray) -> float:
    """How far a mesh is off a grid, at most: every vertex of the grid in every triangle that holds it.

    columns, rows: of the mesh's vertices in the grid. z: their heights. of: the grid.
    """
    worst = 0.0
    for t in triangles:
        x, y = columns[t], rows[t]
        across, along = np.meshgrid(np.arange(x.min(), x.max() + 1), np.arange(y.min(), y.max() + 1))
        double = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        second = ((across - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (along - y[0])) / double
        third = ((x[1] - x[0]) * (along - y[0]) - (across - x[0]) * (y[1] - y[0])) / double
        inside = (second >= 0) & (third >= 0) & (second + third <= 1)
        plane = z[t[0]] + second * (z[t[1]] - z[t[0]]) + third * (z[t[2]] - z[t[0]])
        worst = max(worst, float(np.abs(plane - of[along, across])[inside].max(initial=0.0)))
    return worst
