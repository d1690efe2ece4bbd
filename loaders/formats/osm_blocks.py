"""The blocks that an OSM PBF is made of: whether all of them are there."""

import struct
from pathlib import Path

MAGIC = b"\x0a\x09OSMHeader"
_LONGEST_HEAD = 64 << 10  # the limits of the format
_LONGEST_BLOCK = 32 << 20


def first_damage(path: Path) -> tuple[int, int] | None:
    """The number (from 1) of the first block that is cut off or is none, and where it begins; None: all are whole."""
    size, at, number = path.stat().st_size, 0, 1
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            (length,) = struct.unpack(">I", file.read(4).ljust(4, b"\xff"))
            if length > _LONGEST_HEAD:
                return number, at
            block = _data_size(file.read(length))
            if block is None or not 0 <= block <= _LONGEST_BLOCK or at + 4 + length + block > size:
                return number, at
            at, number = at + 4 + length + block, number + 1
    return None


def _data_size(head: bytes) -> int | None:
    """Field 3 of a BlobHeader: how long the block's data is. None where this is no BlobHeader."""
    at, found = 0, None
    while at < len(head):
        key, at = _varint(head, at)
        if key & 7 == 0:
            value, at = _varint(head, at)
            found = value if key >> 3 == 3 else found
        elif key & 7 == 2:
            length, at = _varint(head, at)
            at += length
        else:
            return None
    return found if at == len(head) else None


def _varint(text: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(text) and shift < 64:
        octet = text[at]
        value |= (octet & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if octet < 0x80:
            return value, at
    return value, len(text) + 1
