"""Shapefiles: geometries, attributes, CRS and encoding in files of one name, read together a piece at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import shapely

from cim import file_parts
from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import FloatArray, Issue, ObjectArray
from loaders.formats import dbf, dbf_encoding, placed, shp, shp_geometry
from loaders.formats.placed import Entries
from loaders.formats.records import framed
from loaders.formats.stated_crs import needs_place, stated_crs

BATCH_ROWS = 20_000

# A wrong encoding shows in nearly every text beyond ASCII; bytes that were spoilt on the way are rarer than one in twenty.
_PROBED_ROWS = 1_000
_MAX_UNDECODED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Shapefile:
    """The format: .shp with .dbf, and .shx, .prj, .cpg where they are there.

    Reads points, multipoints, lines and polygons, with heights or measures (which are dropped). Sets aside records that
    cannot be made out and MultiPatches; mends a missing or wrong .shx. Refuses a .shp without its .dbf, and texts in an
    encoding that nobody states and that is neither UTF-8 nor GB 18030. Memo columns (.dbt) are left empty.
    """

    name: str = "Shapefile"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the file code and the ending."""
        return head.startswith(b"\x00\x00\x27\x0a") and name.lower().endswith(".shp")

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 records, numbered from 1 as they stand in the files.

        A record that is marked as deleted in the .dbf is left out, and said. Where one of the files has fewer records
        than the other, the rest have no attributes or no geometry.
        """
        try:
            yield from _read(_opened(source), source, after)
        except OSError as error:
            raise BadSource(f"{source.location}: cannot be read: {error}") from error


SHAPEFILE = Shapefile()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A shapefile whose heads have been read. listed: records of the .shx, None where it is of no use."""

    head: shp.Head
    table: dbf.Table
    encoding: dbf_encoding.Choice
    names: tuple[str, ...]
    shx: Path | None
    listed: int | None
    told: str | None


def _opened(source: Source) -> _Opened:
    path = Path(source.location)
    others = file_parts.saying(path)
    head = shp.head(path, source.location)
    if ".dbf" not in others:
        raise BadSource(
            f"{source.location}: {path.stem}.dbf is not beside it, where a shapefile has its attributes: deliver the "
            ".shp together with its .dbf, .shx, .prj and .cpg"
        )
    table = dbf.open_table(others[".dbf"], source.location)
    encoding = dbf_encoding.choose(source, table, others.get(".cpg"))
    names = tuple(table.names(encoding.name))
    told = (
        others[".prj"].read_bytes()[:65_536].decode("utf-8", "replace").strip("\ufeff\0 \r\n")
        if ".prj" in others
        else ""
    )
    listed = shp.indexed(path, others.get(".shx"))
    return _Opened(head, table, encoding, names, others.get(".shx"), listed, told or None)


def _read(opened: _Opened, source: Source, after: int) -> Iterator[Batch]:
    path, table = Path(source.location), opened.table
    walks = opened.listed is None or opened.shx is None
    entries = shp.by_walking(path, after) if walks else shp.by_index(opened.shx, opened.listed, after)  # type: ignore[arg-type]
    done, crs = after, ""
    with path.open("rb") as shapes, table.path.open("rb") as attributes:
        for piece, is_last in placed.marked(_pieces(entries, table, after)):
            found = _decoded(shapes, piece, opened.head.size)
            crs = crs or stated_crs(source, opened.told, _sample(found.shapes))
            rows = dbf.rows(dbf.read(attributes, table, done, len(piece.at)), table, opened.encoding.name)
            batch = _batch(found, rows, opened, source, (done, crs))
            if done == after:
                _refuse_wrong_encoding(batch, opened, source)
                batch = replace(batch, issues=(*_notes(opened), *batch.issues))
            done += len(piece.at)
            if is_last:
                batch = replace(batch, issues=(*batch.issues, *_miscounted(opened, done, piece)))
            yield replace(batch, last_row=done, done_bytes=_reached(piece, opened.head.size))
    if not done:
        raise BadSource(f"{source.location}: no records; expected at least one")


