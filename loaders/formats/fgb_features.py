"""The features of a FlatGeobuf: geometries and attributes out of the bytes of thousands at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely

from cim.types import FloatArray, IntArray, ObjectArray
from loaders.formats import ragged
from loaders.formats.fgb import KINDS, Head
from loaders.formats.flatbuffer import Buffers
from loaders.formats.placed import Held

_FIXED = {"Byte": "<i1", "UByte": "<u1", "Bool": "<u1", "Short": "<i2", "UShort": "<u2", "Int": "<i4", "UInt": "<u4"}
_FIXED |= {"Long": "<i8", "ULong": "<u8", "Float": "<f4", "Double": "<f8"}
_POINT, _LINE, _POLYGON, _MULTIPOINT, _MULTILINE, _MULTIPOLYGON = range(1, 7)
_NAMES = {7: "GeometryCollection", 8: "CircularString", 9: "CompoundCurve", 10: "CurvePolygon", 11: "MultiCurve"}
_NAMES |= {12: "MultiSurface", 13: "Curve", 14: "Surface", 15: "PolyhedralSurface", 16: "TIN", 17: "Triangle"}

_SPOILT = ("record_unreadable", "the bytes of the record cannot be made out")


@dataclass(slots=True)
class Features:
    """Geometries (n,) and columns of n values; faults: why a record is none; closed: which had a ring that was closed."""

    shapes: ObjectArray
    columns: dict[str, list[Any]]
    faults: ragged.Faults
    closed: list[int]


def decode(held: Held, head: Head) -> Features:
    """The features whose bytes these are."""
    count = len(held.at)
    buffers = Buffers(held.content, held.at, held.at + held.size, held.size < 8)
    everyone = np.arange(count)
    roots = buffers.roots(held.at, everyone)
    found = Features(np.full(count, None, dtype=object), {}, {}, [])
    place = buffers.field(roots, everyone, 0)
    owner = everyone[place >= 0]
    tables = buffers.roots(place[owner], owner)
    _geometries(found, buffers, tables, owner, head)
    start, size = buffers.vector(roots, everyone, 1, 1)
    columns = _properties(buffers, start, size, head)
    found.columns = {name: column.tolist() for (name, _), column in zip(head.columns, columns, strict=True)}
    if (buffers.field(roots, everyone, 2) >= 0).any():
        own = np.flatnonzero(buffers.field(roots, everyone, 2) >= 0).tolist()
        found.faults |= dict.fromkeys(own, (_SPOILT[0], "the record has columns of its own, which are not read"))
    for bad in np.flatnonzero(buffers.bad).tolist():
        found.faults[bad] = _SPOILT
        found.shapes[bad] = None
    return found


def _geometries(found: Features, buffers: Buffers, tables: IntArray, owner: IntArray, head: Head) -> None:
    kinds = np.full(len(tables), head.geometry, dtype=np.int64)
    if head.geometry == 0:
        place = buffers.field(tables, owner, 6)
        kinds[place >= 0] = buffers.numbers(place[place >= 0], owner[place >= 0], "<u1")
    for kind in np.unique(kinds).tolist():
        mine = kinds == kind
        if kind == _MULTIPOLYGON:
            _polygons(found, buffers, *_children(buffers, tables[mine], owner[mine]), head.has_z)
        elif kind == _POLYGON:
            _polygons(found, buffers, tables[mine], owner[mine], head.has_z)
        elif kind in (_LINE, _MULTILINE):
            _lines(found, buffers, tables[mine], owner[mine], head.has_z)
        elif kind in (_POINT, _MULTIPOINT):
            _points(found, buffers, tables[mine], owner[mine], head.has_z)
        elif kind:
            why = f"a {_NAMES.get(kind, f'geometry of type {kind}')}, which is not read"
            found.faults |= dict.fromkeys(owner[mine].tolist(), ("geometry_unreadable", why))


def _children(buffers: Buffers, tables: IntArray, owner: IntArray) -> tuple[IntArray, IntArray]:
    """The parts of geometries, and whose they are."""
    start, count = buffers.vector(tables, owner, 7, 4)
    at = ragged.spans(start, count * 4)[::4]
    whose = np.repeat(owner, count)
    return buffers.roots(at, whose), whose


def _positions(
    buffers: Buffers, tables: IntArray, owner: IntArray, z: bool
) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    """The tables that are sound, whose they are, all their positions (k, 2 or 3), and how many each has."""
    start, count = buffers.vector(tables, owner, 1, 8)
    heights, high = buffers.vector(tables, owner, 2, 8) if z else (start, count // 2)
    buffers.bad[owner[(count % 2 == 1) | (high != count // 2)]] = True
    fine = ~buffers.bad[owner]
    tables, owner, start, count = tables[fine], owner[fine], start[fine], count[fine]
    xyz = buffers.elements(start, count, "<f8").reshape(-1, 2)
    if z:
        xyz = np.column_stack([xyz, buffers.elements(heights[fine], count // 2, "<f8")])
    return tables, owner, np.asarray(xyz, dtype=np.float64), count // 2


def _parts(buffers: Buffers, tables: IntArray, owner: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """How many positions each line or ring has, and the number of the table (from 0) that it is a part of."""
    start, number = buffers.vector(tables, owner, 0, 4)
    ends = buffers.elements(start, number, "<u4").astype(np.int64)
    whole = (number == 0) & (counts > 0)  # without ends there is one part
    which = np.repeat(np.arange(len(tables)), number)
    sizes = np.diff(ends, prepend=0)
    first = (np.cumsum(number) - number)[number > 0]
    sizes[first] = ends[first]
    last = (np.cumsum(number) - 1)[number > 0]
    wrong = np.zeros(len(tables), dtype=np.bool_)
    wrong[which[sizes < 0]] = True
    wrong[number > 0] |= ends[last] != counts[number > 0]
    buffers.bad[owner[wrong]] = True
    which = np.concatenate([which, np.flatnonzero(whole)])
    sizes = np.concatenate([sizes, counts[whole]])
    order = np.argsort(which, kind="stable")
    return sizes[order], which[order]


def _sound_parts(
    found: Features, buffers: Buffers, tables: IntArray, owner: IntArray, z: bool, *, are_rings: bool
) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Positions, sizes of the parts, the table and the record of each; records with a spoilt or too short part left out."""
    tables, owner, xyz, counts = _positions(buffers, tables, owner, z)
    sizes, which = _parts(buffers, tables, owner, counts)
    short: ragged.Faults = {}
    if not buffers.bad[owner].any():
        whose = owner[which]
        short = ragged.short_rings(xyz, sizes, whose) if are_rings else ragged.short_lines(sizes, whose)
        if not short:
            return xyz, sizes, which, whose
    found.faults |= short
    out = buffers.bad.copy()
    out[list(short)] = True
    return _sound_parts(found, buffers, tables[~out[owner]], owner[~out[owner]], z, are_rings=are_rings)


