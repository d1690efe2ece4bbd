"""Delimited text with coordinates: CSV as offices export it, in the encoding its owner states, line by line."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import FloatArray, Issue, Rejected
from loaders.formats import wkt_column
from loaders.formats.point_tables import placed, told
from loaders.formats.stated_crs import needs_place, stated_crs
from loaders.recognising import encodings
from loaders.recognising.encodings import MAX_UNDECODED_SHARE

BATCH_ROWS = 20_000
_BATCH_BYTES = 32 << 20
_RAW_KEPT = 16_384
_LONGEST_LINE = 4 << 20  # a file without line ends must not be read into memory

_PROBED_ROWS = 1_000

_UNDECODED = re.compile("[\\ud800-\\udfff]")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """CSV with a header row and one point a record, in columns `lon` and `lat` (or as the source maps them), or with the
    geometry of each record as WKT in a column `wkt` (see `loaders.formats.wkt_column`).

    Commas, semicolons or tabs part the fields, as the header has it.
    """

    name: str = "CSV"

    def sniff(self, head: bytes, name: str) -> bool:
        """By its ending: text has no magic bytes."""
        return name.lower().endswith((".csv", ".tsv", ".txt"))

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 records. The record number counts data rows from 1; fields stay text, untouched.

        Rows that cannot be made out are in `damaged`: bytes of another encoding, a wrong number of fields, a quote that
        does not close, a NUL, a field over 131,072 characters, a geometry that is no WKT. A line is never lost to the one
        before it. Without a place to give (a list of what ends, a layer without places) `lon` and `lat` may be absent, the
        geometry is None.
        """
        encoding = source.encoding or "utf-8-sig"
        try:
            with Path(source.location).open("rb") as file:
                yield from _read(file, encoding, source, after)
        except OSError as error:
            raise BadSource(f"{source.location}: cannot be read: {error.strerror}") from error
        except UnicodeError as error:  # encodings that know no half characters, such as utf-16
            raise BadSource(
                f"{source.location}: not {encoding}: {error}; {encodings.whole(Path(source.location))}"
            ) from error


CSV = CsvFormat()


class _Row(NamedTuple):
    """A record's fields, or (code set) the text of a line that is none."""

    fields: list[str]
    code: str | None = None
    why: str = ""


@dataclass(slots=True)
class _Lines:
    """The physical lines of a file; those that a record has taken can be given back."""

    file: Iterator[str]
    waiting: deque[str] = field(default_factory=deque)
    taken: list[str] = field(default_factory=list)
    separator: str = ","

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self.file)
        self.taken.append(line)
        return line

    def peek(self) -> str:
        """The first line, which stays."""
        line = next(self, "")
        self.waiting.appendleft(line)
        return line

    def fields(self, line: str) -> list[str]:
        """The fields of a line alone."""
        return next(csv.reader([line], delimiter=self.separator), [])

    def notes(self) -> tuple[Issue, ...]:
        """What is to be said of the file: that it is not commas which part its fields."""
        if self.separator == ",":
            return ()
        what = "tabs" if self.separator == "\t" else "semicolons"
        return (Issue("separator", f"{what} part the fields, not commas"),)

    def give_back(self) -> str:
        """All but the first of the lines taken; that one is answered."""
        first, *others = self.taken
        self.waiting.extendleft(reversed(others))
        self.taken = []
        return first


def _read(file: BinaryIO, encoding: str, source: Source, after: int) -> Iterator[Batch]:
    try:
        text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
    except LookupError:
        known = "expected one such as utf-8 or gbk"
        raise BadSource(f"{source.location}: encoding {encoding!r} is not known; {known}") from None
    lines = _Lines(iter(partial(text.readline, _LONGEST_LINE), ""))
    lines.separator = _separator(lines.peek())
    header = _header(lines, encoding, source)
    place = wkt_column.place(header, source) if needs_place(source) else None
    rows = _rows(lines, len(header))
    probed = list(islice(rows, _PROBED_ROWS))
    _refuse_wrong_encoding(probed, encoding, source)
    if not probed:
        raise BadSource(f"{source.location}: a header but no records; expected at least one")
    crs = stated_crs(source, None, _sample(probed, header, place) if place is not None else None)
    size = Path(source.location).stat().st_size
    done, notes = 0, lines.notes()
    for some in _gathered(chain(probed, rows)):
        first, done = done, done + len(some)
        if done <= after:
            continue
        some, first = some[max(0, after - first) :], max(after, first)
        frame, damaged, found = _frame(some, first, header, place)
        issues = (*(notes if first == 0 else ()), *found)
        done_bytes = min(size, file.tell())
        yield Batch(frame, crs, damaged=damaged, issues=issues, last_row=done, size_bytes=size, done_bytes=done_bytes)


def _separator(line: str) -> str:
    """What parts the fields of a header: a comma, unless there is none and a semicolon or a tab does.

    >>> _separator('id,"a;b"'), _separator("id;lon;lat"), _separator("id\\tname, old"), _separator("id")
    (',', ';', '\\t', ',')
    """
    plain = _QUOTED.sub("", line)
    counts = {sign: plain.count(sign) for sign in (",", ";", "\t")}
    if counts["\t"] and counts["\t"] >= max(counts[","], counts[";"]):
        return "\t"
    return ";" if counts[";"] > counts[","] else ","


