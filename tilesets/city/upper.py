"""The upper tree: districts of 16 km over units, and the root over them, made of records and only where they differ."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cim.types import NO_BODIES, IntArray
from tilesets import spec
from tilesets.buildings import blocks
from tilesets.buildings import content as buildings
from tilesets.buildings.mass import NO_MASS, Mass, at_depth, merge
from tilesets.buildings.tally import statistics, total
from tilesets.buildings.units import Unit, block_node
from tilesets.city.index import District, Index, Made, Top
from tilesets.city.records import decode_mass, decode_unit, encode_mass
from tilesets.gltf.metadata import schema
from tilesets.publish import FROM_ROOT, Sink
from tilesets.spec import Region, Tileset, cover
from tilesets.tree import DISTRICT_DEPTH, UNIT_DEPTH, Cell, Node, above, tile

ROOT_LIMIT = 65_536
"""Most boxes that are seen from afar (about 2 MB gzipped): in the root, whose cells grow until there are no more."""
FEW_DISTRICTS = 8
"""Where so many districts at the most hold all that is seen from afar, the root draws nothing of its own."""

_UNITS_OF_DISTRICT = 2 * (DISTRICT_DEPTH - UNIT_DEPTH)


@dataclass(frozen=True, slots=True)
class Upper:
    """The upper tree made: the root's document (None: nothing is drawn), and what the index keeps of it."""

    document: Tileset | None
    districts: dict[int, District]
    top: Top | None


class Assembly:
    """Puts units together, reading each record once at most. before: the index to take unchanged parts from."""

    def __init__(self, units: Mapping[int, Made], before: Index, crs: str, sink: Sink) -> None:
        drawn = {key: made for key, made in sorted(units.items()) if made.cells[0] > 0}
        self._files = {key: made.file for key, made in drawn.items()}
        self._cells = {key: made.cells for key, made in drawn.items()}
        self._tally = total(made.tally for made in drawn.values() if made.tally is not None)
        self._before, self._crs, self._sink = before, crs, sink
        self._read: dict[int, Unit] = {}

    def made(self) -> Upper:
        """Every district and the root, put into the sink; the root's document is the caller's to publish."""
        by_district: dict[int, list[int]] = {}
        for key in self._files:
            by_district.setdefault(key >> _UNITS_OF_DISTRICT, []).append(key)
        districts = {key: self._district(key, members) for key, members in by_district.items()}
        nodes = [one.node for one in districts.values()]
        if len(nodes) <= 1:
            return Upper(self._document(nodes[0] if nodes else None), districts, None)
        cell = above(list(districts), DISTRICT_DEPTH)
        if len(nodes) <= FEW_DISTRICTS and sum(cells[0] for cells in self._cells.values()) <= ROOT_LIMIT:
            region = cover([node.region for node in nodes])
            error = max(_diagonal(region), *(node.error for node in nodes))
            return Upper(self._document(Node(region, error, None, tuple(nodes), cell)), districts, None)
        top = self._top(nodes, cell)
        return Upper(self._document(replace(top.node, children=tuple(nodes))), districts, top)

    def _top(self, nodes: list[Node], cell: Cell) -> Top:
        held = self._before.top
        if held is not None and held.of == self._files:
            return held
        mass, depth = self._mass()
        name = self._sink.put("mass", encode_mass(mass))
        node = block_node(nodes, mass, depth, cell, self._crs, self._sink)
        return Top(depth, name, self._files, replace(node, children=()))

    def _district(self, key: int, members: Sequence[int]) -> District:
        of = hashlib.sha256(" ".join(self._files[unit] for unit in members).encode()).hexdigest()
        held = self._before.districts.get(key)
        if held is not None and held.of == of:
            return held
        units = [self._unit(member) for member in members]
        nodes = [unit.node for unit in units if unit.node is not None]
        cell = Cell(key, DISTRICT_DEPTH)
        if len(nodes) == 1:
            return District(of, self._nested(nodes[0], cell))
        # Cells of 64 m all over a district are as many as a tile may hold.
        node = block_node(nodes, merge([unit.mass for unit in units]), 0, cell, self._crs, self._sink)
        return District(of, self._nested(node, cell))

    def _nested(self, node: Node, cell: Cell) -> Node:
        """The district's node with all below it moved into a tileset JSON of its own."""
        if not node.children:
            return node
        inner = Node(node.region, node.error, None, node.children, node.cell)
        name = self._sink.put("json", spec.encode(spec.tileset(tile(inner), node.error)))
        return Node(
            node.region, node.error, node.uri, (Node(node.region, node.error, name, cell=node.cell),), node.cell
        )

    def _depth(self) -> int:
        """The finest depth, down to a unit's, at which the city occupies no more cells than one tile may hold."""
        for depth in range(UNIT_DEPTH):
            if sum(cells[depth] for cells in self._cells.values()) <= ROOT_LIMIT:
                return depth
        return UNIT_DEPTH

    def _mass(self) -> tuple[Mass, int]:
        """What stands in the city, at the finest depth that fits one tile; and that depth."""
        depth, held = self._depth(), self._before.top
        changed, parts = list(self._files), []
        if held is not None and held.depth == depth:
            changed = [key for key in self._files if held.of.get(key) != self._files[key]]
            gone = np.array([key for key in held.of if held.of[key] != self._files.get(key)], dtype=np.int64)
            mass = decode_mass(self._sink.get(held.mass), held.mass)
            parts.append(mass.take(~np.isin(_unit_keys(mass, depth), gone)))
        parts += [at_depth(self._unit(key).mass, depth) for key in changed]
        mass = merge(parts)
        return mass, depth

    def _unit(self, key: int) -> Unit:
        """A unit's record; the last few are kept, for a district and the root need the same ones."""
        if key not in self._read:
            if len(self._read) >= 32:
                self._read.clear()
            self._read[key] = decode_unit(self._sink.get(self._files[key]), self._files[key])
        return self._read[key]

    def _document(self, root: Node | None) -> Tileset | None:
        if root is None or self._tally is None:
            return None
        error = max(2.0 * root.error, _diagonal(root.region)) if root.uri is not None else root.error
        classes = schema(buildings.table(NO_BODIES), blocks.table(NO_MASS, 0))
        return spec.described(spec.tileset(tile(root, FROM_ROOT), error), classes, statistics(self._tally))


def _unit_keys(mass: Mass, depth: int) -> IntArray:
    return mass.key >> 2 * (UNIT_DEPTH - depth)


def _diagonal(region: Region) -> float:
    """About how far it is across a region, metres."""
    north = 6.37e6 * (region.north - region.south)
    east = 6.37e6 * (region.east - region.west) * np.cos(region.south)
    return float(np.ceil(np.hypot(north, east)))
