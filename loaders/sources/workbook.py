"""XLSX: one sheet of records at points, as offices keep them: titles above, merged cells, formulas, numbers as text."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import Issue, Rejected
from loaders.formats.point_tables import placed, told
from loaders.formats.stated_crs import needs_place, stated_crs
from loaders.formats.workbook_parts import Sheet, Workbook, open_workbook
from loaders.formats.workbook_rows import MOST_COLUMNS, Fault, Merged, Row, merged_of, rows

BATCH_ROWS = 20_000
_PROBED_ROWS = 30
_HEADER_SHARE = 0.6  # of the widest of the first rows: titles and notes fill fewer cells (the project's own default)
_NEAR = ("xlsx", "xlsm")


@dataclass(frozen=True, slots=True)
class Xlsx:
    """The format. A record's number is the number of its row in the sheet, as the program that shows it has it."""

    name: str = "XLSX"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first bytes of a zip and the ending."""
        return head.startswith(b"PK\x03\x04") and name.lower().endswith(tuple(f".{ending}" for ending in _NEAR))

    def tables(self, path: Path) -> list[str]:
        """The sheets that people see and that hold something. Raises BadSource for a file that is no workbook."""
        book = open_workbook(path)
        with closing(book.archive):
            return [sheet.name for sheet in _filled(book)]

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 points of one sheet: the only one that holds something, or the `table` that is stated.

        The header is the first row that is like one; what stands above it is told. Merged cells have the value of their
        first one, an error or a formula that was never calculated is empty: each is told by its cell. Without a place to
        give, `lon` and `lat` may be absent. A row that cannot be made out is in `damaged`.
        """
        book = open_workbook(Path(source.location))
        with closing(book.archive):
            sheet = _chosen(book, source)
            yield from _Reading(book, sheet, source).batches(after)


XLSX = Xlsx()


def _filled(book: Workbook) -> list[Sheet]:
    return [s for s in book.sheets if not s.is_hidden and next(rows(book, s), None) is not None]


def _chosen(book: Workbook, source: Source) -> Sheet:
    if source.table is not None:
        for sheet in book.sheets:
            if sheet.name == source.table:
                return sheet
        there = ", ".join(sheet.name for sheet in book.sheets) or "none"
        raise BadSource(f"{source.location}: no sheet {source.table!r}; it has {there}")
    filled = _filled(book)
    if len(filled) != 1:
        names = ", ".join(sheet.name for sheet in filled) or "none that holds anything"
        raise BadSource(f"{source.location}: {len(filled)} sheets ({names}); expected one: say which with `table`")
    return filled[0]


@dataclass(frozen=True, slots=True)
class _Header:
    """The row with the names of the columns: its number, column (from 0) -> name, and how many rows lie above it."""

    row: int
    names: dict[int, str]


class _Reading:
    """One sheet being read."""

    def __init__(self, book: Workbook, sheet: Sheet, source: Source) -> None:
        self._book, self._sheet, self._source = book, sheet, source
        self._where = f"{source.location}, sheet {sheet.name!r}"
        self._merged = _Blocks(merged_of(book, sheet), self._where)
        self._size = Path(source.location).stat().st_size

    def batches(self, after: int) -> Iterator[Batch]:
        all_rows = (self._merged.fill(row) for row in rows(self._book, self._sheet))
        probed = list(islice(all_rows, _PROBED_ROWS))
        header = self._header([row for row, _ in probed])
        self._merged.last = max(header.names)
        place = self._place(header)
        behind = [one for one in probed if one[0].number > header.row]
        crs = self._crs(behind, header, place)
        notes = self._notes(header) if after == 0 else ()
        some: list[tuple[Row, Sequence[str]]] = []
        done = 0
        for one in _chained(behind, all_rows):
            done += 1
            if one[0].number > after:
                some.append(one)
            if len(some) >= BATCH_ROWS:
                yield self._batch(some, header, place, crs, notes)
                some, notes = [], ()
        if some:
            yield self._batch(some, header, place, crs, notes)
        if not done:
            raise BadSource(f"{self._where}: a header in row {header.row} but no records; expected at least one")

    def _header(self, probed: Sequence[Row]) -> _Header:
        """The first row that names its columns: texts, all different, nearly as many as the widest row has cells.

        Where the owner states columns it is the first row with all of them.
        """
        if not probed:
            raise BadSource(f"{self._where}: it is empty")
        widest = max(len(row.values) for row in probed)
        wanted = set(self._source.columns.values())
        for row in probed:
            texts = {column: " ".join(str(value).split()) for column, value in row.values.items()}
            different = len(set(texts.values())) == len(texts)
            if different and wanted and wanted <= set(texts.values()):
                return _Header(row.number, texts)
            like = all(isinstance(value, str) for value in row.values.values())
            if different and not wanted and like and len(texts) >= max(1, round(_HEADER_SHARE * widest)):
                return _Header(row.number, texts)
        seen = ", ".join(str(value) for value in list(probed[0].values.values())[:8])
        what = f"with {', '.join(sorted(wanted))}" if wanted else "of different names"
        raise BadSource(
            f"{self._where}: no row {what} among its first {len(probed)}; the first has {seen or 'nothing'}"
        )

    def _place(self, header: _Header) -> tuple[str, str] | None:
        if not needs_place(self._source):
            return None
        columns = self._source.columns
        place = (columns.get("lon", "lon"), columns.get("lat", "lat"))
        for column in place:
            if column not in header.names.values():
                there = ", ".join(header.names.values())
                raise BadSource(f"{self._where}: no column {column!r}; the header in row {header.row} has {there}")
        return place

    def _crs(self, behind: Sequence[tuple[Row, Sequence[str]]], header: _Header, place: tuple[str, str] | None) -> str:
        if place is None:
            return stated_crs(self._source, None)
        frame, _ = _frame([row for row, _ in behind], header, place)
        return stated_crs(self._source, None, frame.geometry.get_coordinates().to_numpy())

    def _notes(self, header: _Header) -> tuple[Issue, ...]:
        """What is to be said of the sheet as a whole."""
        found = [Issue("header_row", f"the names of the columns stand in row {header.row}")] if header.row > 1 else []
        if self._source.table is None:
            hidden = [sheet.name for sheet in self._book.sheets if sheet.is_hidden]
            found += [Issue("sheet_hidden", f"sheet {name!r} is hidden and is not read") for name in hidden]
        return tuple(found)

    def _batch(
        self,
        some: Sequence[tuple[Row, Sequence[str]]],
        header: _Header,
        place: tuple[str, str] | None,
        crs: str,
        notes: tuple[Issue, ...],
    ) -> Batch:
        good = [row for row, _ in some if row.unreadable is None]
        frame, written = _frame(good, header, place)
        issues = [issue for row, filled in some for issue in _issues(row, filled, header)]
        damaged = tuple(_damaged(row, header) for row, _ in some if row.unreadable is not None)
        last = some[-1][0]
        return Batch(
            frame,
            crs,
            damaged=damaged,
            issues=(*notes, *told(written, place), *issues),
            last_row=last.number,
            size_bytes=self._size,
            done_bytes=round(self._size * last.share),
        )


