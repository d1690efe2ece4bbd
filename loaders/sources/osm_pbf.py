"""OpenStreetMap's PBF: the objects of one theme with their tags in the layer's columns, as libosmium finds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from cim import crs as frames
from cim.errors import BadSource
from cim.layers import LAYERS
from cim.plugins import Batch, Source
from loaders.formats import osm_blocks, osm_objects, wkb
from loaders.formats.osm_tags import TABLES, Table
from loaders.formats.records import framed
from loaders.formats.stated_crs import stated_crs

BATCH_ROWS = 20_000
_SOURCE = "OpenStreetMap"


@dataclass(frozen=True, slots=True)
class OsmPbf:
    """The format, sorted by kind and number as all extracts are. It is WGS 84 by definition.

    A table is read: the one that `source.table` names, else the one called as the CIM layer (`loaders/formats/osm_tags.py`).
    Sets aside ways and multipolygons whose nodes or ways are not in the file. Refuses a file that was cut off: its end
    holds what ties the rest together.
    """

    name: str = "OSM PBF"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first block's name."""
        return head[4:].startswith(osm_blocks.MAGIC)

    def tables(self, path: Path) -> list[str]:
        """The themes that are layers of the model, whether the map has any of them or not."""
        return [name for name in TABLES if name in LAYERS]

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
        except osm_objects.Unreadable as error:
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
    nodes, ways, relations = osm_objects.count(str(path))
    read = f"{nodes:,} nodes, {ways:,} ways and {relations:,} relations could be read before"
    block, at = damage
    raise BadSource(
        f"{source.location}: block {block}, at byte {at:,} of {path.stat().st_size:,}, is cut off or damaged; {read}, but "
        "ways and areas need what comes behind: fetch the file again"
    )


def _batches(path: Path, table: Table, source: Source, crs: str, after: int) -> Iterator[Batch]:
    size = path.stat().st_size
    seen = 0
    things: list[osm_objects.Thing] = []
    for thing in osm_objects.objects(str(path), table.name):
        seen += 1
        if seen <= after:
            continue
        things.append(thing)
        if len(things) == BATCH_ROWS:
            yield _batch(things, table, crs, seen, size)
            things = []
    if things:
        yield _batch(things, table, crs, seen, size)
    if not seen:
        raise BadSource(f"{source.location}: no {table.name} in this map; expected at least one")


def _batch(things: list[osm_objects.Thing], table: Table, crs: str, seen: int, size: int) -> Batch:
    ids, blobs, tags, whys = (list(column) for column in zip(*things, strict=True))
    shapes, _, _ = wkb.shapes(np.array([*blobs, None], dtype=object)[:-1])
    lost = {
        place: ("geometry_unreadable", whys[place]) for place in np.flatnonzero(shapely.is_missing(shapes)).tolist()
    }
    if table.shape == "point":
        areas = shapely.get_type_id(shapes) > 0
        shapes[areas] = shapely.point_on_surface(shapes[areas])
    rows = [table.columns(one) for one in tags]
    columns: dict[str, list[Any]] = {"id": ids, "source": [_SOURCE] * len(ids)}
    columns |= {name: [row[name] for row in rows] for name in rows[0]}
    columns["tags"] = tags
    frame, damaged = framed(seen - len(ids) + 1, columns, shapes, lost)
    return Batch(frame, crs, damaged, last_row=seen, size_bytes=size)
