"""Subtrees of an implicit tileset: availability and metadata in the binary format of 3D Tiles 1.1. Pure."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.types import BoolArray, FloatArray
from tilesets.spec import Region

SUBTREE_LEVELS = 6
"""Levels in one subtree file: a city of 64 km down to blocks of houses is two tiers of files, each of some kilobytes."""
CLASSES: dict[str, Any] = {
    "tile": {
        "properties": {
            "region": {
                "semantic": "TILE_BOUNDING_REGION", "type": "SCALAR", "componentType": "FLOAT64",
                "array": True, "count": 6, "required": True,
            },
            "minimum_height": {
                "semantic": "TILE_MINIMUM_HEIGHT", "type": "SCALAR", "componentType": "FLOAT64", "required": True,
            },
            "maximum_height": {
                "semantic": "TILE_MAXIMUM_HEIGHT", "type": "SCALAR", "componentType": "FLOAT64", "required": True,
            },
            "geometric_error": {
                "semantic": "TILE_GEOMETRIC_ERROR", "type": "SCALAR", "componentType": "FLOAT64", "required": True,
            },
        }
    },
    "content": {
        "properties": {
            "region": {
                "semantic": "CONTENT_BOUNDING_REGION", "type": "SCALAR", "componentType": "FLOAT64",
                "array": True, "count": 6, "required": True,
            },
        }
    },
}  # fmt: skip
"""The classes of the subtrees' metadata: what subdivision alone would say wrongly of our tiles."""
_NODES = (4**SUBTREE_LEVELS - 1) // 3
_CHILDREN = 4**SUBTREE_LEVELS


@dataclass(frozen=True, slots=True)
class Member:
    """A tile of a subtree. level, x, y: below the subtree's root. content: the region of what it draws, None if empty."""

    level: int
    x: int
    y: int
    region: Region
    error: float
    content: Region | None

    def index(self) -> int:
        """Its place in the availability bits: level by level, Morton order in each (Availability Indexing)."""
        return int((4**self.level - 1) // 3) + morton(self.x, self.y)


def morton(x: int, y: int) -> int:
    """The bits of x and y interleaved, the lowest of x first.

    >>> morton(0b1010, 0b0011) == 0b01001110
    True
    """
    return sum(((x >> bit) & 1) << (2 * bit) | ((y >> bit) & 1) << (2 * bit + 1) for bit in range(SUBTREE_LEVELS))


def encode(members: Sequence[Member], children: Sequence[tuple[int, int]]) -> bytes:
    """The bytes of a subtree file: the same tiles, the same bytes.

    children: x and y of the child subtrees, one level below the deepest of this subtree.
    """
    ordered = sorted(members, key=Member.index)
    drawing = [member for member in ordered if member.content is not None]
    views = _Views()
    regions = np.array([_numbers(member.region) for member in ordered])
    tables = [
        _table("tile", len(ordered), views, {
            "region": regions,
            "minimum_height": regions[:, 4],
            "maximum_height": regions[:, 5],
            "geometric_error": np.array([member.error for member in ordered]),
        }),
    ]  # fmt: skip
    document: dict[str, Any] = {
        "tileAvailability": views.availability(_bits([m.index() for m in ordered], _NODES)),
        "contentAvailability": [views.availability(_bits([m.index() for m in drawing], _NODES))],
        "childSubtreeAvailability": views.availability(_bits([morton(x, y) for x, y in children], _CHILDREN)),
        "tileMetadata": 0,
    }
    if drawing:
        contents = np.array([_numbers(member.content) for member in drawing if member.content is not None])
        tables.append(_table("content", len(drawing), views, {"region": contents}))
        document["contentMetadata"] = [1]
    document |= {"propertyTables": tables, "bufferViews": views.entries, "buffers": [{"byteLength": len(views.data)}]}
    return _file(document, bytes(views.data))


class _Views:
    """The buffer views of a subtree while it is being written."""

    def __init__(self) -> None:
        self.entries: list[dict[str, int]] = []
        self.data = bytearray()

    def add(self, data: bytes) -> int:
        """A view of these bytes; each starts at a multiple of eight, and so does what follows the last."""
        self.entries.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)})
        self.data += data + bytes(-len(data) % 8)
        return len(self.entries) - 1

    def availability(self, bits: BoolArray) -> dict[str, int]:
        """Bits as the subtree JSON tells of them: a constant where all are alike, else a bitstream."""
        count = int(bits.sum())
        if count in (0, len(bits)):
            return {"constant": int(count > 0), "availableCount": count}
        return {"bitstream": self.add(np.packbits(bits, bitorder="little").tobytes()), "availableCount": count}


def _bits(places: list[int], length: int) -> BoolArray:
    bits = np.zeros(length, dtype=np.bool_)
    bits[places] = True
    return bits


def _numbers(region: Region) -> tuple[float, ...]:
    return (region.west, region.south, region.east, region.north, region.low, region.high)


def _table(class_name: str, count: int, views: _Views, columns: dict[str, FloatArray]) -> dict[str, Any]:
    properties = {name: {"values": views.add(_plain(values))} for name, values in columns.items()}
    return {"class": class_name, "count": count, "properties": properties}


def _plain(values: npt.NDArray[np.float64]) -> bytes:
    return np.ascontiguousarray(values, dtype="<f8").tobytes()


def _file(document: dict[str, Any], chunk: bytes) -> bytes:
    """The binary format: header, JSON padded with spaces and data padded with zeros, each to eight bytes."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<4sIQQ", b"subt", 1, len(text), len(chunk)) + text + chunk
