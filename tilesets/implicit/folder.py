"""Writes the implicit tileset: subtrees and models named by level, x and y, the tileset JSON last.

What it is for, and what readers lose that know implicit tiling only in part: docs/implicit-tiles.md.
"""

import errno
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cim.errors import BadInput, NoSpace
from cim.geometry import cell_size
from cim.types import Box, Progress, silent
from tilesets.implicit.published import Published
from tilesets.implicit.quadtree import Slot, Square, rooted, slots
from tilesets.implicit.root_box import root_box
from tilesets.implicit.subtree import CLASSES, SUBTREE_LEVELS, Member, encode
from tilesets.spec import GENERATOR, VERSION, Region

CONTENT = "content/{level}/{x}/{y}.glb"
SUBTREES = "subtrees/{level}/{x}/{y}.subtree"


@dataclass(frozen=True, slots=True)
class ImplicitReport:
    """What was written: tiles of the quadtree, those among them that draw something, levels, subtree files, bytes."""

    tiles: int
    contents: int
    levels: int
    subtrees: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Tile coordinates: 0, 0, 0 is the implicit root."""

    level: int
    x: int
    y: int

    def named(self, template: str) -> str:
        return template.format(level=self.level, x=self.x, y=self.y)


def export(tiles: Path, tileset: str, out: Path, progress: Progress = silent, *, crs: str) -> ImplicitReport:
    """A published tileset as an implicit one, whole and by itself, into a folder that is new or empty.

    tiles: the folder the tilesets are published in. crs: the city frame, in which the grid stands. Models are copied
    unpacked, so that any static host serves them rightly. Raises BadInput for a folder with something in it or a
    tileset that is not there, BadSource for tiles that are damaged or do not say their cell, NoSpace on a full disk;
    a folder that was not finished has no tileset.json.
    """
    require_empty(out)
    source = Published(tiles, tileset)
    top, origin = rooted(source.root())
    every = slots(top)
    corner = (origin.x * cell_size(origin.depth), origin.y * cell_size(origin.depth))
    try:
        return _write(source, every, out, progress, _Ground(crs, corner))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"the disk of {out} is full: empty the folder, free some space, then run it again") from error
        raise


def require_empty(out: Path) -> None:
    """Raises BadInput where something is in the folder: an export never mixes with what is there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out} is not empty: an export needs a folder that is new or empty")


@dataclass(frozen=True, slots=True)
class _Ground:
    """The city frame, and where in it the quadtree's south-west corner lies, metres."""

    crs: str
    corner: tuple[float, float]


def _write(source: Published, every: list[Slot], out: Path, progress: Progress, ground: _Ground) -> ImplicitReport:
    root = every[0]
    drawing = [slot for slot in every if slot.content is not None and slot.content.uri is not None]
    size = 0
    for done, slot in enumerate(drawing, 1):
        assert slot.content is not None
        assert slot.content.uri is not None
        size += _put(out / _place(slot.square, root.square).named(CONTENT), source.read(slot.content.uri))
        progress(done, len(drawing), "models exported")
    subtrees = 0
    for place, data in _subtrees(every):
        size += _put(out / place.named(SUBTREES), data)
        subtrees += 1
    levels = root.square.depth - min(slot.square.depth for slot in every) + 1
    square = Box(*ground.corner, *(edge + cell_size(root.square.depth) for edge in ground.corner))
    box = root_box(square, _extent(every, ground.corner), root.region, ground.crs)
    document = _document(root, halved_error(every), levels, box) | {"extras": {"grid": _grid(square, ground.crs)}}
    size += _put(out / "tileset.json", json.dumps(document).encode())
    return ImplicitReport(len(every), len(drawing), levels, subtrees, size)


def _extent(every: list[Slot], corner: tuple[float, float]) -> Box:
    """The rectangle of the city frame that holds all cells in which the finest tiles are drawn."""
    drawn = [slot.content.square for slot in every if slot.content is not None and not slot.content.children]
    side = np.array([[cell_size(square.depth)] for square in drawn])
    low = np.array([(square.x, square.y) for square in drawn]) * side + corner
    high = low + side
    return Box(*low.min(axis=0).tolist(), *high.max(axis=0).tolist())


def halved_error(every: list[Slot]) -> float:
    """The root's error from which halving comes nearest to the tiles' own errors: their median, seen from the root.

    Only readers that do not read the metadata go by it.
    """
    root = every[0].square
    refining = [slot.error * 2.0 ** (root.depth - slot.square.depth) for slot in every if slot.content and slot.error]
    return max(float(np.median(refining)) if refining else 0.0, every[0].error)


def _place(square: Square, root: Square) -> _Place:
    level = root.depth - square.depth
    return _Place(level, square.x - (root.x << level), square.y - (root.y << level))


def _subtrees(every: list[Slot]) -> Iterator[tuple[_Place, bytes]]:
    """Each subtree's root and bytes."""
    root = every[0].square
    members: dict[_Place, list[Member]] = {}
    for slot in every:
        at = _place(slot.square, root)
        level = at.level % SUBTREE_LEVELS
        top = _Place(at.level - level, at.x >> level, at.y >> level)
        drawn = slot.content
        content = drawn.content if drawn is not None and drawn.uri is not None else None
        inner = Member(level, at.x - (top.x << level), at.y - (top.y << level), slot.region, slot.error, content)
        members.setdefault(top, []).append(inner)
    for top, inside in members.items():
        below = [
            (place.x - (top.x << SUBTREE_LEVELS), place.y - (top.y << SUBTREE_LEVELS))
            for place in members
            if place.level == top.level + SUBTREE_LEVELS
            and (place.x >> SUBTREE_LEVELS, place.y >> SUBTREE_LEVELS) == (top.x, top.y)
        ]
        yield top, encode(inside, below)


def _document(root: Slot, error: float, levels: int, box: list[float]) -> dict[str, Any]:
    return {
        "asset": {"version": VERSION, "generator": GENERATOR},
        "schema": {"id": "datong_cim_implicit", "classes": CLASSES},
        "geometricError": max(2.0 * error, _across(root.region)),
        "root": {
            "boundingVolume": {"box": box},
            "geometricError": error,
            "refine": "REPLACE",
            "content": {"uri": CONTENT},
            "implicitTiling": {
                "subdivisionScheme": "QUADTREE",
                "subtreeLevels": SUBTREE_LEVELS,
                "availableLevels": levels,
                "subtrees": {"uri": SUBTREES},
            },
        },
    }


def _across(region: Region) -> float:
    """About how far it is across a region, metres."""
    north, east = region.north - region.south, (region.east - region.west) * np.cos(region.south)
    return float(np.ceil(6.37e6 * np.hypot(north, east)))


def _grid(square: Box, crs: str) -> dict[str, Any]:
    """Where level 0 lies, for those who look a place up by level, x and y."""
    return {"crs": crs, "west": square.west, "south": square.south, "side": square.east - square.west}


def _put(path: Path, data: bytes) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return len(data)
