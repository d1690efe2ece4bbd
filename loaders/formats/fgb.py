"""The head of a FlatGeobuf, and where its features lie: by its index, or one behind the other."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cim.errors import BadSource
from cim.types import IntArray
from loaders.formats.flatbuffer import Buffers
from loaders.formats.placed import PIECE_ROWS, Entries
from loaders.formats.records import distinct

MAGIC = b"fgb\x03fgb"
_MAGIC_BYTES, _LENGTH_BYTES = 8, 4
_LONGEST_HEAD = 64 << 20
_NODE_BYTES = 40
_SAMPLED = 1_000
_FARTHEST = 2**40  # no file is larger; a spoilt place must not be more than the system can seek to
_READ_BYTES = 4 << 20

KINDS = (
    *("Byte", "UByte", "Bool", "Short", "UShort", "Int", "UInt", "Long", "ULong", "Float", "Double"),
    *("String", "Json", "DateTime", "Binary"),
)
"""the types of columns, by their number"""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says. columns: (name, number in KINDS). records: 0 where it does not say. features_at: where they begin.

    geometry: number of the geometry type, 0 where features say it themselves. leaves_at: where the index has the places
    of the features, None where there is no index. size: of the whole file.
    """

    geometry: int
    has_z: bool
    columns: tuple[tuple[str, int], ...]
    records: int
    crs: str | None
    leaves_at: int | None
    features_at: int
    size: int


def head(path: Path, name: str) -> Head:
    """The head of a file. Raises BadSource where it cannot be made out."""
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(_MAGIC_BYTES + _LENGTH_BYTES)
        if len(begin) < _MAGIC_BYTES + _LENGTH_BYTES or not begin.startswith(MAGIC):
            raise BadSource(f"{name}: not FlatGeobuf of version 3: it begins with {begin[:8].hex()}")
        (length,) = struct.unpack_from("<I", begin, _MAGIC_BYTES)
        if not 8 <= length <= min(_LONGEST_HEAD, size - len(begin)):
            raise BadSource(f"{name}: a head of {length:,} bytes in a file of {size:,}: damaged or cut off")
        content = np.frombuffer(file.read(length), dtype=np.uint8)
    buffers = Buffers(content, np.zeros(1, np.int64), np.array([length]), np.zeros(1, np.bool_))
    found = _head(buffers, len(begin) + length, size)
    kinds = [kind for _, kind in found.columns]
    if buffers.bad[0] or any(kind >= len(KINDS) for kind in kinds) or found.features_at > size:
        raise BadSource(f"{name}: not readable as FlatGeobuf: its head is damaged")
    return found


def _head(buffers: Buffers, end: int, size: int) -> Head:
    none = np.zeros(1, np.int64)
    root = int(buffers.roots(none, none)[0])
    records = buffers.number(root, 8, "<i8", 0)
    node = buffers.number(root, 9, "<u2", 16)
    leaves, features = None, end
    if node >= 2 and 0 < records <= size // _NODE_BYTES:
        nodes = _nodes(records, node)
        leaves, features = end + (nodes - records) * _NODE_BYTES, end + nodes * _NODE_BYTES
    return Head(
        geometry=buffers.number(root, 2, "<u1", 0),
        has_z=bool(buffers.number(root, 3, "<u1", 0)),
        columns=_columns(buffers, root),
        records=max(0, records),
        crs=_crs(buffers, root),
        leaves_at=leaves,
        features_at=features,
        size=size,
    )


