"""Implicit tilesets by the rules: subtrees opened one by one, their tiles put into the tree like written ones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.tileset_rules import schema as schemas
from tests.tileset_rules import tables, volumes
from tests.tileset_rules.json_text import is_whole
from tests.tileset_rules.shelf import resolved
from tests.tileset_rules.subtree import Subtree, read_subtree
from tests.tileset_rules.tile import Link, TableSeen, Tile
from tests.tileset_rules.volumes import Volume

if TYPE_CHECKING:
    from tests.tileset_rules.walk import Walk

_DEEPEST = 10
"""Levels in a subtree beyond which its bits are not looked at: the project's own figure, far above what anyone writes."""
Place = tuple[int, int, int, int]
"""Level, x, y and z (0 in quadtrees)."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How an implicit root tile divides, and where its files are."""

    is_octree: bool
    levels: int
    subtree_levels: int
    subtrees: str
    contents: tuple[Link, ...]
    volume: Volume
    error: float
    schema: dict[str, Any]

    def nodes(self, levels: int) -> int:
        """Tiles of a full tree of so many levels."""
        ways = 8 if self.is_octree else 4
        return (ways**levels - 1) // (ways - 1)

    def place(self, index: int, top: Place) -> Place:
        """Where the tile of a bit stands, below the subtree's root."""
        level, ways = 0, 3 if self.is_octree else 2
        while index >= self.nodes(level + 1):
            level += 1
        return self.below(index - self.nodes(level), level, ways, top)

    def below(self, morton: int, level: int, ways: int, top: Place) -> Place:
        """The tile of a Morton index so many levels below another."""
        local = [0, 0, 0]
        for bit in range(level):
            for axis in range(ways):
                local[axis] |= ((morton >> (bit * ways + axis)) & 1) << bit
        x, y, z = (at * 2**level + inner for at, inner in zip(top[1:], local, strict=True))
        return top[0] + level, x, y, z


def grow(raw: dict[str, Any], tile: Tile, document: dict[str, Any], walk: "Walk") -> None:
    """The tiles of an implicit root tile and their contents."""
    scheme = _scheme(raw, tile, document, walk)
    tile.links = []
    if scheme is None:
        return
    waiting: list[tuple[Place, Tile | None]] = [((0, 0, 0, 0), None)]
    while waiting:
        place, parent = waiting.pop()
        growth = _Growth(scheme, tile, walk, place, parent)
        with walk.shaped(growth.uri):
            waiting += growth.run()


def _scheme(raw: dict[str, Any], tile: Tile, document: dict[str, Any], walk: "Walk") -> Scheme | None:
    stated, report = raw["implicitTiling"], walk.report
    if {"children", "metadata"} & raw.keys() or any(link.volume for link in tile.links):
        report.add(tile.uri, "implicit.root", "has children, metadata or a content volume")
    if tile.volume is None or tile.volume.kind == "sphere":
        report.add(tile.uri, "implicit.root", "has no box or region")
        return None
    kind, levels, deep = (stated.get(n) for n in ("subdivisionScheme", "availableLevels", "subtreeLevels"))
    uri = stated.get("subtrees", {}).get("uri", "")
    if kind not in ("QUADTREE", "OCTREE") or not is_whole(levels, 1) or not is_whole(deep, 1) or deep > _DEEPEST:
        report.add(tile.uri, "implicit.form", f"{kind!r} of {levels!r} levels, {deep!r} in a subtree")
        return None
    wanted = ("{level}", "{x}", "{y}", *(("{z}",) if kind == "OCTREE" else ()))
    for template in (uri, *(link.uri for link in tile.links)):
        if not all(name in template for name in wanted):
            report.add(tile.uri, "implicit.form", f"{template!r} lacks one of {' '.join(wanted)}")
            return None
    target = resolved(uri, tile.base)
    if target is None:
        report.add(tile.uri, "uri.resolves", f"{uri!r} leads nowhere")
        return None
    schema = document.get("schema", {})
    return Scheme(kind == "OCTREE", int(levels), int(deep), target, tuple(tile.links), tile.volume, tile.error, schema)


def _at(template: str, place: Place) -> str:
    for name, value in zip(("{level}", "{x}", "{y}", "{z}"), place, strict=True):
        template = template.replace(name, str(value))
    return template


