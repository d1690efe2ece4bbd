"""One unit cell of the grid (4,096 m) turned into tiles: the job that a build repeats, alone or in many processes."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import shapely

from cim.crs import LONLAT, transform
from cim.geometry import cell_size
from cim.types import Bodies, CimLevel, FloatArray, IntArray, ObjectArray
from tilesets.buildings import blocks
from tilesets.buildings import content as buildings
from tilesets.buildings.blocks import Mass
from tilesets.buildings.content import Content, Flaw
from tilesets.gltf.placement import frame_at
from tilesets.publish import Sink
from tilesets.spec import cover
from tilesets.tree import TARGET_BYTES, UNIT_DEPTH, Cell, Node, leaves

REFINED_COST = 2
"""How many times the bytes of its block a building with its roof is taken to need."""


class Ground(Protocol):
    """The terrain that buildings stand on."""

    def lowest(self, polygons: ObjectArray) -> FloatArray:
        """Lowest height (n,) of the served terrain under each footprint, city frame; NaN off the terrain."""
        ...


class Geoid(Protocol):
    """What lies between the city's heights and the ellipsoid."""

    def undulation(self, lonlat: FloatArray) -> FloatArray:
        """Geoid above ellipsoid (n,), metres, at degrees (n, 2)."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """What is the same for every tile of a build: the city frame, the ground, the geoid, the bytes to aim at."""

    crs: str
    ground: Ground
    geoid: Geoid
    target_bytes: int = TARGET_BYTES


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit cell built: the top of its tree and its mass (None if nothing in it could be drawn), and the tally."""

    key: int
    node: Node | None
    mass: Mass | None
    read: int
    drawn: int
    tiles: int
    flaws: tuple[Flaw, ...]


def build_unit(rows: Bodies, site: Site, sink: Sink) -> Unit:
    """The tiles of one unit cell, put into the sink.

    rows: all rows of the cell, sorted by cell and id. The tree, and every byte, is a function of these rows alone.
    """
    key, read = int(rows.cell[0]) >> (2 * UNIT_DEPTH), len(rows)
    rows = _grounded(rows, site.ground)
    bad, flaws = buildings.flawed(rows)
    rows = rows.take(~bad)
    if len(rows) == 0:
        return Unit(key, None, None, read, 0, 0, flaws)
    undulation = _undulations(rows, site)
    nodes: list[Node] = []
    drawn = tiles = 0
    for cell in leaves(rows.cell, buildings.estimate(rows), Cell(key, UNIT_DEPTH, 0, len(rows)), site.target_bytes):
        node, count, found = _leaf(rows, undulation, cell, site, sink)
        flaws += found
        if node is not None:
            nodes.append(node)
            drawn, tiles = drawn + count, tiles + 1 + len(node.children)
    lost = [flaw.id for flaw in flaws if flaw.repaired is None]
    standing = ~np.isin(rows.id, lost) & (shapely.area(rows.geometry) > 0)
    if not nodes or not standing.any():
        return Unit(key, None, None, read, 0, tiles, flaws)
    mass = blocks.weigh(rows.take(standing), undulation[standing])
    node = gathered(nodes, mass, Cell(key, UNIT_DEPTH, 0, 0), site.crs, sink)
    return Unit(key, node, mass, read, drawn, tiles + (len(nodes) > 1), flaws)


def gathered(
    nodes: list[Node], mass: Mass, cell: Cell, crs: str, sink: Sink, *, limit: int = blocks.BLOCK_LIMIT
) -> Node:
    """The node over these: the one there is, or the blocks of their mass (64 m cells, or larger if those are too many).

    Its geometric error is the blocks' side: what stands in a block may be drawn up to that far from its place.
    """
    if len(nodes) == 1:
        return nodes[0]
    fitted, depth = blocks.fit(mass, 0)
    return block_node(nodes, fitted, depth, cell, crs, sink)


def block_node(nodes: list[Node], mass: Mass, depth: int, cell: Cell, crs: str, sink: Sink) -> Node:
    """A node that draws these masses of cells of one depth instead of its children."""
    data, region = blocks.content(mass, depth, frame_at(*cell.centre(), crs))
    name, region = sink.put("glb", data), cover([region, *(node.region for node in nodes)])
    error = max(cell_size(depth), *(node.error for node in nodes))
    return Node(region, error, name, tuple(nodes))


def _leaf(
    rows: Bodies, undulation: FloatArray, cell: Cell, site: Site, sink: Sink
) -> tuple[Node | None, int, tuple[Flaw, ...]]:
    """The buildings of one leaf cell as blocks of their own, and under them the same buildings refined."""
    coarse = _content(rows, undulation, cell, site, refined=False)
    if coarse.region is None:
        return None, 0, coarse.flaws
    flaws, children = coarse.flaws, []
    mine = rows.take(slice(cell.start, cell.stop))
    if (mine.cim_level == CimLevel.L3).any():
        cost: IntArray = buildings.estimate(rows) * REFINED_COST
        for part in leaves(rows.cell, cost, cell, site.target_bytes):
            fine = _content(rows, undulation, part, site, refined=True)
            flaws += tuple(flaw for flaw in fine.flaws if flaw.code == buildings.ROOF_SIMPLIFIED)
            if fine.region is not None:
                children.append(Node(fine.region, 0.0, sink.put("glb", fine.data)))
    region = cover([coarse.region, *(child.region for child in children)])
    node = Node(region, buildings.roof_error(mine), sink.put("glb", coarse.data), tuple(children))
    return node, coarse.count, flaws


def _content(rows: Bodies, undulation: FloatArray, cell: Cell, site: Site, *, refined: bool) -> Content:
    mine = slice(cell.start, cell.stop)
    return buildings.content(rows.take(mine), undulation[mine], frame_at(*cell.centre(), site.crs), refined=refined)


def _grounded(rows: Bodies, ground: Ground) -> Bodies:
    """The rows with unknown bases set down on the terrain; those it cannot carry stay NaN."""
    unknown = np.flatnonzero(np.isnan(rows.base_m) & np.isin(shapely.get_type_id(rows.geometry), (3, 6)))
    if len(unknown) == 0:
        return rows
    base = rows.base_m.copy()
    base[unknown] = ground.lowest(rows.geometry[unknown])
    return replace(rows, base_m=base)


def _undulations(rows: Bodies, site: Site) -> FloatArray:
    """Geoid above ellipsoid (n,) at each building: one value for all of it, so that it is not sheared."""
    west, south, east, north = shapely.bounds(rows.geometry).T
    middle = np.column_stack([(west + east) / 2.0, (south + north) / 2.0])
    return np.asarray(site.geoid.undulation(transform(middle, site.crs, LONLAT)), dtype=np.float64)
