"""Writes one GLB: quantised triangles with normals, colours or pictures, feature ids and an attribute table, by meshopt."""

import json
import struct
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cim.geometry import LATTICE_M
from cim.types import FloatArray, IntArray
from tilesets.gltf import metadata as gltf_metadata
from tilesets.gltf.materials import PLAIN, Material, Materials, stretched
from tilesets.gltf.metadata import Json, PropertyTable
from tilesets.gltf.vertex_order import together
from tilesets.gltf.views import ARRAY, ELEMENTS, MESHOPT, Views
from tilesets.spec import GENERATOR

QUANTIZATION = "KHR_mesh_quantization"
FEATURES = "EXT_mesh_features"
METADATA = "EXT_structural_metadata"

_STEPS = 65535
_UNSIGNED_BYTE, _BYTE, _UNSIGNED_SHORT, _UNSIGNED_INT = 5121, 5120, 5123, 5125
# glTF is y up and 3D Tiles z up: a client turns the model by this matrix's inverse, so it is undone here first.
_Y_UP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Quantised:
    """Positions as (v, 3) uint16 steps: position = offset + value * step, both (3,) metres."""

    value: npt.NDArray[np.uint16]
    offset: FloatArray
    step: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The triangles of a model that are of one material.

    vertex: (k,) which vertices of the model it uses; triangles: (t, 3) places in that list. uv: (k, 2) where the vertices
    lie in the material's picture: whole pictures, from its upper left corner; None where it has none. alpha: (k,) of their
    vertex colours, which shows nothing, as materials are opaque, but tells clients what a surface is; None: 255 for all.
    """

    vertex: IntArray
    triangles: IntArray
    material: Material = PLAIN
    uv: FloatArray | None = None
    alpha: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What a GLB draws.

    position, normal: (v, 3), unit, in axes that `pose` (4, 4) moves to earth-centred ones. colour: (v, 3) linear, of what
    has no picture. feature: (v,) the row of the attribute table a vertex belongs to. triangles: (t, 3). parts: the same
    triangles by material; none: all of them are plain.
    """

    position: Quantised
    normal: FloatArray
    colour: npt.NDArray[np.uint8]
    feature: IntArray
    triangles: IntArray
    pose: FloatArray
    table: PropertyTable
    parts: tuple[Part, ...] = ()


def quantise(position: FloatArray, *, per_axis: bool = False) -> Quantised:
    """Positions (v, 3) on a grid of 65,536 steps, each a power of two no finer than the city lattice.

    One step for all axes keeps angles true; `per_axis` keeps heights fine in a wide tile of upright boxes.
    """
    low, high = position.min(axis=0), position.max(axis=0)
    exponent = np.ceil(np.log2(np.maximum(high - low, LATTICE_M) / (_STEPS - 1)))
    step = np.maximum(2.0**exponent, LATTICE_M)
    plan = step[:2].max()
    step = np.array([plan, plan, step[2]]) if per_axis else np.full(3, step.max())
    offset = np.floor(low / step) * step
    return Quantised(np.round((position - offset) / step).astype(np.uint16), offset, step)


def byte_normals(normal: FloatArray) -> npt.NDArray[np.int8]:
    """Unit vectors (v, 3) as signed bytes whose length stays within half a per cent of one."""
    best = np.round(normal * 127.0)
    wrong = np.abs(np.linalg.norm(best, axis=1) / 127.0 - 1.0)
    for scale in (126.5, 127.5, 126.0):
        doubtful = np.flatnonzero(wrong > 0.005)
        tried = np.clip(np.round(normal[doubtful] * scale), -127, 127)
        length = np.abs(np.linalg.norm(tried, axis=1) / 127.0 - 1.0)
        better = length < wrong[doubtful]
        best[doubtful[better]], wrong[doubtful[better]] = tried[better], length[better]
    return best.astype(np.int8)


def encode(model: Model, *, compress: bool = True) -> bytes:
    """The GLB of a model: the same model, the same bytes.

    Raises ValueError for more than 65,536 features, which uint16 ids cannot tell apart.
    """
    if model.table.count > 2**16:
        raise ValueError(f"{model.table.count} features in one tile; at most 65,536 have ids")
    views = Views(compress)
    parts = model.parts or (Part(np.arange(len(model.position.value)), model.triangles),)
    accessors: list[Json] = []
    materials = Materials(views)
    primitives = [_primitive(model, _ordered(model, part), views, accessors, materials) for part in parts]
    document = _document(model, views, accessors, primitives, materials)
    return _container(document, views.data())


def _ordered(model: Model, part: Part) -> Part:
    """The same triangles over vertices in the order that packs best."""
    order = together(model.position.value[part.vertex], model.feature[part.vertex])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    uv = None if part.uv is None else part.uv[order]
    alpha = None if part.alpha is None else part.alpha[order]
    return replace(part, vertex=part.vertex[order], triangles=rank[part.triangles], uv=uv, alpha=alpha)