def _polygons(found: Features, buffers: Buffers, tables: IntArray, owner: IntArray, z: bool) -> None:
    xyz, sizes, which, whose = _sound_parts(found, buffers, tables, owner, z, are_rings=True)
    if not len(sizes):
        return
    rings = ragged.rings(xyz, sizes)
    _, first, polygon = np.unique(which, return_index=True, return_inverse=True)
    made = ragged.gathered(ragged.polygons(rings.shapes, polygon), whose[first], len(found.shapes))
    _put(found, made)
    found.closed += np.unique(whose[rings.unclosed]).tolist()


def _lines(found: Features, buffers: Buffers, tables: IntArray, owner: IntArray, z: bool) -> None:
    xyz, sizes, _, whose = _sound_parts(found, buffers, tables, owner, z, are_rings=False)
    if len(sizes):
        _put(found, ragged.gathered(ragged.lines(xyz, sizes), whose, len(found.shapes)))


def _points(found: Features, buffers: Buffers, tables: IntArray, owner: IntArray, z: bool) -> None:
    _, owner, xyz, counts = _positions(buffers, tables, owner, z)
    points = np.asarray(shapely.points(xyz)).astype(object)
    _put(found, ragged.gathered(points, np.repeat(owner, counts), len(found.shapes)))


def _put(found: Features, made: ObjectArray) -> None:
    there = ~shapely.is_missing(made)
    found.shapes[there] = made[there]


def _properties(buffers: Buffers, start: IntArray, size: IntArray, head: Head) -> list[ObjectArray]:
    """The columns (n,): behind the number of its column stands each value, one round for the k-th of every record."""
    columns = [np.full(len(start), None, dtype=object) for _ in head.columns]
    at, end, record = start, start + size, np.arange(len(start))
    for _ in range(len(head.columns) + 1):
        going = (at < end) & ~buffers.bad[record]
        at, end, record = at[going], end[going], record[going]
        if not len(record):
            return columns
        number = buffers.numbers(at, record, "<u2")
        buffers.bad[record[number >= len(head.columns)]] = True
        following = end.copy()
        for which in np.unique(number[number < len(head.columns)]).tolist():
            mine = number == which
            kind = KINDS[head.columns[which][1]]
            following[mine] = _values(buffers, at[mine] + 2, end[mine], record[mine], kind, columns[which])
        at = following
    buffers.bad[record] = True  # more values than there are columns
    return columns


def _values(
    buffers: Buffers, at: IntArray, end: IntArray, record: IntArray, kind: str, column: ObjectArray
) -> IntArray:
    """Put values into their column, and say where the next ones stand (m,)."""
    if kind in _FIXED:
        dtype = _FIXED[kind]
        values = buffers.values(at, record, dtype).tolist()
        column[record] = [v != 0 for v in values] if kind == "Bool" else values
        return at + np.dtype(dtype).itemsize
    length = buffers.numbers(at, record, "<u4")
    too_long = at + 4 + length > end
    buffers.bad[record[too_long]] = True
    content = buffers.content
    for place, begin, size in zip(
        record.tolist(), (at + 4).tolist(), np.where(too_long, 0, length).tolist(), strict=True
    ):
        column[place] = _read(content[begin : begin + size].tobytes(), kind)
    return at + 4 + length


def _read(content: bytes, kind: str) -> Any:
    if kind == "Binary":
        return content.hex()
    text = content.decode("utf-8", "surrogateescape")
    if kind == "Json":
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            return text
    return text
