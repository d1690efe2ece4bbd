"""GeoPackage: a table of records, read row by row out of SQLite, so that a spoilt row costs no other."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import Issue, ObjectArray, Rejected
from loaders.formats import wkb
from loaders.formats.layer_choice import FileLayer, choose
from loaders.formats.records import framed
from loaders.formats.stated_crs import needs_place, stated_crs

BATCH_ROWS = 20_000
_BATCH_BYTES = 64 << 20
_FETCH_ROWS = 1_000

# OGC 12-128r19, 2.1.3.1.1: the geometry's header; bits 1-3 of the flags say how many bytes of envelope follow it.
_HEADER_BYTES = 8
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)


@dataclass(frozen=True, slots=True)
class GeoPackage:
    """The format. GDAL opens the file, finds its table and CRS; the rows come from SQLite, in order of their number."""

    name: str = "GeoPackage"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first bytes and the ending: either alone is not enough, for not every SQLite file is one."""
        return head.startswith(b"SQLite format 3") and name.lower().endswith(".gpkg")

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 records (fewer where they are large), numbered from 1 in the order of the table's key.

        A row whose geometry is no geometry, or whose text cannot be decoded, is in `damaged`, with its other fields. Of
        several layers `source.table` names the one, or exactly one has geometries that the CIM layer can hold.
        """
        table = _table(source)
        crs = stated_crs(source, table.crs)
        try:
            with closing(_connect(source)) as connection:
                yield from _batches(connection, source, table, crs, after)
        except sqlite3.Error as error:
            raise BadSource(f"{source.location}: not readable as GeoPackage: {error}") from error


GEOPACKAGE = GeoPackage()


@dataclass(frozen=True, slots=True)
class _Table:
    """The table of a file: names, number of records, CRS as the file says it."""

    name: str
    key: str
    geometry: str
    columns: tuple[str, ...]
    truths: frozenset[str]
    records: int
    crs: str | None


def _table(source: Source) -> _Table:
    location = source.location
    try:
        chosen = choose(source, _layers(location))
        info = pyogrio.read_info(location, layer=chosen.name, force_feature_count=True)
    except (DataSourceError, DataLayerError, UnicodeError) as error:
        raise BadSource(f"{location}: not readable as GeoPackage: {error}") from error
    if info["features"] == 0:
        raise BadSource(f"{location}: no records; expected at least one")
    names = tuple(str(n) for n in info["fields"])
    truths = frozenset(n for n, kind in zip(names, info["dtypes"], strict=True) if kind == "bool")
    return _Table(
        name=str(info["layer_name"]),
        key=str(info["fid_column"] or ""),
        geometry=str(info["geometry_name"] or ""),
        columns=names,
        truths=truths,
        records=int(info["features"]),
        crs=info["crs"],
    )


def _layers(location: str) -> list[FileLayer]:
    """What the file holds; records are counted only where somebody has to choose."""
    listed = pyogrio.list_layers(location).tolist()
    if len(listed) == 1:
        return [FileLayer(str(listed[0][0]), listed[0][1])]
    counts = [pyogrio.read_info(location, layer=name, force_feature_count=True)["features"] for name, _ in listed]
    return [FileLayer(str(name), kind, int(count)) for (name, kind), count in zip(listed, counts, strict=True)]


def _connect(source: Source) -> sqlite3.Connection:
    uri = Path(source.location).absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True)
    encoding = source.encoding or "utf-8"
    # Bytes that are no text come as half surrogate pairs, which no text of the encoding can hold: the row is known.
    connection.text_factory = lambda content: str(content, encoding, "surrogateescape")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:  # left in write-ahead mode where we may not write beside it
        connection.close()
        connection = sqlite3.connect(f"{uri}?immutable=1", uri=True)
        connection.text_factory = lambda content: str(content, encoding, "surrogateescape")
    return connection


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _batches(connection: sqlite3.Connection, source: Source, table: _Table, crs: str, after: int) -> Iterator[Batch]:
    key = _quoted(table.key) if table.key else "NULL"
    shape = _quoted(table.geometry) if table.geometry else "NULL"
    fields = ", ".join([key, shape, *map(_quoted, table.columns)])
    order = f"ORDER BY {key}" if table.key else ""
    cursor = connection.execute(f"SELECT {fields} FROM {_quoted(table.name)} {order} LIMIT -1 OFFSET ?", (after,))
    size = Path(source.location).stat().st_size
    done = after
    for rows in _gathered(cursor, source, after):
        frame, damaged, issues = _frame(rows, done, source, table)
        done += len(rows)
        share = min(1.0, done / max(1, table.records))
        yield Batch(
            frame,
            crs,
            damaged=damaged,
            issues=issues,
            last_row=done,
            records=table.records,
            size_bytes=size,
            done_bytes=round(size * share),
        )


def _gathered(cursor: sqlite3.Cursor, source: Source, done: int) -> Iterator[list[tuple[Any, ...]]]:
    """Rows, as many at a time as make a batch."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    while True:
        try:
            more = cursor.fetchmany(_FETCH_ROWS)
        except sqlite3.DatabaseError as error:
            raise BadSource(f"{source.location}: unreadable after row {done + len(rows)}: {error}") from error
        rows += more
        size += sum([len(row[1]) for row in more if type(row[1]) is bytes])
        if rows and (not more or len(rows) >= BATCH_ROWS or size >= _BATCH_BYTES):
            yield rows
            done, rows, size = done + len(rows), [], 0
        if not more:
            return


