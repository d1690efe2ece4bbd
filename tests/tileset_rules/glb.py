"""A GLB opened by the rules: its container, its buffers and views (decompressed), its accessors as arrays."""

import struct
from dataclasses import dataclass, field
from typing import Any

import meshopt
import numpy as np

from tests.tileset_rules.json_text import are_numbers, is_whole, parse
from tests.tileset_rules.report import Report

MESHOPT = "EXT_meshopt_compression"
KNOWN = {
    MESHOPT,
    "KHR_mesh_quantization",
    "EXT_mesh_features",
    "EXT_structural_metadata",
    "EXT_texture_webp",
    "KHR_texture_basisu",
    "KHR_texture_transform",
}
"""Extensions that may be required, for the checker can read them."""
DTYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_PADDING = 3
_ARRAY_BUFFER = 34962


@dataclass
class Gltf:
    """An open GLB. What cannot be read is None, noted once."""

    document: dict[str, Any]
    chunk: bytes
    uri: str
    report: Report
    _views: dict[int, bytes | None] = field(default_factory=dict)
    _accessors: dict[int, np.ndarray | None] = field(default_factory=dict)

    def listed(self, name: str) -> list[Any]:
        """A top-level array of the document."""
        value = self.document.get(name, [])
        return value if isinstance(value, list) else []

    def one(self, name: str, index: Any) -> dict[str, Any] | None:
        """An element of a top-level array; notes a reference to what is not there."""
        listed = self.listed(name)
        if not is_whole(index) or index >= len(listed) or not isinstance(listed[int(index)], dict):
            self.report.add(self.uri, "gltf.reference", f"{name}[{index!r}] is not there")
            return None
        element: dict[str, Any] = listed[int(index)]
        return element

    def view(self, index: Any) -> bytes | None:
        """The bytes of a buffer view, decompressed."""
        if not is_whole(index):
            return None if self.one("bufferViews", index) is None else b""
        if index not in self._views:
            entry = self.one("bufferViews", index)
            self._views[index] = None if entry is None else self._read_view(entry, f"bufferViews[{index}]")
        return self._views[index]

    def accessor(self, index: Any) -> np.ndarray | None:
        """An accessor's elements (n, k)."""
        entry = self.one("accessors", index)
        if entry is None:
            return None
        if index not in self._accessors:
            self._accessors[index] = self._read_accessor(entry, f"accessors[{index}]")
        return self._accessors[index]

    def _read_view(self, entry: dict[str, Any], name: str) -> bytes | None:
        packed = entry.get("extensions", {}).get(MESHOPT)
        buffer = self.one("buffers", entry.get("buffer"))
        start, length = entry.get("byteOffset", 0), entry.get("byteLength")
        if buffer is None or not is_whole(start) or not is_whole(length, 1):
            self.report.add(self.uri, "view.range", f"{name} has offset {start!r} and length {length!r}")
            return None
        if start + length > buffer.get("byteLength", 0):
            self.report.add(self.uri, "view.range", f"{name} ends at {start + length} of {buffer.get('byteLength')}")
            return None
        if packed is not None:
            return self._unpack(packed, length, name)
        if entry["buffer"] != 0:
            self.report.add(self.uri, "view.range", f"{name} has no data")
            return None
        return self.chunk[start : start + length]

    def _unpack(self, packed: dict[str, Any], length: int, name: str) -> bytes | None:
        names = ("byteOffset", "byteLength", "byteStride", "count")
        start, size, stride, count = (packed.get(key, 0 if key == "byteOffset" else None) for key in names)
        mode = packed.get("mode")
        if not all(map(is_whole, (start, size, stride, count))) or not _fits_mode(mode, stride, count):
            self.report.add(self.uri, "meshopt.mode", f"{name}: {count!r} of {stride!r} bytes as {mode!r}")
            return None
        if packed.get("buffer") != 0 or start + size > len(self.chunk):
            self.report.add(self.uri, "meshopt.range", f"{name}: bytes {start} to {start + size}")
            return None
        if stride * count != length:
            self.report.add(self.uri, "meshopt.size", f"{name}: {count} times {stride} is not {length}")
            return None
        try:
            rows = meshopt.decode_gltf_buffer(
                self.chunk[start : start + size], count, stride, mode, packed.get("filter", "NONE")
            )
        except (ValueError, RuntimeError) as error:
            self.report.add(self.uri, "meshopt.decodes", f"{name}: {error}")
            return None
        data: bytes = rows.tobytes()
        if len(data) != length:
            self.report.add(self.uri, "meshopt.decodes", f"{name}: {len(data)} bytes, not {length}")
            return None
        return data

    def _read_accessor(self, entry: dict[str, Any], name: str) -> np.ndarray | None:
        component, shape, count = entry.get("componentType"), entry.get("type"), entry.get("count")
        if component not in DTYPES or shape not in WIDTHS or not is_whole(count, 1):
            self.report.add(self.uri, "accessor.range", f"{name}: {count!r} of {component!r} {shape!r}")
            return None
        data = self.view(entry.get("bufferView"))
        if data is None or "sparse" in entry:
            return None
        dtype, view = np.dtype(DTYPES[component]), self.listed("bufferViews")[entry["bufferView"]]
        size, start = dtype.itemsize * WIDTHS[shape], entry.get("byteOffset", 0)
        stride = view.get("byteStride", size)
        if (start + view.get("byteOffset", 0)) % dtype.itemsize or stride % dtype.itemsize:
            self.report.add(self.uri, "accessor.alignment", f"{name}: offset {start}, stride {stride} of {dtype}")
        if view.get("target") == _ARRAY_BUFFER and stride % 4:
            self.report.add(self.uri, "accessor.alignment", f"{name}: vertex stride {stride}")
        if stride < size or start + stride * (count - 1) + size > len(data):
            self.report.add(self.uri, "accessor.range", f"{name}: {count} of {stride} bytes do not fit in {len(data)}")
            return None
        rows = np.ndarray((count, size), np.uint8, data, start, (stride, 1))
        values = np.ascontiguousarray(rows).view(dtype)
        self._bounds(entry, values, name)
        return values

    def _bounds(self, entry: dict[str, Any], values: np.ndarray, name: str) -> None:
        found = {"min": values.min(axis=0), "max": values.max(axis=0)}
        for key, data in found.items():
            if key in entry and not (are_numbers(entry[key], values.shape[1]) and _same(entry[key], data)):
                self.report.add(self.uri, "accessor.bounds", f"{name}: {key} is {entry[key]}, data {data.tolist()}")


