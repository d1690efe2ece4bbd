"""The colour that a point of a tile shows, found by trimesh: it reads the file and its pictures, and where corners lie."""

import io
import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
import trimesh
from PIL import Image
from pyproj import Transformer

from cim.boundary import Boundary
from cim.geometry import anchors, cell_keys
from tests import glb
from tests.sample_city import CRS, UNDULATION_M, Even, Slope, city
from tilesets.buildings.content import content
from tilesets.buildings.site import Site
from tilesets.buildings.standing import stand
from tilesets.gltf.placement import frame_at

_LONLAT = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)
_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)

QUARTERS = {
    "upper left": (230, 20, 20),
    "upper right": (20, 200, 20),
    "lower left": (20, 20, 230),
    "lower right": (230, 220, 20),
}


def quarters(form: str = "PNG", side: int = 64) -> bytes:
    """A picture of four colours, one a quarter: which way up it lies can be told."""
    pixels = np.zeros((side, side, 3), dtype=np.uint8)
    for colour, (row, column) in zip(QUARTERS.values(), ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        half = side // 2
        pixels[row * half : (row + 1) * half, column * half : (column + 1) * half] = colour
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, form)
    return packed.getvalue()


def shown(data: bytes, points: Any) -> list[str]:
    """For points (n, 3) of the city frame, heights in its datum, the quarter that is nearest to what is seen there."""
    east, north, up = np.asarray(points, dtype=np.float64).T
    at = np.column_stack(_ECEF.transform(*_LONLAT.transform(east, north), up + UNDULATION_M))
    scene = trimesh.load(io.BytesIO(_spread(data)), file_type="glb", process=False)
    best: list[tuple[float, str]] = [(np.inf, "")] * len(at)
    for name in scene.graph.nodes_geometry:
        matrix, geometry = scene.graph[name]
        mesh = scene.geometry[geometry]
        # a tile has y up; its viewer turns it into the earth's axes
        world = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]) @ matrix
        corners = mesh.vertices @ world[:3, :3].T + world[:3, 3]
        near, far, face = trimesh.proximity.closest_point_naive(trimesh.Trimesh(corners, mesh.faces, process=False), at)
        for k, (distance, number) in enumerate(zip(far, face, strict=True)):
            if distance < best[k][0]:
                best[k] = (float(distance), _told(mesh, corners, near[k], int(number)))
    assert max(distance for distance, _ in best) < 0.05
    return [name for _, name in best]


def _spread(data: bytes) -> bytes:
    """The same GLB with places in pictures as plain numbers, which trimesh does not make of steps (glTF 2.0, 3.6.2.2) and
    transforms (KHR_texture_transform)."""
    tile = glb.parse(glb.decompressed(data))
    document, chunk = tile.document, tile.chunk
    for primitive in tile.primitives():
        number = primitive["attributes"].get("TEXCOORD_0")
        if number is None:
            continue
        told = document["materials"][primitive["material"]]["pbrMetallicRoughness"]["baseColorTexture"]
        moved = told.pop("extensions", {}).get("KHR_texture_transform", {})
        steps = tile.accessor(number)[:, :2] / 65535.0
        plain = (steps * moved.get("scale", [1, 1]) + moved.get("offset", [0, 0])).astype("<f4").tobytes()
        document["bufferViews"].append({"buffer": 0, "byteOffset": len(chunk), "byteLength": len(plain)})
        count = document["accessors"][number]["count"]
        view = len(document["bufferViews"]) - 1
        document["accessors"][number] = {"bufferView": view, "componentType": 5126, "count": count, "type": "VEC2"}
        chunk += plain
    document["buffers"] = [{"byteLength": len(chunk)}]
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(chunk)) + struct.pack("<I4s", len(text), b"JSON")
    return head + text + struct.pack("<I4s", len(chunk), b"BIN\0") + chunk


def _told(mesh: Any, corners: np.ndarray, point: np.ndarray, face: int) -> str:
    if not hasattr(mesh.visual, "uv") or mesh.visual.uv is None:
        return "no picture"
    weight = trimesh.triangles.points_to_barycentric(corners[mesh.faces[face]][None], point[None])[0]
    uv = weight @ mesh.visual.uv[mesh.faces[face]]
    image = mesh.visual.material.baseColorTexture
    if image is None:
        return "no picture"
    seen = trimesh.visual.color.uv_to_color(uv[None], image)[0][:3].astype(int)
    return min(QUARTERS, key=lambda name: int(np.abs(seen - QUARTERS[name]).sum()))


def tile(body: Boundary) -> bytes:
    """The tile of one building with these surfaces, heights in the city's datum, near the sample city's centre."""
    west, south, east, north = shapely.total_bounds(body.polygons)
    rows = city(1, old_share=1.0)
    shape = np.array([shapely.box(west - 1, south - 1, east + 1, north + 1)], dtype=object)
    rows = replace(
        rows,
        geometry=shape,
        base_m=np.array([shapely.get_coordinates(body.polygons, include_z=True)[:, 2].min()]),
        cell=cell_keys(anchors(shape)),
        boundary=np.array([body, None], dtype=object)[:-1],
    )
    standing, _ = stand(rows, Site(CRS, Slope(), Even()))
    return content(standing, frame_at((west + east) / 2, (south + north) / 2, CRS), refined=True).data
