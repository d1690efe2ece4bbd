"""Geometries as GeoJSON writes them (RFC 7946): judged one by one, mended where that is plain, built all at once."""

from array import array
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely import GeometryType

from cim.types import ObjectArray

Note = tuple[str, str, str]
"""code, what was found, what was done about it"""


class Fault(Exception):
    """A geometry that cannot be made out: code (stable) and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Form(NamedTuple):
    """A judged geometry: kind as RFC 7946 writes it, numbers a position (2 or 3), coordinates nested as the kind asks.

    Of a collection, coordinates are its members' forms.
    """

    kind: str
    width: int
    coordinates: list[Any]


# kind -> how many lists lie between the geometry and its positions; a point's position counts as a list of one
_DEPTH = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
_TYPES = {kind: GeometryType[kind.upper()] for kind in _DEPTH}
_BY_CASE = {kind.casefold(): kind for kind in [*_DEPTH, "GeometryCollection"]}
_NUMBERS = {int, float}


def judge(geometry: Any, notes: list[Note], level: int = 0) -> Form | None:
    """The form of a geometry member; None where it is null. What was mended is added to `notes`.

    Raises Fault. Winding, validity, precision and place are not judged here: RFC 7946 asks readers to take any winding,
    and the rest is the checks'.

    >>> notes = []
    >>> judge({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, notes).coordinates
    [[[0, 0], [1, 0], [1, 1], [0, 0]]]
    >>> notes[0][0]
    'ring_unclosed'
    """
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise Fault("geometry_not_object", f"the geometry is {_what(geometry)}; expected an object or null")
    kind = geometry.get("type")
    if kind not in _DEPTH:
        kind = _kind(kind, notes)
        if kind == "GeometryCollection":
            return _collection(geometry, notes, level)
    coordinates = geometry.get("coordinates")
    if coordinates is None:
        raise Fault("coordinates_missing", f"a {kind} without coordinates")
    if type(coordinates) is not list:
        raise Fault("coordinates_depth", f"coordinates of a {kind} are {_what(coordinates)}; expected a list")
    if not coordinates:
        return Form(kind, 2, [])
    widths: set[int] = set()
    if kind == "Polygon":
        coordinates = _rings(coordinates, widths, notes)
    elif kind == "Point":
        _positions([coordinates], kind, widths)
    elif kind == "MultiPolygon":
        coordinates = [_rings(_list(p, kind), widths, notes) for p in coordinates]
    elif kind == "MultiPoint":
        _positions(coordinates, kind, widths)
    else:
        for line in coordinates if kind == "MultiLineString" else [coordinates]:
            if len(_positions(_list(line, kind), kind, widths)) < 2:
                raise Fault("line_too_short", "a line of one position; expected at least two")
    width = min(3, *widths)
    if len(widths) > 1 or max(widths, default=2) > 3:
        coordinates = _narrowed(coordinates, width, _DEPTH[kind])
        found = f"positions of {' and '.join(map(str, sorted(widths)))} numbers"
        notes.append(("extra_dimensions", found, f"the first {width} of each taken"))
    return Form(kind, width, coordinates)


def is_geometry(value: Any) -> bool:
    """Whether a value is meant to be a geometry, right or wrong.

    >>> is_geometry({"type": "Polygon"}), is_geometry({"coordinates": [1, 2]}), is_geometry({"type": "Feature"})
    (True, True, False)
    """
    if not isinstance(value, dict):
        return False
    return str(value.get("type")).casefold() in _BY_CASE or not {"coordinates", "geometries"}.isdisjoint(value)


def _kind(kind: Any, notes: list[Note]) -> str:
    if kind is None:
        raise Fault("geometry_type_missing", "the geometry does not say its type")
    known = _BY_CASE.get(kind.casefold()) if isinstance(kind, str) else None
    if known is None:
        raise Fault("geometry_type_unknown", f"geometry type {str(kind)[:40]!r}; expected one of {', '.join(_DEPTH)}")
    if known != kind:
        notes.append(("geometry_type_case", f"geometry type {kind!r}", f"taken for {known}"))
    return known


def _collection(geometry: dict[str, Any], notes: list[Note], level: int) -> Form | None:
    members = geometry.get("geometries")
    if not isinstance(members, list):
        raise Fault("coordinates_missing", "a GeometryCollection without a list of geometries")
    if level:
        raise Fault("collection_nested", "a collection within a collection: no layer holds such")
    forms = [judge(member, notes, level + 1) for member in members]
    whole = [form for form in forms if form is not None]
    if len(whole) < len(forms):
        raise Fault("geometry_not_object", "a member of the GeometryCollection is null")
    if len(whole) == 1:
        notes.append(("collection_single", "a GeometryCollection of one geometry", "taken for that geometry"))
        return whole[0]
    return Form("GeometryCollection", 2, list(whole))


def _list(value: Any, kind: str) -> list[Any]:
    if type(value) is not list:
        raise Fault("coordinates_depth", f"coordinates of a {kind} are not nested deeply enough")
    return value


def _positions(points: list[Any], kind: str, widths: set[int]) -> list[Any]:
    """Check a list of positions; adds to `widths` how many numbers they have."""
    if set(map(type, points)) - {list}:
        strange = next(p for p in points if type(p) is not list)
        raise Fault("coordinates_depth", f"{_what(strange)} where a {kind} should have a position")
    if set(map(type, chain.from_iterable(points))) - _NUMBERS:
        strange = next(v for v in chain.from_iterable(points) if type(v) not in _NUMBERS)
        if type(strange) is list:
            raise Fault("coordinates_depth", f"coordinates of a {kind} are nested too deeply")
        raise Fault("coordinates_not_numbers", f"a coordinate is {_what(strange)}; expected a number")
    here = set(map(len, points))
    if here and min(here) < 2:
        raise Fault("position_too_short", f"a position of {min(here)} numbers; expected at least two")
    widths |= here
    return points


def _rings(rings: list[Any], widths: set[int], notes: list[Note]) -> list[Any]:
    """A polygon's rings, closed. Raises Fault for one that encloses nothing."""
    out = []
    for ring in rings:
        points = _positions(_list(ring, "Polygon"), "Polygon", widths)
        if points and points[0] != points[-1]:
            notes.append(("ring_unclosed", "a ring does not end where it begins", "closed with its first position"))
            points = [*points, points[0]]
        if len(points) < 4:
            raise Fault("ring_too_short", f"a ring of {max(0, len(points) - 1)} nodes; expected at least three")
        out.append(points)
    return out


def _narrowed(nested: list[Any], width: int, depth: int) -> list[Any]:
    if depth == 0:
        return nested[:width]
    return [_narrowed(inner, width, depth - 1) for inner in nested]


class Shapes:
    """Judged geometries as they gather. They are kept flat: nested lists by the hundred thousand cost the collector dear."""

    def __init__(self) -> None:
        self._count = 0
        self._flat: dict[tuple[str, int], _Flat] = {}
        self._odd: dict[int, shapely.Geometry] = {}

    def add(self, form: Form | None) -> None:
        """One more, at the end; None for a record without a place."""
        if form is not None:
            if not form.coordinates:
                self._odd[self._count] = shapely.from_wkt(f"{form.kind} EMPTY")
            elif form.kind == "GeometryCollection":
                members = Shapes()
                for member in form.coordinates:
                    members.add(member)
                self._odd[self._count] = shapely.GeometryCollection(list(members.build()))
            else:
                key = (form.kind, form.width)
                if key not in self._flat:
                    self._flat[key] = _Flat(_DEPTH[form.kind])
                self._flat[key].add(self._count, form.coordinates)
        self._count += 1

    def build(self) -> ObjectArray:
        """The shapely geometries (n,) in the order they came, None for None; alike ones are built together."""
        out = np.full(self._count, None, dtype=object)
        for (kind, width), flat in self._flat.items():
            out[np.array(flat.places)] = flat.build(kind, width)
        for place, shape in self._odd.items():
            out[place] = shape
        return out


class _Flat:
    """Geometries of one kind: their numbers in a row, and how many items each list of each level has."""

    def __init__(self, depth: int) -> None:
        self.places: list[int] = []
        self._numbers = array("d")
        self._counts = [array("q") for _ in range(depth)]

    def add(self, place: int, coordinates: list[Any]) -> None:
        self.places.append(place)
        level = [coordinates]
        for counts in self._counts:
            counts.extend(map(len, level))
            level = list(chain.from_iterable(level))
        self._numbers.extend(chain.from_iterable(level))

    def build(self, kind: str, width: int) -> ObjectArray:
        offsets = [np.concatenate([[0], np.cumsum(np.array(counts))]) for counts in reversed(self._counts)]
        xyz = np.array(self._numbers).reshape(-1, width)
        made: ObjectArray = shapely.from_ragged_array(_TYPES[kind], xyz, tuple(offsets) or None)
        return made


def _what(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null", int: "a number"}
    return names.get(type(value), "a number")
