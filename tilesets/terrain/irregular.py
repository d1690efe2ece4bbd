"""Irregular quantized-mesh tiles: an adaptive mesh's vertices, heights and normals to bytes. Pure: arrays in, bytes out.

They show the same lattice of heights as the regular tiles, and their edges meet alike; ServedGround reads regular ones.
"""

import gzip
import struct

import numpy as np

from cim.types import FloatArray, IntArray
from tilesets.terrain.adaptive import QUADS, Triangles
from tilesets.terrain.normals import facing
from tilesets.terrain.quantized_mesh import HEADER, NORMALS_ID, TOP, U8, HeightScale, headers, zigzag

_PROBE = 16  # every so many vertices the header looks at the tile


def tiles(
    heights: FloatArray, step: float, west: FloatArray, south: FloatArray, meshes: list[Triangles], scale: HeightScale
) -> list[bytes]:
    """The gzipped tiles of a block's meshes, row by row from the south-west.

    heights: ellipsoidal metres (256 r + 3, 256 c + 3), the block's lattice with a collar of one, row 0 south. step:
    degrees between its vertices. west (c,), south (r,): degrees of each column's and row's first edge.
    """
    found = []
    for number, mesh in enumerate(meshes):
        row, column = divmod(number, len(west))
        window = heights[row * QUADS : (row + 1) * QUADS + 3, column * QUADS : (column + 1) * QUADS + 3]
        found.append(_tile(window, step, float(west[column]), float(south[row]), mesh, scale))
    return found


def _tile(
    heights: FloatArray, step: float, west: float, south: float, mesh: Triangles, scale: HeightScale, level: int = 4
) -> bytes:
    c, r = mesh.vertices.T
    k = scale.encode(heights[r + 1, c + 1])
    rises = heights[r + 1, c + 2] - heights[r + 1, c], heights[r + 2, c + 1] - heights[r, c + 1]
    faces = np.stack(facing(*rises, step, west + c * step, south + r * step), axis=-1)
    metres = scale.decode(k)
    head = _head(west, south, step, float(metres.min()), float(metres.max()), scale) + struct.pack("<I", len(k))
    u, v = (np.rint(n * (TOP / QUADS)).astype(np.int64) for n in (c, r))
    body = zigzag(u) + zigzag(v) + zigzag(k.astype(np.int64))
    raw = head + body + _faces(mesh, len(head) + len(body)) + _light(faces)
    return gzip.compress(raw, level, mtime=0)


def _head(west: float, south: float, step: float, low: float, high: float, scale: HeightScale) -> bytes:
    """The header: positions for a slab between the tile's lowest and highest height, which holds every vertex."""
    along: FloatArray = np.repeat(np.arange(0, QUADS + 1, _PROBE), 2) * np.float64(step)
    slab = np.broadcast_to(np.where(np.arange(len(along)) % 2, high, low), (len(along), len(along)))
    where = headers((west + along)[None], (south + along)[None], slab[None])
    sphere = (*where.centre[0], where.radius[0])
    return HEADER.pack(*where.centre[0], scale.low, scale.high, *sphere, *where.horizon[0])


def _faces(mesh: Triangles, before: int) -> bytes:
    """Triangles by the highest vertex yet, and the vertices on the edges: west, south, east, north."""
    indices = mesh.indices.ravel()
    count = len(mesh.vertices)
    size, kind = (4, "<u4") if count > 65536 else (2, "<u2")
    high = np.maximum.accumulate(np.concatenate([[-1], indices[:-1]])) + 1
    c, r = mesh.vertices.T
    edges: list[IntArray] = [np.flatnonzero(edge) for edge in (c == 0, r == 0, c == QUADS, r == QUADS)]
    parts = [bytes(-before % size), struct.pack("<I", len(indices) // 3), (high - indices).astype(kind).tobytes()]
    parts += [struct.pack("<I", len(edge)) + edge.astype(kind).tobytes() for edge in edges]
    return b"".join(parts)


def _light(faces: U8) -> bytes:
    return struct.pack("<BI", NORMALS_ID, faces.size) + faces.tobytes()