def _nodes(records: int, width: int) -> int:
    """How many nodes the packed tree over the features has, the leaves included."""
    level = total = records
    while level > 1:
        level = -(-level // width)
        total += level
    return total if records > 1 else 2  # the tree of one feature has a root too


def _columns(buffers: Buffers, root: int) -> tuple[tuple[str, int], ...]:
    start, count = buffers.vector(np.array([root]), np.zeros(1, np.int64), 7, 4)
    at = start[0] + 4 * np.arange(count[0])
    tables = buffers.roots(at, np.zeros(len(at), np.int64)).tolist()
    names = [buffers.text(table, 0) or "" for table in tables]
    return tuple(zip(distinct(names), [buffers.number(table, 1, "<u1", 0) for table in tables], strict=True))


def _crs(buffers: Buffers, root: int) -> str | None:
    place = buffers.field(np.array([root]), np.zeros(1, np.int64), 10)
    if place[0] < 0:
        return None
    table = int(buffers.roots(place, np.zeros(1, np.int64))[0])
    code = buffers.number(table, 1, "<i4", 0)
    if code > 0:
        return f"{buffers.text(table, 0) or 'EPSG'}:{code}"
    named = buffers.text(table, 5)
    return buffers.text(table, 4) or (f"{buffers.text(table, 0) or 'EPSG'}:{named}" if named else None)


def is_indexed(file: BinaryIO, head: Head) -> bool:
    """Whether the index leads to features: where it says that one ends, by its own length, the next begins."""
    if head.leaves_at is None:
        return False
    at = _leaves(file, head, 0, min(_SAMPLED, head.records))
    fits = 0
    for place, following in zip(at.tolist(), [*at[1:].tolist(), None], strict=True):
        file.seek(place)
        length = file.read(_LENGTH_BYTES)
        ends = place + _LENGTH_BYTES + struct.unpack("<I", length)[0] if len(length) == _LENGTH_BYTES else -1
        fits += ends == following or (following is None and ends > 0)
    there = int((at < head.size).sum())
    return there > 0 and bool((np.diff(at) > 0).all()) and fits * 2 >= there


def _leaves(file: BinaryIO, head: Head, first: int, count: int) -> IntArray:
    """Where features lie in the file, by the index."""
    file.seek((head.leaves_at or 0) + first * _NODE_BYTES)
    raw = np.frombuffer(file.read(count * _NODE_BYTES), dtype=np.uint8)
    nodes = raw[: len(raw) // _NODE_BYTES * _NODE_BYTES].reshape(-1, _NODE_BYTES)
    offsets = np.ascontiguousarray(nodes[:, 32:]).view("<i8")[:, 0]
    return np.asarray(np.clip(offsets, 0, _FARTHEST) + head.features_at, dtype=np.int64)


def by_index(file: BinaryIO, head: Head, first: int) -> Iterator[Entries]:
    """Where the features lie from number `first` (0-based) on, their lengths left out, by where the next one begins."""
    for start in range(first, head.records, PIECE_ROWS):
        at = _leaves(file, head, start, min(PIECE_ROWS + 1, head.records - start))
        last = start + PIECE_ROWS >= head.records
        ends = np.append(at[1:], head.size) if last else at[1:]
        begins = at if last else at[:-1]
        yield Entries(begins + _LENGTH_BYTES, np.clip(ends - begins - _LENGTH_BYTES, 0, None))


def by_walking(file: BinaryIO, head: Head, first: int) -> Iterator[Entries]:
    """The same by the length before each feature. What lies behind a length that cannot be is one last entry."""
    found: list[tuple[int, int]] = []
    for number, entry in enumerate(_walked(file, head)):
        if number >= first:
            found.append(entry)
        if len(found) == PIECE_ROWS:
            yield Entries.of(found)
            found = []
    if found:
        yield Entries.of(found)


def _walked(file: BinaryIO, head: Head) -> Iterator[tuple[int, int]]:
    begin, text, at = head.features_at, b"", 0
    while begin + at < head.size:
        if at + _LENGTH_BYTES > len(text):
            begin, at = begin + at, 0
            file.seek(begin)
            text = file.read(_READ_BYTES)
            if len(text) < _LENGTH_BYTES:
                yield begin + len(text), 0
                return
        (length,) = struct.unpack_from("<I", text, at)
        yield begin + at + _LENGTH_BYTES, length
        at += _LENGTH_BYTES + length
