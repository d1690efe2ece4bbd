"""Pairs of boxes that overlap, found through the city's grid in memory that grows by some bytes a box. Pure."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.types import IntArray

Boxes = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Cells = npt.NDArray[np.int32]

_PAIRS_AT_ONCE = 200_000
_STRIP = 200_000  # boxes looked at together
_WIDE_CELLS = 32  # a box of more cells than this each way is held against all others instead of entered in each


def pairs(boxes: Boxes, cell_m: float = 64.0) -> Iterator[IntArray]:
    """Every pair of boxes whose interiors meet, once each, in portions (k, 2) of positions i < j.

    boxes: (n, 4) west, south, east, north. Each box is entered in every cell of a grid that it touches; two that meet are
    paired in the cell that holds the south-west corner of what they share, so that no pair comes twice.

    >>> [p.tolist() for p in pairs(np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 0, 4, 1]], dtype=float))]
    [[[0, 1]]]
    """
    if len(boxes) < 2:
        return
    sprawling = ((boxes[:, 2:] - boxes[:, :2]) > _WIDE_CELLS * cell_m).any(axis=1)
    if sprawling.any():
        yield from _of_wide(boxes, np.flatnonzero(sprawling))
        small = np.flatnonzero(~sprawling)
        for found in pairs(boxes[small], cell_m):
            yield small[found]
        return
    if len(boxes) > _STRIP:
        yield from _by_strips(boxes, cell_m)
        return
    yield from _pairs(boxes, cell_m)


def _pairs(boxes: Boxes, cell_m: float) -> Iterator[IntArray]:
    """The pairs of boxes that a grid can hold at once."""
    low = np.floor(boxes[:, :2] / cell_m).astype(np.int32)
    base = low.min(axis=0)
    low -= base
    owner, cell, wide = _entries(low, np.floor(boxes[:, 2:] / cell_m).astype(np.int32) - base)
    order = np.argsort(cell, kind="stable")
    owner, cell = owner[order], cell[order]
    del order
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
        corner = np.maximum(low[i], low[j]).astype(np.int64)
        own = corner[:, 1] * wide + corner[:, 0] == here
        found = np.column_stack([i[own], j[own]])
        if len(found):
            yield found
        at = end


def _by_strips(boxes: Boxes, cell_m: float) -> Iterator[IntArray]:
    """The pairs of many boxes, strip by strip from the south; one belongs to the strip where what it shares begins."""
    parts = -(-len(boxes) // _STRIP)
    inner = np.quantile(boxes[:, 1], np.linspace(0.0, 1.0, parts + 1)[1:-1]).astype(boxes.dtype)
    edges = np.concatenate([[-np.inf], np.unique(inner), [np.inf]])
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        here = np.flatnonzero((boxes[:, 1] < high) & (boxes[:, 3] > low))
        for found in _pairs(boxes[here], cell_m) if len(here) > 1 else ():
            south = np.maximum(boxes[here[found[:, 0]], 1], boxes[here[found[:, 1]], 1])
            own = (south >= low) & (south < high)
            if own.any():
                yield here[found[own]]


def _of_wide(boxes: Boxes, wide: IntArray) -> Iterator[IntArray]:
    """The pairs of each wide box with all others, those of two wide ones once."""
    for i in wide.tolist():
        a = boxes[i]
        meets = (a[0] < boxes[:, 2]) & (boxes[:, 0] < a[2]) & (a[1] < boxes[:, 3]) & (boxes[:, 1] < a[3])
        meets[wide[wide <= i]] = False
        other = np.flatnonzero(meets)
        if len(other):
            yield np.column_stack([np.minimum(i, other), np.maximum(i, other)])


def _entries(low: Cells, high: Cells) -> tuple[Cells, IntArray, int]:
    """Which box (m,) is entered in which cell (m,), and how many cells make a row; they are numbered row by row."""
    wide = int(high[:, 0].max()) + 1
    across, up = (high - low + 1).T
    count = across * up
    owner = np.repeat(np.arange(len(low), dtype=np.int32), count)
    place = _counting(count)
    cell = (low[owner, 1] + place // across[owner]).astype(np.int64) * wide + low[owner, 0] + place % across[owner]
    return owner, cell, wide


def _meeting(
    boxes: Boxes, owner: Cells, cell: IntArray, first: IntArray, size: IntArray
) -> tuple[Cells, Cells, IntArray]:
    """Pairs i < j within some crowded cells whose boxes meet, and the cell that each was found in."""
    members = np.repeat(first, size) + _counting(size)
    partners = np.repeat(size, size) - 1 - _counting(size)
    left = np.repeat(members, partners)
    right = left + 1 + _counting(partners)
    i, j = owner[left], owner[right]
    a, b = boxes[i], boxes[j]
    meets = (a[:, 0] < b[:, 2]) & (b[:, 0] < a[:, 2]) & (a[:, 1] < b[:, 3]) & (b[:, 1] < a[:, 3])
    return i[meets], j[meets], cell[left[meets]]


def _counting(sizes: npt.NDArray[np.integer[Any]]) -> Cells:
    """0, 1, 2 ... within each run of the given sizes."""
    before: Cells = (np.cumsum(sizes) - sizes).astype(np.int32)
    return np.asarray(np.arange(int(sizes.sum()), dtype=np.int32) - np.repeat(before, sizes), dtype=np.int32)
