"""OpenStreetMap's PBF: the objects of one theme with their tags in the layer's columns, streamed past by libosmium."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from osmium.filter import KeyFilter
from osmium.geom import WKBFactory
from osmium.osm import Area, Node, Relation, Way

from cim import crs as frames
from cim.errors import BadSource
from cim.plugins import Batch, Source
from loaders import osm_blocks, wkb
from loaders.osm_tags import TABLES, Table
from loaders.records import framed
from loaders.stated_crs import stated_crs

BATCH_ROWS = 20_000
_LOCATIONS = "sparse_file_array"  # where nodes lie: in a temporary file, so that memory does not grow with the map
_SOURCE = "OpenStreetMap"
_CUT_OFF = "nodes of it are not in the file, as happens at the edge of an extract, or it has only one"
_NO_AREA = "no area can be made of it: a ring is open or crosses itself"

_Found = tuple[str, str | None, dict[str, str], str]
"""an object's id, its geometry as well-known binary in hexadecimal, its tags; and why it would have no geometry"""


@dataclass(frozen=True, slots=True)
class OsmPbf:
    """The format, sorted by kind and number as all extracts are. It is WGS 84 by definition.

    A table is read: the one that `source.table` names, else the one called as the CIM layer (see `loaders/osm_tags.py`).
    Sets aside ways and multipolygons whose nodes or ways are not in the file. Refuses a file that was cut off: its end
    holds what ties the rest together.
    """

    name: str = "OSM PBF"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first block's name."""
        return head[4:].startswith(osm_blocks.MAGIC)

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 records, numbered from 1 as they come; column `id` is such as `way/123`."""
        table = _table(source)
        path = Path(source.location)
        try:
            _refuse_cut(path, source)
            crs = stated_crs(source, frames.LONLAT)
            yield from _batches(path, table, source, crs, after)
        except OSError as error:
            raise BadSource(f"{source.location}: cannot be read: {error}") from error
        except (RuntimeError, osmium.InvalidLocationError) as error:
            hint = ": sort it, as with `osmium sort`" if "order" in str(error) else ""
            raise BadSource(f"{source.location}: not readable as OSM PBF: {error}{hint}") from error


OSM_PBF = OsmPbf()


def _table(source: Source) -> Table:
    wanted = source.table or source.layer
    if wanted not in TABLES:
        known = ", ".join(f"{table.name} ({table.shape}s)" for table in TABLES.values())
        said = f"no table {wanted!r}" if source.table else f"layer {wanted} says no table"
        raise BadSource(f'{source.location}: {said}; name one of a map, `table = "..."`, in the city file: {known}')
    return TABLES[wanted]


def _refuse_cut(path: Path, source: Source) -> None:
    damage = osm_blocks.first_damage(path)
    if damage is None:
        return
    counts = {"n": 0, "w": 0, "r": 0}
    try:
        for thing in osmium.FileProcessor(str(path)):
            counts[thing.type_str()] += 1
    except RuntimeError:
        pass  # this is where the damage begins
    read = f"{counts['n']:,} nodes, {counts['w']:,} ways and {counts['r']:,} relations could be read before"
    block, at = damage
    raise BadSource(
        f"{source.location}: block {block}, at byte {at:,} of {path.stat().st_size:,}, is cut off or damaged; {read}, but "
        "ways and areas need what comes behind: fetch the file again"
    )


@dataclass(slots=True)
class _Things:
    """The objects of one batch, as they gather. lost: why one has no geometry."""

    ids: list[str] = field(default_factory=list)
    shapes: list[bytes | str | None] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    lost: dict[int, tuple[str, str]] = field(default_factory=dict)

    def add(self, id: str, shape: str | None, tags: dict[str, str], why: str = "") -> None:
        if shape is None:
            self.lost[len(self.ids)] = ("geometry_unreadable", why)
        self.ids.append(id)
        self.shapes.append(None if shape is None else bytes.fromhex(shape))
        self.tags.append(tags)


def _batches(path: Path, table: Table, source: Source, crs: str, after: int) -> Iterator[Batch]:
    size = path.stat().st_size
    seen = 0
    things = _Things()
    for id, shape, tags, why in _found(path, table):
        seen += 1
        if seen <= after:
            continue
        things.add(id, shape, tags, why)
        if len(things.ids) == BATCH_ROWS:
            yield _batch(things, table, crs, seen, size)
            things = _Things()
    if things.ids:
        yield _batch(things, table, crs, seen, size)
    if not seen:
        raise BadSource(f"{source.location}: no {table.name} in this map; expected at least one")


def _found(path: Path, table: Table) -> Iterator[_Found]:
    """The objects of a table as they come; at the end the closed ways and multipolygons that no area came of."""
    keys = KeyFilter(*table.keys)
    things = osmium.FileProcessor(str(path)).with_locations(_LOCATIONS)
    if table.shape != "line":
        things = things.with_areas(keys)
    write = WKBFactory()
    waiting: dict[str, tuple[dict[str, str], str]] = {}
    met: set[int] = set()
    for thing in things.with_filter(keys):
        tags = {tag.k: tag.v for tag in thing.tags}
        if not table.takes(tags):
            continue
        if isinstance(thing, Area):
            id = f"{'way' if thing.from_way() else 'relation'}/{thing.orig_id()}"
            waiting.pop(id, None)
            if not thing.from_way():
                met.add(thing.orig_id())
            yield id, write.create_multipolygon(thing), tags, ""
        elif isinstance(thing, Node):
            if table.shape == "point":
                yield f"node/{thing.id}", write.create_point(thing), tags, ""
        elif isinstance(thing, Way):
            line = _line(thing, write)
            if table.shape == "line":
                yield f"way/{thing.id}", line, tags, _CUT_OFF
            elif thing.is_closed():
                waiting[f"way/{thing.id}"] = tags, _NO_AREA if line else _CUT_OFF
        elif (
            isinstance(thing, Relation)
            and table.shape != "line"
            and tags.get("type") == "multipolygon"
            and thing.id not in met
        ):
            waiting[f"relation/{thing.id}"] = tags, f"{_NO_AREA}, or a way of it is not in the file"
    for id, (tags, why) in waiting.items():
        yield id, None, tags, why


def _line(way: Way, write: WKBFactory) -> str | None:
    """A way's line; None where it has none."""
    try:
        return str(write.create_linestring(way))
    except (RuntimeError, osmium.InvalidLocationError):
        return None


def _batch(things: _Things, table: Table, crs: str, seen: int, size: int) -> Batch:
    shapes, _, _ = wkb.shapes(np.array([*things.shapes, None], dtype=object)[:-1])
    if table.shape == "point":
        areas = shapely.get_type_id(shapes) > 0
        shapes[areas] = shapely.point_on_surface(shapes[areas])
    rows = [table.columns(tags) for tags in things.tags]
    names = rows[0].keys() if rows else ()
    columns: dict[str, list[Any]] = {"id": things.ids, "source": [_SOURCE] * len(things.ids)}
    columns |= {name: [row[name] for row in rows] for name in names}
    columns["tags"] = things.tags
    frame, damaged = framed(seen - len(things.ids) + 1, columns, shapes, things.lost)
    return Batch(frame, crs, damaged, last_row=seen, size_bytes=size)