def _same(stated: list[float], data: np.ndarray) -> bool:
    """Whether JSON numbers are these values, as exactly as the values' type can tell."""
    numbers = np.array(stated, dtype=np.float64)
    return np.array_equal(numbers.astype(np.float32) if data.dtype == np.float32 else numbers, data)


def read_glb(data: bytes, uri: str, report: Report) -> Gltf | None:
    """A GLB from its bytes; notes what is wrong with its container and its top level."""
    opened = _container(data, uri, report)
    if opened is None:
        return None
    text, chunk = opened
    document, problem = parse(text)
    if document is None:
        report.add(uri, "json.encoding", problem)
        return None
    gltf = Gltf(document, chunk, uri, report)
    if document.get("asset", {}).get("version") != "2.0":
        report.add(uri, "gltf.asset", f"asset is {document.get('asset')!r}")
    _extensions(gltf)
    _buffers(gltf)
    for index in range(len(gltf.listed("bufferViews"))):
        gltf.view(index)
    return gltf


def _container(data: bytes, uri: str, report: Report) -> tuple[bytes, bytes] | None:
    if len(data) < 20 or struct.unpack_from("<4sII", data) != (b"glTF", 2, len(data)):
        report.add(uri, "glb.header", f"{data[:12]!r} before {len(data)} bytes")
        return None
    chunks, at = [], 12
    while at + 8 <= len(data):
        length, kind = struct.unpack_from("<I4s", data, at)
        chunks.append((kind, data[at + 8 : at + 8 + length]))
        if length % 4 or len(chunks[-1][1]) != length:
            report.add(uri, "glb.chunks", f"chunk {kind!r} of {length} bytes is cut or not aligned")
            return None
        at += 8 + length
    if at != len(data) or [kind for kind, _ in chunks] not in ([b"JSON"], [b"JSON", b"BIN\0"]):
        report.add(uri, "glb.chunks", f"holds {[kind for kind, _ in chunks]}")
        return None
    return chunks[0][1], chunks[1][1] if len(chunks) > 1 else b""


def _fits_mode(mode: Any, stride: Any, count: Any) -> bool:
    if mode == "ATTRIBUTES":
        return bool(stride % 4 == 0 and 4 <= stride <= 256)
    return mode in ("TRIANGLES", "INDICES") and stride in (2, 4) and (mode == "INDICES" or count % 3 == 0)


def _extensions(gltf: Gltf) -> None:
    used, required = set(gltf.listed("extensionsUsed")), set(gltf.listed("extensionsRequired"))
    met = _met(gltf.document)
    for name in sorted((met | required) - used):
        gltf.report.add(gltf.uri, "gltf.extensions", f"{name} is met or required but not in extensionsUsed")
    for name in sorted(required - KNOWN):
        gltf.report.add(gltf.uri, "gltf.extensions", f"{name} is required and not known")


def _met(value: Any) -> set[str]:
    """The names of all extensions objects below a JSON value."""
    found: set[str] = set()
    if isinstance(value, list):
        for element in value:
            found |= _met(element)
    elif isinstance(value, dict):
        for key, element in value.items():
            if key == "extensions" and isinstance(element, dict):
                found |= set(element)
            if key != "extras":
                found |= _met(element)
    return found


def _buffers(gltf: Gltf) -> None:
    for index, buffer in enumerate(gltf.listed("buffers")):
        length = buffer.get("byteLength")
        if buffer.get("extensions", {}).get(MESHOPT, {}).get("fallback"):
            if MESHOPT not in gltf.listed("extensionsRequired"):
                gltf.report.add(
                    gltf.uri, "meshopt.fallback", f"buffers[{index}] has no data, {MESHOPT} is not required"
                )
        elif index or "uri" in buffer or not is_whole(length, 1):
            gltf.report.add(gltf.uri, "buffer.length", f"buffers[{index}] is not the binary chunk: {buffer}")
        elif not length <= len(gltf.chunk) <= length + _PADDING:
            gltf.report.add(gltf.uri, "buffer.length", f"{length} is not the chunk's {len(gltf.chunk)}")
