"""Adaptive meshes: grids of heights to few triangles within a stated error, tile by tile, without seams. Pure.

A right-triangulated irregular network (Evans, Kirkpatrick and Townsend 2001): right triangles, halved at the middle of
the long side where flatter ones would be too far off. Whether a vertex is used is a function of the whole lattice's
heights near it, never of a tile: neighbours use the same vertices of their common edge. To know them a tile needs a collar
of only COLLAR vertices, because along edges every COLLAR-th vertex is always used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.types import BoolArray, IntArray

QUADS = 256
"""Quads along a tile's side: 257 x 257 vertices are given."""
COLLAR = 16
_COARSEST_SHARED = COLLAR // 2

F32 = npt.NDArray[np.float32]
Join = Callable[[F32, F32], F32]


@dataclass(frozen=True, slots=True, eq=False)
class Triangles:
    """One tile's mesh. vertices: (v, 2) column and row, 0..256 from the south-west, in the order of their first use;
    indices: (t, 3) vertex numbers, counter-clockwise from above, neighbours near each other."""

    vertices: IntArray
    indices: IntArray


def errors(heights: F32, *, certain: bool = True) -> F32:
    """How far off the surface could be, at most, where each vertex was left out. Metres, of the same shape.

    heights: (256 r + 1 + 2 COLLAR, 256 c + 1 + 2 COLLAR) of r x c tiles with their collar, row 0 in the south. Infinite
    where a vertex is always used. certain: the bound of a vertex is its own distance from the middle of its long side
    *plus* the greatest bound of those that depend on it: a mesh that leaves out bounds up to e is nowhere further off than
    e. Otherwise it is the greater of the two, as such networks usually have it: far fewer triangles, each vertex within e
    of the middle of its side, but the surface may stray further (on fractal relief to twice e).
    """
    bounds = np.zeros(heights.shape, np.float32)
    join: Join = np.add if certain else np.maximum
    scale = 1
    while scale <= _COARSEST_SHARED:
        _edges(heights, bounds, scale, join, forced=False)
        _middles(heights, bounds, scale, join)
        scale *= 2
    inner = slice(COLLAR, -COLLAR)
    own, below = heights[inner, inner], bounds[inner, inner]
    while scale < QUADS:
        _edges(own, below, scale, join, forced=True)
        _middles(own, below, scale, join)
        scale *= 2
    below[QUADS // 2 :: QUADS, QUADS // 2 :: QUADS] = np.inf
    below[::QUADS, ::QUADS] = np.inf
    return bounds


def _edges(z: F32, bounds: F32, s: int, join: Join, *, forced: bool) -> None:
    """Bounds of the middles of axis-parallel sides of length 2 s. forced: those on tiles' edges are infinite."""
    for turned in (False, True):
        h, e = (z.T, bounds.T) if turned else (z, bounds)
        ends = h[:: 2 * s, :: 2 * s]
        bound = np.abs(h[:: 2 * s, s :: 2 * s] - (ends[:, :-1] + ends[:, 1:]) * np.float32(0.5))
        if s > 1:
            half = e[s // 2 :: s, s // 2 :: s]  # middles of squares of side s, two above and two below each side
            pair = np.maximum(half[:, 0::2], half[:, 1::2])
            most = np.zeros_like(bound)
            np.maximum(most[:-1], pair[0::2], out=most[:-1])
            np.maximum(most[1:], pair[1::2], out=most[1:])
            bound = join(bound, most)
        if forced:
            bound[:: QUADS // (2 * s)] = np.inf
        e[:: 2 * s, s :: 2 * s] = bound


def _middles(z: F32, bounds: F32, s: int, join: Join) -> None:
    """Bounds of the middles of squares of side 2 s. Their long side runs to the middle of the square twice as large: from
    south-west to north-east in every other square."""
    corners, middle = z[:: 2 * s, :: 2 * s], z[s :: 2 * s, s :: 2 * s]
    bound = np.empty_like(middle)
    for down in (0, 1):
        for along in (0, 1):
            part = (slice(down, None, 2), slice(along, None, 2))
            if down == along:
                mean = corners[:-1, :-1][part] + corners[1:, 1:][part]
            else:
                mean = corners[:-1, 1:][part] + corners[1:, :-1][part]
            bound[part] = np.abs(middle[part] - mean * np.float32(0.5))
    level, upright = bounds[:: 2 * s, s :: 2 * s], bounds[s :: 2 * s, :: 2 * s]
    most = np.maximum(np.maximum(level[:-1], level[1:]), np.maximum(upright[:, :-1], upright[:, 1:]))
    bounds[s :: 2 * s, s :: 2 * s] = join(bound, most)


def triangulate(bounds: F32, most: float) -> list[Triangles]:
    """The meshes of the tiles of a block, row by row from the south-west, each within `most` metres of its heights.

    bounds: from `errors`. most: 0 or more; where a bound is no greater, the vertex is left out.
    """
    used = bounds[COLLAR:-COLLAR, COLLAR:-COLLAR] > most
    high, wide = ((n - 1) // QUADS for n in used.shape)
    corners, tile, path = _leaves(used, high, wide)
    order = np.argsort(path, kind="stable")
    corners, tile = corners[order], tile[order]
    order = np.argsort(tile, kind="stable")
    cuts = np.searchsorted(tile[order], np.arange(high * wide + 1))
    width = used.shape[1]
    meshes = []
    for number in range(high * wide):
        mine = corners[order[cuts[number] : cuts[number + 1]]]
        first = (number // wide) * QUADS * width + (number % wide) * QUADS
        meshes.append(_numbered(mine - first, width))
    return meshes


def _leaves(used: BoolArray, high: int, wide: int) -> tuple[IntArray, npt.NDArray[Any], npt.NDArray[Any]]:
    """All triangles: corners (t, 3) as flat places of the block (the right angle last), their tile, and a number that
    is near for triangles that are near."""
    width = used.shape[1]
    y, x = (n.ravel() * QUADS for n in np.mgrid[:high, :wide])
    sw, side = y * width + x, QUADS
    se, nw, ne = sw + side, sw + side * width, sw + side * width + side
    middle = sw + (side // 2) * (width + 1)
    a, b = np.concatenate([sw, se, ne, nw]), np.concatenate([se, ne, nw, sw])
    c, tile = np.tile(middle, 4), np.tile(np.arange(high * wide, dtype=np.uint16), 4)
    path = np.repeat(np.arange(4, dtype=np.uint32), high * wide)
    flat, left = used.ravel(), 14  # halvings after the first; the last one's two parts share a number
    done: list[tuple[npt.NDArray[Any], ...]] = []
    while True:
        m = (a + b) >> 1
        split = flat[m] if left >= 0 else np.zeros(len(m), bool)
        whole = ~split
        done.append((a[whole], b[whole], c[whole], tile[whole], path[whole] << np.uint32(max(left, 0))))
        if not split.any():
            break
        a, b, c, m, tile, path = a[split], b[split], c[split], m[split], tile[split], path[split]
        a, b, c = np.concatenate([c, b]), np.concatenate([a, c]), np.concatenate([m, m])
        tile = np.concatenate([tile, tile])
        path = (
            np.concatenate([path * np.uint32(2), path * np.uint32(2) + np.uint32(1)]) if left > 0 else np.tile(path, 2)
        )
        left -= 1
    first, second, third, tiles, paths = (np.concatenate(part) for part in zip(*done, strict=True))
    return np.stack([first, second, third], axis=1), tiles, paths.astype(np.uint16)


def _numbered(corners: IntArray, width: int) -> Triangles:
    """Vertices numbered in the order in which the triangles first use them. corners: flat places from the tile's first."""
    flat = corners.ravel()
    row, column = flat // width, flat % width
    place = row * (QUADS + 1) + column
    seen = np.empty((QUADS + 1) ** 2, np.int64)
    turn = np.arange(len(flat))
    seen[place[::-1]] = turn[::-1]  # of equal places the last written stands: the first use
    fresh = seen[place] == turn
    number = np.empty_like(seen)
    number[place[fresh]] = np.arange(int(fresh.sum()))
    return Triangles(np.stack([column[fresh], row[fresh]], axis=1), number[place].reshape(-1, 3))