def _pieces(entries: Iterator[Entries], table: dbf.Table, done: int) -> Iterator[Entries]:
    """What the .shp has, a piece at a time; then, without a place, what only the .dbf has."""
    most = max(1, min(BATCH_ROWS, placed.PIECE_BYTES // table.row_bytes))
    for piece in placed.pieces(entries, most):
        yield piece
        done += len(piece.at)
    for first in range(done, table.records, most):
        nowhere = np.full(min(most, table.records - first), -1, dtype=np.int64)
        yield Entries(nowhere, nowhere)


def _decoded(file: BinaryIO, piece: Entries, size: int) -> shp_geometry.Decoded:
    """The geometries of a piece's records."""
    held = placed.held(file, piece, shp.HEAD_BYTES, size)
    found = shp_geometry.decode(held.content, held.at, held.size)
    for place in np.flatnonzero(~held.there).tolist():
        if piece.at[place] < 0:
            found.faults.pop(place, None)  # only the .dbf has it: a record without a geometry
        else:
            found.faults[place] = ("geometry_unreadable", "it lies behind the end of the .shp")
    return found


def _batch(
    found: shp_geometry.Decoded,
    rows: dbf.Rows,
    opened: _Opened,
    source: Source,
    place: tuple[int, str],
) -> Batch:
    """The records of a piece, those that are spoilt, and what was mended. place: how many go before it, and the CRS."""
    done, crs = place
    count = len(found.shapes)
    columns = {
        name: [*values, *[None] * (count - len(values))]
        for name, values in zip(opened.names, rows.columns, strict=True)
    }
    faults = found.faults if needs_place(source) else {}
    frame, damaged = framed(done + 1, columns, found.shapes, faults)
    issues = [
        Issue("ring_unclosed", "a ring does not end where it begins", done + 1 + i, "closed with its first position")
        for i in found.closed
    ]
    for cut, column in rows.cut:
        what = f"{opened.names[column]} is cut through a character at the end of its field"
        issues.append(Issue("text_cut", what, done + 1 + cut, "the broken character is left out"))
    gone = [done + 1 + int(i) for i in np.flatnonzero(rows.deleted)]
    if gone:
        issues += [Issue("record_deleted", "marked as deleted in the .dbf", row, "left out") for row in gone]
        frame = frame.drop(index=[row for row in gone if row in frame.index])
        damaged = tuple(one for one in damaged if one.row not in set(gone))
    listed = max(opened.listed or 0, opened.table.records)
    return Batch(frame, crs, damaged, tuple(issues), records=listed, size_bytes=opened.head.size)


def _notes(opened: _Opened) -> list[Issue]:
    """What is to be said of the files as a whole."""
    notes = [] if opened.encoding.issue is None else [opened.encoding.issue]
    if opened.listed is None:
        why = "the .shx is missing" if opened.shx is None else "the .shx does not lead to the records of the .shp"
        notes.append(Issue("index_rebuilt", why, None, "the records were found one behind the other in the .shp"))
    if opened.head.declared_bytes > opened.head.size:
        cut = f"the .shp says that it has {opened.head.declared_bytes:,} bytes, but it has {opened.head.size:,}"
        notes.append(Issue("truncated", f"{cut}: it was cut off, or its head is wrong"))
    if opened.table.records < opened.table.declared:
        cut = f"the .dbf says that it has {opened.table.declared:,} records, but it has {opened.table.records:,}"
        notes.append(Issue("truncated", f"{cut}: it was cut off, or its head is wrong"))
    notes += [
        Issue("column_unread", f"column {name}: kind {f.kind!r} points into other files", None, "left empty")
        for name, f in zip(opened.names, opened.table.fields, strict=True)
        if f.kind in dbf.UNREAD
    ]
    return notes


def _miscounted(opened: _Opened, done: int, last: Entries) -> list[Issue]:
    """The note that there are more geometries than attributes, or less."""
    shapes = int(done - (last.at < 0).sum()) if opened.listed is None else opened.listed
    if shapes == opened.table.records:
        return []
    message = f"{shapes:,} geometries in the .shp, {opened.table.records:,} records in the .dbf"
    return [Issue("record_counts_differ", f"{message}: the rest of the longer one stands alone")]


def _reached(piece: Entries, size: int) -> int:
    return size if piece.at[-1] < 0 else int(np.clip(piece.at[-1] + piece.size[-1], 0, size))


def _refuse_wrong_encoding(first: Batch, opened: _Opened, source: Source) -> None:
    bad = [one.row for one in first.damaged if one.codes == ("encoding",)][:_PROBED_ROWS]
    probed = min(_PROBED_ROWS, len(first.frame) + len(first.damaged))
    if len(bad) > _MAX_UNDECODED_SHARE * probed:
        raise BadSource(
            f"{source.location}: texts of {len(bad)} records, the first in row {bad[0]}, are not "
            f"{opened.encoding.name}, which {opened.encoding.said_by} says; {dbf_encoding.unfitting(opened.table)}"
        )


def _sample(shapes: ObjectArray) -> FloatArray:
    """(n, 2) positions of the first geometries, for a hint at their CRS."""
    return np.asarray(shapely.get_coordinates(shapes[:200]), dtype=np.float64)
