"""The tree over the grid: which cells are leaves, and the nodes that carry regions, errors and contents. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cim.geometry import cell_box, cell_size
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
    """A square of the grid: its key at its depth."""

    key: int
    depth: int

    def centre(self) -> tuple[float, float]:
        """Its middle, city frame."""
        box = cell_box(self.key, self.depth)
        return (box.west + box.east) / 2.0, (box.south + box.north) / 2.0

    def span(self) -> tuple[int, int]:
        """The first key of depth 0 within it, and the first one behind it."""
        return self.key << (2 * self.depth), (self.key + 1) << (2 * self.depth)

    def name(self) -> str:
        """Depth, column and row, counted from the zero of the city frame.

        >>> Cell(3, 6).name()
        '6/1/1'
        """
        box, side = cell_box(self.key, self.depth), cell_size(self.depth)
        return f"{self.depth}/{round(box.west / side)}/{round(box.south / side)}"


@dataclass(frozen=True, slots=True)
class Node:
    """A tile: what holds it and its children, its geometric error in metres, its content's URI, its children, its cell."""

    region: Region
    error: float
    uri: str | None
    children: tuple["Node", ...] = ()
    cell: Cell | None = None

    def contents(self) -> Iterator[str]:
        """The names of all contents, its own and those below."""
        if self.uri is not None:
            yield self.uri
        for child in self.children:
            yield from child.contents()


def leaves(
    keys: IntArray,
    cost: IntArray,
    cell: Cell,
    target: int = TARGET_BYTES,
    shared: Callable[[int, int], int] | None = None,
) -> Iterator[Cell]:
    """The cells that hold all rows of a cell and cost at most `target` bytes each, in grid order.

    keys: (n,) keys of depth 0, rising; cost: (n,) bytes by row (or by cell of 64 m). shared: what the rows from one up to
    another cost together besides. A cell of 64 m is never split. The answer for a cell is a function of its own rows
    alone.
    """
    start, stop = np.searchsorted(keys, cell.span())
    if start == stop:
        return
    besides = 0 if shared is None else shared(int(start), int(stop))
    if cell.depth == 0 or int(cost[start:stop].sum()) + besides <= target:
        yield cell
        return
    for k in range(4):
        yield from leaves(keys, cost, Cell((cell.key << 2) + k, cell.depth - 1), target, shared)


def tile(node: Node, prefix: str = "") -> Tile:
    """A node as 3D Tiles writes it, its children with it. Every child refines by replacement. prefix: before URIs."""
    written: Tile = {"boundingVolume": node.region.volume(), "geometricError": node.error, "refine": "REPLACE"}
    if node.uri is not None:
        written["content"] = {"uri": prefix + node.uri}
    if node.children:
        written["children"] = [tile(child, prefix) for child in node.children]
    if node.cell is not None:
        written["extras"] = {"cell": node.cell.name()}
    return written


def above(keys: list[int], depth: int) -> Cell:
    """The smallest cell that holds all these cells of one depth.

    >>> above([4, 7], 0)
    Cell(key=1, depth=1)
    """
    low, high = min(keys), max(keys)
    while low != high:
        low, high, depth = low >> 2, high >> 2, depth + 1
    return Cell(low, depth)
