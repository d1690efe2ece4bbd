"""A table on its way out, and the contract of those who write it: one format a file in `targets`, one registry line."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from cim.plugins import Column
from cim.types import Box


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table on its way out, as its writer knows it before the first record.

    name: of the table within its file. shapes: the kinds of geometry, such as MultiPolygon; none: records without a
    place. crs: canonical. encoding: of text, one that the target knows. widths: the most bytes (UTF-8) that each column
    of text or JSON holds. box: around everything, in `crs`; None: no place. points: coordinates in all. stamp: the
    moment that formats write into their files as the time of the last change. height_datum: what heights count from.
    """

    name: str
    columns: tuple[Column, ...]
    shapes: frozenset[str]
    has_z: bool
    crs: str
    records: int
    points: int
    box: Box | None
    encoding: str
    widths: Mapping[str, int]
    stamp: datetime
    height_datum: str

    @property
    def shape(self) -> str | None:
        """The one kind of all geometries, with ` Z` where they have heights; `Unknown` of several kinds; None of none."""
        if not self.shapes:
            return None
        only = next(iter(self.shapes)) if len(self.shapes) == 1 else "Unknown"
        return f"{only} Z" if self.has_z and only != "Unknown" else only


@dataclass(frozen=True, slots=True)
class Loss:
    """A value that a format could not hold as it is: of which record of the table (from 1), which column, and why.

    code: `cut` (text that is too long), `not_encodable` (characters), `rounded`, `left_out`. value: what it was, whole.
    """

    row: int
    column: str
    code: str
    value: Any


@dataclass(frozen=True, slots=True)
class Written:
    """What a target made: its files (the one to open first) and the columns whose names it had to change."""

    files: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)


class TargetFormat(Protocol):
    """Writes one file format. What is written, and under which names the files come to lie, is the caller's."""

    @property
    def name(self) -> str:
        """The format's short name, as the command line takes it."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def suffix(self) -> str:
        """The ending of the file to open, with its dot."""
        ...

    @property
    def encodings(self) -> tuple[str, ...]:
        """The encodings of text that it can be written in; the first one unless another is asked for."""
        ...

    def write(
        self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]
    ) -> Written:
        """Write the records to `path` (and files beside it of the same stem), in memory that does not grow with them.

        batches: the sheet's columns in their order, then `geometry` (WKB in the sheet's CRS). lose: told of every value
        that the format cannot hold. Raises BadInput where it cannot hold the whole, with the remedy.
        """
        ...
