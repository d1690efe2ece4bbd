"""A fault: what it does to the files of a sound tileset, and the rules that must be found broken."""

import copy
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from cim.types import CimLevel
from tests.glb import decompressed, parse

Files = dict[str, bytes]
ROOT = "city/tileset.json"
CONSEQUENCES = frozenset({"name.hash", "tree.hole", "tree.replaced", "tree.content", "statistics.values"})
"""Rules of the whole tree, which a broken file may break besides its own: a model that cannot be read is missing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """name: what is wrong. rules: those that must be found broken, and no others but CONSEQUENCES."""

    name: str
    rules: tuple[str, ...]
    plant: Callable[[Files], None]


def of_root(change: Callable[[dict[str, Any]], None]) -> Callable[[Files], None]:
    """Changes the JSON of the root tileset."""

    def plant(files: Files) -> None:
        document = json.loads(files[ROOT])
        change(document)
        files[ROOT] = json.dumps(document).encode()

    return plant


def of_nested(change: Callable[[dict[str, Any]], None]) -> Callable[[Files], None]:
    """Changes the JSON of one nested tileset: that of the district with the most tiles."""

    def plant(files: Files) -> None:
        name = max(
            (name for name in files if name.startswith("c/") and name.endswith(".json")), key=lambda n: len(files[n])
        )
        document = json.loads(files[name])
        change(document)
        files[name] = json.dumps(document).encode()

    return plant


def of_glb(
    change: Callable[[dict[str, Any], bytearray], None], *, kind: str = "building", packed: bool = False
) -> Callable[[Files], None]:
    """Changes the document and the binary chunk of one model of a class. packed: as written, else decompressed."""

    def plant(files: Files) -> None:
        name = model_of(files, kind)
        data = files[name] if packed else decompressed(files[name])
        glb = parse(data)
        document, chunk = copy.deepcopy(glb.document), bytearray(glb.chunk)
        change(document, chunk)
        files[name] = container(document, bytes(chunk))

    return plant


def model_of(files: Files, kind: str) -> str:
    """The largest model whose features are of this class; of buildings one drawn with its roofs, in place of another."""
    told = {name: _told(data) for name, data in files.items() if name.endswith(".glb")}
    roofed = [name for name, (found, refined) in told.items() if found == kind and refined == (kind == "building")]
    return max(roofed, key=lambda name: (len(files[name]), name))


@lru_cache(maxsize=256)
def _told(data: bytes) -> tuple[str, bool]:
    """The class of a model's features, and whether some are L3 and there are bits to spare after them."""
    glb = parse(data)
    table = glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
    return table["class"], bool((glb.table()["cim_level"] == CimLevel.L3).any() and table["count"] % 8)


def container(document: dict[str, Any], chunk: bytes) -> bytes:
    """A GLB of a document and a chunk."""
    text = json.dumps(document, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(chunk))
    return b"".join(
        [head, struct.pack("<I4s", len(text), b"JSON"), text, struct.pack("<I4s", len(chunk), b"BIN\0"), chunk]
    )


def overwrite(document: dict[str, Any], chunk: bytearray, view: int, values: np.ndarray, *, at: int = 0) -> None:
    """Writes values into an uncompressed buffer view, from a byte on."""
    start = document["bufferViews"][view].get("byteOffset", 0) + at
    data = values.tobytes()
    chunk[start : start + len(data)] = data


def accessor(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The accessor of an attribute, or of the indices, of the only primitive."""
    primitive = document["meshes"][0]["primitives"][0]
    index = primitive["indices"] if name == "indices" else primitive["attributes"][name]
    found: dict[str, Any] = document["accessors"][index]
    return found