def _frame(
    rows: Sequence[tuple[Any, ...]], done: int, source: Source, table: _Table
) -> tuple[gpd.GeoDataFrame, tuple[Rejected, ...], tuple[Issue, ...]]:
    """The records of some rows, those that are spoilt, and what was mended."""
    keys, blobs, *columns = zip(*rows, strict=True)
    shapes, curves, closed = wkb.shapes(np.array([*_wkbs(blobs), None], dtype=object)[:-1])
    _read_curves(shapes, curves, keys, source, table)
    unread = np.array([b is not None for b in blobs]) & shapely.is_missing(shapes)
    found, mended = "a ring does not end where it begins", "closed with its first position"
    issues = tuple(Issue("ring_unclosed", found, done + 1 + i, mended) for i in closed)
    why = ("geometry_unreadable", "its geometry is neither a GeoPackage geometry nor empty")
    faults = dict.fromkeys(np.flatnonzero(unread).tolist(), why) if needs_place(source) else {}
    data = {
        name: [None if v is None else bool(v) for v in column] if name in table.truths else column
        for name, column in zip(table.columns, columns, strict=True)
    }
    frame, damaged = framed(done + 1, data, shapes, faults, table.geometry or "geometry", dict(enumerate(blobs)))
    return frame, damaged, issues


def _wkbs(blobs: Sequence[Any]) -> list[bytes | None]:
    """The geometries (n,) behind their heads, None where there is none; most heads of a file say the same."""
    first = next((blob for blob in blobs if _wkb(blob) is not None), b"")
    usual, start = first[:4], len(first) - len(_wkb(first) or b"")
    return [
        blob[start:] if type(blob) is bytes and len(blob) >= _HEADER_BYTES and blob[:4] == usual else _wkb(blob)
        for blob in blobs
    ]


def _wkb(blob: Any) -> bytes | None:
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < _HEADER_BYTES:
        return None
    envelope = blob[3] >> 1 & 7
    return blob[_HEADER_BYTES + _ENVELOPE_BYTES[envelope] :] if envelope < len(_ENVELOPE_BYTES) else None


def _read_curves(shapes: ObjectArray, places: list[int], keys: Sequence[Any], source: Source, table: _Table) -> None:
    """Let GDAL draw arcs as lines, which shapely cannot; what it cannot read either stays None."""
    if not places or not table.key:
        return
    try:
        wanted = [int(keys[i]) for i in places]
        read = pyogrio.read_dataframe(
            source.location, layer=table.name, fids=wanted, columns=[], fid_as_index=True, on_invalid="ignore"
        )
    except (DataSourceError, DataLayerError, ValueError, RuntimeError):
        return
    for i, key in zip(places, wanted, strict=True):
        if key in read.index:
            shapes[i] = read.geometry.loc[key]
