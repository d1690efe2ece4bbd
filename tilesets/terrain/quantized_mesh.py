"""Quantized-mesh 1.0: regular grids of heights to tile bytes, and back. Pure: arrays in, bytes out.

Every tile has the same (SIDE x SIDE) vertices and triangles, so all that does not depend on the heights (u, v, indices,
edges) is encoded and even deflated once; a tile's gzip stream joins those parts with its own two: heights and normals.
Frame: lon/lat degrees (EPSG:4326), ellipsoidal heights in metres; positions in the header are ECEF (EPSG:4978).
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cim.crs import to_ecef
from cim.errors import BadSource
from cim.types import FloatArray

SIDE = 65
TOP = 32767
HEADER = struct.Struct("<3d2f4d3d")
NORMALS_ID, WATER_ID = 1, 2
WATER_SIDE = 256
_RADII = np.array([6378137.0, 6378137.0, 6356752.314245179])
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # no time, no name: the same input, the same bytes

U16 = npt.NDArray[np.uint16]
U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class HeightScale:
    """The one lattice of heights of a whole level: metres = low + k * quantum, k in 0..32767.

    quantum is a power of two and low a multiple of it. Since every tile of the level carries the same two header
    heights, equal k decode to equal bits in any client, whatever its formula and precision.
    """

    low: float
    quantum: float

    @property
    def high(self) -> float:
        """The height of k = 32767: exactly representable in the header's float32."""
        return self.low + TOP * self.quantum

    def encode(self, heights: FloatArray) -> U16:
        """The nearest k of each height (metres), any shape."""
        return np.clip(np.rint((heights - self.low) / self.quantum), 0, TOP).astype(np.uint16)

    def decode(self, k: U16) -> FloatArray:
        """Metres of each k: exact."""
        return self.low + k.astype(np.float64) * self.quantum


def height_scale(lowest: float, highest: float) -> HeightScale:
    """The finest scale that holds both heights; its quantum lies between 1/256 m and 1 m.

    >>> height_scale(595.2, 1402.7)
    HeightScale(low=595.0, quantum=0.03125)
    """
    quantum = 2.0**-8
    while np.floor(lowest) + TOP * quantum < highest:
        quantum *= 2.0
    return HeightScale(float(np.floor(lowest)), quantum)


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """What all tiles share. order: (n*n,) row-major grid index (row 0 south, column 0 west) of each vertex.

    triangles: (2(n-1)^2, 3) vertex numbers, counter-clockwise from above, quads cut from south-west to north-east.
    """

    order: npt.NDArray[np.int64]
    triangles: npt.NDArray[np.int64]
    body: bytes
    tail: bytes
    body_deflated: bytes
    tail_deflated: bytes


