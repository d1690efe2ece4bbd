"""Pairs of boxes that overlap, found through the city's grid in memory that grows by some bytes a box. Pure."""

from collections.abc import Iterator

import numpy as np

from cim.types import FloatArray, IntArray

_PAIRS_AT_ONCE = 2_000_000


def pairs(boxes: FloatArray, cell_m: float = 64.0) -> Iterator[IntArray]:
    """Every pair of boxes whose interiors meet, once each, in portions (k, 2) of positions i < j.

    boxes: (n, 4) west, south, east, north. Each box is entered in every cell of a grid that it touches; two that meet are
    paired in the cell that holds the south-west corner of what they share, so that no pair comes twice.

    >>> [p.tolist() for p in pairs(np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 0, 4, 1]], dtype=float))]
    [[[0, 1]]]
    """
    if len(boxes) < 2:
        return
    low = np.floor(boxes[:, :2] / cell_m).astype(np.int64)
    high = np.floor(boxes[:, 2:] / cell_m).astype(np.int64)
    base = low.min(axis=0)
    wide = int((high[:, 0] - base[0]).max()) + 1
    owner, cell = _entries(low - base, high - base, wide)
    order = np.lexsort((owner, cell))
    owner, cell = owner[order], cell[order]
    first = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    size = np.diff(np.r_[first, len(cell)])
    crowded = size > 1
    first, size = first[crowded], size[crowded]
    weight = np.cumsum(size * (size - 1) // 2)
    at = 0
    while at < len(first):
        done = weight[at - 1] if at else 0
        end = max(at + 1, int(np.searchsorted(weight, done + _PAIRS_AT_ONCE, side="right")))
        i, j, here = _meeting(boxes, owner, cell, first[at:end], size[at:end])
        corner = np.maximum(low[i], low[j]) - base
        own = corner[:, 1] * wide + corner[:, 0] == here
        found = np.column_stack([i[own], j[own]])
        if len(found):
            yield found
        at = end


def _entries(low: IntArray, high: IntArray, wide: int) -> tuple[IntArray, IntArray]:
    """Which box (m,) is entered in which cell (m,); cells are numbered row by row, `wide` a row, from (0, 0)."""
    across, up = (high - low + 1).T
    count = across * up
    owner = np.repeat(np.arange(len(low)), count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    column = low[owner, 0] + place % across[owner]
    row = low[owner, 1] + place // across[owner]
    return owner, row * wide + column


def _meeting(
    boxes: FloatArray, owner: IntArray, cell: IntArray, first: IntArray, size: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Pairs i < j within some crowded cells whose boxes meet, and the cell that each was found in."""
    members = np.repeat(first, size) + _counting(size)
    partners = np.repeat(size, size) - 1 - _counting(size)
    left = np.repeat(members, partners)
    right = left + 1 + _counting(partners)
    i, j = owner[left], owner[right]
    a, b = boxes[i], boxes[j]
    meets = (a[:, 0] < b[:, 2]) & (b[:, 0] < a[:, 2]) & (a[:, 1] < b[:, 3]) & (b[:, 1] < a[:, 3])
    return i[meets], j[meets], cell[left[meets]]


def _counting(sizes: IntArray) -> IntArray:
    """0, 1, 2 ... within each run of the given sizes."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