class _Blocks:
    """The merged blocks of a sheet, as rows pass by: their cells have the value of their first one."""

    def __init__(self, merged: Sequence[Merged], where: str) -> None:
        self._coming = list(reversed(merged))
        self._here: list[tuple[Merged, Any]] = []
        self._where = where
        self.last = MOST_COLUMNS - 1  # nothing is filled behind this column

    def fill(self, row: Row) -> tuple[Row, Sequence[str]]:
        """The row with its merged cells filled, and the names of those that were filled from another row or column."""
        self._here = [(block, value) for block, value in self._here if block.last_row >= row.number]
        while self._coming and self._coming[-1].first_row <= row.number:
            block = self._coming.pop()
            if block.last_row >= row.number:
                value = row.values.get(block.first) if block.first_row == row.number else None
                self._here.append((block, value))
        if sum(block.last - block.first + 1 for block, _ in self._here) > MOST_COLUMNS:
            raise BadSource(f"{self._where}: merged blocks that overlap in row {row.number}")
        filled = []
        for block, value in self._here:
            if value is None:
                continue
            for column in range(block.first, min(block.last, self.last) + 1):
                if column not in row.values:
                    row.values[column] = value
                    filled.append(column)
        return row, [str(column) for column in filled]


def _chained(first: Sequence[Any], rest: Iterator[Any]) -> Iterator[Any]:
    yield from first
    yield from rest


def _frame(some: Sequence[Row], header: _Header, place: tuple[str, str] | None) -> tuple[Any, int]:
    index = pd.Index([row.number for row in some], dtype="int64")
    columns = {name: [row.values.get(column) for row in some] for column, name in header.names.items()}
    return placed(columns, index, place)


def _issues(row: Row, filled: Sequence[str], header: _Header) -> Iterator[Issue]:
    """What is to be said of a row that is read."""
    if row.unreadable is not None:
        return
    for fault in row.faults:
        yield _told(fault, row)
    names = [header.names[int(column)] for column in filled if int(column) in header.names]
    if names:
        yield Issue(
            "merged_cells", f"{', '.join(names)}: merged with another cell", row.number, "filled with its value"
        )
    beyond = [column for column in row.values if column not in header.names]
    if beyond and not set(map(str, beyond)) <= set(filled):
        values = ", ".join(repr(str(row.values[column])[:20]) for column in beyond[:3])
        yield Issue("cell_beyond_header", f"{values} under no heading", row.number, "left out")


def _told(fault: Fault, row: Row) -> Issue:
    return Issue(fault.code, f"{fault.cell}: {fault.what}", row.number, "left empty")


def _damaged(row: Row, header: _Header) -> Rejected:
    content = {name: str(row.values[column])[:200] for column, name in header.names.items() if column in row.values}
    return Rejected(row.number, ("cell_unreadable",), str(row.unreadable), {"raw": str(content)})
