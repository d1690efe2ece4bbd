"""glTF 2.0 and GLB: looked through before anything is unpacked, then read by trimesh; one part for every mesh of a node."""

import io
import json
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import trimesh

from cim.errors import BadSource
from loaders.formats import gltf_pictures
from loaders.formats.gltf_pictures import Shown
from loaders.formats.mesh_parts import MOST_NODES, Material, Model, Part, own_corners, refuse_many, refuse_many_corners
from loaders.formats.pictures import Album

_MAGIC = b"glTF"
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_KNOWN = {
    "KHR_materials_unlit",
    "KHR_mesh_quantization",
    "KHR_texture_transform",
    "KHR_materials_specular",
    "EXT_texture_webp",
}
_DROPPED = ("images", "textures", "samplers", "animations", "skins", "cameras")
_DEEPEST = 64
_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
_NUMBERS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_TIMES = 8
"""What all accessors together unpack is at most so many times the bytes that are there; the project's own"""


def read(path: Path) -> Model:
    """The model of a file, with its pictures. Raises BadSource for what is no glTF, for parts that lie in other files
    or need an extension that is not read, and for counts that the file has no bytes for.
    """
    header, binary = _split(path.read_bytes(), path)
    try:
        _refuse_hostile(header, binary, path)
        album = Album(path.parent)
        pictures = gltf_pictures.of_materials(header, binary, album)
        parts = _parts(_scene(header, binary), header, pictures)
        return Model(tuple(parts), "y", issues=tuple(album.issues))
    except BadSource:
        raise
    except RecursionError:
        raise BadSource(f"{path}: nested too deeply to be read") from None
    except Exception as error:  # whatever a spoilt file makes the reader stumble over
        raise BadSource(f"{path}: cannot be read as glTF: {type(error).__name__}: {error}") from error


def _split(data: bytes, path: Path) -> tuple[dict[str, Any], bytes]:
    """The JSON of a file, and the binary chunk of a GLB."""
    binary = b""
    text = data
    if data[:4] == _MAGIC:
        chunks: dict[int, bytes] = {}
        version, length = struct.unpack_from("<II", data.ljust(12, b"\0"), 4)
        at = 12
        while version == 2 and at + 8 <= min(length, len(data)):
            size, kind = struct.unpack_from("<II", data, at)
            if at + 8 + size > len(data):
                raise BadSource(
                    f"{path}: breaks off: a chunk of {size:,} bytes of which {len(data) - at - 8:,} are there"
                )
            chunks.setdefault(kind, data[at + 8 : at + 8 + size])
            at += 8 + size
        text, binary = chunks.get(_JSON, b""), chunks.get(_BINARY, b"")
    try:
        header = json.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadSource(f"{path}: its JSON cannot be read: {error}") from error
    asset = header.get("asset") if isinstance(header, dict) else None
    if not isinstance(asset, dict) or not str(asset.get("version", "")).startswith("2"):
        raise BadSource(f"{path}: no glTF 2.0")
    return header, binary


def _refuse_hostile(header: Mapping[str, Any], binary: bytes, path: Path) -> None:
    for buffer in header.get("buffers", []):
        uri = buffer.get("uri")
        if uri is not None and not str(uri).startswith("data:"):
            raise BadSource(
                f"{path}: its buffer lies elsewhere ({str(uri)[:60]!r}); expected one file: export it as GLB"
            )
    strange = sorted(set(header.get("extensionsRequired", [])) - _KNOWN)
    if strange:
        raise BadSource(f"{path}: needs {', '.join(strange)}, which is not read; export it without compression")
    if len(header.get("nodes", [])) > MOST_NODES:
        raise BadSource(f"{path}: {len(header['nodes']):,} nodes; at most {MOST_NODES:,} are read")
    _refuse_deep(header.get("nodes", []), path)
    there = len(binary) + sum(len(str(buffer.get("uri", ""))) for buffer in header.get("buffers", []))
    for accessor in header.get("accessors", []):
        if "bufferView" not in accessor and int(accessor.get("count", 0)) > there:
            raise BadSource(f"{path}: an accessor of {accessor['count']:,} items without bytes of its own")
    _refuse_repeated(header, path)
    unpacked = sum(_unpacked(accessor) for accessor in header.get("accessors", []))
    if unpacked > _TIMES * there:
        raise BadSource(
            f"{path}: its accessors unpack to {unpacked:,} bytes, of {there:,} that are there; expected each byte once"
        )


def _unpacked(accessor: Mapping[str, Any]) -> int:
    """The bytes that an accessor's values take once they are read (glTF 2.0, 3.6.2.2)."""
    each = _BYTES.get(accessor.get("componentType", 0), 4) * _NUMBERS.get(str(accessor.get("type")), 16)
    return max(int(accessor.get("count", 0)), 0) * each


