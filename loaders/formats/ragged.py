"""Geometries out of flat coordinates and counts, many at a time; a part that is too short costs only its own record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

Faults = dict[int, tuple[str, str]]
"""place -> (code, why) of records that no geometry can be made of"""


@dataclass(frozen=True, slots=True)
class Rings:
    """Rings (r,) as shapely has them. unclosed: (r,) which did not end where they begin, and were closed."""

    shapes: ObjectArray
    unclosed: BoolArray


def short_lines(sizes: IntArray, owner: IntArray) -> Faults:
    """Records with a line of one position. sizes, owner: (p,) positions of each part, place of its record."""
    why = ("line_too_short", "a line of one position")
    return dict.fromkeys(np.unique(owner[sizes < 2]).tolist(), why)


def short_rings(xyz: FloatArray, sizes: IntArray, owner: IntArray) -> Faults:
    """Records with a ring of fewer than three nodes. xyz: (k, 2 or 3) of all rings; sizes, owner: (r,)."""
    nodes = sizes - (~_unclosed(xyz, sizes)).astype(np.int64)
    faults: Faults = {}
    for place, count in zip(owner[nodes < 3].tolist(), nodes[nodes < 3].tolist(), strict=True):
        faults.setdefault(place, ("ring_too_short", f"a ring of {max(0, count)} nodes; expected at least three"))
    return faults


def lines(xyz: FloatArray, sizes: IntArray) -> ObjectArray:
    """Line strings (p,) of at least two positions each."""
    made: ObjectArray = np.asarray(shapely.linestrings(xyz, indices=np.repeat(np.arange(len(sizes)), sizes)))
    return made.astype(object)


def rings(xyz: FloatArray, sizes: IntArray) -> Rings:
    """Rings (r,) of at least three nodes each, closed where they are not."""
    unclosed = _unclosed(xyz, sizes)
    indices = np.repeat(np.arange(len(sizes)), sizes)
    return Rings(np.asarray(shapely.linearrings(xyz, indices=indices)).astype(object), unclosed)


def polygons(shapes: ObjectArray, polygon: IntArray) -> ObjectArray:
    """Polygons out of rings (r,), each polygon's shell before its holes. polygon: (r,) ascending from 0 without a gap."""
    if not len(shapes):
        return np.zeros(0, dtype=object)
    return np.asarray(shapely.polygons(shapes, indices=polygon)).astype(object)


def gathered(parts: ObjectArray, owner: IntArray, count: int) -> ObjectArray:
    """One geometry a record (count,): its only part, several as a multi-geometry, None where it has none.

    parts: (p,) points, lines or polygons, all of one kind; owner: (p,) ascending, the place of each part's record.
    """
    out = np.full(count, None, dtype=object)
    if not len(parts):
        return out
    places, starts, sizes = np.unique(owner, return_index=True, return_counts=True)
    single = sizes == 1
    out[places[single]] = parts[starts[single]]
    several = np.isin(owner, places[~single])
    if several.any():
        make = _MULTI[shapely.get_type_id(parts[0])]
        _, indices = np.unique(owner[several], return_inverse=True)
        out[places[~single]] = make(parts[several], indices=indices)
    return out


def signed_areas(xy: FloatArray, sizes: IntArray) -> FloatArray:
    """Areas (r,) of rings, positive where they run counter-clockwise. xy: (k, 2) of all rings, closed or not."""
    if not len(sizes):
        return np.zeros(0)
    starts = np.cumsum(sizes) - sizes
    local = xy[:, :2] - np.repeat(xy[starts, :2], sizes, axis=0)  # or the digits of large coordinates drown the area
    following = np.roll(local, -1, axis=0)
    following[starts + sizes - 1] = 0.0  # the first position, seen from itself
    cross = local[:, 0] * following[:, 1] - following[:, 0] * local[:, 1]
    return np.asarray(np.add.reduceat(cross, starts) / 2.0, dtype=np.float64)


def spans(starts: IntArray, sizes: IntArray) -> IntArray:
    """The numbers start, start + 1 ... of every span behind each other: where things lie that are to be gathered.

    >>> spans(np.array([10, 5]), np.array([2, 3])).tolist()
    [10, 11, 5, 6, 7]
    """
    ends = np.cumsum(sizes)
    begins: IntArray = np.repeat(starts - (ends - sizes), sizes)
    return begins + np.arange(len(begins))


_MULTI: dict[int, Callable[..., Any]] = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}


def _unclosed(xyz: FloatArray, sizes: IntArray) -> BoolArray:
    ends = np.cumsum(sizes)
    some = sizes > 0
    out = np.zeros(len(sizes), dtype=np.bool_)
    first, last = xyz[(ends - sizes)[some]], xyz[ends[some] - 1]
    out[some] = ((first != last) & ~(np.isnan(first) & np.isnan(last))).any(axis=1)
    return out
