"""One unit cell of the grid (4,096 m) of fixtures turned into tiles. Pure but for the sink.

Far cells of at most 1,024 m draw plain models of what is high enough to be seen; near cells of at most 256 m replace them
by all that stands there, with the streets, squares and water beneath. Nothing is thinned and nothing moves: both draw a
fixture at its own place and size. Of the old town near cells in which nothing stands are drawn too.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from cim.geometry import cell_box, cell_keys
from cim.grounds import Grounds
from cim.types import IntArray
from tilesets import spec
from tilesets.gltf.instances import encode
from tilesets.gltf.placement import frame_at
from tilesets.greens.content import Planted, content
from tilesets.greens.models import SEEN_FAR
from tilesets.greens.paving import Laid, sheet
from tilesets.greens.paving import region as paving_region
from tilesets.publish import Sink
from tilesets.spec import cover
from tilesets.tree import UNIT_DEPTH, Cell, Node, leaves, tile

FAR_DEPTH = 4
"""Cells of 1,024 m."""
NEAR_DEPTH = 2
"""Cells of 256 m: a view along a street needs few of them."""
FAR_SHARE = 0.12
"""By how much of its height a plain model may differ from the full one (the project's own estimate)."""
ROW_BYTES = 64
"""About what a fixture adds to a tile."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit made: its node, whose content is a tileset JSON of its own (None: nothing is drawn), and how many tiles."""

    node: Node | None
    tiles: int


def fingerprint(planted: Planted, below: Grounds, town: IntArray) -> str:
    """Of all that decides a unit's tiles, but for the terrain beneath streets."""
    rows = planted.rows
    digest = hashlib.sha256(np.ascontiguousarray(town).tobytes())
    for values in (rows.id, rows.xy, rows.height_m, rows.crown_m, rows.is_synthetic, rows.accuracy_m):
        digest.update(np.ascontiguousarray(values).tobytes())
    for values in (planted.shape, planted.ground_m, planted.turn):
        digest.update(np.ascontiguousarray(values).tobytes())
    for values in (below.id, below.width_m, below.is_synthetic, below.accuracy_m):
        digest.update(np.ascontiguousarray(values).tobytes())
    for shape in shapely.to_wkb(below.shape, include_srid=False).tolist():
        digest.update(shape)
    texts = [getattr(rows, name).tolist() for name in ("layer", "kind", "species", "name", "source")]
    texts += [getattr(below, name).tolist() for name in ("layer", "kind", "name", "source")]
    digest.update(json.dumps(texts, ensure_ascii=False).encode())
    return digest.hexdigest()


def make(key: int, planted: Planted, laid: Laid, town: IntArray, crs: str, sink: Sink, target_bytes: int) -> Unit:
    """The tiles of one unit cell, put into the sink. planted: in the order of the grid. laid: streets and water about it;
    town: (k,) keys of the cells of NEAR_DEPTH that have their ground drawn even if nothing stands there.
    """
    unit = Cell(key, UNIT_DEPTH)
    keys = cell_keys(planted.rows.xy)
    nodes = []
    for cell in _cells(keys, unit, FAR_DEPTH, target_bytes):
        nodes.append(_far(planted, keys, cell, laid, crs, sink, target_bytes))
    nodes += _bare(keys, town, unit, laid, crs, sink)
    if not nodes:
        return Unit(None, 0)
    # at the least that of what it leads to: of low things alone the plain models and the bare ground ask for more
    error = max([*(node.error for node in nodes), *planted.sizes()[:, 0].tolist()])
    region = cover([node.region for node in nodes])
    inner = Node(region, error, None, tuple(nodes), unit)
    name = sink.put("json", spec.encode(spec.tileset(tile(inner), error)))
    return Unit(Node(region, error, name, cell=unit), sum(1 for _ in inner.contents()))


def _bare(keys: IntArray, town: IntArray, unit: Cell, laid: Laid, crs: str, sink: Sink) -> list[Node]:
    """The ground of cells in which nothing stands, those of one far cell under one node."""
    found: dict[int, list[Node]] = {}
    for key in np.setdiff1d(town, keys >> (2 * NEAR_DEPTH)).tolist():
        cell = Cell(int(key), NEAR_DEPTH)
        below = laid.within(cell_box(cell.key, cell.depth), crs) if _holds(unit, cell) else None
        if below is not None:
            frame = frame_at(*cell.centre(), crs)
            data = encode((), None, frame.pose(), sheet(below, frame))
            node = Node(paving_region(below, crs), 0.0, sink.put("glb", data), cell=cell)
            found.setdefault(cell.key >> (2 * (FAR_DEPTH - NEAR_DEPTH)), []).append(node)
    # as far away as trees: lower things are not told apart from there
    return [Node(cover([node.region for node in here]), SEEN_FAR, None, tuple(here)) for here in found.values()]


def _holds(unit: Cell, cell: Cell) -> bool:
    return cell.key >> (2 * (unit.depth - cell.depth)) == unit.key


def _far(planted: Planted, keys: IntArray, cell: Cell, laid: Laid, crs: str, sink: Sink, target_bytes: int) -> Node:
    """What stands in a cell as it is seen from afar, and the near cells that replace it."""
    mine = slice(*np.searchsorted(keys, cell.span()).tolist())
    children = []
    for part in _cells(keys[mine], cell, NEAR_DEPTH, target_bytes):
        here = planted.take(slice(*np.searchsorted(keys, part.span()).tolist()))
        children.append(_near(here, part, laid, crs, sink))
    here = planted.take(mine)
    height = here.sizes()[:, 0]
    made = content(here, frame_at(*cell.centre(), crs), near=False)
    if made is None:
        return Node(cover([child.region for child in children]), float(height.max()), None, tuple(children), cell)
    region = cover([made[1], *(child.region for child in children)])
    error = max(SEEN_FAR, FAR_SHARE * float(height.max()))
    return Node(region, error, sink.put("glb", made[0]), tuple(children), cell)


def _near(here: Planted, cell: Cell, laid: Laid, crs: str, sink: Sink) -> Node:
    """All that stands in a cell, and the streets, squares and water beneath it."""
    frame = frame_at(*cell.centre(), crs)
    below = laid.within(cell_box(cell.key, cell.depth), crs)
    made = content(here, frame, near=True, ground=None if below is None else sheet(below, frame))
    assert made is not None  # every shape has a model for near
    region = made[1] if below is None else cover([made[1], paving_region(below, crs)])
    return Node(region, 0.0, sink.put("glb", made[0]), cell=cell)


def _cells(keys: IntArray, within: Cell, depth: int, target_bytes: int) -> Iterator[Cell]:
    """The cells of a depth, or smaller where there is too much for one tile, that hold all rows of a cell; in grid order."""
    if within.depth <= depth:
        yield from leaves(keys, np.full(len(keys), ROW_BYTES), within, target_bytes)
        return
    first, last = np.searchsorted(keys, within.span())
    for key in np.unique(keys[first:last] >> (2 * depth)).tolist():
        yield from leaves(keys, np.full(len(keys), ROW_BYTES), Cell(int(key), depth), target_bytes)
