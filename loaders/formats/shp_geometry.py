"""The geometries in the records of a .shp: thousands at a time where they are plain, ring by ring where they are not."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.errors import GEOSException

from cim.types import BoolArray, FloatArray, IntArray, ObjectArray
from loaders.formats import ragged
from loaders.formats.placed import Octets
from loaders.formats.shp import KINDS

# ESRI white paper, tables 4-16: behind the type and the box stand the counts, the parts' starts, the positions, and then
# for ..Z a range and one height a position, for ..M the same of measures (which nothing here uses).
_POINT, _MULTIPOINT, _LINE, _POLYGON, _PATCH = (1, 11, 21), (8, 18, 28), (3, 13, 23), (5, 15, 25), 31
_WITH_Z = (11, 13, 15, 18)
_COUNTED_AT = 36


@dataclass(slots=True)
class Decoded:
    """Geometries (n,), None where there is none; why some could not be made; which had a ring that was closed."""

    shapes: ObjectArray
    faults: ragged.Faults = field(default_factory=dict)
    closed: list[int] = field(default_factory=list)


def decode(content: Octets, at: IntArray, size: IntArray) -> Decoded:
    """The geometries of records. at, size: (n,) where each begins in `content` and how many bytes it has there."""
    found = Decoded(np.full(len(at), None, dtype=object))
    readable = size >= 4
    _fault(found, ~readable, "its record is shorter than a shape type")
    kinds = np.full(len(at), -1, dtype=np.int64)
    kinds[readable] = _integers(content, at[readable])
    _fault(found, readable & ~np.isin(kinds, list(KINDS)), "a shape type that the format does not know")
    _fault(found, kinds == _PATCH, "a MultiPatch, a body of triangles: footprints are taken from polygons")
    for kind in np.unique(kinds[np.isin(kinds, list(KINDS))]).tolist():
        places = np.flatnonzero(kinds == kind)
        if kind in _POINT:
            _points(found, content, at, size, places, kind in _WITH_Z)
        elif kind in _MULTIPOINT:
            _multipoints(found, content, at, size, places, kind in _WITH_Z)
        elif kind in _LINE + _POLYGON:
            _parts(found, content, at, size, places, kind)
    return found


def _fault(found: Decoded, bad: BoolArray, why: str) -> None:
    for place in np.flatnonzero(bad).tolist():
        found.faults[place] = ("geometry_unreadable", why)


def _integers(content: Octets, at: IntArray) -> IntArray:
    """Little-endian int32 at any positions (n,)."""
    octets = content[at[:, None] + np.arange(4)]
    return np.ascontiguousarray(octets).view("<i4")[:, 0].astype(np.int64)


def _doubles(content: Octets, at: IntArray, count: IntArray) -> FloatArray:
    """Runs of little-endian float64, (sum of count,), at any positions (n,)."""
    octets = content[ragged.spans(at, count * 8)]
    return octets.view("<f8").astype(np.float64)


def _points(found: Decoded, content: Octets, at: IntArray, size: IntArray, places: IntArray, z: bool) -> None:
    width = 3 if z else 2
    short = size[places] < 4 + 8 * width
    _fault_places(found, places[short], "its record is shorter than a point")
    places = places[~short]
    xyz = _doubles(content, at[places] + 4, np.full(len(places), width)).reshape(-1, width)
    nowhere = np.isnan(xyz[:, :2]).all(axis=1)  # how some programs write a point that is not there
    found.shapes[places[~nowhere]] = np.asarray(shapely.points(xyz[~nowhere])).astype(object)


def _fault_places(found: Decoded, places: IntArray, why: str) -> None:
    for place in places.tolist():
        found.faults[place] = ("geometry_unreadable", why)


def _positions(content: Octets, at: IntArray, starts: IntArray, counts: IntArray, z: bool) -> FloatArray:
    """(k, 2 or 3) positions that begin at `starts`; heights stand behind them and a range of two numbers."""
    xy = _doubles(content, starts, 2 * counts).reshape(-1, 2)
    return np.column_stack([xy, _doubles(content, starts + 16 * counts + 16, counts)]) if z else xy


def _multipoints(found: Decoded, content: Octets, at: IntArray, size: IntArray, places: IntArray, z: bool) -> None:
    places = _long_enough(found, size, places, 40)
    counts = _integers(content, at[places] + _COUNTED_AT)
    need = 40 + counts * 16 + ((16 + counts * 8) if z else 0)
    sound = (counts >= 0) & (need <= size[places])
    _fault_places(found, places[~sound], "its record is shorter than the points that it counts")
    places, counts = places[sound], counts[sound]
    xyz = _positions(content, at[places], at[places] + 40, counts, z)
    owner = np.repeat(np.arange(len(places)), counts)
    if len(xyz):
        some = np.unique(owner)
        _, indices = np.unique(owner, return_inverse=True)
        made = np.asarray(shapely.multipoints(np.asarray(shapely.points(xyz)), indices=indices)).astype(object)
        found.shapes[places[some]] = made


def _long_enough(found: Decoded, size: IntArray, places: IntArray, least: int) -> IntArray:
    short = size[places] < least
    _fault_places(found, places[short], "its record is shorter than its own head")
    return places[~short]


def _parts(found: Decoded, content: Octets, at: IntArray, size: IntArray, places: IntArray, kind: int) -> None:
    """Lines and polygons: the starts of their parts, then all positions."""
    places = _long_enough(found, size, places, 44)
    z = kind in _WITH_Z
    parts, positions = (_integers(content, at[places] + offset) for offset in (_COUNTED_AT, _COUNTED_AT + 4))
    need = 44 + 4 * parts + positions * (24 if z else 16) + (16 if z else 0)
    sound = (parts >= 0) & (positions >= 0) & (need <= size[places]) & (parts <= np.maximum(positions, 0))
    _fault_places(found, places[~sound], "its record is shorter than the parts and positions that it counts")
    sound &= parts > 0  # one without parts has no geometry
    places, parts, positions = places[sound], parts[sound], positions[sound]
    octets = content[ragged.spans(at[places] + 44, parts * 4)]
    starts = octets.view("<i4").astype(np.int64)
    owner = np.repeat(np.arange(len(places)), parts)
    ends = np.append(starts[1:], 0)
    last = np.cumsum(parts) - 1
    ends[last] = positions
    bad = (starts < 0) | (ends < starts) | (ends > positions[owner])
    first = np.cumsum(parts) - parts
    bad[first] |= starts[first] != 0
    spoilt = np.zeros(len(places), dtype=np.bool_)
    spoilt[owner[bad]] = True
    _fault_places(found, places[spoilt], "its parts do not follow each other")
    _made(found, content, at, places, positions, (ends - starts), owner, ~spoilt, kind)


def _made(
    found: Decoded,
    content: Octets,
    at: IntArray,
    places: IntArray,
    positions: IntArray,
    sizes: IntArray,
    owner: IntArray,
    sound: BoolArray,
    kind: int,
) -> None:
    """Build what is sound; records with a part that is too short to be one drop out on the way."""
    parts = np.bincount(owner, minlength=len(places))
    begins = at[places] + 44 + 4 * parts
    while True:
        keep = sound[owner]
        renumbered = np.cumsum(sound) - 1
        here, mine = places[sound], renumbered[owner[keep]]
        xyz = _positions(content, at, begins[sound], positions[sound], kind in _WITH_Z)
        lengths = sizes[keep]
        is_line = kind in _LINE
        faults = ragged.short_lines(lengths, mine) if is_line else ragged.short_rings(xyz, lengths, mine)
        if not faults:
            break
        for place, why in faults.items():
            found.faults[int(here[place])] = why
        sound = sound.copy()
        sound[np.flatnonzero(sound)[list(faults)]] = False
    if not len(here):
        return
    if is_line:
        found.shapes[here] = ragged.gathered(ragged.lines(xyz, lengths), mine, len(here))
        return
    rings = ragged.rings(xyz, lengths)
    found.closed += here[np.unique(mine[rings.unclosed])].tolist()
    made = polygons(rings.shapes, ragged.signed_areas(xyz, lengths), mine, len(here))
    # Shells turn clockwise in this format alone: turned back, a record equals what another format says of it.
    found.shapes[here] = shapely.orient_polygons(made)


def polygons(rings: ObjectArray, areas: FloatArray, owner: IntArray, count: int) -> ObjectArray:
    """Polygons (count,) out of rings (r,): clockwise ones are shells, the others holes in the one that they lie in.

    areas: (r,) signed, positive counter-clockwise; owner: (r,) ascending. Where the turns say no such thing (no ring is
    clockwise, or a hole lies in none), a ring counts as a hole that lies in an odd number of others.
    """
    out = np.full(count, None, dtype=object)
    number = np.bincount(owner, minlength=count)
    shells = np.bincount(owner[areas < 0], minlength=count)
    starts = np.cumsum(number) - number
    first_is_shell = np.zeros(count, dtype=np.bool_)
    first_is_shell[number > 0] = areas[starts[number > 0]] < 0
    plain = (number == 1) | ((shells == 1) & first_is_shell)  # the first ring is the shell of all others
    chosen = plain[owner]
    if chosen.any():
        _, polygon = np.unique(owner[chosen], return_inverse=True)
        out[np.flatnonzero(plain & (number > 0))] = ragged.polygons(rings[chosen], polygon)
    for place in np.flatnonzero(~plain & (number > 0)).tolist():
        mine = slice(int(starts[place]), int(starts[place] + number[place]))
        out[place] = _assembled(rings[mine], areas[mine])
    return out


def _assembled(rings: ObjectArray, areas: FloatArray) -> Any:
    """One geometry out of several shells and holes."""
    faces = np.asarray(shapely.polygons(rings)).astype(object)
    inner, outer = _inside(faces)
    is_shell = areas < 0
    if not is_shell.any() or not np.isin(np.flatnonzero(~is_shell), inner[is_shell[outer]]).all():
        is_shell = np.bincount(inner, minlength=len(rings)) % 2 == 0
    holes_of: dict[int, list[Any]] = {shell: [] for shell in np.flatnonzero(is_shell).tolist()}
    fits = ~is_shell[inner] & is_shell[outer]
    inner, outer = inner[fits], outer[fits]
    order = np.lexsort((np.abs(areas)[outer], inner))  # of those around a hole the smallest is its shell
    holes, first = np.unique(inner[order], return_index=True)
    for hole, shell in zip(holes.tolist(), outer[order][first].tolist(), strict=True):
        holes_of[shell].append(rings[hole])
    made = [shapely.Polygon(rings[shell], inside) for shell, inside in holes_of.items()]
    return made[0] if len(made) == 1 else shapely.MultiPolygon(made)


def _inside(faces: ObjectArray) -> tuple[IntArray, IntArray]:
    """Pairs (p,), (p,) of a face and one that it lies in; equal ones do not lie in each other."""
    try:
        inner, outer = shapely.STRtree(faces).query(faces, predicate="covered_by")
    except GEOSException:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    sizes = shapely.area(faces)
    proper = sizes[inner] < sizes[outer]
    return inner[proper], outer[proper]
