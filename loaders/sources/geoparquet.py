"""GeoParquet: a table in columns with its geometry's encoding and CRS in the metadata, read a piece at a time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import Issue, ObjectArray
from loaders.formats import arrow_columns, geoarrow, ragged
from loaders.formats.records import distinct, framed
from loaders.formats.stated_crs import needs_place, stated_crs

BATCH_ROWS = 20_000
_BATCH_BYTES = 64 << 20
_READ_BYTES = 1 << 20

_Damage = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class GeoParquet:
    """The format, versions 1.0 and 1.1: geometries as well-known binary or as GeoArrow's nested lists.

    A file whose metadata has no CRS is refused until its owner states one: the standard presumes WGS 84, but files of
    GCJ-02 wear none either (docs/adr/004). Sets aside geometries and texts that cannot be made out. A damaged page of
    a column ends the reading: what is compressed together is lost together, and nothing of the file is let in.
    """

    name: str = "GeoParquet"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first bytes."""
        return head.startswith(b"PAR1")

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 records (fewer where they are large), numbered from 1."""
        done = after
        try:
            with pq.ParquetFile(source.location, buffer_size=_READ_BYTES, pre_buffer=False) as file:
                shape = _shape(file, source)
                for batch in _batches(file, shape, source, after):
                    done = batch.last_row
                    yield batch
        except _Damage as error:
            where = "not readable as GeoParquet" if done == 0 else f"unreadable after row {done}"
            raise BadSource(f"{source.location}: {where}: {str(error)[:300]}") from error


GEOPARQUET = GeoParquet()


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the metadata says of the geometry: its column, how it is encoded, its CRS; and which columns are none of ours."""

    column: str | None
    encoding: str
    crs: str | None
    unread: frozenset[str]
    covering: frozenset[str]


def _shape(file: pq.ParquetFile, source: Source) -> _Shape:
    text = (file.schema_arrow.metadata or {}).get(b"geo")
    if text is None:
        if not needs_place(source):
            return _Shape(None, "", None, frozenset(), frozenset())
        raise BadSource(
            f"{source.location}: Parquet, but no GeoParquet: its metadata does not say which column is the geometry"
        )
    told = json.loads(text)
    primary = told["primary_column"]
    columns = told["columns"]
    mine = columns[primary]
    encoding = str(mine["encoding"])
    if encoding != "WKB" and encoding not in geoarrow.NESTED:
        expected = f"expected WKB or one of {', '.join(geoarrow.NESTED)}"
        raise BadSource(f"{source.location}: geometries encoded as {encoding[:40]!r}; {expected}")
    crs = mine.get("crs")
    box = (mine.get("covering") or {}).get("bbox") or {}
    return _Shape(
        column=primary,
        encoding=encoding,
        crs=None if crs is None else crs if isinstance(crs, str) else json.dumps(crs),
        unread=frozenset(columns) - {primary},
        covering=frozenset(path[0] for path in box.values() if path) - {primary},
    )


def _batches(file: pq.ParquetFile, shape: _Shape, source: Source, after: int) -> Iterator[Batch]:
    total = file.metadata.num_rows
    if total == 0:
        raise BadSource(f"{source.location}: no records; expected at least one")
    groups, before = _groups(file, after)
    size = Path(source.location).stat().st_size
    done, crs = before, ""
    for piece in file.iter_batches(batch_size=_rows(file), row_groups=groups):
        first, done = done, done + len(piece)
        if done <= after:
            continue
        skipped = max(0, after - first)
        piece = piece.slice(skipped)
        names = distinct(piece.schema.names)
        shapes, faults, closed = _shapes(piece, names, shape)
        crs = crs or stated_crs(source, shape.crs, shapely.get_coordinates(shapes[:200]))
        left = shape.unread | shape.covering | {shape.column}
        columns = {n: arrow_columns.values(piece.column(i)) for i, n in enumerate(names) if n not in left}
        number = first + skipped
        frame, damaged = framed(
            number + 1, columns, shapes, faults if needs_place(source) else {}, shape.column or "geometry"
        )
        issues = _issues(closed, number, shape if number == 0 else None)
        yield Batch(frame, crs, damaged, issues, done, total, size, round(size * done / total))


def _groups(file: pq.ParquetFile, after: int) -> tuple[list[int], int]:
    """The row groups that hold what lies behind record `after`, and how many records go before them."""
    before = 0
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if before + rows > after:
            return list(range(number, file.metadata.num_row_groups)), before
        before += rows
    return [], before


def _rows(file: pq.ParquetFile) -> int:
    """How many records make a batch, so that it stays within 64 MiB by the file's own account."""
    groups = [file.metadata.row_group(i) for i in range(min(100, file.metadata.num_row_groups))]
    rows, size = sum(int(g.num_rows) for g in groups), sum(int(g.total_byte_size) for g in groups)
    return max(1, min(BATCH_ROWS, _BATCH_BYTES * max(1, rows) // max(1, size)))


def _shapes(piece: pa.RecordBatch, names: list[str], shape: _Shape) -> tuple[ObjectArray, ragged.Faults, list[int]]:
    if shape.column is None:
        return np.full(len(piece), None, dtype=object), {}, []
    array: Any = piece.column(names.index(shape.column))
    array = array.storage if isinstance(array, pa.ExtensionArray) else array
    return geoarrow.from_wkb(array) if shape.encoding == "WKB" else geoarrow.from_lists(array, shape.encoding)


def _issues(closed: list[int], done: int, shape: _Shape | None) -> tuple[Issue, ...]:
    what, mended = "a ring does not end where it begins", "closed with its first position"
    found = [Issue("ring_unclosed", what, done + 1 + place, mended) for place in closed]
    for name in sorted(shape.unread) if shape is not None else ():
        found.append(Issue("column_unread", f"column {name}: a second geometry", None, "left out"))
    return tuple(found)
