"""Builds a tileset from rows that stream in grid order; memory is bounded by one unit cell and the tree's upper part.

The tree: the city as blocks (root), districts of 16 km as finer blocks, units of 4 km as blocks of 64 m cells, then
buildings (L2), and where there are L3 rows the same buildings with their roofs. Every refinement is by replacement, and
a level that would have one child is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np

from cim.errors import BadInput
from cim.types import Bodies, Progress, silent
from tilesets import spec
from tilesets.buildings import blocks
from tilesets.buildings.blocks import Mass
from tilesets.buildings.content import Flaw
from tilesets.buildings.units import Geoid, Ground, Site, Unit, block_node, build_unit, gathered
from tilesets.publish import FROM_ROOT, Sink
from tilesets.spec import Region, Tileset
from tilesets.tree import DISTRICT_DEPTH, TARGET_BYTES, UNIT_DEPTH, Cell, Node, above, tile

ROOT_LIMIT = 32_768
"""Most boxes in the root (about 1.3 MB gzipped): finer than elsewhere, for the root is all that is seen from afar."""

Mapper = Callable[[Callable[[Bodies], Unit], Iterable[Bodies]], Iterable[Unit]]
"""Runs a function over units in order: `map`, or a pool's that keeps the order and does not run ahead without bound."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made: rows read, buildings drawn and left out, tiles with content, what was wrong, and the root.

    root is None where nothing could be drawn; nothing is published then.
    """

    read: int
    buildings: int
    rejected: int
    tiles: int
    flaws: tuple[Flaw, ...]
    root: Tileset | None

    def by_code(self) -> dict[str, int]:
        """How often each flaw occurs."""
        counts: dict[str, int] = {}
        for flaw in self.flaws:
            counts[flaw.code] = counts.get(flaw.code, 0) + 1
        return counts


def build_city(
    batches: Iterable[Bodies],
    ground: Ground,
    geoid: Geoid,
    crs: str,
    sink: Sink,
    progress: Progress = silent,
    *,
    tileset: str = "city",
    total: int | None = None,
    target_bytes: int = TARGET_BYTES,
    run: Mapper = map,
) -> BuildReport:
    """A whole tileset into a sink, the root last.

    batches: rows sorted by cell over all batches, one row per building, of any size: how rows are batched changes no
    byte. crs: the city frame. total: rows to come, for `progress`. A building that cannot be drawn becomes a Flaw in
    the report and never ends the run. Raises BadInput for rows out of order, and what the sink raises; the old root
    then stands.
    """
    site = Site(crs, ground, geoid, target_bytes)
    built = run(partial(build_unit, site=site, sink=sink), units(batches))
    city = _City(crs, sink)
    told = _telling(built, progress, total)
    for key, members in groupby(told, lambda unit: unit.key >> 2 * (DISTRICT_DEPTH - UNIT_DEPTH)):
        city.add(key, list(members))
    return city.finish(tileset)


def units(batches: Iterable[Bodies]) -> Iterator[Bodies]:
    """The rows of one unit cell at a time, sorted by cell and id, whatever the batches were.

    Raises BadInput where rows are not sorted by cell.
    """
    waiting: list[Bodies] = []
    last = -1
    for batch in batches:
        if len(batch) == 0:
            continue
        if int(batch.cell[0]) < last or (np.diff(batch.cell) < 0).any():
            raise BadInput("rows for a tileset must come sorted by cell")
        last = int(batch.cell[-1])
        key = batch.cell >> (2 * UNIT_DEPTH)
        cuts = [0, *(np.flatnonzero(np.diff(key)) + 1).tolist(), len(batch)]
        for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
            if waiting and int(waiting[0].cell[0]) >> (2 * UNIT_DEPTH) != int(key[start]):
                yield _united(waiting)
                waiting = []
            waiting.append(batch.take(slice(start, stop)))
    if waiting:
        yield _united(waiting)


def _united(parts: list[Bodies]) -> Bodies:
    rows = Bodies(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Bodies.__slots__})
    return rows.take(np.lexsort((rows.id, rows.cell)))


def _telling(built: Iterable[Unit], progress: Progress, total: int | None) -> Iterator[Unit]:
    read = 0
    for unit in built:
        read += unit.read
        progress(read, total, "buildings tiled")
        yield unit


class _City:
    """The upper tree while units arrive: one node per district, and the mass of the city so far."""

    def __init__(self, crs: str, sink: Sink) -> None:
        self._crs, self._sink = crs, sink
        self._keys: list[int] = []
        self._nodes: list[Node] = []
        self._mass: Mass | None = None
        self._depth = 0
        self._read = self._drawn = self._tiles = 0
        self._flaws: list[Flaw] = []

    def add(self, key: int, members: list[Unit]) -> None:
        """A whole district: its units, in order."""
        for unit in members:
            self._read, self._drawn = self._read + unit.read, self._drawn + unit.drawn
            self._tiles += unit.tiles
            self._flaws += unit.flaws
        nodes = [unit.node for unit in members if unit.node is not None]
        if not nodes:
            return
        mass = blocks.merge([unit.mass for unit in members if unit.mass is not None])
        self._tiles += len(nodes) > 1
        self._keys.append(key)
        node = gathered(nodes, mass, Cell(key, DISTRICT_DEPTH, 0, 0), self._crs, self._sink)
        self._nodes.append(self._nested(node))
        self._weigh(mass)

    def finish(self, tileset: str) -> BuildReport:
        """The root over all districts, published."""
        root = self._root()
        document = (
            None if root is None else spec.tileset(tile(root, FROM_ROOT), max(2.0 * root.error, _diagonal(root.region)))
        )
        self._sink.publish(tileset, spec.encode(document or spec.EMPTY))  # the last building gone: nothing is shown
        rejected = sum(flaw.repaired is None for flaw in self._flaws)
        return BuildReport(self._read, self._drawn, rejected, self._tiles, tuple(self._flaws), document)

    def _nested(self, node: Node) -> Node:
        """The district's node with all below it moved into a tileset JSON of its own."""
        if not node.children:
            return node
        inner = Node(node.region, node.error, None, node.children)
        name = self._sink.put("json", spec.encode(spec.tileset(tile(inner), node.error)))
        return Node(node.region, node.error, node.uri, (Node(node.region, node.error, name),))

    def _weigh(self, mass: Mass) -> None:
        """Adds a district's mass to the city's, at the finest depth that still fits one tile."""
        for _ in range(self._depth):
            mass = blocks.coarsen(mass)
        together = mass if self._mass is None else blocks.merge([self._mass, mass])
        self._mass, self._depth = blocks.fit(together, self._depth, ROOT_LIMIT)

    def _root(self) -> Node | None:
        if self._mass is None or len(self._nodes) <= 1:
            return self._nodes[0] if self._nodes else None
        self._tiles += 1
        key, depth = above(self._keys, DISTRICT_DEPTH)
        return block_node(self._nodes, self._mass, self._depth, Cell(key, depth, 0, 0), self._crs, self._sink)


def _diagonal(region: Region) -> float:
    """About how far it is across a region, metres."""
    north = 6.37e6 * (region.north - region.south)
    east = 6.37e6 * (region.east - region.west) * np.cos(region.south)
    return float(np.ceil(np.hypot(north, east)))
