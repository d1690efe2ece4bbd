"""Faults in the container and the geometry of models."""

import struct
from typing import Any

import numpy as np

from tests.tileset_faults.fault import Fault, Files, accessor, model_of, of_glb, overwrite

Json = dict[str, Any]
_MESHOPT = "EXT_meshopt_compression"


def _bytes(at: int, new: bytes) -> Any:
    def plant(files: Files) -> None:
        name = model_of(files, "building")
        data = files[name]
        files[name] = data[:at] + new + data[at + len(new) :]

    return plant


def _chunk_kind(files: Files) -> None:
    name = model_of(files, "building")
    files[name] = files[name].replace(b"BIN\0", b"BIX\0", 1)


def _view(name: str, **values: Any) -> Any:
    """Changes the buffer view of an attribute."""
    return lambda d, c: d["bufferViews"][accessor(d, name)["bufferView"]].update(values)


def _packing(name: str, **values: Any) -> Any:
    """Changes what the compression of an attribute's view says."""
    return lambda d, c: d["bufferViews"][accessor(d, name)["bufferView"]]["extensions"][_MESHOPT].update(values)


def _accessor(name: str, **values: Any) -> Any:
    return lambda d, c: accessor(d, name).update(values)


def _garbled(document: Json, chunk: bytearray) -> None:
    packed = document["bufferViews"][accessor(document, "indices")["bufferView"]]["extensions"][_MESHOPT]
    chunk[packed["byteOffset"]] ^= 0xFF


def _long_normal(document: Json, chunk: bytearray) -> None:
    overwrite(document, chunk, accessor(document, "NORMAL")["bufferView"], np.array([90, 90, 90], np.int8))


def _far_index(document: Json, chunk: bytearray) -> None:
    entry = accessor(document, "indices")
    last = np.array([entry["count"] + 9], np.uint16)
    overwrite(document, chunk, entry["bufferView"], last)


def _moved_vertex(document: Json, chunk: bytearray) -> None:
    """One vertex far away, in an accessor that says so: only the volumes can tell."""
    entry = accessor(document, "POSITION")
    overwrite(document, chunk, entry["bufferView"], np.array([65535] * 3, np.uint16))
    rows = np.frombuffer(bytes(chunk), np.uint16, entry["count"] * 4, _start(document, entry)).reshape(-1, 4)
    entry["min"], entry["max"] = rows[:, :3].min(axis=0).tolist(), rows[:, :3].max(axis=0).tolist()


def _start(document: Json, entry: Json) -> int:
    return int(document["bufferViews"][entry["bufferView"]].get("byteOffset", 0))


def _fewer(name: str) -> Any:
    def change(document: Json, chunk: bytearray) -> None:
        accessor(document, name)["count"] -= 3

    return change


def _loop(document: Json, _: bytearray) -> None:
    document["nodes"][1]["children"] = [0]


def _without_fallback(document: Json, _: bytearray) -> None:
    document["extensionsRequired"].remove(_MESHOPT)


def _uncut(files: Files) -> None:
    name = model_of(files, "building")
    data = files[name][:-2]
    files[name] = data[:8] + struct.pack("<I", len(data)) + data[12:]


FAULTS = (
    Fault("a version of another glTF", ("glb.header",), _bytes(4, struct.pack("<I", 1))),
    Fault("a length that is not the file's", ("glb.header",), _bytes(8, struct.pack("<I", 999))),
    Fault("a chunk of an unknown kind", ("glb.chunks",), _chunk_kind),
    Fault("a chunk that is cut", ("glb.chunks",), _uncut),
    Fault("an asset of glTF 1", ("gltf.asset",), of_glb(lambda d, c: d["asset"].update(version="1.0"))),
    Fault("an extension not told", ("gltf.extensions",), of_glb(lambda d, c: d["extensionsUsed"].pop())),
    Fault(
        "an unknown extension required",
        ("gltf.extensions",),
        of_glb(lambda d, c: [d[k].append("X_y") for k in ("extensionsUsed", "extensionsRequired")]),
    ),
    Fault("a mesh that is not there", ("gltf.reference",), of_glb(lambda d, c: d["nodes"][1].update(mesh=7))),
    Fault("a node below itself", ("gltf.reference",), of_glb(_loop)),
    Fault("a matrix of three", ("gltf.reference",), of_glb(lambda d, c: d["nodes"][0].update(matrix=[1]))),
    Fault("a document whose nodes are numbers", ("json.shape",), of_glb(lambda d, c: d.update(meshes=[5]))),
    Fault("a longer buffer", ("buffer.length",), of_glb(lambda d, c: d["buffers"][0].update(byteLength=len(c) + 8))),
    Fault("a view beyond its buffer", ("view.range",), of_glb(_view("COLOR_0", byteLength=10**7))),
    Fault("packed bytes beyond the chunk", ("meshopt.range",), of_glb(_packing("COLOR_0", byteOffset=10**7), packed=True)),
    Fault("a count that is not the view's", ("meshopt.size",), of_glb(_packing("COLOR_0", count=3), packed=True)),
    Fault("a stride of six", ("meshopt.mode",), of_glb(_packing("COLOR_0", byteStride=6), packed=True)),
    Fault("a mode that is none", ("meshopt.mode",), of_glb(_packing("COLOR_0", mode="STRIPS"), packed=True)),
    Fault("a stream that does not decode", ("meshopt.decodes",), of_glb(_garbled, packed=True)),
    Fault("no data for a client without meshopt", ("meshopt.fallback",), of_glb(_without_fallback, packed=True)),
    Fault("more elements than bytes", ("accessor.range",), of_glb(_accessor("COLOR_0", count=10**6))),
    Fault("an offset of one", ("accessor.alignment",), of_glb(_accessor("_FEATURE_ID_0", byteOffset=1))),
    Fault("a largest position that is not", ("accessor.bounds",), of_glb(_accessor("POSITION", max=[1, 1, 1]))),
    Fault("positions without bounds", ("accessor.bounds",), of_glb(lambda d, c: accessor(d, "POSITION").pop("min"))),
    Fault(
        "quantised positions without the extension",
        ("attribute.types",),
        of_glb(lambda d, c: d["extensionsRequired"].remove("KHR_mesh_quantization")),
    ),
    Fault(
        "normals that are not normalised",
        ("attribute.types", "normal.unit"),
        of_glb(_accessor("NORMAL", normalized=False)),
    ),
    Fault("fewer colours than vertices", ("attribute.count",), of_glb(_fewer("COLOR_0"))),
    Fault("an index beyond the vertices", ("index.range",), of_glb(_far_index)),
    Fault("half a triangle", ("index.range",), of_glb(lambda d, c: accessor(d, "indices").update(count=4))),
    Fault("a normal that is too long", ("normal.unit",), of_glb(_long_normal)),
    Fault("a vertex outside its tile", ("tree.content",), of_glb(_moved_vertex)),
    Fault(
        "a model in another place",
        ("tree.content",),
        of_glb(lambda d, c: d["nodes"][0]["matrix"].__setitem__(12, d["nodes"][0]["matrix"][12] + 500.0)),
    ),
)  # fmt: skip
