"""dBASE tables, pure: fields of a fixed width, encoded many records at a time; what a field cannot hold is told."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cim.exports.sheet import Loss
from cim.plugins import Column

LONGEST_TEXT = 254
"""Bytes of a field of text: its width is one byte, and 255 is not taken by every program."""
NAME_BYTES = 10
MOST_BYTES = 2**31 - 1
"""What programs that count in 31 bits can read of one file."""

_LANGUAGE = {"gbk": 0x4D, "utf-8": 0x00}  # the language driver of code page 936; none for UTF-8, which the .cpg says
_WHOLE = 10**18  # more digits than 18 are read as a floating number
_TEXT_BYTES = {"time": 32}

Lose = Callable[[Loss], None]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its column, the name it goes by, its dBASE type, width in bytes and decimals."""

    column: Column
    name: str
    type: str
    width: int
    decimals: int = 0


def names(columns: Sequence[str], encoding: str) -> dict[str, str]:
    """Each column's name in ten bytes; of names that begin alike the later ones end in _1, _2 ...; case does not count.

    >>> names(["cim_record_from", "cim_record_to", "id"], "gbk")
    {'cim_record_from': 'cim_record', 'cim_record_to': 'cim_reco_1', 'id': 'id'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        name, number = _within(column, NAME_BYTES, encoding), 0
        while name.lower() in taken:
            number += 1
            end = f"_{number}"
            name = _within(column, NAME_BYTES - len(end), encoding) + end
        taken.add(name.lower())
        found[column] = name
    return found


def fields(columns: Sequence[Column], widths: dict[str, int], encoding: str) -> tuple[Field, ...]:
    """The fields of a table. widths: the most bytes of UTF-8 in each column of text, which no encoding here exceeds."""
    short = names([c.name for c in columns], encoding)
    found = []
    for column in columns:
        name = short[column.name]
        if column.kind == "integer":
            found.append(Field(column, name, "N", 18))
        elif column.kind == "real":
            found.append(Field(column, name, "F", 24, 15))
        elif column.kind == "boolean":
            found.append(Field(column, name, "L", 1))
        elif column.kind == "date":
            found.append(Field(column, name, "D", 8))
        else:
            wide = _TEXT_BYTES.get(column.kind, widths.get(column.name, LONGEST_TEXT))
            found.append(Field(column, name, "C", max(1, min(wide, LONGEST_TEXT))))
    return tuple(found)


def record_bytes(fields: Sequence[Field]) -> int:
    """How long a record is: its mark, then its fields."""
    return 1 + sum(field.width for field in fields)


def header(fields: Sequence[Field], count: int, encoding: str, day: date) -> bytes:
    """The beginning of a table (dBASE III) of `count` records that was last changed on `day`."""
    length = 32 + 32 * len(fields) + 1
    found = struct.pack("<4BIHH20x", 3, day.year - 1900, day.month, day.day, count, length, record_bytes(fields))
    found = found[:29] + bytes([_LANGUAGE[encoding]]) + found[30:]
    for field in fields:
        name = field.name.encode(encoding)
        found += struct.pack("<11sc4xBB14x", name, field.type.encode(), field.width, field.decimals)
    return found + b"\r"


def records(batch: pa.RecordBatch, fields: Sequence[Field], encoding: str, before: int, lose: Lose) -> bytes:
    """A batch's records. before: how many went before them, for what is told of those whose values do not fit."""
    table = np.full((batch.num_rows, record_bytes(fields)), ord(" "), dtype=np.uint8)
    at = 1
    for field in fields:
        values = batch.column(field.column.name).to_pylist()

        def told(place: int, code: str, name: str = field.column.name, values: list[Any] = values) -> None:
            lose(Loss(before + place + 1, name, code, values[place]))

        texts = _ENCODERS[field.type](values, field, encoding, told)
        _fill(table[:, at : at + field.width], texts, right=field.type in "NF")
        at += field.width
    return table.tobytes()


def _fill(place: npt.NDArray[np.uint8], texts: Sequence[bytes], *, right: bool) -> None:
    """Put texts into their field; what is left of it stays blank."""
    width = place.shape[1]
    column = np.array(texts, dtype=f"S{width}")
    if right:
        column = np.char.rjust(column, width)
    found = column.view(np.uint8).reshape(len(texts), width)
    np.copyto(place, found, where=found != 0)


Told = Callable[[int, str], None]


def _text(values: Sequence[Any], field: Field, encoding: str, told: Told) -> list[bytes]:
    found = []
    for place, value in enumerate(values):
        if value is None:
            found.append(b"")
            continue
        text = value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        try:
            data = text.encode(encoding)
        except UnicodeEncodeError:
            told(place, "not_encodable")
            data = text.encode(encoding, "replace")
        if len(data) > field.width:
            told(place, "cut")
            data = data[: field.width].decode(encoding, "ignore").encode(encoding)
        elif not text or text != text.strip(" "):
            told(place, "left_out")  # blanks at either end are not told from the field's own
        found.append(data)
    return found


def _whole(values: Sequence[Any], field: Field, encoding: str, told: Told) -> list[bytes]:
    found = []
    for place, value in enumerate(values):
        fits = value is None or -_WHOLE // 10 < value < _WHOLE
        if not fits:
            told(place, "left_out")
        found.append(b"" if value is None or not fits else b"%d" % value)
    return found


def _real(values: Sequence[Any], field: Field, encoding: str, told: Told) -> list[bytes]:
    return [b"" if value is None else repr(value).encode() for value in values]


def _truth(values: Sequence[Any], field: Field, encoding: str, told: Told) -> list[bytes]:
    return [b"?" if value is None else b"T" if value else b"F" for value in values]


def _day(values: Sequence[Any], field: Field, encoding: str, told: Told) -> list[bytes]:
    return [b"" if value is None else b"%04d%02d%02d" % (value.year, value.month, value.day) for value in values]


_ENCODERS = {"C": _text, "N": _whole, "F": _real, "L": _truth, "D": _day}


def _within(text: str, most: int, encoding: str) -> str:
    return text.encode(encoding, "replace")[:most].decode(encoding, "ignore")
