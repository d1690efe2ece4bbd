"""The tree over the grid: which cells are leaves, and the nodes that carry regions, errors and contents. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cim.geometry import cell_box
from cim.types import IntArray
from tilesets.spec import Region, Tile

TARGET_BYTES = 256 * 1024
"""Cells are split while their rows are estimated to need more than this."""
UNIT_DEPTH = 6
"""Cells of 4,096 m: the largest leaf, and what the builder holds in memory at a time."""
DISTRICT_DEPTH = 8
"""Cells of 16,384 m: each has a tileset JSON of its own."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A grid cell and the run of rows (sorted by key) that lie in it."""

    key: int
    depth: int
    start: int
    stop: int

    def centre(self) -> tuple[float, float]:
        """The cell's middle, city frame."""
        box = cell_box(self.key, self.depth)
        return (box.west + box.east) / 2.0, (box.south + box.north) / 2.0


@dataclass(frozen=True, slots=True)
class Node:
    """A tile: what holds it and its children, its geometric error in metres, its content's URI, its children."""

    region: Region
    error: float
    uri: str | None
    children: tuple["Node", ...] = ()


def leaves(keys: IntArray, cost: IntArray, cell: Cell, target: int = TARGET_BYTES) -> Iterator[Cell]:
    """The cells that hold all rows of a cell and cost at most `target` bytes each, in grid order.

    keys: (n,) finest keys, rising; cost: (n,) bytes by row. A cell of 64 m is never split. The answer for a cell is a
    function of its own rows alone.
    """
    rows = slice(cell.start, cell.stop)
    if cell.start == cell.stop:
        return
    if cell.depth == 0 or int(cost[rows].sum()) <= target:
        yield cell
        return
    depth = cell.depth - 1
    children = (cell.key << 2) + np.arange(5)
    bounds = cell.start + np.searchsorted(keys[rows], children << (2 * depth))
    for k in range(4):
        yield from leaves(keys, cost, Cell(int(children[k]), depth, int(bounds[k]), int(bounds[k + 1])), target)


def tile(node: Node, prefix: str = "") -> Tile:
    """A node as 3D Tiles writes it, its children with it. Every child refines by replacement. prefix: before URIs."""
    written: Tile = {"boundingVolume": node.region.volume(), "geometricError": node.error, "refine": "REPLACE"}
    if node.uri is not None:
        written["content"] = {"uri": prefix + node.uri}
    if node.children:
        written["children"] = [tile(child, prefix) for child in node.children]
    return written


def above(keys: list[int], depth: int) -> tuple[int, int]:
    """Key and depth of the smallest cell that holds all these cells of one depth.

    >>> above([4, 7], 0)
    (1, 1)
    """
    low, high = min(keys), max(keys)
    while low != high:
        low, high, depth = low >> 2, high >> 2, depth + 1
    return low, depth
