"""The tileset of trees and street furniture, brought up to the store: only units whose things or ground changed are made.

greens/made.json    what each unit was made of, and its node
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cim.geometry import cell_box, cell_keys, cell_size
from cim.grounds import WIDEST_STREET_M, Grounds
from cim.store import bus, fixtures, grounds
from cim.types import Box, IntArray
from tilesets import spec
from tilesets.city.refresh import Yard
from tilesets.city.shelf import Shelf
from tilesets.greens import units
from tilesets.greens.areas import areas
from tilesets.greens.models import edition
from tilesets.greens.paving import Laid
from tilesets.greens.planting import STREET_REACH_M, LeftOut, plant
from tilesets.publish import FROM_ROOT, FolderSink, name_of, write_whole
from tilesets.spec import Region, cover
from tilesets.terrain import manifest
from tilesets.terrain.ground import ServedGround
from tilesets.tree import UNIT_DEPTH, Cell, Node, tile

TILESET = "greens"
BUILDER_VERSION = 3
"""Part of what units are compared by: raise it when the same rows on the same ground would now give other tiles."""


@dataclass(frozen=True, slots=True)
class Made:
    """A unit as it was made. of: the fingerprint of what it was made of; node: its top (None: nothing is drawn)."""

    of: str
    node: Node | None
    drawn: int
    tiles: int
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a build did: fixtures drawn and left out, tiles with content, units made anew, the root and whether it is new."""

    drawn: int
    left_out: LeftOut
    tiles: int
    units: int
    root: str
    is_new: bool


@dataclass(slots=True)
class _Run:
    """What a build has come to so far."""

    units: dict[int, Made] = field(default_factory=dict)
    anew: int = 0
    read: int = 0


def has_something(yard: Yard) -> bool:
    """Whether there is anything to draw, or a tileset to bring up to date."""
    with yard.database.begin() as connection:
        is_built = Shelf(yard.sink.folder, TILESET).root.is_file()
        return (
            is_built or bool(fixtures.squares(connection, 1e6)) or bool(len(grounds.town_cells(connection, UNIT_DEPTH)))
        )


def refresh(yard: Yard) -> Refreshed:
    """Bring the tileset up to the store's present state and the terrain that is served, and announce a new root.

    Raises Unavailable without terrain, and NoSpace; the old root then stands.
    """
    shelf = Shelf(yard.sink.folder, TILESET)
    with shelf.locked():
        old, before = _name(shelf.root), _read(shelf.root.with_name("made.json"))
        run = _made(yard, before)
        document = spec.encode(_document([m.node for m in run.units.values() if m.node is not None]))
        if name_of("json", document).removesuffix(".json") != old:  # an unchanged root keeps its time too
            yard.sink.publish(TILESET, document)
        if run.units != before:
            write_whole(shelf.root.with_name("made.json"), _encode(run.units))
        root = _name(shelf.root)
        if root != shelf.announced():
            with yard.database.begin() as connection:
                bus.announce(connection, "tile", {"tileset": TILESET, "root": root})
            shelf.note_announced(root)
    made = run.units.values()
    words: dict[str, int] = {}
    for one in made:
        for word, count in one.left_out.words.items():
            words[word] = words.get(word, 0) + count
    left_out = LeftOut(dict(sorted(words.items())), sum(one.left_out.no_ground for one in made))
    return Refreshed(
        sum(one.drawn for one in made), left_out, sum(one.tiles for one in made), run.anew, root, root != old
    )