@lru_cache(maxsize=4)
def topology(side: int = SIDE) -> Topology:
    """The shared parts for side x side vertices, numbered in the order in which the triangles first use them."""
    grid = np.arange(side * side).reshape(side, side)
    sw, se, nw, ne = (part.ravel() for part in (grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]))
    corners = np.stack([sw, se, ne, nw, sw, ne], axis=1).reshape(-1)
    order = corners[np.sort(np.unique(corners, return_index=True)[1])]
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    indices = number[corners]
    high = np.maximum.accumulate(np.concatenate([[-1], indices[:-1]])) + 1  # the next unused vertex at each index
    lines = np.rint(np.arange(side) * (TOP / (side - 1))).astype(np.int64)
    body = zigzag(lines[order % side]) + zigzag(lines[order // side])
    edges = (grid[:, 0], grid[0, :], grid[:, -1], grid[-1, :])  # west, south, east, north
    tail = struct.pack("<I", len(indices) // 3) + (high - indices).astype("<u2").tobytes()
    tail += b"".join(struct.pack("<I", side) + number[edge].astype("<u2").tobytes() for edge in edges)
    tail += struct.pack("<BI", NORMALS_ID, 2 * side * side)
    return Topology(order, indices.reshape(-1, 3), body, tail, _deflate(body, 9), _deflate(tail, 9))


def zigzag(values: npt.NDArray[np.int64]) -> bytes:
    """Differences along the last axis, signs folded in, as little-endian 16-bit numbers."""
    step = np.diff(values, prepend=0, axis=-1)
    return ((step << 1) ^ (step >> 63)).astype("<u2").tobytes()


def _deflate(data: bytes, level: int, last: bool = False, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """A piece of a raw deflate stream that refers to nothing before it and ends on a byte."""
    squeeze = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    return squeeze.compress(data) + squeeze.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


@dataclass(frozen=True, slots=True, eq=False)
class Headers:
    """Positions of t tiles, ECEF. centre: (t, 3) metres; radius: (t,) of the sphere about it that holds every vertex;
    horizon: (t, 3) horizon occlusion point in units of the ellipsoid's radii."""

    centre: FloatArray
    radius: FloatArray
    horizon: FloatArray


def headers(lons: FloatArray, lats: FloatArray, heights: FloatArray) -> Headers:
    """The positions that belong in the headers. lons, lats: (t, n) degrees; heights: (t, n, n) metres as decoded."""
    t, n = lons.shape
    middle = (heights.min(axis=(1, 2)) + heights.max(axis=(1, 2))) / 2
    centre = to_ecef(np.column_stack([(lons[:, 0] + lons[:, -1]) / 2, (lats[:, 0] + lats[:, -1]) / 2, middle]))
    scaled = _unit_sphere(lons, lats, heights).reshape(t, 3, n * n)
    away = [(scaled[:, axis] - centre[:, None, axis] / _RADII[axis]) * _RADII[axis] for axis in range(3)]
    radius = np.sqrt((away[0] ** 2 + away[1] ** 2 + away[2] ** 2).max(axis=1))
    return Headers(centre, radius, _horizon(centre / _RADII, scaled))


def _unit_sphere(lons: FloatArray, lats: FloatArray, heights: FloatArray) -> FloatArray:
    """ECEF in units of the ellipsoid's radii, (t, 3, n, n): trigonometry once a line, not once a vertex."""
    lam, phi = np.radians(lons), np.radians(lats)[:, :, None]
    normal = _RADII[0] ** 2 / np.sqrt((_RADII[0] * np.cos(phi)) ** 2 + (_RADII[2] * np.sin(phi)) ** 2)
    ratio = (_RADII[2] / _RADII[0]) ** 2
    across = (normal + heights) * (np.cos(phi) / _RADII[0])
    up = (normal * ratio + heights) * (np.sin(phi) / _RADII[2])
    return np.stack([across * np.cos(lam)[:, None, :], across * np.sin(lam)[:, None, :], up], axis=1)


def _horizon(centre: FloatArray, vertices: FloatArray) -> FloatArray:
    """The point on each centre's ray that hides behind the horizon only when all of the tile's vertices do.

    Scaled space: the ellipsoid is the unit sphere. A vertex at angle a from the ray, standing over a horizon at angle
    b of its own (cos b = 1 / its distance), is seen until 1 / cos(a + b). Where a + b reaches a right angle (a
    root tile) the point lies at infinity; a very far one stands for it.
    """
    ray = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    x, y, z = vertices[:, 0], vertices[:, 1], vertices[:, 2]
    along = x * ray[:, :1] + y * ray[:, 1:2] + z * ray[:, 2:]
    size2 = x * x + y * y + z * z
    across2 = sum((vertices[:, axis] - along * ray[:, axis, None]) ** 2 for axis in range(3))
    above = np.maximum(size2, 1.0)
    least = (along - np.sqrt(across2 * (above - 1.0))) / np.sqrt(size2 * above)  # cos a cos b - sin a sin b
    point: FloatArray = ray / np.maximum(least.min(axis=1), 1e-6)[:, None]
    return point


F32 = npt.NDArray[np.float32]


def oct_encode(x: F32, y: F32, z: F32) -> list[U8]:
    """Unit vectors as two octahedral bytes each (Cigolle et al. 2014), as the extension has them. All of one shape."""
    one, half = np.float32(1.0), np.float32(0.5)
    total = np.abs(x) + np.abs(y) + np.abs(z)
    u, v = x / total, y / total
    below = z < 0
    if below.any():
        folded = np.where(u >= 0, one - np.abs(v), np.abs(v) - one), np.where(v >= 0, one - np.abs(u), np.abs(u) - one)
        u, v = np.where(below, folded[0], u), np.where(below, folded[1], v)
    return [((part * half + half) * np.float32(255.0) + half).astype(np.uint8) for part in (u, v)]


def oct_decode(pairs: U8) -> FloatArray:
    """Unit vectors (..., 3) of octahedral byte pairs (..., 2)."""
    u, v = pairs[..., 0] / 255.0 * 2.0 - 1.0, pairs[..., 1] / 255.0 * 2.0 - 1.0
    z = 1.0 - np.abs(u) - np.abs(v)
    fold = np.maximum(-z, 0.0)
    vector = np.stack([u - np.copysign(fold, u), v - np.copysign(fold, v), z], axis=-1)
    unit: FloatArray = vector / np.linalg.norm(vector, axis=-1, keepdims=True)
    return unit


def encode(
    scale: HeightScale, where: Headers, k: U16, normals: U8, level: int = 4, water: Sequence[bytes] | None = None
) -> list[bytes]:
    """The gzipped tiles of t grids.

    k: (t, n, n) heights on the scale, normals: (t, n, n, 2) octahedral bytes; row 0 south, column 0 west.
    level: deflate effort of the parts that differ. water: of each tile its mask, one byte or 256 x 256, row 0 north
    (255 water, 0 land); None: no such extension. The same input gives the same bytes.
    """
    t, side = k.shape[0], k.shape[1]
    shared = topology(side)
    heights = k.reshape(t, -1)[:, shared.order].astype(np.int64)
    faces = np.ascontiguousarray(normals.reshape(t, -1, 2)[:, shared.order])
    tiles = []
    for i in range(t):
        sphere = (*where.centre[i], where.radius[i])
        head = HEADER.pack(*where.centre[i], scale.low, scale.high, *sphere, *where.horizon[i])
        head += struct.pack("<I", side * side)
        last = faces[i].tobytes()
        if water is not None:
            last += struct.pack("<BI", WATER_ID, len(water[i])) + water[i]
        tiles.append(_gzip(head, shared, zigzag(heights[i]), last, level))
    return tiles


def _gzip(head: bytes, shared: Topology, heights: bytes, last: bytes, level: int) -> bytes:
    """One tile. last: the normals, and what follows them."""
    raw = b"".join([head, shared.body, heights, shared.tail, last])
    return b"".join(
        [
            _GZIP_HEAD,
            b"\x00" + struct.pack("<HH", len(head), len(head) ^ 0xFFFF) + head,  # a stored block (RFC 1951 3.2.4)
            shared.body_deflated,
            _deflate(
                heights, level, strategy=zlib.Z_RLE
            ),  # no longer than matches of ground with itself, in a third of the time
            shared.tail_deflated,
            _deflate(last, level, last=True),
            struct.pack("<II", zlib.crc32(raw), len(raw)),
        ]
    )


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A decoded grid tile: k (n, n) uint16, row 0 south; normals (n, n, 2) bytes; water: its mask, as `encode` takes it."""

    scale_low: float
    scale_high: float
    k: U16
    normals: U8
    water: bytes | None = None

    def heights(self) -> FloatArray:
        """(n, n) ellipsoidal metres."""
        return self.scale_low + self.k.astype(np.float64) * (self.scale_high - self.scale_low) / TOP


def decode(data: bytes, name: str = "tile") -> Mesh:
    """The heights of a tile that `encode` wrote, gzipped or not.

    Raises BadSource for bytes that are no such tile: truncated, corrupt, or a mesh of another shape.
    """
    try:
        raw = zlib.decompress(data, 31) if data[:2] == b"\x1f\x8b" else data
        low, high = HEADER.unpack_from(raw)[3:5]
        (count,) = struct.unpack_from("<I", raw, HEADER.size)
    except (zlib.error, struct.error) as error:
        raise BadSource(f"{name}: not a quantized mesh: {error}") from error
    side = round(count**0.5)
    if not (side * side == count and 2 <= side <= 256):
        raise BadSource(f"{name}: {count} vertices; a square grid was expected")
    shared, start = topology(side), HEADER.size + 4
    ends = np.cumsum([start, len(shared.body), 2 * count, len(shared.tail), 2 * count])
    same = raw[ends[0] : ends[1]] == shared.body and raw[ends[2] : ends[3]] == shared.tail
    water = raw[ends[4] + 5 :] or None
    sized = struct.pack("<BI", WATER_ID, len(water)) if water and len(water) in (1, WATER_SIDE**2) else b""
    if not same or raw[ends[4] : ends[4] + 5] != sized or len(raw) < ends[4]:
        raise BadSource(f"{name}: not a mesh of this server: its grid or its length ({len(raw)} bytes) differs")
    zigzag = np.frombuffer(raw, "<u2", count, int(ends[1])).astype(np.int64)
    k = np.empty(count, np.uint16)
    k[shared.order] = np.cumsum((zigzag >> 1) ^ -(zigzag & 1))
    faces = np.empty((count, 2), np.uint8)
    faces[shared.order] = np.frombuffer(raw, np.uint8, 2 * count, int(ends[3])).reshape(-1, 2)
    return Mesh(low, high, k.reshape(side, side), faces.reshape(side, side, 2), water)
