"""Faults in implicit tilesets."""

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.tileset_faults.fault import Fault, Files

Json = dict[str, Any]
TILESET = "tileset.json"


def _root(change: Callable[[Json], object]) -> Callable[[Files], None]:
    """Changes the root tile of the tileset JSON."""

    def plant(files: Files) -> None:
        document = json.loads(files[TILESET])
        change(document["root"])
        files[TILESET] = json.dumps(document).encode()

    return plant


def _tiling(**values: Any) -> Callable[[Files], None]:
    return _root(lambda root: root["implicitTiling"].update(values))


def _schema(name: str, **values: Any) -> Callable[[Files], None]:
    """Changes the declaration of a property of tiles."""

    def plant(files: Files) -> None:
        document = json.loads(files[TILESET])
        document["schema"]["classes"]["tile"]["properties"][name].update(values)
        files[TILESET] = json.dumps(document).encode()

    return plant


def _top(files: Files) -> str:
    return next(name for name in files if name.endswith("/0/0/0.subtree"))


def _subtree(change: Callable[[Json, bytearray], object]) -> Callable[[Files], None]:
    """Changes the JSON and the data of the first subtree."""

    def plant(files: Files) -> None:
        name = _top(files)
        _, _, size, _ = struct.unpack_from("<4sIQQ", files[name])
        document, chunk = json.loads(files[name][24 : 24 + size]), bytearray(files[name][24 + size :])
        change(document, chunk)
        text = json.dumps(document).encode()
        text += b" " * (-len(text) % 8)
        files[name] = struct.pack("<4sIQQ", b"subt", 1, len(text), len(chunk)) + text + bytes(chunk)

    return plant


def _bytes(at: int, new: bytes) -> Callable[[Files], None]:
    def plant(files: Files) -> None:
        name = _top(files)
        files[name] = files[name][:at] + new + files[name][at + len(new) :]

    return plant


def _bits(kind: str, change: Callable[[np.ndarray], object]) -> Callable[[Files], None]:
    """Changes the bits of an availability, and its count with them."""

    def bits_of(document: Json, chunk: bytearray) -> None:
        stated = document[kind][0] if kind == "contentAvailability" else document[kind]
        view = document["bufferViews"][stated["bitstream"]]
        start, stop = view["byteOffset"], view["byteOffset"] + view["byteLength"]
        bits = np.unpackbits(np.frombuffer(bytes(chunk[start:stop]), np.uint8), bitorder="little")
        change(bits)
        chunk[start:stop] = np.packbits(bits, bitorder="little").tobytes()
        stated["availableCount"] = int(bits[:1365].sum())

    return _subtree(bits_of)


