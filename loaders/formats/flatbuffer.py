"""FlatBuffers tables, thousands at a time: every offset is checked against its record's own bytes before it is followed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cim.types import BoolArray, FloatArray, IntArray
from loaders.formats import ragged
from loaders.formats.placed import Octets


@dataclass(slots=True)
class Buffers:
    """The bytes of n records. low, high: (n,) each record's own; bad: (n,) those that pointed outside of them.

    Tables are given as positions (m,) together with the records (m,) that they belong to.
    """

    content: Octets
    low: IntArray
    high: IntArray
    bad: BoolArray

    def numbers(self, at: IntArray, record: IntArray, kind: str) -> IntArray:
        """Little-endian whole numbers (m,) of a numpy kind such as `<u2`; 0 where the place is not the record's."""
        return self.values(at, record, kind).astype(np.int64)

    def doubles(self, at: IntArray, record: IntArray, kind: str = "<f8") -> FloatArray:
        """Little-endian floating numbers (m,); 0.0 where the place is not the record's."""
        return self.values(at, record, kind).astype(np.float64)

    def values(self, at: IntArray, record: IntArray, kind: str) -> "np.ndarray[Any, Any]":
        """Little-endian values (m,) of a numpy kind; 0 where the place is not the record's."""
        width = np.dtype(kind).itemsize
        sound = self._within(at, np.full(len(at), width), record)
        out = np.zeros(len(at), dtype=kind)
        if sound.any():
            octets = self.content[at[sound][:, None] + np.arange(width)]
            out[sound] = np.ascontiguousarray(octets).view(kind)[:, 0]
        return out

    def _within(self, at: IntArray, size: IntArray, record: IntArray) -> BoolArray:
        """Which stretches lie in their record; the records of the others are bad."""
        sound = (at >= self.low[record]) & (at + size <= self.high[record]) & (size >= 0)
        self.bad[record[~sound]] = True
        return np.asarray(sound, dtype=np.bool_)

    def roots(self, at: IntArray, record: IntArray) -> IntArray:
        """What the offsets at these places point to: tables, texts, lists."""
        return at + self.numbers(at, record, "<u4")

    def field(self, table: IntArray, record: IntArray, number: int) -> IntArray:
        """Where a field of tables stands (m,); -1 where a table has none."""
        layout = table - self.numbers(table, record, "<i4")
        size = self.numbers(layout, record, "<u2")
        has = size >= 6 + 2 * number
        offset = np.zeros(len(table), dtype=np.int64)
        offset[has] = self.numbers(layout[has] + 4 + 2 * number, record[has], "<u2")
        return np.where(offset > 0, table + offset, -1)

    def vector(self, table: IntArray, record: IntArray, number: int, width: int) -> tuple[IntArray, IntArray]:
        """Where a list's elements of `width` bytes begin, and how many there are (0 where there is no list): (m,) each."""
        place = self.field(table, record, number)
        has = place >= 0
        start, count = np.zeros(len(table), dtype=np.int64), np.zeros(len(table), dtype=np.int64)
        at = self.roots(place[has], record[has])
        start[has], count[has] = at + 4, self.numbers(at, record[has], "<u4")
        some = np.flatnonzero(count)
        count[some[~self._within(start[some], count[some] * width, record[some])]] = 0
        return start, count

    def elements(self, start: IntArray, count: IntArray, kind: str) -> "np.ndarray[Any, Any]":
        """All elements of lists that `vector` found sound, behind each other."""
        width = np.dtype(kind).itemsize
        return self.content[ragged.spans(start, count * width)].view(kind)

    def text(self, table: int, number: int, record: int = 0) -> str | None:
        """A text of one table; None where it has none."""
        start, count = self.vector(np.array([table]), np.array([record]), number, 1)
        place = self.field(np.array([table]), np.array([record]), number)
        if place[0] < 0 or self.bad[record]:
            return None
        return self.content[start[0] : start[0] + count[0]].tobytes().decode("utf-8", "replace")

    def number(self, table: int, number: int, kind: str, default: int, record: int = 0) -> int:
        """A whole number of one table; `default` where it has none."""
        place = self.field(np.array([table]), np.array([record]), number)
        return default if place[0] < 0 else int(self.numbers(place, np.array([record]), kind)[0])
