"""A small reader of GLBs for the tests, apart from the writer: buffer views decoded, accessors and tables as arrays."""

import json
import struct
from dataclasses import dataclass
from typing import Any

import meshopt
import numpy as np

_TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_SCALARS = {"INT64": np.int64, "UINT32": np.uint32, "UINT16": np.uint16, "UINT8": np.uint8, "FLOAT32": np.float32}
_MESHOPT = "EXT_meshopt_compression"


@dataclass
class Glb:
    """A parsed GLB: its document and its binary chunk."""

    document: dict[str, Any]
    chunk: bytes

    def view(self, index: int) -> bytes:
        """The bytes of a buffer view, decompressed."""
        entry = self.document["bufferViews"][index]
        packed = entry.get("extensions", {}).get(_MESHOPT)
        if packed is None:
            start = entry.get("byteOffset", 0)
            return self.chunk[start : start + entry["byteLength"]]
        data = self.chunk[packed["byteOffset"] : packed["byteOffset"] + packed["byteLength"]]
        rows = meshopt.decode_gltf_buffer(data, packed["count"], packed["byteStride"], packed["mode"])
        return rows.tobytes()

    def accessor(self, index: int) -> np.ndarray:
        """An accessor's elements, (n, k) or (n,)."""
        entry = self.document["accessors"][index]
        view = self.document["bufferViews"][entry["bufferView"]]
        dtype, width = np.dtype(_TYPES[entry["componentType"]]), _WIDTHS[entry["type"]]
        stride = view.get("byteStride", dtype.itemsize * width)
        raw = np.frombuffer(self.view(entry["bufferView"]), dtype=np.uint8)[: stride * entry["count"]]
        rows = np.ascontiguousarray(raw.reshape(entry["count"], stride)[:, : dtype.itemsize * width])
        values = rows.view(dtype)
        return values[:, 0] if width == 1 else values

    def attribute(self, name: str) -> np.ndarray:
        """An attribute of all primitives that have it, one after another."""
        return np.concatenate(
            [self.accessor(p["attributes"][name]) for p in self.primitives() if name in p["attributes"]]
        )

    def primitives(self) -> list[dict[str, Any]]:
        """Its primitives: one, or one for each material."""
        found: list[dict[str, Any]] = self.document["meshes"][0]["primitives"]
        return found

    def triangles(self) -> np.ndarray:
        """Vertex indices (t, 3), of the vertices of all primitives."""
        found, before = [], 0
        for primitive in self.primitives():
            found.append(self.accessor(primitive["indices"]).reshape(-1, 3).astype(np.int64) + before)
            before += self.document["accessors"][primitive["attributes"]["POSITION"]]["count"]
        return np.concatenate(found)

    def ecef(self) -> np.ndarray:
        """Vertices (v, 3) where a 3D Tiles client puts them: through both nodes, then from y up to z up."""
        outer, inner = self.document["nodes"]
        local = self.attribute("POSITION").astype(np.float64) * inner["scale"] + inner["translation"]
        matrix = np.array(outer["matrix"]).reshape(4, 4).T
        world = local @ matrix[:3, :3].T + matrix[:3, 3]
        return np.column_stack([world[:, 0], -world[:, 2], world[:, 1]])

    def table(self) -> dict[str, Any]:
        """The property table's columns by name: arrays of codes and numbers, lists of text."""
        metadata = self.document["extensions"]["EXT_structural_metadata"]
        table = metadata["propertyTables"][0]
        declared = metadata["schema"]["classes"][table["class"]]["properties"]
        return {
            name: self._column(declared[name], entry, table["count"]) for name, entry in table["properties"].items()
        }

    def _column(self, declared: dict[str, Any], entry: dict[str, Any], count: int) -> Any:
        data = self.view(entry["values"])
        if declared["type"] == "STRING":
            offsets = np.frombuffer(self.view(entry["stringOffsets"]), dtype=_SCALARS[entry["stringOffsetType"]])
            assert len(offsets) == count + 1
            return [data[a:b].decode() for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
        if declared["type"] == "BOOLEAN":
            return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count].astype(bool)
        return np.frombuffer(data, dtype=_SCALARS[declared.get("componentType", "UINT8")])


def parse(data: bytes) -> Glb:
    """A GLB from its bytes; asserts the container's own rules."""
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    document = json.loads(data[20 : 20 + length])
    size, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert kind == b"BIN\0"
    assert 28 + length + size == len(data)
    return Glb(document, data[28 + length :])


def decompressed(data: bytes) -> bytes:
    """The same GLB with every buffer view stored plainly: what a validator that knows no meshopt can look into."""
    glb = parse(data)
    document, parts, size = glb.document, [], 0
    for index, entry in enumerate(document["bufferViews"]):
        plain = glb.view(index)
        padded = plain + bytes(-len(plain) % 8)
        entry.pop("extensions", None)
        entry |= {"buffer": 0, "byteOffset": size, "byteLength": len(plain)}
        parts.append(padded)
        size += len(padded)
    document["buffers"] = [{"byteLength": size}]
    for key in ("extensionsUsed", "extensionsRequired"):
        document[key] = [name for name in document[key] if name != _MESHOPT]
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 20) % 8)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, 28 + len(text) + size),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", size, b"BIN\0"),
            *parts,
        ]
    )
