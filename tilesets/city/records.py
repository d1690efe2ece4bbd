"""What a build keeps of its units, so that the next one makes only what changed: units and masses to bytes, and back. Pure.

The bytes are a function of the values; a record is named by their hash like a tile, and shared by every root that holds it.
"""

import json
import struct
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np

from cim.errors import LostRecord
from cim.types import IntArray
from tilesets.buildings.mass import Mass
from tilesets.buildings.standing import Flaw
from tilesets.buildings.tally import Tally
from tilesets.buildings.units import Leaf, Unit
from tilesets.spec import Region
from tilesets.tree import Cell, Node

_MAGIC = b"cim1"
_LEVEL = 1  # of deflate: records are read and written far more often than their size matters


def encode_unit(unit: Unit) -> bytes:
    """The record of a unit."""
    head = {
        "key": unit.key,
        "leaves": [_leaf(leaf) for leaf in unit.leaves],
        "node": None if unit.node is None or len(unit.leaves) == 1 else node_json(unit.node, below=False),
        "flaws": [asdict(flaw) for flaw in unit.flaws],
    }
    return _pack(head, unit.mass)


def decode_unit(data: bytes, name: str = "unit") -> Unit:
    """The unit of a record. Raises LostRecord for bytes that are none."""
    head, mass = _unpack(data, name)
    leaves = tuple(_leaf_of(entry) for entry in head["leaves"])
    nodes = tuple(leaf.node for leaf in leaves)
    node = nodes[0] if len(nodes) == 1 else None
    if head["node"] is not None:
        top = node_of(head["node"])
        node = Node(top.region, top.error, top.uri, nodes, top.cell)
    return Unit(head["key"], mass, leaves, node, tuple(Flaw(**flaw) for flaw in head["flaws"]))


def encode_mass(mass: Mass) -> bytes:
    """The record of a mass."""
    return _pack({}, mass)


def decode_mass(data: bytes, name: str = "mass") -> Mass:
    """The mass of a record. Raises LostRecord for bytes that are none."""
    return _unpack(data, name)[1]


def node_json(node: Node, *, below: bool = True) -> dict[str, Any]:
    """A node as JSON, with all below it or alone."""
    region = node.region
    return {
        "region": [region.west, region.south, region.east, region.north, region.low, region.high],
        "error": node.error,
        "uri": node.uri,
        "cell": None if node.cell is None else [node.cell.key, node.cell.depth],
        "children": [node_json(child) for child in node.children] if below else [],
    }


def node_of(entry: dict[str, Any]) -> Node:
    """The node of such JSON."""
    children = tuple(node_of(child) for child in entry["children"])
    cell = None if entry["cell"] is None else Cell(*entry["cell"])
    return Node(Region(*entry["region"]), entry["error"], entry["uri"], children, cell)


def tally_of(entry: dict[str, Any]) -> Tally:
    """The tally of the JSON that `asdict` makes of one."""
    return Tally(**{**entry, "codes": {name: tuple(counts) for name, counts in entry["codes"].items()}})


def _leaf(leaf: Leaf) -> dict[str, Any]:
    flaws = [asdict(flaw) for flaw in leaf.flaws]
    return {"node": node_json(leaf.node), "tally": asdict(leaf.tally), "flaws": flaws}


def _leaf_of(entry: dict[str, Any]) -> Leaf:
    node = node_of(entry["node"])
    assert node.cell is not None
    return Leaf(node.cell, node, tally_of(entry["tally"]), tuple(Flaw(**flaw) for flaw in entry["flaws"]))


def _pack(head: dict[str, Any], mass: Mass) -> bytes:
    columns = {name: getattr(mass, name) for name in Mass.__slots__}
    shapes = {name: list(column.shape) for name, column in columns.items()}
    text = json.dumps({**head, "mass": shapes}, ensure_ascii=False, separators=(",", ":")).encode()
    body = b"".join(np.ascontiguousarray(column, dtype="<i8").tobytes() for column in columns.values())
    return _MAGIC + zlib.compress(struct.pack("<I", len(text)) + text + body, _LEVEL)


def _unpack(data: bytes, name: str) -> tuple[dict[str, Any], Mass]:
    try:
        if data[:4] != _MAGIC:
            raise ValueError("another format")
        raw = zlib.decompress(data[4:])
        (size,) = struct.unpack_from("<I", raw)
        head = json.loads(raw[4 : 4 + size])
        columns: dict[str, IntArray] = {}
        offset = 4 + size
        for column, shape in head.pop("mass").items():
            count = int(np.prod(shape))
            columns[column] = np.frombuffer(raw, "<i8", count, offset).astype(np.int64).reshape(shape)
            offset += 8 * count
        return head, Mass(**columns)
    except (ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
        raise LostRecord(f"{name}: not a record of this builder ({error}); it is made anew") from error
