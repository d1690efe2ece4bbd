"""The rows of one sheet, one after another in flat memory: values as they show, what is wrong cell by cell, merged cells."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from xml.parsers import expat

from cim.errors import BadSource
from loaders.formats.workbook_parts import Sheet, Workbook, blocks, parser, unescaped

MOST_COLUMNS = 16_384  # ECMA-376 and Excel
_MOST_ROW = 1_048_576
_LONGEST = 1 << 20
_MOST_MERGED = 500_000
_TAIL_BYTES = 256

_PLACE = re.compile(r"^([A-Z]{1,3})([1-9]\d{0,6})$")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']")
_TRUTHS = {"1": True, "true": True, "0": False, "false": False}
_WHOLE = re.compile(r"^-?\d{1,15}$")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a cell: a stable code, where (such as D12), and what."""

    code: str
    cell: str
    what: str


@dataclass(slots=True)
class Row:
    """A row that is not empty. number: as the sheet shows it. values: column (from 0) -> text, number, truth.

    faults: of its cells. unreadable: why it cannot be made out; None: it can. share: how far the sheet is read, 0 to 1.
    """

    number: int
    values: dict[int, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unreadable: str | None = None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Merged:
    """A block of merged cells: its first and last row, its first and last column (from 0)."""

    first_row: int
    last_row: int
    first: int
    last: int


def merged_of(book: Workbook, sheet: Sheet) -> list[Merged]:
    """The blocks of merged cells, by their first row. They stand behind the cells, so the part is looked through first."""
    found: list[Merged] = []
    tail = b""
    for block in blocks(book.path, book.archive, sheet.part):
        window = tail + block
        end = 0
        for match in _MERGED.finditer(window):
            one, other = (_place(p) for p in match.group(1).decode().split(":"))
            if one is not None and other is not None and one <= other:
                found.append(Merged(one[0], other[0], one[1], other[1]))
            end = match.end()
        if len(found) > _MOST_MERGED:
            raise BadSource(f"{book.path}, sheet {sheet.name!r}: more than {_MOST_MERGED:,} merged blocks")
        tail = window[max(end, len(window) - _TAIL_BYTES) :]
    return sorted(found, key=lambda one: one.first_row)


def rows(book: Workbook, sheet: Sheet) -> Iterator[Row]:
    """The rows that hold something, in order. Raises BadSource where the sheet is no XML, with the row before it."""
    reader = _Reader(book)
    made = parser((reader.begin, reader.end, reader.text))
    made.buffer_size = 1 << 16
    size = max(1, sum(info.file_size for info in book.archive.infolist() if info.filename == sheet.part))
    done = 0
    try:
        for block in blocks(book.path, book.archive, sheet.part):
            made.Parse(block, False)
            done += len(block)
            for row in reader.take():
                row.share = min(1.0, done / size)
                yield row
        made.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        where = f"{book.path}, sheet {sheet.name!r}"
        raise BadSource(f"{where}: unreadable behind row {reader.last}: {error}") from error
    yield from reader.take()


def _place(name: str) -> tuple[int, int] | None:
    """(row from 1, column from 0) of a cell's name.

    >>> _place("AB12"), _place("A0"), _place("XFE1")
    ((12, 27), None, None)
    """
    match = _PLACE.match(name)
    if match is None:
        return None
    column = 0
    for letter in match.group(1):
        column = column * 26 + ord(letter) - 64
    row = int(match.group(2))
    return (row, column - 1) if column <= MOST_COLUMNS and row <= _MOST_ROW else None


class _Reader:
    """Gathers rows from the begin, end and text of elements."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._ready: list[Row] = []
        self._row: Row | None = None
        self._cell: Mapping[str, str] = {}
        self._column = -1
        self._within = ""  # v, t or f, while its text comes
        self._spoken = False
        self._value: list[str] = []
        self._length = 0
        self._has_formula = False
        self.last = 0

    def take(self) -> list[Row]:
        """The rows that are whole by now."""
        ready, self._ready = self._ready, []
        return ready

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "c" and self._row is not None:
            self._cell, self._has_formula, self._length = attributes, False, 0
            self._value.clear()
            place = _place(attributes.get("r", ""))
            self._column = self._column + 1 if place is None else place[1]
            if self._column >= MOST_COLUMNS:
                self._row.unreadable = f"more than {MOST_COLUMNS:,} columns"
        elif tag in ("v", "t"):
            self._within = tag
        elif tag == "f":
            self._has_formula = True
        elif tag == "rPh":
            self._spoken = True
        elif tag == "row":
            number = attributes.get("r", "")
            self.last = int(number) if number.isdigit() and int(number) > self.last else self.last + 1
            if self.last > _MOST_ROW:
                raise ValueError(f"a row {self.last:,}; a sheet has {_MOST_ROW:,} at most")
            self._row, self._column = Row(self.last), -1

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._within = ""
        elif tag == "rPh":
            self._spoken = False
        elif tag == "c" and self._row is not None:
            self._settle(self._row)
        elif tag == "row" and self._row is not None:
            if self._row.values or self._row.faults or self._row.unreadable:
                self._ready.append(self._row)
            self._row = None

    def text(self, content: str) -> None:
        if self._within and not self._spoken:
            self._length += len(content)
            if self._length <= _LONGEST:
                self._value.append(content)

    def _settle(self, row: Row) -> None:
        """The value of the cell that has just ended."""
        name = self._cell.get("r") or f"column {self._column + 1}"
        raw = "".join(self._value)
        if self._length > _LONGEST:
            row.unreadable = f"{name} holds more than {_LONGEST:,} characters"
            return
        kind = self._cell.get("t", "n")
        if raw == "":
            if self._has_formula and kind != "str":
                row.faults.append(Fault("formula_uncalculated", name, "a formula that was never calculated"))
            return
        if kind == "e":
            row.faults.append(Fault("cell_error", name, f"shows {raw[:40]}"))
            return
        try:
            value = _value(kind, raw, self._is_date(), self._book)
        except (ValueError, OverflowError, IndexError):
            row.unreadable = f"{name} is of kind {kind!r}, but holds {raw[:40]!r}"
            return
        if value != "":
            row.values[self._column] = value

    def _is_date(self) -> bool:
        style = self._cell.get("s", "")
        return style.isdigit() and int(style) < len(self._book.dates) and self._book.dates[int(style)]


def _value(kind: str, raw: str, is_date: bool, book: Workbook) -> Any:
    """A cell's value. Raises ValueError, OverflowError or IndexError for what is none of its kind."""
    if kind == "s":
        place = int(raw)
        if place < 0:
            raise IndexError(place)
        return book.texts[place].strip()
    if kind in ("inlineStr", "str"):
        return unescaped(raw).strip()
    if kind == "b":
        if raw not in _TRUTHS:
            raise ValueError(raw)
        return _TRUTHS[raw]
    if kind == "d":
        return raw.strip()
    number = float(raw)
    if is_date:
        return moment(number, book.since_1904)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(raw)
    return int(raw) if _WHOLE.match(raw) else int(number) if number.is_integer() and abs(number) < 1e15 else number


def moment(serial: float, since_1904: bool) -> str:
    """A day, a time or both as ISO 8601, from the number that a workbook keeps of it.

    Day 60 of those that count from 1900 never was (Excel keeps it for Lotus' sake): days before it lie one later.

    >>> moment(45413, False), moment(45413.5, False), moment(0.25, False), moment(1, False), moment(43951, True)
    ('2024-05-01', '2024-05-01T12:00:00', '06:00:00', '1900-01-01', '2024-05-01')
    """
    if not 0 <= serial < 2_958_466:  # the year 10000
        raise ValueError(f"{serial} is no day")
    days, seconds = divmod(round(serial * 86_400), 86_400)
    base = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30 if serial >= 60 else 31)  # noqa: DTZ001
    when = base + timedelta(days=days, seconds=seconds)
    if days == 0 and not since_1904:
        return when.time().isoformat()
    return when.date().isoformat() if seconds == 0 else when.isoformat()
