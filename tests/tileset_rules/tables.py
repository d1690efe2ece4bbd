"""Property tables by the rules: columns as long as they must be, values of the kinds, ranges and codes declared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.tileset_rules import schema as schemas
from tests.tileset_rules.json_text import is_whole
from tests.tileset_rules.report import Report
from tests.tileset_rules.schema import Kind
from tests.tileset_rules.tile import TableSeen

_OFFSETS = {"UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table's bytes lie. view: the bytes of a buffer view, None where it is broken (noted elsewhere).

    offset: where a view starts. alignment: what offsets are multiples of; 0: the component's size.
    """

    view: Callable[[Any], bytes | None]
    offset: Callable[[Any], int]
    uri: str
    report: Report
    alignment: int = 0


def check(table: dict[str, Any], schema: dict[str, Any], source: Source, name: str) -> TableSeen | None:
    """One property table; returns its columns of numbers, codes and truth values."""
    uri, report = source.uri, source.report
    class_name, count = table.get("class"), table.get("count")
    properties = schemas.classes(schema).get(class_name)
    if properties is None or not is_whole(count, 1):
        report.add(uri, "table.class", f"{name}: {count!r} rows of class {class_name!r}")
        return None
    entries = table.get("properties", {})
    for missing in [p for p, declared in properties.items() if declared.get("required") and p not in entries]:
        report.add(uri, "table.properties", f"{name}: {missing} is required and not there")
    seen = TableSeen(str(class_name), int(count), {})
    for key, entry in entries.items():
        if key not in properties:
            report.add(uri, "table.properties", f"{name}: {key} is not of {class_name}")
            continue
        kind = schemas.kind_of(properties[key], schema)
        if kind is None:
            continue  # noted with the schema
        column = _Column(f"{name}.{key}", entry, properties[key], kind, source)
        values = column.read(int(count))
        if values is not None:
            seen.columns[key] = values
    return seen


@dataclass
class _Column:
    """One property of a table while it is being read."""

    name: str
    entry: dict[str, Any]
    declared: dict[str, Any]
    kind: Kind
    source: Source

    def read(self, count: int) -> np.ndarray | None:
        """The values, (count,) for single ones, (count, k) for fixed arrays and vectors; None for text and the rest."""
        data = self.source.view(self.entry.get("values"))
        if data is None:
            return None
        if self.kind.length is None:
            ends = self._offsets("arrayOffsets", "arrayOffsetType", count)
            if ends is None:
                return None
            total = int(ends[-1])
        else:
            total = count * self.kind.length
        if self.kind.type == "STRING":
            self._text(data, total)
            return None
        if self.kind.type == "BOOLEAN":
            return self._bits(data, total)
        return self._numbers(data, total, count)

    def _note(self, rule: str, what: str) -> None:
        self.source.report.add(self.source.uri, rule, f"{self.name}: {what}")

    def _aligned(self, view: Any, size: int) -> None:
        step = self.source.alignment or size
        if self.source.offset(view) % step:
            self._note("property.alignment", f"starts at {self.source.offset(view)}, not a multiple of {step}")

    def _offsets(self, key: str, type_key: str, count: int) -> np.ndarray | None:
        dtype = _OFFSETS.get(self.entry.get(type_key, "UINT32"))
        data = self.source.view(self.entry[key]) if key in self.entry else None
        if dtype is None or data is None or len(data) != (count + 1) * np.dtype(dtype).itemsize:
            length = None if data is None else len(data)
            self._note("property.offsets", f"{length} bytes of {key} for {count} values")
            return None
        self._aligned(self.entry[key], np.dtype(dtype).itemsize)
        offsets = np.frombuffer(data, dtype).astype(np.int64)
        if (np.diff(offsets) < 0).any() or offsets[0] != 0:
            self._note("property.offsets", f"{key} fall, or do not start at 0")
            return None
        return offsets

    def _text(self, data: bytes, total: int) -> None:
        offsets = self._offsets("stringOffsets", "stringOffsetType", total)
        if offsets is None:
            return
        if offsets[-1] != len(data):
            self._note("property.offsets", f"the last is {offsets[-1]}, the text has {len(data)} bytes")
            return
        try:
            for start, stop in zip(offsets[:-1], offsets[1:], strict=True):
                data[start:stop].decode("utf-8")
        except UnicodeDecodeError as error:
            self._note("property.text", str(error))

    def _bits(self, data: bytes, total: int) -> np.ndarray | None:
        if len(data) != -(-total // 8):
            self._note("property.length", f"{len(data)} bytes for {total} bits")
            return None
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        if bits[total:].any():
            self._note("property.padding", "unused bits are set")
        return bits[:total].astype(np.bool_) if self.kind.length == 1 else None

    def _numbers(self, data: bytes, total: int, count: int) -> np.ndarray | None:
        assert self.kind.dtype is not None
        size = self.kind.dtype.itemsize
        if len(data) != total * self.kind.width * size:
            self._note("property.length", f"{len(data)} bytes for {total} times {self.kind.width} of {size}")
            return None
        self._aligned(self.entry["values"], size)
        values = np.frombuffer(data, self.kind.dtype)
        if self.kind.codes is not None:
            strange = sorted(set(np.unique(values).tolist()) - self.kind.codes)
            if strange:
                self._note("property.enum", f"{strange[:5]} are not of {self.declared.get('enumType')}")
        if self.kind.length is None:
            return None
        rows = values.reshape(count, -1)
        self._minmax(rows)
        return rows[:, 0] if rows.shape[1] == 1 else rows

    def _minmax(self, rows: np.ndarray) -> None:
        known = rows[~is_no_data(rows, self.declared)]
        if self.kind.codes is not None or len(known) == 0:
            return
        final = transformed(known, self.declared | {k: self.entry[k] for k in ("offset", "scale") if k in self.entry})
        low, high = final.min(axis=0), final.max(axis=0)
        for key, found, sign in (("min", low, 1), ("max", high, -1)):
            if key in self.declared and (sign * (found - _flat(self.declared[key], found)) < 0).any():
                self._note("property.minmax", f"{key} of the class is {self.declared[key]}, found {found.tolist()}")
            if key in self.entry and not np.allclose(found, _flat(self.entry[key], found), rtol=1e-6, atol=0):
                self._note("property.minmax", f"{key} of the table is {self.entry[key]}, found {found.tolist()}")


def is_no_data(rows: np.ndarray, declared: dict[str, Any]) -> np.ndarray:
    """Which rows (n,) of values (n, k) stand for unknown."""
    no_data = declared.get("noData")
    stated = np.ravel(np.array([] if no_data is None else no_data))
    if stated.dtype.kind not in "iuf" or len(stated) != rows.shape[1]:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.asarray((rows == stated.astype(rows.dtype)).all(axis=1))


def transformed(rows: np.ndarray, declared: dict[str, Any]) -> np.ndarray:
    """Values (n, k) as clients see them: normalised, scaled, moved."""
    if declared.get("normalized"):
        rows = np.maximum(rows / np.iinfo(rows.dtype).max, -1.0)
    elif not {"offset", "scale"} & declared.keys():
        return rows
    return _flat(declared.get("offset", 0.0), rows) + _flat(declared.get("scale", 1.0), rows) * rows


def _flat(stated: Any, like: np.ndarray) -> np.ndarray:
    """JSON numbers of a property as a row; of the values' own type where those are single floats."""
    numbers = np.ravel(np.array(stated, dtype=np.float64))
    return numbers.astype(np.float32).astype(np.float64) if like.dtype == np.float32 else numbers
