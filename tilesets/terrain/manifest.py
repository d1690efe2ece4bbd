"""The pyramid's manifest: of each tile what it was made of and what came out; and from two of them, where ground differs."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cim.types import Box, IntArray
from tilesets.terrain.foundation import FOUNDATION_LEVEL
from tilesets.terrain.grid import QUADS, ranges, tile_box
from tilesets.terrain.quantized_mesh import U16, HeightScale
from tilesets.terrain.squares import U64, mix, weights

NAME = "manifest.npz"
_FINEST_PART, _MOST_PARTS = 15, 32
_MOST_BOXES = 64
_HAIR = 1e-7  # degrees, a centimetre: a footprint on a border reads the tile beyond it


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The tiles of a level, sorted by y then x: their numbers (m, 2) x, y; keys (m,) of all that their bytes depend on;
    digests (m,) and sizes (m,) of their bytes; parts (m, p, p), digests of the heights of a tile's p x p parts, row 0
    south."""

    tiles: IntArray
    keys: U64
    digests: U64
    sizes: IntArray
    parts: U64


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """All levels of a pyramid, from 0."""

    levels: tuple[Level, ...]


def parts_of(level: int) -> int:
    """Into how many parts a side a tile is cut: about those of level 15, at most 32.

    >>> parts_of(9), parts_of(13), parts_of(18)
    (32, 4, 1)
    """
    return int(np.clip(2.0 ** (_FINEST_PART - level), 1, _MOST_PARTS))


def part_digests(k: U16, scale: HeightScale, level: int) -> U64:
    """(t, p, p): digests of the heights of each part, its edges included. k: (t, n, n) on the scale."""
    parts = parts_of(level)
    side = QUADS // parts
    windows = np.lib.stride_tricks.sliding_window_view(k, (side + 1, side + 1), axis=(1, 2))[:, ::side, ::side]
    content = windows.reshape(*windows.shape[:3], -1).astype(np.uint64)
    seed = np.array([scale.low, scale.quantum]).view(np.uint64)
    with np.errstate(over="ignore"):
        digests: U64 = mix((content @ weights(content.shape[-1], 4)) ^ mix(seed[:1]) ^ mix(mix(seed[1:])))
    return digests


def save(manifest: Manifest, path: Path) -> None:
    """Write a manifest as a file. The same manifest gives the same bytes."""
    arrays = {}
    for number, level in enumerate(manifest.levels):
        for name in Level.__slots__:
            arrays[f"{number:02}_{name}"] = getattr(level, name)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load(path: Path) -> Manifest | None:
    """The manifest in a file; None where there is none, or none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as held:
            count = len(held.files) // len(Level.__slots__)
            levels = [[held[f"{number:02}_{name}"] for name in Level.__slots__] for number in range(count)]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    return Manifest(tuple(Level(*level) for level in levels))


def read(folder: Path) -> Manifest | None:
    """The manifest of the pyramid in a folder; None where it has none."""
    return load(folder / NAME)


def differing(old: Manifest | None, new: Manifest | None) -> list[Box] | None:
    """Where buildings may stand otherwise: lon/lat boxes in which the finest served mesh, or any mesh of
    FOUNDATION_LEVEL or finer, differs in its heights. At most 64 boxes. None: everything may differ.
    """
    if old is None or new is None:
        return None
    changed: dict[int, IntArray] = {}
    for level in range(max(len(old.levels), len(new.levels))):
        before, after = (m.levels[level] if level < len(m.levels) else None for m in (old, new))
        for grid, cells in _differences(level, before, after):
            if level < FOUNDATION_LEVEL:
                cells = _shown(cells, grid, level, old, new)
            changed[grid] = np.unique(np.concatenate([changed.get(grid, cells[:0]), cells]), axis=0)
    return _boxes(changed)


def _differences(level: int, before: Level | None, after: Level | None) -> Iterator[tuple[int, IntArray]]:
    """(level of a grid, cells (n, 2) of it) in which the meshes of a level differ."""
    if before is None or after is None:
        only = before or after
        if only is not None:
            yield level, only.tiles
        return
    a, b = code(before.tiles), code(after.tiles)
    yield level, np.concatenate([before.tiles[~np.isin(a, b)], after.tiles[~np.isin(b, a)]])
    _, mine, theirs = np.intersect1d(a, b, assume_unique=True, return_indices=True)
    p = after.parts.shape[1]
    if before.parts.shape[1] != p:
        yield level, after.tiles
        return
    tile, row, column = np.nonzero(before.parts[mine] != after.parts[theirs])
    inner: IntArray = after.tiles[theirs[tile]] * p + np.stack([column, row], axis=1)
    yield level + p.bit_length() - 1, inner


def _shown(cells: IntArray, grid: int, level: int, old: Manifest, new: Manifest) -> IntArray:
    """The cells that no finer tile covers in both pyramids: there the coarse mesh is the finest."""
    if not len(cells):
        return cells
    shown = np.zeros(len(cells), bool)
    for manifest in (old, new):
        finer = manifest.levels[level + 1].tiles if level + 1 < len(manifest.levels) else cells[:0]
        if grid > level:
            shown |= ~np.isin(code(cells >> (grid - level - 1)), code(finer))
        else:
            children = np.stack([code(cells * 2 + np.array([i, j])) for i in (0, 1) for j in (0, 1)])
            shown |= ~np.isin(children, code(finer)).all(axis=0)
    return cells[shown]


def _boxes(changed: dict[int, IntArray]) -> list[Box]:
    """Few rectangles over these cells: of the finest grid that makes no more than the limit."""
    for coarsest in range(max(changed, default=0), -1, -1):
        merged: dict[int, IntArray] = {}
        for grid, cells in changed.items():
            level = min(grid, coarsest)
            up = np.unique(cells >> (grid - level), axis=0)
            merged[level] = np.unique(np.concatenate([merged.get(level, up[:0]), up]), axis=0)
        found = [(grid, r) for grid, cells in merged.items() if len(cells) for r in ranges(_uncovered(grid, merged))]
        if len(found) <= _MOST_BOXES or coarsest == 0:
            break
    boxes = []
    for grid, r in found:
        first, last = tile_box(grid, r["startX"], r["startY"]), tile_box(grid, r["endX"], r["endY"])
        boxes.append(Box(first.west - _HAIR, first.south - _HAIR, last.east + _HAIR, last.north + _HAIR))
    return boxes


def _uncovered(grid: int, merged: dict[int, IntArray]) -> IntArray:
    """The cells of a grid that lie in no coarser one."""
    cells = merged[grid]
    for coarser, over in merged.items():
        if coarser < grid and len(over):
            cells = cells[~np.isin(code(cells >> (grid - coarser)), code(over))]
    return cells


def code(tiles: IntArray) -> IntArray:
    """One number (m,) for each tile (m, 2) x, y of a level, in the order of y then x."""
    numbers: IntArray = (tiles[:, 1] << 32) | tiles[:, 0]
    return numbers
