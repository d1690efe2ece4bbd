"""The geometry file of a shapefile (.shp, .shx): where its records lie, and what geometries their bytes are."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cim.errors import BadSource
from loaders.formats.placed import PIECE_ROWS, Entries

HEAD_BYTES = 100
RECORD_HEAD_BYTES = 8
_MAGIC = 9994
_SEARCHED_BYTES = 1 << 20
_SAMPLED = 1_000

KINDS = {
    **{
        0: "null",
        1: "Point",
        3: "PolyLine",
        5: "Polygon",
        8: "MultiPoint",
        11: "PointZ",
        13: "PolyLineZ",
        15: "PolygonZ",
    },
    **{18: "MultiPointZ", 21: "PointM", 23: "PolyLineM", 25: "PolygonM", 28: "MultiPointM", 31: "MultiPatch"},
}
"""the shape types of the ESRI white paper (July 1998)"""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a .shp says: the kind of its shapes, how long the file should be; and how long it is."""

    kind: int
    declared_bytes: int
    size: int


def head(path: Path, name: str) -> Head:
    """The head of a .shp. Raises BadSource where the file is none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        content = file.read(HEAD_BYTES)
    if len(content) < HEAD_BYTES or struct.unpack_from(">i", content)[0] != _MAGIC:
        raise BadSource(f"{name}: not a shapefile: {len(content)} bytes of a head that begins with {content[:4].hex()}")
    (words,) = struct.unpack_from(">i", content, 24)
    (kind,) = struct.unpack_from("<i", content, 32)
    if kind not in KINDS:
        raise BadSource(f"{name}: shapes of type {kind}, which the format does not know")
    return Head(kind, 2 * words, size)


def indexed(shp: Path, shx: Path | None) -> int | None:
    """How many records the .shx lists; None where it is missing, or leads to something else than records."""
    if shx is None or shx.stat().st_size < HEAD_BYTES:
        return None
    count = (shx.stat().st_size - HEAD_BYTES) // 8
    with shp.open("rb") as file, shx.open("rb") as index:
        index.seek(HEAD_BYTES)
        entries = np.frombuffer(index.read(8 * min(count, _SAMPLED)), dtype=">i4").reshape(-1, 2)
        fits = 0
        for number, (words, length) in enumerate(entries.tolist(), start=1):
            file.seek(max(0, 2 * words))
            found = file.read(RECORD_HEAD_BYTES)
            fits += found in (struct.pack(">ii", number, length), struct.pack(">ii", number - 1, length))
    behind = entries[:, 0].astype(np.int64) * 2 >= shp.stat().st_size  # what was cut off says nothing of the index
    expected = len(entries) - int(behind.sum())
    return count if fits * 2 >= expected else None


def by_index(shx: Path, count: int, first: int) -> Iterator[Entries]:
    """Entries of the .shx from record `first` (0-based) on."""
    with shx.open("rb") as file:
        for start in range(first, count, PIECE_ROWS):
            file.seek(HEAD_BYTES + 8 * start)
            raw = np.frombuffer(file.read(8 * min(PIECE_ROWS, count - start)), dtype=">i4").reshape(-1, 2)
            words = raw.astype(np.int64)
            yield Entries(2 * words[:, 0] + RECORD_HEAD_BYTES, 2 * words[:, 1])


def by_walking(shp: Path, first: int) -> Iterator[Entries]:
    """Entries as the records follow each other in the .shp; behind a wrong length it goes on where the next number is."""
    with shp.open("rb") as file:
        found: list[tuple[int, int]] = []
        for number, entry in enumerate(_walked(file, shp.stat().st_size)):
            if number >= first:
                found.append(entry)
            if len(found) == PIECE_ROWS:
                yield Entries.of(found)
                found = []
    if found:
        yield Entries.of(found)


def _walked(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    at, number, counts = HEAD_BYTES, 1, True
    while at + RECORD_HEAD_BYTES <= size:
        file.seek(at)
        found, words = struct.unpack(">ii", file.read(RECORD_HEAD_BYTES))
        if number == 1:
            counts = found == 1
        end = at + RECORD_HEAD_BYTES + 2 * words
        if counts and (words < 2 or end > size or not _begins(file, end, number + 1, size)):
            end = _next_record(file, at + RECORD_HEAD_BYTES, number + 1)
            if end is None:
                yield at + RECORD_HEAD_BYTES, max(0, 2 * words)
                return
        elif words < 0:
            return
        yield at + RECORD_HEAD_BYTES, end - at - RECORD_HEAD_BYTES
        at, number = end, number + 1


def _begins(file: BinaryIO, at: int, number: int, size: int) -> bool:
    """Whether record `number` begins here; behind the last one nothing does."""
    if at + RECORD_HEAD_BYTES > size:
        return True
    file.seek(at)
    return file.read(4) == struct.pack(">i", number)


def _next_record(file: BinaryIO, after: int, number: int) -> int | None:
    """Where the head of record `number` stands: its number, then a length and a shape type that can be."""
    file.seek(after)
    text = file.read(_SEARCHED_BYTES)
    mark = struct.pack(">i", number)
    at = text.find(mark)
    while at >= 0:
        if at % 2 == 0 and at + 12 <= len(text):
            words, kind = struct.unpack_from(">i", text, at + 4)[0], struct.unpack_from("<i", text, at + 8)[0]
            if words >= 2 and kind in KINDS:
                return after + at
        at = text.find(mark, at + 1)
    return None
