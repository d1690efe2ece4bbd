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
from cim.types import Progress, silent
from tilesets.implicit.published import Published
from tilesets.implicit.quadtree import Slot, Square, slots
from tilesets.implicit.root_box import root_box
from tilesets.implicit.subtree import CLASSES, SUBTREE_LEVELS, Member, encode
from tilesets.spec import GENERATOR, VERSION

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
    root = source.root()
    every = slots(root)
    try:
        return _write(source, every, out, progress, crs)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"the disk of {out} is full: empty the folder, free some space, then run it again") from error
        raise


def require_empty(out: Path) -> None:
    """Raises BadInput where something is in the folder: an export never mixes with what is there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out} is not empty: an export needs a folder that is new or empty")


def _write(source: Published, every: list[Slot], out: Path, progress: Progress, crs: str) -> ImplicitReport:
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
    box = root_box(root.square, [root.region], crs)
    document = _document(root, halved_error(every), levels, box)
    size += _put(out / "tileset.json", json.dumps(document).encode())
    return ImplicitReport(len(every), len(drawing), levels, subtrees, size)


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
        "geometricError": max(2.0 * error, 2.0 * max(abs(number) for number in box[3:])),
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


def _put(path: Path, data: bytes) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return len(data)