def _put(table: int, column: str, rows: slice, values: list[float]) -> Callable[[Files], None]:
    """Overwrites numbers of a metadata column."""

    def change(document: Json, chunk: bytearray) -> None:
        view = document["bufferViews"][document["propertyTables"][table]["properties"][column]["values"]]
        numbers = np.frombuffer(bytes(chunk), "<f8", view["byteLength"] // 8, view["byteOffset"]).copy()
        numbers[rows] = values
        chunk[view["byteOffset"] : view["byteOffset"] + view["byteLength"]] = numbers.tobytes()

    return _subtree(change)


def _view(index: int, **values: int) -> Callable[[Files], None]:
    return _subtree(lambda d, c: d["bufferViews"][index].update(values))


def _shift(document: Json, chunk: bytearray) -> None:
    """The same numbers once more, four bytes off."""
    view = document["bufferViews"][document["propertyTables"][0]["properties"]["geometric_error"]["values"]]
    data = bytes(chunk[view["byteOffset"] : view["byteOffset"] + view["byteLength"]])
    view["byteOffset"] = len(chunk) + 4
    chunk += bytes(4) + data + bytes(4)
    document["buffers"][0]["byteLength"] = len(chunk)


def _unpadded(files: Files) -> None:
    name = _top(files)
    _, _, text, chunk = struct.unpack_from("<4sIQQ", files[name])
    files[name] = struct.pack("<4sIQQ", b"subt", 1, text, chunk + 3) + files[name][24:] + bytes(3)


def _lone_tile(bits: np.ndarray) -> None:
    """One more tile, in the deepest level, whose parent is not there."""
    parents = (np.arange(341, 1365) - 1) // 4
    bits[341 + int(np.flatnonzero(bits[parents] == 0)[0])] = 1


def _undrawn_content(bits: np.ndarray) -> None:
    bits[int(np.flatnonzero(bits[:1365] == 0)[-1])] = 1


def _lost_content(files: Files) -> None:
    del files[max(name for name in files if name.endswith(".glb"))]


def _metadata(**values: Any) -> Callable[[Files], None]:
    return _subtree(lambda d, c: d.update(values))


FAULTS = (
    Fault("an implicit root with children", ("implicit.root",), _root(lambda r: r.update(children=[{}]))),
    Fault(
        "an implicit root with data", ("implicit.root", "entity.form"), _root(lambda r: r.update(metadata={"class": "x"}))
    ),
    Fault("an implicit sphere", ("implicit.root",), _root(lambda r: r.update(boundingVolume={"sphere": [0, 0, 0, 7e6]}))),
    Fault("a third way of dividing", ("implicit.form",), _tiling(subdivisionScheme="KDTREE")),
    Fault("no levels", ("implicit.form",), _tiling(availableLevels=0)),
    Fault("a template without x", ("implicit.form",), _tiling(subtrees={"uri": "subtrees/{level}/{y}.subtree"})),
    Fault("subtrees elsewhere", ("uri.resolves",), _tiling(subtrees={"uri": "trees/{level}/{x}/{y}.subtree"})),
    Fault("fewer levels than there are", ("subtree.depth",), _tiling(availableLevels=2)),
    Fault("another magic", ("subtree.header",), _bytes(0, b"tree")),
    Fault("a later version", ("subtree.header",), _bytes(4, struct.pack("<I", 2))),
    Fault("data without padding", ("subtree.header",), _unpadded),
    Fault("JSON that is none", ("json.encoding",), _bytes(24, b"[")),
    Fault("a view off its alignment", ("subtree.views", "property.alignment"), _subtree(_shift)),
    Fault("a view beyond the data", ("subtree.views",), _view(0, byteOffset=10**6)),
    Fault("no availability", ("subtree.availability", "subtree.tiles", "subtree.contents", "subtree.metadata"),
          _subtree(lambda d, c: d.pop("tileAvailability"))),
    Fault("a constant of two", ("subtree.availability",), _metadata(childSubtreeAvailability={"constant": 2})),
    Fault("more bytes than bits", ("subtree.bits",), _metadata(childSubtreeAvailability={"bitstream": 0})),
    Fault("spare bits that are set", ("subtree.bits",), _bits("contentAvailability", lambda bits: bits.__setitem__(-1, 1))),
    Fault("a count that is not of the bits", ("subtree.count",),
          _subtree(lambda d, c: d["contentAvailability"][0].update(availableCount=1))),
    Fault("a tile without its parent", ("subtree.tiles", "subtree.metadata"),
          _bits("tileAvailability", _lone_tile)),
    Fault("a content without its tile", ("subtree.contents",), _bits("contentAvailability", _undrawn_content)),
    Fault("a content that is gone", ("uri.resolves",), _lost_content),
    Fault("child subtrees that are not there", ("uri.resolves", "subtree.depth"),
          _metadata(childSubtreeAvailability={"constant": 1})),
    Fault("fewer rows than tiles", ("subtree.metadata",),
          _subtree(lambda d, c: d["propertyTables"][0].update(count=3))),
    Fault("a table that is not there", ("subtree.metadata",), _metadata(tileMetadata=7)),
    Fault("a region of text", ("semantic.type", "schema.form"), _schema("region", type="TEXT")),
    Fault("a region of singles", ("semantic.type", "property.length"),
          _schema("region", componentType="FLOAT32")),
    Fault("heights that are not the region's", ("semantic.type",), _put(0, "minimum_height", slice(0, 1), [5.0])),
    Fault("a region that is none", ("semantic.type", "tree.nested"), _put(0, "region", slice(0, 1), [9.0])),
    Fault("a negative error", ("semantic.type",), _put(0, "geometric_error", slice(-1, None), [-1.0])),
    Fault("an error above that of the tile above", ("tree.errors",), _put(0, "geometric_error", slice(-1, None), [1e9])),
    Fault("a content region that cuts", ("tree.content_volume",), _put(1, "region", slice(5, 6), [1000.0])),
)  # fmt: skip