def _header(lines: _Lines, encoding: str, source: Source) -> list[str]:
    """The names of the columns; those without a name are called after their place."""
    row = next(_rows(lines, None), _Row([]))
    names = [n.removeprefix("\ufeff").strip() or f"column_{i}" for i, n in enumerate(row.fields, start=1)]
    if row.code == "encoding":
        raise BadSource(f"{source.location} line 1: not {encoding}; {encodings.whole(Path(source.location))}")
    twice = sorted({n for n in names if names.count(n) > 1})
    if row.code or twice:
        found = f"two columns named {twice[0]!r}" if twice else f"its header cannot be made out: {row.why}"
        raise BadSource(f"{source.location}: {found}; expected one line of different column names")
    return names


def _rows(lines: _Lines, width: int | None) -> Iterator[_Row]:
    """The records behind each other; blank lines are none. Whatever is no record costs one line, not the next ones."""
    reader = csv.reader(lines, strict=True, delimiter=lines.separator)
    while True:
        lines.taken = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _alone(lines, width, str(error))
            continue
        if not fields:
            continue
        if width is not None and len(lines.taken) > 1 and (len(fields) != width or _hides(lines, width)):
            yield _alone(lines, width, "a quote that does not close")
        else:
            yield _judged(fields, width, "".join(lines.taken))


def _hides(lines: _Lines, width: int) -> bool:
    """Whether a field over several lines swallows whole records: then its quote is a stray one, legal as it looks."""
    return width > 1 and any(
        line.count('"') % 2 == 0 and len(lines.fields(line)) == width for line in lines.taken[1:-1]
    )


def _alone(lines: _Lines, width: int | None, why: str) -> _Row:
    """A line that does not parse by the letter: some programs write stray quotes within fields, which is readable."""
    line = lines.give_back()
    try:
        fields = lines.fields(line)
    except csv.Error:
        return _Row([line], "field_too_long", f"a field of more than {csv.field_size_limit()} characters")
    if line.count('"') % 2 == 0 and len(fields) == width:
        return _judged(fields, width, line)
    return _Row([line], "not_csv", why)


def _judged(fields: list[str], width: int | None, text: str) -> _Row:
    if not text.isascii() and _UNDECODED.search(text):
        return _Row([text], "encoding", "bytes that are not in the file's encoding")
    if "\0" in text:
        return _Row([text], "nul_character", "a NUL character, which no database can hold")
    if width is not None and len(fields) != width:
        return _Row([text], "field_count", f"{len(fields)} fields; the header has {width}")
    return _Row(fields)


def _gathered(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """Rows, as many at a time as make a batch."""
    some: list[_Row] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum(map(len, row.fields))
        if len(some) >= BATCH_ROWS or size >= _BATCH_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _frame(
    rows: list[_Row], done: int, header: list[str], place: wkt_column.Place | None
) -> tuple[gpd.GeoDataFrame, tuple[Rejected, ...], tuple[Issue, ...]]:
    """The records, the lines that are none, and what is to be said of coordinates."""
    good = [(done + i, row.fields) for i, row in enumerate(rows, start=1) if row.code is None]
    index = pd.Index([number for number, _ in good], dtype="int64")
    values = list(zip(*(fields for _, fields in good), strict=True)) if good else [()] * len(header)
    columns = dict(zip(header, values, strict=True))
    damaged = [
        Rejected(done + i, (row.code,), row.why, {"raw": _raw(row.fields[0])})
        for i, row in enumerate(rows, start=1)
        if row.code is not None
    ]
    if place is None or len(place) == 2:
        frame, written = placed(columns, index, place)
        return frame, tuple(damaged), told(written, place)
    frame, why, issues = wkt_column.placed(columns, index, place[0])
    damaged += [
        Rejected(int(index[at]), ("geometry_unreadable",), fault, {"raw": _line(good[at][1])})
        for at, fault in why.items()
    ]
    return frame.drop(index=index[list(why)]), tuple(sorted(damaged, key=lambda one: one.row)), issues


def _line(fields: list[str]) -> str:
    """A record as a line, whatever parted its fields."""
    text = io.StringIO()
    csv.writer(text).writerow(fields)
    return _raw(text.getvalue())


def _raw(text: str) -> str:
    """A damaged line as it stood there; what is no text as escapes."""
    kept = text.rstrip("\r\n")[:_RAW_KEPT]
    shown = kept.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    return shown if len(text) <= _RAW_KEPT else f"{shown} ... ({len(text)} characters in all)"


def _sample(rows: list[_Row], header: list[str], place: wkt_column.Place) -> FloatArray:
    frame, _, _ = _frame(rows, 0, header, place)
    return shapely.get_coordinates(frame.geometry.to_numpy())


def _refuse_wrong_encoding(probed: list[_Row], encoding: str, source: Source) -> None:
    bad = [i for i, row in enumerate(probed, start=1) if row.code == "encoding"]
    if len(bad) > MAX_UNDECODED_SHARE * len(probed):
        raise BadSource(
            f"{source.location}: {len(bad)} of the first {len(probed)} records, the first in row {bad[0]}, are not "
            f"{encoding}; {encodings.whole(Path(source.location))}"
        )
