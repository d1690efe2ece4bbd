"""The attribute table of a shapefile (dBASE): fixed fields in fixed rows, read a piece at a time."""

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from cim.errors import BadSource
from cim.types import BoolArray
from loaders.formats.records import distinct

Bytes = npt.NDArray[np.uint8]

_HEADER, _DESCRIPTOR = 32, 32
_DELETED = ord("*")
_EXACT_DIGITS = 18  # what an int64 always holds


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its raw name, its kind as dBASE letters it, and where it lies in a row."""

    raw: bytes
    kind: str
    start: int
    width: int
    decimals: int


@dataclass(frozen=True, slots=True)
class Table:
    """What the head of a .dbf says. records: those that are there; declared: those that it says there are."""

    path: Path
    fields: tuple[Field, ...]
    records: int
    declared: int
    row_bytes: int
    head_bytes: int
    language: int

    def names(self, encoding: str) -> list[str]:
        """The columns' names, each but once."""
        return distinct([f.raw.decode(encoding, "replace").strip() for f in self.fields])


@dataclass(slots=True)
class Rows:
    """Some rows: deleted (n,), columns in the order of the fields; cut: (place, column) of texts mended at their end."""

    deleted: BoolArray
    columns: list[list[Any]]
    cut: list[tuple[int, int]] = field(default_factory=list)


def open_table(path: Path, name: str) -> Table:
    """The head of a .dbf. Raises BadSource under the source's name where its fields cannot be told apart."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEADER)
        if len(head) < _HEADER:
            raise BadSource(f"{name}: its {path.suffix} is {len(head)} bytes long; its head alone takes {_HEADER}")
        declared, head_bytes, row_bytes = struct.unpack_from("<IHH", head, 4)
        descriptors = file.read(max(0, head_bytes - _HEADER))
    fields = _fields(descriptors, row_bytes)
    if not fields or row_bytes < 1 + sum(f.width for f in fields) or head_bytes > size:
        raise BadSource(
            f"{name}: the head of its {path.suffix} is damaged: {len(fields)} fields of "
            f"{sum(f.width for f in fields)} bytes in rows of {row_bytes}"
        )
    there = (size - head_bytes) // row_bytes
    if there * row_bytes + row_bytes - 1 == size - head_bytes and there < declared:
        there += 1  # the last row may lack its last byte, a blank
    return Table(path, fields, min(there, declared) if declared else there, declared, row_bytes, head_bytes, head[29])


def _fields(descriptors: bytes, row_bytes: int) -> tuple[Field, ...]:
    """The columns; a text's width has a second byte, which careless writers fill with anything."""
    raw = []
    for at in range(0, len(descriptors) - _DESCRIPTOR + 1, _DESCRIPTOR):
        if descriptors[at] == 0x0D:
            break
        raw.append(descriptors[at : at + _DESCRIPTOR])
    for wide in (True, False):
        fields, start = [], 1
        for one in raw:
            kind = chr(one[11])
            width = one[16] + (one[17] << 8 if wide and kind == "C" else 0)
            fields.append(Field(one[:11].split(b"\0")[0], kind, start, width, one[17]))
            start += width
        if start == row_bytes:
            break
    return tuple(fields)


def read(file: BinaryIO, table: Table, first: int, count: int) -> Bytes:
    """Rows from `first` (0-based) on, (n, row_bytes); fewer than `count` at the end."""
    count = max(0, min(count, table.records - first))
    file.seek(table.head_bytes + first * table.row_bytes)
    content = file.read(count * table.row_bytes)
    content += b" " * (count * table.row_bytes - len(content))
    return np.frombuffer(content, dtype=np.uint8).reshape(count, table.row_bytes)


def rows(content: Bytes, table: Table, encoding: str) -> Rows:
    """Rows as values: text, whole and other numbers, truths, days as ISO 8601 text; blanks and overflows are None."""
    found = Rows(content[:, 0] == _DELETED, [])
    for number, one in enumerate(table.fields):
        cells = np.ascontiguousarray(content[:, one.start : one.start + one.width])
        if one.kind in "NF":
            found.columns.append(_numbers(_texts(cells)))
        elif one.kind == "D":
            found.columns.append([_day(t.strip().decode("latin-1")) for t in _texts(cells)])
        elif one.kind == "L":
            found.columns.append([_TRUTHS.get(t.strip()) for t in _texts(cells)])
        elif one.kind in _BINARY and one.width == _BINARY[one.kind][1]:
            found.columns.append([_finite(v) for v in cells.view(_BINARY[one.kind][0])[:, 0].tolist()])
        elif one.kind == "C":
            found.columns.append(_decoded(cells, encoding, found.cut, number))
        else:
            found.columns.append([None] * len(content))
    return found


UNREAD = "MGPB@"
"""kinds of columns that point into other files or that nobody documents: they are left empty, and it is said"""

_TRUTHS = dict.fromkeys((b"T", b"t", b"Y", b"y"), True) | dict.fromkeys((b"F", b"f", b"N", b"n"), False)
_BINARY = {"O": ("<f8", 8), "I": ("<i4", 4), "+": ("<i4", 4)}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _texts(cells: Bytes) -> list[bytes]:
    """Cells (n, width) as bytes without the NULs behind them."""
    if not cells.size:
        return [b""] * len(cells)
    texts: list[bytes] = cells.view(f"S{cells.shape[1]}")[:, 0].tolist()
    return texts


def _numbers(texts: list[bytes]) -> list[Any]:
    """Numbers as written: whole ones as integers of any length, `****` (it did not fit) and blanks as None, others text."""
    whole = not any(b"." in t or b"e" in t or b"E" in t for t in texts)
    out: list[Any] = []
    for text in texts:
        try:
            out.append(int(text) if whole else float(text))
        except ValueError:
            out.append(_odd_number(text.strip(b" \0")))
    return [None if type(v) is float and not math.isfinite(v) else v for v in out] if not whole else out


def _odd_number(text: bytes) -> Any:
    if not text or text.startswith((b"*", b"-nan", b"nan", b"-1.#", b"1.#")):
        return None
    try:
        return float(text)
    except ValueError:
        return text.decode("latin-1").replace("\0", "\\x00")


def _day(text: str) -> str | None:
    if len(text) == 8 and text.isdigit():
        return None if text == "00000000" else f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text.replace("\0", "\\x00") or None


def _decoded(cells: Bytes, encoding: str, cut: list[tuple[int, int]], column: int) -> list[Any]:
    """Texts; what is no text comes as half surrogate pairs, a character that the field's end cut through is left out."""
    width = cells.shape[1]
    texts = [t.rstrip(b" ") for t in _texts(cells)]
    try:
        return [t.decode(encoding) or None for t in texts]
    except UnicodeDecodeError:
        pass
    out: list[Any] = []
    for place, text in enumerate(texts):
        whole = whole_characters(text, width, encoding)
        if whole is not None and len(whole) < len(text):
            cut.append((place, column))
        out.append((text if whole is None else whole).decode(encoding, "surrogateescape") or None)
    return out


def whole_characters(text: bytes, width: int, encoding: str) -> bytes | None:
    """The text up to where its field, if it is full, cut through a character; None where it is not in this encoding."""
    for less in range(4 if len(text) == width else 1):
        try:
            text[: len(text) - less].decode(encoding)
        except UnicodeDecodeError:
            continue
        return text[: len(text) - less]
    return None
