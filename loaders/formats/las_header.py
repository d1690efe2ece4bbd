"""The header of a LAS or LAZ file (ASPRS LAS 1.0-1.4), held against the size of its file before anything relies on it."""

import math
import struct
from dataclasses import dataclass
from typing import BinaryIO

from cim.errors import BadSource

MAGIC = b"LASF"
_HEADER_BYTES = {0: 227, 1: 227, 2: 227, 3: 235, 4: 375}  # by minor version
_VLR_BYTES, _EVLR_BYTES = 54, 60
_POINT_BYTES = (20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67)  # by point format
_LASZIP = (b"laszip encoded", 22204)
_VARIABLE = 0xFFFFFFFF
_MOST_CHUNK = 10_000_000  # points; LASzip's own is 50,000, COPC's up to some 100,000
_MOST_POINTS_A_BYTE = 1_000  # equal points pack to next to nothing; more than that is a broken count


@dataclass(frozen=True, slots=True)
class Head:
    """What a header says. count: points. record_bytes: of one, unpacked. begin: where points lie in the file."""

    version: tuple[int, int]
    point_format: int
    count: int
    record_bytes: int
    begin: int
    is_packed: bool


def check(file: BinaryIO, size: int, where: str) -> Head:
    """The header of an open file of `size` bytes. The file is left anywhere.

    Raises BadSource for what is no LAS, for tables and counts that the file cannot hold, and for a scale that is none.
    """
    head = file.read(375)
    if len(head) < 227 or head[:4] != MAGIC:
        raise BadSource(f"{where}: not readable as LAS: its header breaks off")
    version = (head[24], head[25])
    header_bytes, begin, vlrs = struct.unpack_from("<HII", head, 94)
    kind, record_bytes, count = struct.unpack_from("<BHI", head, 104)
    least = _HEADER_BYTES.get(version[1])
    if version[0] != 1 or least is None or header_bytes < least or len(head) < least:
        raise BadSource(
            f"{where}: LAS {version[0]}.{version[1]} with a header of {header_bytes} bytes; expected 1.0 to 1.4"
        )
    is_packed, point_format = bool(kind & 0x80), kind & 0x3F
    if point_format >= len(_POINT_BYTES) or record_bytes < _POINT_BYTES[point_format]:
        raise BadSource(f"{where}: point format {point_format} of {record_bytes} bytes; expected one of 0 to 10, whole")
    if not header_bytes + vlrs * _VLR_BYTES <= begin <= size:
        raise BadSource(f"{where}: {vlrs:,} tables before its points at byte {begin:,}, in a file of {size:,}")
    end = size
    if version[1] >= 4:
        first, evlrs = struct.unpack_from("<QI", head, 235)
        count = struct.unpack_from("<Q", head, 247)[0] or count
        if evlrs:
            _check_extended(file, first, evlrs, size, where)
            end = first if first > begin else size
    scales = struct.unpack_from("<6d", head, 131)
    if not all(map(math.isfinite, scales)) or not all(scales[:3]):
        raise BadSource(f"{where}: scales and offsets {scales}; expected six numbers, no scale of 0")
    found = Head(version, point_format, count, record_bytes, begin, is_packed)
    if is_packed:
        _check_packed(file, found, size, where)
    elif count * record_bytes > end - begin:
        there = max(0, end - begin) // record_bytes
        raise BadSource(f"{where}: breaks off: {there:,} of {count:,} points are there")
    return found


def _check_extended(file: BinaryIO, first: int, count: int, size: int, where: str) -> None:
    """Every extended table must lie within the file: their lengths are 64-bit numbers."""
    at = first
    for number in range(count):
        file.seek(min(at, size))
        head = file.read(_EVLR_BYTES)
        length = struct.unpack_from("<Q", head, 20)[0] if len(head) == _EVLR_BYTES else size
        at += _EVLR_BYTES + length
        if at > size:
            raise BadSource(f"{where}: its extended table {number + 1} of {count:,} lies beyond its end")


def _check_packed(file: BinaryIO, head: Head, size: int, where: str) -> None:
    """The table of chunks, from which a decoder allocates memory, must fit the file and the count of points."""
    chunk = _chunk_points(file, head, where)
    file.seek(head.begin)
    offset = struct.unpack("<q", file.read(8).ljust(8, b"\xff"))[0]
    if offset == -1 and size >= head.begin + 8:  # written in one pass: the last eight bytes say where
        file.seek(size - 8)
        offset = struct.unpack("<q", file.read(8))[0]
    if not head.begin + 8 <= offset <= size - 8:
        raise BadSource(f"{where}: breaks off: the table of its packed chunks is not there")
    file.seek(offset)
    _, chunks = struct.unpack("<II", file.read(8))
    packed = offset - head.begin
    room = chunks * chunk if chunk != _VARIABLE else head.count
    if chunks > packed or head.count > room or head.count > packed * _MOST_POINTS_A_BYTE:
        raise BadSource(
            f"{where}: {head.count:,} points in {chunks:,} chunks of {packed:,} bytes: its header or its end is damaged"
        )


def _chunk_points(file: BinaryIO, head: Head, where: str) -> int:
    """How many points a chunk has, as the LASzip table says: a record of 34 bytes and 6 for each part of a point."""
    file.seek(94)
    header_bytes, begin, vlrs = struct.unpack("<HII", file.read(10))
    at = header_bytes
    for _ in range(vlrs):
        file.seek(at)
        table = file.read(_VLR_BYTES)
        if len(table) < _VLR_BYTES or at + _VLR_BYTES > begin:
            break
        user, number, length = table[2:18].rstrip(b"\0"), *struct.unpack_from("<HH", table, 18)
        if (user, number) == _LASZIP:
            content = file.read(length)
            if len(content) >= 34:
                compressor, points, items = *struct.unpack_from("<H", content)[:1], *_points_and_items(content)
                sizes = [
                    struct.unpack_from("<H", content, 36 + 6 * i)[0] for i in range(items) if 40 + 6 * i <= len(content)
                ]
                chunk_is_sane = points == _VARIABLE or 0 < points <= _MOST_CHUNK
                if compressor in (2, 3) and chunk_is_sane and len(sizes) == items and sum(sizes) == head.record_bytes:
                    return points
            raise BadSource(
                f"{where}: its LASzip table is damaged, or of a kind that is not read (layers of chunks only)"
            )
        at += _VLR_BYTES + length
    raise BadSource(f"{where}: packed, but without a LASzip table")


def _points_and_items(content: bytes) -> tuple[int, int]:
    return struct.unpack_from("<I", content, 12)[0], struct.unpack_from("<H", content, 32)[0]
