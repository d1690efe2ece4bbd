"""Meshes by the rules: nodes, attributes, indices, normals; and where each vertex stands."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.tileset_rules.glb import Gltf
from tests.tileset_rules.json_text import are_numbers, is_whole

NORMAL_SLACK = 0.01
"""How far a normal's length may be from one: the project's own figure."""
_FLOAT, _SIGNED, _UNSIGNED = 5126, (5120, 5122), (5121, 5123)
_TRIANGLES, _POINTS = 4, 0
_PLAIN = {
    "POSITION": {("VEC3", _FLOAT, False)},
    "NORMAL": {("VEC3", _FLOAT, False)},
    "TANGENT": {("VEC4", _FLOAT, False)},
    "COLOR": {(kind, *form) for kind in ("VEC3", "VEC4") for form in ((_FLOAT, False), (5121, True), (5123, True))},
    "TEXCOORD": {("VEC2", *form) for form in ((_FLOAT, False), (5121, True), (5123, True))},
}
_QUANTISED = {
    "POSITION": {("VEC3", kind, norm) for kind in (*_SIGNED, *_UNSIGNED) for norm in (False, True)},
    "NORMAL": {("VEC3", kind, True) for kind in _SIGNED},
    "TANGENT": {("VEC4", kind, True) for kind in _SIGNED},
    "TEXCOORD": {("VEC2", kind, norm) for kind in (*_SIGNED, *_UNSIGNED) for norm in (False, True)},
}


def placed(gltf: Gltf) -> list[np.ndarray]:
    """The vertices (n, 3) of each primitive through its nodes, y up still; notes what is wrong with the meshes."""
    for mesh in range(len(gltf.listed("meshes"))):
        for number, primitive in enumerate(gltf.listed("meshes")[mesh].get("primitives", [])):
            _primitive(gltf, primitive, f"meshes[{mesh}].primitives[{number}]")
    parts = []
    for matrix, mesh in _meshes(gltf):
        for primitive in mesh.get("primitives", []):
            accessor = primitive.get("attributes", {}).get("POSITION")
            values = None if accessor is None else gltf.accessor(accessor)
            if values is not None and values.shape[1] == 3:
                local = _numbers(gltf, accessor, values)
                parts.append(local @ matrix[:3, :3].T + matrix[:3, 3])
    return parts


def _meshes(gltf: Gltf) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """Each mesh of the scene with the matrix that places it."""
    scenes = gltf.listed("scenes")
    scene = gltf.one("scenes", gltf.document.get("scene", 0)) if scenes else None
    waiting = [(np.eye(4), node, ()) for node in (scene or {}).get("nodes", [])]
    while waiting:
        above, index, path = waiting.pop()
        node = gltf.one("nodes", index)
        if node is None:
            continue
        if index in path:
            gltf.report.add(gltf.uri, "gltf.reference", f"nodes[{index}] stands below itself")
            continue
        matrix = above @ _local(gltf, node, index)
        mesh = gltf.one("meshes", node["mesh"]) if "mesh" in node else None
        if mesh is not None:
            yield matrix, mesh
        waiting += [(matrix, child, (*path, index)) for child in node.get("children", [])]


def _local(gltf: Gltf, node: dict[str, Any], index: int) -> np.ndarray:
    sizes = {"matrix": 16, "translation": 3, "rotation": 4, "scale": 3}
    wrong = [name for name, size in sizes.items() if name in node and not are_numbers(node[name], size)]
    if wrong or ("matrix" in node and len(set(sizes) & set(node)) > 1):
        gltf.report.add(gltf.uri, "gltf.reference", f"nodes[{index}] has no sound transform")
        return np.eye(4)
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", [0.0, 0.0, 0.0, 1.0])
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(node.get("scale", [1.0, 1.0, 1.0]))
    matrix[:3, 3] = node.get("translation", [0.0, 0.0, 0.0])
    return matrix


def _numbers(gltf: Gltf, accessor: int, values: np.ndarray) -> np.ndarray:
    """An accessor's elements as numbers, normalised ones as such."""
    plain = values.astype(np.float64)
    if not gltf.listed("accessors")[accessor].get("normalized"):
        return plain
    return np.maximum(plain / np.iinfo(values.dtype).max, -1.0)


def _primitive(gltf: Gltf, primitive: dict[str, Any], name: str) -> None:
    attributes = primitive.get("attributes", {})
    counts = {}
    for semantic, index in attributes.items():
        values = gltf.accessor(index)
        _types(gltf, semantic, index, name)
        if values is not None:
            counts[semantic] = len(values)
            if semantic == "NORMAL":
                _normals(gltf, _numbers(gltf, index, values), name)
    if len(set(counts.values())) > 1:
        gltf.report.add(gltf.uri, "attribute.count", f"{name}: {counts}")
    position = gltf.listed("accessors")[attributes["POSITION"]] if counts.get("POSITION") else {}
    if position and not {"min", "max"} <= position.keys():
        gltf.report.add(gltf.uri, "accessor.bounds", f"{name}: positions have no min and max")
    if counts:
        _indices(gltf, primitive, counts.get("POSITION", 0), name)


def _types(gltf: Gltf, semantic: str, index: Any, name: str) -> None:
    entry = gltf.one("accessors", index)
    family = semantic.rstrip("0123456789").rstrip("_")
    if entry is None or family not in _PLAIN:
        return
    allowed = _PLAIN[family]
    if "KHR_mesh_quantization" in gltf.listed("extensionsRequired"):
        allowed = allowed | _QUANTISED.get(family, set())
    form = (entry.get("type"), entry.get("componentType"), bool(entry.get("normalized", False)))
    if form not in allowed:
        gltf.report.add(gltf.uri, "attribute.types", f"{name}: {semantic} is {form}")


def _normals(gltf: Gltf, normals: np.ndarray, name: str) -> None:
    wrong = np.abs(np.linalg.norm(normals, axis=1) - 1.0) > NORMAL_SLACK
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        gltf.report.add(gltf.uri, "normal.unit", f"{name}: {wrong.sum()} normals, vertex {at}: {normals[at].tolist()}")


def _indices(gltf: Gltf, primitive: dict[str, Any], vertices: int, name: str) -> None:
    mode = primitive.get("mode", _TRIANGLES)
    indices = gltf.accessor(primitive["indices"]) if "indices" in primitive else None
    if indices is None and "indices" in primitive:
        return  # what is wrong with them is noted already
    count = vertices if indices is None else len(indices)
    if not is_whole(mode) or mode > 6 or (mode == _TRIANGLES and count % 3):
        gltf.report.add(gltf.uri, "index.range", f"{name}: {count} indices in mode {mode!r}")
    if indices is None:
        return
    if indices.dtype not in (np.uint8, np.uint16, np.uint32) or indices.shape[1] != 1:
        gltf.report.add(gltf.uri, "index.range", f"{name}: indices of {indices.dtype}")
    elif int(indices.max()) >= min(vertices, np.iinfo(indices.dtype).max):
        gltf.report.add(gltf.uri, "index.range", f"{name}: index {indices.max()} of {vertices} vertices")