def _padded(columns: npt.NDArray[np.generic], width: int) -> npt.NDArray[np.generic]:
    """Rows (v, k) widened with zeros to `width` elements."""
    rows = np.zeros((len(columns), width), dtype=columns.dtype)
    rows[:, : columns.shape[1]] = columns
    return rows


def _primitive(model: Model, part: Part, views: Views, accessors: list[Json], materials: Materials) -> Json:
    """One primitive; its accessors of position, normal, colour or place in the picture, feature id and indices are added."""
    value, feature = model.position.value[part.vertex], model.feature[part.vertex].astype(np.uint16)
    bounds = {"min": value.min(axis=0).tolist(), "max": value.max(axis=0).tolist()}
    streams: list[tuple[str, npt.NDArray[np.generic], int, str, Json]] = [
        ("POSITION", _padded(value, 4), _UNSIGNED_SHORT, "VEC3", bounds),
        ("NORMAL", _padded(byte_normals(model.normal[part.vertex]), 4), _BYTE, "VEC3", {"normalized": True}),
    ]
    if part.uv is None or part.alpha is not None:
        streams.append(_colours(model, part))
    if part.uv is None:
        material = materials.number(part.material)
    else:
        place, transform = stretched(part.uv)
        streams.append(("TEXCOORD_0", place, _UNSIGNED_SHORT, "VEC2", {"normalized": True}))
        material = materials.number(part.material, transform)
    streams.append(("_FEATURE_ID_0", _padded(feature[:, None], 2), _UNSIGNED_SHORT, "SCALAR", {}))
    attributes: Json = {}
    for name, rows, kind, shape, extra in streams:
        attributes[name] = len(accessors)
        view = views.stream(rows, ARRAY)
        accessors.append({"bufferView": view, "componentType": kind, "count": len(value), "type": shape} | extra)
    accessors.append(_indices(part.triangles, len(value), views))
    features = {"featureCount": model.table.count, "attribute": 0, "propertyTable": 0}
    return {
        "attributes": attributes,
        "indices": len(accessors) - 1,
        "material": material,
        "extensions": {FEATURES: {"featureIds": [features]}},
    }


def _colours(model: Model, part: Part) -> tuple[str, npt.NDArray[np.generic], int, str, Json]:
    """The vertex colours of a part; white where a picture has the colour, for the two are multiplied."""
    colour = model.colour[part.vertex] if part.uv is None else np.full((len(part.vertex), 3), 255, dtype=np.uint8)
    rows, kind = _padded(colour, 4), "VEC3"
    if part.alpha is not None:
        rows[:, 3], kind = part.alpha, "VEC4"
    return "COLOR_0", rows, _UNSIGNED_BYTE, kind, {"normalized": True}


def _indices(triangles: IntArray, vertices: int, views: Views) -> Json:
    """The accessor of the corners of triangles among so many vertices."""
    wide = vertices > 2**16 - 1
    indices = triangles.astype(np.uint32 if wide else np.uint16)
    return {
        "bufferView": views.stream(indices, ELEMENTS),
        "componentType": _UNSIGNED_INT if wide else _UNSIGNED_SHORT,
        "count": indices.size,
        "type": "SCALAR",
    }


def _document(model: Model, views: Views, accessors: list[Json], primitives: list[Json], materials: Materials) -> Json:
    used = [QUANTIZATION, *([MESHOPT] if views.compress else []), *materials.extensions(), FEATURES, METADATA]
    metadata = {"schema": gltf_metadata.schema(model.table), "propertyTables": [_property_table(model.table, views)]}
    return {
        "asset": {"version": "2.0", "generator": GENERATOR},
        "extensionsUsed": used,
        "extensionsRequired": used[:-2],
        "extensions": {METADATA: metadata},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"matrix": (_Y_UP @ model.pose).T.ravel().tolist(), "children": [1]},
            {"mesh": 0, "translation": model.position.offset.tolist(), "scale": model.position.step.tolist()},
        ],
        "meshes": [{"primitives": primitives}],
        **materials.document(),
        "accessors": accessors,
        "bufferViews": views.entries,
        "buffers": views.buffers(),
    }


def _property_table(table: PropertyTable, views: Views) -> Json:
    properties: Json = {}
    for column in table.properties:
        if gltf_metadata.is_unknown(column):
            continue
        entry: Json = {name: views.plain(data) for name, data in gltf_metadata.binary(column).items()}
        if "stringOffsets" in entry:
            entry["stringOffsetType"] = gltf_metadata.offset_name(column)
        entry |= gltf_metadata.extremes(column)
        properties[column.name] = entry
    return {"class": table.class_name, "count": table.count, "properties": properties}


def _container(document: Json, chunk: bytes) -> bytes:
    """The GLB container (glTF 2.0, clause 4.4): header, JSON chunk, binary chunk, each padded to eight bytes."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-(len(text) + 20) % 8)
    total = 12 + 8 + len(text) + 8 + len(chunk)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(chunk), b"BIN\0"),
            chunk,
        ]
    )
