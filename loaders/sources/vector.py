"""GeoPackage: one table of records, read row by row out of SQLite, so that a spoilt row costs no other."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import Issue, ObjectArray, Rejected
from loaders.stated_crs import needs_place, stated_crs

BATCH_ROWS = 20_000
_BATCH_BYTES = 64 << 20
_FETCH_ROWS = 1_000
_RAW_KEPT_BYTES = 256

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

        A row whose geometry is no geometry, or whose text cannot be decoded, is in `damaged`, with its other fields.
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
        layers = pyogrio.list_layers(location)
        if len(layers) != 1:
            raise BadSource(f"{location}: {len(layers)} layers ({', '.join(layers[:, 0])}); expected exactly one")
        info = pyogrio.read_info(location, layer=str(layers[0, 0]), force_feature_count=True)
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
        size += sum(len(row[1]) for row in more if isinstance(row[1], bytes))
        if rows and (not more or len(rows) >= BATCH_ROWS or size >= _BATCH_BYTES):
            yield rows
            done, rows, size = done + len(rows), [], 0
        if not more:
            return


def _frame(
    rows: Sequence[tuple[Any, ...]], done: int, source: Source, table: _Table
) -> tuple[gpd.GeoDataFrame, tuple[Rejected, ...], tuple[Issue, ...]]:
    """The records of some rows, those that are spoilt, and what was mended."""
    index = pd.RangeIndex(done + 1, done + len(rows) + 1)
    keys, blobs, *columns = zip(*rows, strict=True)
    shapes, curves, closed = _shapes(blobs)
    _read_curves(shapes, curves, keys, source, table)
    unread = np.array([b is not None for b in blobs]) & shapely.is_missing(shapes)
    found, mended = "a ring does not end where it begins", "closed with its first position"
    issues = tuple(Issue("ring_unclosed", found, done + 1 + i, mended) for i in closed)
    data = {name: _series(c, name in table.truths, index) for name, c in zip(table.columns, columns, strict=True)}
    if "geometry" in data:
        data["geometry_property"] = data.pop("geometry")
    frame = gpd.GeoDataFrame(pd.DataFrame(data, index=index), geometry=gpd.GeoSeries(shapes, index=index))
    faults = dict.fromkeys(np.flatnonzero(unread).tolist(), "geometry_unreadable") if needs_place(source) else {}
    for column in columns:
        faults |= _bad_text(column)
    damaged = tuple(_rejected(i, code, done, rows[i], table) for i, code in sorted(faults.items()))
    if faults:
        frame = frame.drop(index=[done + 1 + i for i in faults])
    return frame, damaged, issues


@np.errstate(over="ignore", invalid="ignore")
def _shapes(blobs: Sequence[Any]) -> tuple[ObjectArray, list[int], list[int]]:
    """The geometries (n,) in GeoPackage blobs, None where there is none or it cannot be read.

    Also which of them are curves (None too), and which had rings that were closed.
    """
    wkb = np.array([_wkb(blob) for blob in blobs], dtype=object)
    curves: list[int] = []
    try:
        shapes: ObjectArray = shapely.from_wkb(wkb, on_invalid="ignore")
    except NotImplementedError:
        curves = [i for i, content in enumerate(wkb) if _is_curve(content)]
        wkb[curves] = None
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    odd = np.flatnonzero(shapely.is_missing(shapes) & np.array([content is not None for content in wkb]))
    shapes[odd] = shapely.from_wkb(wkb[odd], on_invalid="fix")
    return shapes, curves, [int(i) for i in odd if shapes[i] is not None]


def _wkb(blob: Any) -> bytes | None:
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < _HEADER_BYTES:
        return None
    envelope = blob[3] >> 1 & 7
    return blob[_HEADER_BYTES + _ENVELOPE_BYTES[envelope] :] if envelope < len(_ENVELOPE_BYTES) else None


def _is_curve(content: bytes | None) -> bool:
    try:
        shapely.from_wkb(content, on_invalid="ignore")
    except NotImplementedError:
        return True
    return False


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


def _series(values: Sequence[Any], truth: bool, index: pd.Index) -> "pd.Series[Any]":
    """A column: numbers of one kind as numbers, truths as such, everything else as it came."""
    if truth:
        values = [None if v is None else bool(v) for v in values]
    kinds = set(map(type, values))
    if kinds in ({int}, {float}):
        return pd.Series(values, index=index)
    return pd.Series(values, index=index, dtype=object)


def _bad_text(values: Sequence[Any]) -> dict[int, str]:
    """Which of these values are text that cannot be stored, and why."""
    texts = [v for v in values if type(v) is str]
    joined = "".join(texts)
    try:
        joined.encode()
        if "\0" not in joined:
            return {}
    except UnicodeEncodeError:
        pass
    out = {}
    for i, value in enumerate(values):
        if type(value) is str and "\0" in value:
            out[i] = "nul_character"
        elif type(value) is str and any("\ud800" <= c <= "\udfff" for c in value):
            out[i] = "encoding"
    return out


_WHY = {
    "geometry_unreadable": "its geometry is neither a GeoPackage geometry nor empty",
    "encoding": "text that is not in the file's encoding",
    "nul_character": "text with a NUL character, which no database can hold",
}


def _rejected(place: int, code: str, done: int, row: tuple[Any, ...], table: _Table) -> Rejected:
    content: dict[str, Any] = {}
    for name, value in zip([table.geometry or "geometry", *table.columns], row[1:], strict=True):
        if isinstance(value, bytes):
            content[name] = value[:_RAW_KEPT_BYTES].hex()
        elif isinstance(value, str):
            content[name] = (
                value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
            )
        else:
            content[name] = value
    return Rejected(done + 1 + place, (code,), _WHY[code], content)