def _refuse_deep(nodes: list[Mapping[str, Any]], path: Path) -> None:
    """A node has one parent (glTF 2.0, 3.5.2), and a tree of nodes no more than some levels."""
    parent: dict[int, int] = {}
    for number, node in enumerate(nodes):
        for child in node.get("children", []):
            if child in parent:
                raise BadSource(f"{path}: node {child} has two parents")
            parent[child] = number
    for number in range(len(nodes)):
        at, depth = number, 0
        while at in parent:
            at, depth = parent[at], depth + 1
            if depth > _DEEPEST:
                raise BadSource(f"{path}: nodes nested more than {_DEEPEST} deep, or in a circle")


def _refuse_repeated(header: Mapping[str, Any], path: Path) -> None:
    """Faces and corners count as often as nodes show their mesh: a small file may show one mesh a million times."""
    accessors, meshes = header.get("accessors", []), header.get("meshes", [])
    faces, corners = [], []
    for mesh in meshes:
        drawn = [(p.get("indices"), p.get("attributes", {}).get("POSITION")) for p in mesh.get("primitives", [])]
        lists = [at if order is None else order for order, at in drawn]
        faces.append(sum(int(accessors[at]["count"]) // 3 for at in lists if at is not None))
        corners.append(sum(int(accessors[at]["count"]) for _, at in drawn if at is not None))
    shown = [node["mesh"] for node in header.get("nodes", []) if "mesh" in node]
    refuse_many(sum(faces[mesh] for mesh in shown), str(path))
    refuse_many_corners(sum(corners) + sum(corners[mesh] for mesh in shown), str(path))


def _scene(header: Mapping[str, Any], binary: bytes) -> trimesh.Scene:
    """What trimesh makes of the file without pictures and whatever is no mesh."""
    bare = {name: value for name, value in header.items() if name not in _DROPPED}
    bare["materials"] = [_plain(*one) for one in enumerate(header.get("materials", []))]
    bare["nodes"] = [
        {k: v for k, v in node.items() if k not in ("camera", "skin")} | {"name": str(number)}  # names come twice
        for number, node in enumerate(header.get("nodes", []))
    ]
    text = json.dumps(bare).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), _JSON) + text
    if binary:
        padded = binary + bytes(-len(binary) % 4)
        chunks += struct.pack("<II", len(padded), _BINARY) + padded
    whole = struct.pack("<4sII", _MAGIC, 2, 12 + len(chunks)) + chunks
    return trimesh.load_scene(io.BytesIO(whole), file_type="glb", process=False)


def _plain(number: int, material: Mapping[str, Any]) -> dict[str, Any]:
    colour = material.get("pbrMetallicRoughness", {}).get("baseColorFactor")
    shown = {} if colour is None else {"pbrMetallicRoughness": {"baseColorFactor": colour}}
    return {"name": str(number), **shown}  # names come twice


def _parts(scene: trimesh.Scene, header: Mapping[str, Any], pictures: Mapping[int, Shown]) -> list[Part]:
    nodes, materials = header.get("nodes", []), header.get("materials", [])
    parents = scene.graph.transforms.parents
    found = []
    for frame in sorted(scene.graph.nodes_geometry):
        matrix, geometry = scene.graph[frame]
        mesh = scene.geometry[geometry]
        if not isinstance(mesh, trimesh.Trimesh):
            continue  # points and lines
        at = np.asarray(mesh.vertices, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        faces = np.asarray(mesh.faces, dtype=np.int64)
        faces = faces[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0 else faces
        path = [frame]
        while path[-1] in parents:
            path.append(parents[path[-1]])
        numbers = [int(name) for name in reversed(path) if name.isdigit()]  # others are the reader's own
        number = _number(mesh)
        shown = None if number is None else pictures.get(number)
        uv = None if shown is None else getattr(mesh.visual, "uv", None)
        part = Part("", at, faces, (), _material(mesh, materials))
        if shown is not None and uv is not None and len(uv) == len(at):
            part = replace(part, picture=shown.picture, uv=shown.places(np.asarray(uv, dtype=np.float64)))
        found.append((numbers, own_corners(part)))
    return [replace(part, name=_called(number, nodes)) for number, part in _topmost(found)]


def _topmost(found: list[tuple[list[int], Part]]) -> list[tuple[int, Part]]:
    """Parts with their topmost node below those that hold all of the model; paths lead down to them."""
    depth = 0
    while found and all(len(path) > depth + 1 for path, _ in found) and len({path[depth] for path, _ in found}) == 1:
        depth += 1
    return [(path[depth], part) for path, part in found]


def _called(number: int, nodes: list[Mapping[str, Any]]) -> str:
    return str(nodes[number].get("name") or f"node {number}")


def _number(mesh: trimesh.Trimesh) -> int | None:
    """Which material of the file a mesh has."""
    name = str(getattr(getattr(mesh.visual, "material", None), "name", None) or "")
    return int(name) if name.isdigit() else None


def _material(mesh: trimesh.Trimesh, materials: list[Mapping[str, Any]]) -> Material | None:
    colour = getattr(getattr(mesh.visual, "material", None), "baseColorFactor", None)
    number = _number(mesh)
    if colour is None or number is None:
        return None
    red, green, blue = (round(float(value) / 255.0, 4) for value in cast(Any, colour)[:3])
    return (str(materials[number].get("name", "")), (red, green, blue))
