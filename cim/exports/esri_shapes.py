"""Shapes as the ESRI Shapefile holds them (white paper of July 1998), pure: many at a time into bytes."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cim.types import BoolArray, FloatArray, IntArray

_KINDS = {"Point": 1, "LineString": 3, "MultiLineString": 3, "Polygon": 5, "MultiPolygon": 5, "MultiPoint": 8}
_WITH_Z = 10
_NO_MEASURE = -1e39  # "any floating point number smaller than -10^38 is considered to represent a no data value"
HEADER_BYTES = 100


@dataclass(frozen=True, slots=True)
class Encoded:
    """Records behind each other, their lengths (n,) in bytes, the box (west, south, east, north, low, high) round them."""

    data: bytes
    lengths: IntArray
    box: FloatArray


def shape_type(shapes: frozenset[str], *, has_z: bool) -> int:
    """The number of the one type that a file of these kinds has: points become multipoints where one of them is one.

    >>> shape_type(frozenset({"Polygon", "MultiPolygon"}), has_z=False), shape_type(frozenset({"Point"}), has_z=True)
    (5, 11)
    """
    found = max((_KINDS[kind] for kind in shapes), default=0)
    return found + _WITH_Z if found and has_z else found


def header(kind: int, size: int, box: FloatArray) -> bytes:
    """The 100 bytes before the records of a file of `size` bytes. box: west, south, east, north, low, high."""
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, size // 2) + struct.pack("<2i8d", 1000, kind, *box, 0.0, 0.0)


def index(lengths: IntArray, start: int) -> bytes:
    """The index of records of these lengths (bytes), the first of which begins at `start`."""
    offsets = start + np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
    return np.column_stack([offsets // 2, (lengths - 8) // 2]).astype(">i4").tobytes()


def encode(shapes: npt.NDArray[Any], kind: int, first: int) -> Encoded:
    """Shapes (n,), none missing, all fit for the type `kind`, as records numbered from `first` on.

    Outer rings turn clockwise, holes against it. Heights stand where the type has them; one that is missing is 0.
    """
    has_z = kind > _WITH_Z
    flat = kind - _WITH_Z if has_z else kind
    if flat == 1:
        return _points(shapes, kind, first, has_z=has_z)
    parts, part_of = _parts(shapes, flat)
    sizes = shapely.get_num_coordinates(parts)
    coordinates = _coordinates(parts, has_z=has_z)
    count = len(shapes)
    parts_each = np.bincount(part_of, minlength=count)
    points_each = np.bincount(part_of, weights=sizes, minlength=count).astype(np.int64)
    point_ends, part_ends = np.cumsum(points_each), np.cumsum(parts_each)
    begins = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(sizes) else sizes
    within = (begins - np.repeat(point_ends - points_each, parts_each)).astype("<i4")
    boxes, xy, z = shapely.bounds(shapes), np.ascontiguousarray(coordinates[:, :2]), coordinates[:, 2:].ravel()
    fixed = 40 if flat == 8 else 44  # type, box and counts; a multipoint has no parts
    lengths = 8 + fixed + (0 if flat == 8 else 4) * parts_each + 16 * points_each + (16 + 8 * points_each) * has_z
    pieces: list[bytes] = []
    for k, (last_point, last_part) in enumerate(zip(point_ends.tolist(), part_ends.tolist(), strict=True)):
        from_point, from_part = last_point - int(points_each[k]), last_part - int(parts_each[k])
        pieces.append(struct.pack(">2i", first + k, (int(lengths[k]) - 8) // 2))
        pieces.append(struct.pack("<i4d", kind, *boxes[k]))
        if flat != 8:
            pieces.append(struct.pack("<i", last_part - from_part))
        pieces.append(struct.pack("<i", last_point - from_point))
        if flat != 8:
            pieces.append(within[from_part:last_part].tobytes())
        pieces.append(xy[from_point:last_point].tobytes())
        if has_z:
            heights = z[from_point:last_point]
            pieces.append(struct.pack("<2d", heights.min(), heights.max()) + heights.tobytes())
    return Encoded(b"".join(pieces), lengths, _box(coordinates))


def _points(shapes: npt.NDArray[Any], kind: int, first: int, *, has_z: bool) -> Encoded:
    coordinates = _coordinates(shapes, has_z=has_z)
    form = [("number", ">i4"), ("length", ">i4"), ("kind", "<i4"), ("xy", "<f8", 2), *([("zm", "<f8", 2)] * has_z)]
    found = np.zeros(len(shapes), dtype=form)
    found["number"] = first + np.arange(len(shapes))
    found["length"], found["kind"], found["xy"] = (found.itemsize - 8) // 2, kind, coordinates[:, :2]
    if has_z:
        found["zm"][:, 0], found["zm"][:, 1] = coordinates[:, 2], _NO_MEASURE
    lengths = np.full(len(shapes), found.itemsize, dtype=np.int64)
    return Encoded(found.tobytes(), lengths, _box(coordinates))


def _parts(shapes: npt.NDArray[Any], flat: int) -> tuple[npt.NDArray[Any], IntArray]:
    """Rings, lines or points, and the place of the shape that each belongs to."""
    if flat != 5:
        return shapely.get_parts(shapes, return_index=True)
    polygons, shape_of = shapely.get_parts(shapely.orient_polygons(shapes, exterior_cw=True), return_index=True)
    rings, polygon_of = shapely.get_rings(polygons, return_index=True)
    return rings, shape_of[polygon_of]


def _coordinates(parts: npt.NDArray[Any], *, has_z: bool) -> FloatArray:
    found: FloatArray = shapely.get_coordinates(parts, include_z=has_z)
    if has_z:
        unknown: BoolArray = np.isnan(found[:, 2])
        found[unknown, 2] = 0.0
    return found


def _box(coordinates: FloatArray) -> FloatArray:
    if not len(coordinates):
        return np.array([np.inf, np.inf, -np.inf, -np.inf, np.inf, -np.inf])
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    z = (low[2], high[2]) if len(low) == 3 else (0.0, 0.0)
    return np.array([*low[:2], *high[:2], *z])