class _Growth:
    """One subtree while its tiles are put into the tree."""

    def __init__(self, scheme: Scheme, root: Tile, walk: "Walk", top: Place, parent: Tile | None) -> None:
        self.scheme, self.root, self.walk, self.top, self.parent = scheme, root, walk, top, parent
        self.uri = _at(scheme.subtrees, top)
        self.tiles: dict[int, Tile] = {}

    def run(self) -> list[tuple[Place, Tile | None]]:
        """Puts in the subtree's tiles; returns the child subtrees and the tiles they hang on."""
        data = self.walk.fetch(self.uri, self.root.uri)
        subtree = None if data is None else read_subtree(data, self.uri, self.walk.shelf, self.walk.report)
        if subtree is None:
            return []
        self.walk.report.subtrees += 1
        bits = self.scheme.nodes(self.scheme.subtree_levels)
        if "subtreeMetadata" in subtree.document:
            schemas.check_entity(subtree.document["subtreeMetadata"], self.scheme.schema, self.uri, self.walk.report)
        available = subtree.availability(subtree.document.get("tileAvailability"), bits, "tileAvailability")
        contents = self._contents(subtree, available)
        self._check_tiles(available)
        tile_rows = self._table(subtree, subtree.document.get("tileMetadata"), int(available.sum()), "tile")
        stated = subtree.document.get("contentMetadata", [])
        content_rows = [
            self._table(subtree, stated[k] if k < len(stated) else None, int(bits_of.sum()), "content")
            for k, bits_of in enumerate(contents)
        ]
        for rank, index in enumerate(np.flatnonzero(available).tolist()):
            self._put(index, rank, tile_rows)
            for k, bits_of in enumerate(contents):
                if bits_of[index]:
                    self._draw(index, k, int(bits_of[:index].sum()), content_rows[k])
        return self._children(subtree)

    def _note(self, rule: str, what: str) -> None:
        self.walk.report.add(self.uri, rule, what)

    def _contents(self, subtree: Subtree, available: np.ndarray) -> list[np.ndarray]:
        stated = subtree.document.get("contentAvailability", [])
        if len(stated) != len(self.scheme.contents):
            self._note(
                "subtree.contents", f"{len(stated)} content availabilities, {len(self.scheme.contents)} contents"
            )
        found = []
        for k, entry in enumerate(stated[: len(self.scheme.contents)]):
            bits = subtree.availability(entry, len(available), f"contentAvailability[{k}]")
            if (bits & ~available).any():
                self._note("subtree.contents", f"contents of tiles {np.flatnonzero(bits & ~available)[:5].tolist()}")
            found.append(bits & available)
        return found

    def _check_tiles(self, available: np.ndarray) -> None:
        ways = 8 if self.scheme.is_octree else 4
        if not available[0]:
            self._note("subtree.tiles", "the root of the subtree is not available")
        places = np.flatnonzero(available)
        inner = places[places > 0]
        orphans = inner[~available[(inner - 1) // ways]]
        if len(orphans):
            self._note("subtree.tiles", f"tiles {orphans[:5].tolist()} have no parent")
        deepest = max((self.scheme.place(int(index), self.top)[0] for index in places[-1:]), default=0)
        if deepest >= self.scheme.levels:
            self._note("subtree.depth", f"a tile at level {deepest} of {self.scheme.levels} levels")

    def _children(self, subtree: Subtree) -> list[tuple[Place, Tile | None]]:
        ways, levels = 3 if self.scheme.is_octree else 2, self.scheme.subtree_levels
        count = 2 ** (ways * levels)
        bits = subtree.availability(subtree.document.get("childSubtreeAvailability"), count, "childSubtreeAvailability")
        found: list[tuple[Place, Tile | None]] = []
        for morton in np.flatnonzero(bits).tolist():
            hanger = self.tiles.get(self.scheme.nodes(levels - 1) + (morton >> ways))
            if hanger is None:
                self._note("subtree.depth", f"child subtree {morton} hangs on no tile")
                continue
            found.append((self.scheme.below(morton, levels, ways, self.top), hanger))
        return found

    def _put(self, index: int, rank: int, rows: dict[str, np.ndarray]) -> None:
        """A tile, with what its metadata overrides."""
        scheme, place = self.scheme, self.scheme.place(index, self.top)
        ways = 8 if scheme.is_octree else 4
        parent = self.tiles.get((index - 1) // ways) if index else self.parent
        uri = f"{self.uri}#{'/'.join(map(str, place if scheme.is_octree else place[:3]))}"
        volume = overridden(scheme.volume.part(*place, is_octree=scheme.is_octree), rows, rank, "TILE")
        self._well_formed(rows, rank, uri, "TILE")
        error = float(rows["TILE_GEOMETRIC_ERROR"][rank]) if "TILE_GEOMETRIC_ERROR" in rows else None
        if error is not None and not error >= 0:
            self.walk.report.add(uri, "semantic.type", f"TILE_GEOMETRIC_ERROR is {error}")
        error = scheme.error / 2.0 ** place[0] if error is None else error
        if place[0] == 0:
            tile = self.root
            tile.volume, tile.error = volume, error
        else:
            if parent is None:
                return
            tile = Tile(uri, self.root.base, volume, error, self.root.refine, self.root.pose, parent)
            parent.children.append(tile)
            self.walk.report.tiles += 1
            self.walk.compare(tile, parent)
        self.tiles[index] = tile

    def _draw(self, index: int, layer: int, rank: int, rows: dict[str, np.ndarray]) -> None:
        tile = self.tiles.get(index)
        if tile is None:
            return
        uri = _at(self.scheme.contents[layer].uri, self.scheme.place(index, self.top))
        self._well_formed(rows, rank, tile.uri, "CONTENT")
        link = Link(uri, overridden(None, rows, rank, "CONTENT", pose=tile.pose))
        tile.links.append(link)
        before = len(tile.children)
        self.walk.content(tile, link, ())
        if len(tile.children) > before:
            self.walk.report.add(tile.uri, "implicit.root", f"{uri} is a tileset")

    def _well_formed(self, rows: dict[str, np.ndarray], rank: int, uri: str, what: str) -> None:
        region = rows.get(f"{what}_BOUNDING_REGION")
        if region is None:
            return
        numbers = tuple(float(v) for v in region[rank])
        problem = volumes.region_problem(numbers)  # type: ignore[arg-type]
        for name, value in (("MINIMUM", numbers[4]), ("MAXIMUM", numbers[5])):
            height = rows.get(f"{what}_{name}_HEIGHT")
            if height is not None and abs(float(height[rank]) - value) > 1e-6 * max(1.0, abs(value)):
                problem = f"{what}_{name}_HEIGHT is {height[rank]}"
        if problem:
            self.walk.report.add(uri, "semantic.type", f"{what}_BOUNDING_REGION {numbers}: {problem}")

    def _table(self, subtree: Subtree, index: Any, count: int, what: str) -> dict[str, np.ndarray]:
        """The columns of a metadata table, by semantic."""
        if index is None:
            return {}
        listed = subtree.document.get("propertyTables", [])
        if not is_whole(index) or index >= len(listed) or listed[index].get("count") != count:
            self._note("subtree.metadata", f"table {index!r} of {what}s is not there, or not of {count} rows")
            return {}
        source = tables.Source(subtree.view, subtree.offset, self.uri, self.walk.report, alignment=8)
        seen: TableSeen | None = tables.check(listed[index], self.scheme.schema, source, f"propertyTables[{index}]")
        if seen is None:
            return {}
        declared = schemas.classes(self.scheme.schema)[seen.class_name]
        return {declared[name].get("semantic", ""): values for name, values in seen.columns.items()}


def overridden(
    volume: Volume | None, rows: dict[str, np.ndarray], rank: int, what: str, *, pose: np.ndarray | None = None
) -> Volume | None:
    """A volume, or what metadata says instead of it: the region, box or sphere, else its heights."""
    place = np.eye(4) if pose is None and volume is None else pose if volume is None else volume.pose
    for kind in ("region", "box", "sphere"):
        values = rows.get(f"{what}_BOUNDING_{kind.upper()}")
        if values is not None:
            return Volume(kind, tuple(float(v) for v in values[rank]), place)  # type: ignore[arg-type]
    if volume is None or volume.kind != "region":
        return volume
    numbers = list(volume.numbers)
    for at, name in ((4, "MINIMUM"), (5, "MAXIMUM")):
        if f"{what}_{name}_HEIGHT" in rows:
            numbers[at] = float(rows[f"{what}_{name}_HEIGHT"][rank])
    return Volume("region", tuple(numbers), volume.pose)
