"""One unit cell of the grid (4,096 m) turned into tiles: made whole, or only where its rows changed. Pure but for the sink.

Either way comes to the same bytes: which cells are leaves follows from the cost of each 64 m cell, a leaf from its own
rows, and the blocks from the unit's mass, which is kept cell by cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cim.geometry import cell_box, cell_size
from cim.types import Bodies, CimLevel, IntArray
from tilesets.buildings import blocks
from tilesets.buildings import content as buildings
from tilesets.buildings.mass import Mass, replaced, weigh
from tilesets.buildings.site import Site
from tilesets.buildings.standing import Flaw, Standing, stand
from tilesets.buildings.surfaces import Pictures
from tilesets.buildings.tally import Tally, count
from tilesets.buildings.textures.roofs import COARSEST_M
from tilesets.gltf.placement import frame_at
from tilesets.publish import Sink
from tilesets.spec import cover
from tilesets.tree import UNIT_DEPTH, Cell, Node, leaves

TEXTURED_DEPTH = 2
"""The largest cell whose roofs share a picture: 256 m, at 0.25 m a pixel 1,024 of them."""


class Rows(Protocol):
    """Where the rows of a unit come from, each answer sorted by cell and id."""

    def within(self, low: int, high: int) -> Bodies:
        """Those whose cells lie from `low` up to `high`."""
        ...

    def of(self, cells: IntArray) -> Bodies:
        """Those of these cells."""
        ...


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf cell made: its node (with roofs below it where there are L3 rows), what it counts, what was drawn otherwise."""

    cell: Cell
    node: Node
    tally: Tally
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit cell made. mass: by 64 m cell; node: the top of its tree (None: nothing could be drawn); flaws: of rows."""

    key: int
    mass: Mass
    leaves: tuple[Leaf, ...]
    node: Node | None
    flaws: tuple[Flaw, ...] = ()

    @property
    def every_flaw(self) -> tuple[Flaw, ...]:
        """Of its rows and of its leaves."""
        return self.flaws + tuple(flaw for leaf in self.leaves for flaw in leaf.flaws)

    @property
    def drawn(self) -> int:
        """How many buildings are drawn."""
        return sum(leaf.tally.count for leaf in self.leaves)

    @property
    def read(self) -> int:
        """How many rows there were."""
        return self.drawn + sum(flaw.repaired is None for flaw in self.flaws)

    @property
    def tiles(self) -> int:
        """How many tiles have content."""
        return 0 if self.node is None else sum(1 for _ in self.node.contents())


def make(key: int, rows: Rows, site: Site, sink: Sink, held: Unit | None = None, dirty: IntArray | None = None) -> Unit:
    """The tiles of one unit cell, put into the sink.

    held, dirty: the unit as it was made before, and the 64 m cells (sorted keys) whose rows may have changed since: only
    what depends on them is made. Without them, all of it.
    """
    unit = Cell(key, UNIT_DEPTH)
    if held is None or dirty is None:
        standing, found = stand(rows.within(*unit.span()), site)
        flaws = tuple(sorted(found, key=_place))
        mass, old = weigh(standing), {}
    else:
        standing, fresh = stand(rows.of(dirty), site)
        mass = replaced(held.mass, dirty, weigh(standing))
        stale = set(dirty.tolist())
        flaws = tuple(sorted((*(f for f in held.flaws if f.cell not in stale), *fresh), key=_place))
        old = {leaf.cell: leaf for leaf in held.leaves if not _meets(leaf.cell, dirty)}
        standing = None
    made = []
    for cell in leaves(mass.key, mass.cost, unit, site.target_bytes):
        if cell in old:
            made.append(old[cell])
            continue
        if standing is None:
            part, _ = stand(rows.within(*cell.span()), site)
        else:
            part = standing.part(*np.searchsorted(standing.rows.cell, cell.span()).tolist())
        made.append(_leaf(part, cell, site, sink))
    return Unit(key, mass, tuple(made), _top(unit, mass, made, site, sink), flaws)


def block_node(nodes: list[Node], mass: Mass, depth: int, cell: Cell, crs: str, sink: Sink) -> Node:
    """A node that draws these masses of cells of one depth instead of its children.

    Its geometric error is the blocks' side: what stands in a block may be drawn up to that far from its place.
    """
    data, region = blocks.content(mass, depth, frame_at(*cell.centre(), crs))
    name, region = sink.put("glb", data), cover([region, *(node.region for node in nodes)])
    error = max(cell_size(depth), *(node.error for node in nodes))
    return Node(region, error, name, tuple(nodes), cell)


def _top(unit: Cell, mass: Mass, made: list[Leaf], site: Site, sink: Sink) -> Node | None:
    nodes = [leaf.node for leaf in made]
    if len(nodes) <= 1:
        return nodes[0] if nodes else None
    return block_node(nodes, mass, 0, unit, site.crs, sink)


def _leaf(standing: Standing, cell: Cell, site: Site, sink: Sink) -> Leaf:
    """The buildings of one leaf cell as blocks of their own, and under them the same buildings refined."""
    coarse = buildings.content(standing, frame_at(*cell.centre(), site.crs), refined=False)
    flaws: tuple[Flaw, ...] = ()
    children, levels = [], []
    if (standing.rows.cim_level == CimLevel.L3).any():
        keys = standing.rows.cell
        for part in _refined_cells(standing, cell, site):
            mine = standing.part(*np.searchsorted(keys, part.span()).tolist())
            frame = frame_at(*part.centre(), site.crs)
            fine = buildings.content(mine, frame, refined=True, photo=site.photo, parts=site.parts, pack=site.pack)
            flaws += fine.flaws
            levels.append(fine.level)
            children.append(Node(fine.region, 0.0, sink.put("glb", fine.data), cell=part))
    region = cover([coarse.region, *(child.region for child in children)])
    error = buildings.roof_error(standing)
    node = Node(region, error, sink.put("glb", coarse.data), tuple(children), cell)
    return Leaf(cell, node, count(standing, np.concatenate(levels) if levels else coarse.level), flaws)


def _refined_cells(standing: Standing, cell: Cell, site: Site) -> Iterator[Cell]:
    """The cells that the buildings of a leaf are refined by: small where an orthophoto shows the roofs of L3 rows."""
    keys = standing.rows.cell
    detailed = keys[standing.rows.cim_level == CimLevel.L3]
    pictures = Pictures.of(standing.rows)
    for part in leaves(keys, buildings.refined_cost(standing), cell, site.target_bytes, pictures.cost):
        box = cell_box(part.key, part.depth)
        is_shown = site.photo is not None and site.photo.sharpest_m(box) <= COARSEST_M
        yield from _textured_cells(part, keys, detailed) if is_shown else (part,)


def _textured_cells(cell: Cell, keys: IntArray, detailed: IntArray) -> Iterator[Cell]:
    if cell.depth <= TEXTURED_DEPTH or not _meets(cell, detailed):
        if _meets(cell, keys):
            yield cell
        return
    for k in range(4):
        yield from _textured_cells(Cell((cell.key << 2) + k, cell.depth - 1), keys, detailed)


def _meets(cell: Cell, dirty: IntArray) -> bool:
    """Whether one of these cells (sorted keys of depth 0) lies in it."""
    first, last = np.searchsorted(dirty, cell.span())
    return bool(last > first)


def _place(flaw: Flaw) -> tuple[int, int, str]:
    return flaw.cell, flaw.id, flaw.code
