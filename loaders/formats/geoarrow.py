"""Geometries out of Arrow arrays: well-known binary, or coordinates in nested lists as GeoArrow lays them out."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from cim.types import FloatArray, IntArray, ObjectArray
from loaders.formats import ragged, wkb

NESTED = {"point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}
"""how many levels of lists each of the encodings of GeoParquet 1.1 has around its coordinates"""


def from_wkb(array: "pa.Array[Any]") -> tuple[ObjectArray, ragged.Faults, list[int]]:
    """Geometries (n,) out of binary values; why some could not be read; which had rings that were closed."""
    blobs = np.array([*array.to_pylist(), None], dtype=object)[:-1]
    shapes, curves, closed = wkb.shapes(blobs)
    lost = np.flatnonzero(shapely.is_missing(shapes) & np.array([b is not None for b in blobs], dtype=bool))
    faults = dict.fromkeys(lost.tolist(), ("geometry_unreadable", "its geometry is no well-known binary"))
    return shapes, faults | dict.fromkeys(curves, ("geometry_unreadable", "a curve, which is not read")), closed


def from_lists(array: "pa.Array[Any]", kind: str) -> tuple[ObjectArray, ragged.Faults, list[int]]:
    """The same out of nested lists of coordinates; `kind` is one of NESTED. Raises ValueError for another layout."""
    out = np.full(len(array), None, dtype=object)
    faults: ragged.Faults = {}
    closed: list[int] = []
    places = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    while len(places):
        counts, xyz = _flat(array.take(pa.array(places)), NESTED[kind])
        short, made, unclosed = _built(kind, counts, xyz, len(places))
        if not short:
            out[places] = made
            closed = places[unclosed].tolist()
            break
        faults |= {int(places[place]): why for place, why in short.items()}
        places = np.delete(places, list(short))
    return out, faults, closed


def _flat(array: "pa.Array[Any]", depth: int) -> tuple[list[IntArray], FloatArray]:
    """How many items each list of each level has, from the outermost in, and the coordinates (k, 2 or 3)."""
    counts = []
    for _ in range(depth):
        if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
            raise ValueError(f"geometries as {array.type}; expected {depth} levels of lists")
        counts.append(pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64))
        array = array.flatten()
    if pa.types.is_struct(array.type):
        names = [array.type.field(i).name for i in range(array.type.num_fields)]
        axes = [array.field(names.index(axis)) for axis in ("x", "y", "z") if axis in names]
        columns = [np.asarray(axis.to_numpy(zero_copy_only=False), dtype=np.float64) for axis in axes]
        if len(columns) < 2:
            raise ValueError(f"coordinates with {', '.join(names)}; expected x and y")
        return counts, np.column_stack(columns)
    if pa.types.is_fixed_size_list(array.type):
        width = array.type.list_size
        numbers = array.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
        return counts, numbers.reshape(-1, width)[:, : min(3, width)]
    raise ValueError(f"coordinates as {array.type}; expected x and y")


def _built(
    kind: str, counts: list[IntArray], xyz: FloatArray, count: int
) -> tuple[ragged.Faults, ObjectArray, IntArray]:
    """Records that are too short, or the geometries (count,) and the places of those whose rings were closed."""
    none = np.zeros(0, dtype=np.int64)
    owners = [np.arange(count)]
    for level in counts:
        owners.append(np.repeat(owners[-1], level))
    if kind in ("point", "multipoint"):
        points = np.asarray(shapely.points(xyz)).astype(object)
        return {}, ragged.gathered(points, owners[-1], count), none
    sizes, owner = counts[-1], owners[-2]
    if kind.endswith("linestring"):
        short = ragged.short_lines(sizes, owner)
        made = np.zeros(0, dtype=object) if short else ragged.gathered(ragged.lines(xyz, sizes), owner, count)
        return short, made, none
    short = ragged.short_rings(xyz, sizes, owner)
    if short:
        return short, np.zeros(0, dtype=object), none
    rings = ragged.rings(xyz, sizes)
    polygon = np.repeat(np.arange(len(counts[-2])), counts[-2])
    _, first, numbered = np.unique(polygon, return_index=True, return_inverse=True)
    made = ragged.gathered(ragged.polygons(rings.shapes, numbered), owner[first], count)
    return {}, made, np.unique(owner[rings.unclosed])