def _made(yard: Yard, before: dict[int, Made]) -> _Run:
    ground = ServedGround.open(yard.data / "terrain", yard.city.crs, yard.geoid)
    told = yard.data / "terrain" / manifest.NAME
    terrain = told.read_bytes() if told.is_file() else b""
    parts = (BUILDER_VERSION, edition(), yard.target_bytes, yard.city.crs, hashlib.sha256(terrain).hexdigest())
    stamp = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    run = _Run()
    with yard.database.begin() as connection:
        squares = fixtures.squares(connection, cell_size(UNIT_DEPTH))
        total = sum(count for _, count in squares)
        town = grounds.town_cells(connection, units.NEAR_DEPTH)
        for key, box in _units([place for place, _ in squares], town):
            here = town[town >> (2 * (UNIT_DEPTH - units.NEAR_DEPTH)) == key]
            rows = fixtures.within(connection, box)
            below = _grounds(connection, box)
            planted, left_out = plant(rows, below, ground, yard.geoid, yard.city.crs)
            of = f"{stamp} {units.fingerprint(planted, below, here)}"
            held = before.get(key)
            if held is None or held.of != of or not _is_there(yard.sink, held):
                laid = Laid(below, areas(below), ground, yard.geoid)
                unit = units.make(key, planted, laid, here, yard.city.crs, yard.sink, yard.target_bytes)
                held = Made(of, unit.node, len(planted), unit.tiles, left_out)
                run.anew += 1
            run.units[key] = held
            run.read += len(rows)
            yard.progress(run.read, max(total, run.read), "trees and furniture")
    return run


def _grounds(connection: Any, box: Box) -> Grounds:
    """The streets that furniture in a box may face, and the streets, squares and water that lie in it: streets are kept as
    lines, and a wide one reaches far beyond its own.
    """
    reach = max(STREET_REACH_M, WIDEST_STREET_M / 2.0)
    wide = Box(box.west - reach, box.south - reach, box.east + reach, box.north + reach)
    return grounds.reaching(connection, wide)


def _units(places: list[tuple[int, int]], town: IntArray) -> Iterator[tuple[int, Box]]:
    """The key and the box of the unit cell at each column and row, and of those that near cells lie in, in grid order."""
    side = cell_size(UNIT_DEPTH)
    corners = np.array(places, dtype=np.float64).reshape(-1, 2) * side
    keys = cell_keys(corners + side / 2.0) >> (2 * UNIT_DEPTH)
    for key in np.union1d(keys, town >> (2 * (UNIT_DEPTH - units.NEAR_DEPTH))).tolist():
        yield int(key), cell_box(int(key), UNIT_DEPTH)


def _document(nodes: list[Node]) -> spec.Tileset:
    """The root over units."""
    if not nodes:
        return spec.EMPTY
    error = max(node.error for node in nodes)
    root = Node(cover([node.region for node in nodes]), error, None, tuple(nodes))
    return spec.tileset(tile(root, FROM_ROOT), error)


def _is_there(sink: FolderSink, made: Made) -> bool:
    return made.node is None or (made.node.uri is not None and sink.path(made.node.uri).is_file())


def _encode(found: dict[int, Made]) -> bytes:
    def one(made: Made) -> dict[str, Any]:
        node = made.node
        top = None if node is None else [node.uri, node.error, node.region.volume()["region"]]
        left_out = [dict(made.left_out.words), made.left_out.no_ground]
        return {"of": made.of, "node": top, "drawn": made.drawn, "tiles": made.tiles, "left_out": left_out}

    return json.dumps({str(key): one(made) for key, made in found.items()}, ensure_ascii=False).encode()


def _read(path: Path) -> dict[int, Made]:
    """What a build before this one has made; nothing where its record is not there, or not of this builder."""
    try:
        found = json.loads(path.read_bytes())
        return {int(key): _one(int(key), entry) for key, entry in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _one(key: int, entry: dict[str, Any]) -> Made:
    node = None
    if entry["node"] is not None:
        uri, error, region = entry["node"]
        node = Node(Region(*region), float(error), str(uri), cell=Cell(key, UNIT_DEPTH))
    words, no_ground = entry["left_out"]
    return Made(str(entry["of"]), node, int(entry["drawn"]), int(entry["tiles"]), LeftOut(dict(words), int(no_ground)))


def _name(root: Path) -> str:
    """The name of the root's bytes; empty where there is no root."""
    try:
        return name_of("json", root.read_bytes()).removesuffix(".json")
    except OSError:
        return ""
