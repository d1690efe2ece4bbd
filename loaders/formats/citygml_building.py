"""A building of CityGML 1, 2 or 3 as a record: its levels of detail, semantic surfaces, parts, addresses, attributes."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from cim.cityjson.nesting import Shells
from cim.cityjson.reading import by_level
from cim.cityjson.record import Broken, CityRecord, Fault, Part, Piece
from loaders.formats.citygml_appearance import Looks, looks
from loaders.formats.citygml_attributes import Told, attributes
from loaders.formats.gml_surfaces import Face, Find, Surfaces, identity, local, polygons
from loaders.formats.json_value import Stretch

BUILDINGS = ("Building",)
_PARTS = {
    "BuildingPart": "BuildingPart",
    "BuildingInstallation": "BuildingInstallation",
    "BuildingConstructiveElement": "BuildingConstructiveElement",
}
_LEVEL = re.compile(r"lod([0-4])(Solid|MultiSurface|Geometry|FootPrint|RoofEdge)$")
_BOUNDS = ("boundedBy", "boundary")
_OPENINGS = ("opening", "fillingSurface")
_CALLED = {"WindowSurface": "Window", "DoorSurface": "Door"}
_PART_OF = (
    "consistsOfBuildingPart",
    "buildingPart",
    "outerBuildingInstallation",
    "buildingInstallation",
    "buildingConstructiveElement",
)


@dataclass(slots=True)
class _Level:
    """What an object has at one level: solids, surfaces of its own, and faces of semantic surfaces."""

    solids: list[tuple[str, list[Face], Shells]] = field(default_factory=list)
    own: list[Face] = field(default_factory=list)
    semantic: list[tuple[Face, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """One building while it is read."""

    surfaces: Surfaces
    left: Counter[str]
    looks: Looks
    pieces: list[Piece] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


def building(element: Any, name: str, find: Find, left: Counter[str], beside: Looks) -> CityRecord | Broken:
    """The record of a building element. name: its id where it has none. left: counts what is not read, by its name.

    beside: the looks that stand beside all buildings.
    """
    id = identity(element) or name
    reading = _Reading(Surfaces.of(element, find), left, looks(element, beside))
    try:
        told = _object(element, None, id, reading)
    except Fault as fault:
        raw = etree.tostring(element, encoding="utf-8", with_tail=False)
        return Broken(id, fault.code, str(fault), {"raw": Stretch(None, raw, len(raw)).text()})
    bodies = by_level(reading.pieces, told.members, reading.parts)
    notes = list(dict.fromkeys(reading.surfaces.notes))
    if not bodies:
        notes.append(("surface_missing", "a building without a surface", None))
    return CityRecord(id, told.attributes, bodies, tuple(notes))


def _object(element: Any, of: str | None, id: str, reading: _Reading) -> Told:
    """Read what an object is made of; its parts go into the same reading."""
    levels: dict[str, _Level] = {}
    kinds: list[dict[str, Any]] = []
    told = Told()
    for child in element:
        name = local(child)
        match = _LEVEL.match(name)
        if match:
            _geometry(child, levels.setdefault(match.group(1), _Level()), reading)
        elif name in _BOUNDS:
            for surface in child:
                if local(surface).endswith("Surface"):
                    _semantic(surface, None, levels, kinds, reading)
        elif name in _PART_OF:
            for part in child:
                _part(part, id, reading)
        elif name != "appearance" and not attributes(child, told):
            reading.left[name] += 1
    for lod, level in sorted(levels.items()):
        reading.pieces += _pieces(level, lod, of, kinds, reading.looks)
    return told


def _part(part: Any, parent: str, reading: _Reading) -> None:
    kind = _PARTS.get(local(part))
    if kind is None:
        reading.left[local(part)] += 1
        return
    id = identity(part) or f"{parent}-{len(reading.parts) + 1}"
    place = len(reading.parts)
    reading.parts.append(Part(id, kind, parent, {}, {}))  # before its own parts
    told = _object(part, id, id, reading)
    reading.parts[place] = Part(id, kind, parent, told.attributes, told.members)


def _geometry(holder: Any, level: _Level, reading: _Reading) -> None:
    for one in reading.surfaces.members(holder):
        kind = local(one)
        if kind in ("Solid", "MultiSolid", "CompositeSolid"):
            found = reading.surfaces.solid(one)
            if found[1]:
                level.solids.append(found)
        elif kind in ("MultiPoint", "MultiCurve", "MultiGeometry", "Point", "Curve"):
            reading.left[kind] += 1
        else:
            level.own += reading.surfaces.faces(one)


def _semantic(
    surface: Any, parent: int | None, levels: dict[str, _Level], kinds: list[dict[str, Any]], reading: _Reading
) -> None:
    """A semantic surface with its openings, at every level that it is drawn at."""
    place = len(kinds)
    told = Told()
    kind: dict[str, Any] = {"type": _CALLED.get(local(surface), local(surface))}
    kinds.append(kind)
    if parent is not None:
        kind["parent"] = parent
        kinds[parent].setdefault("children", []).append(place)
    for child in surface:
        match = _LEVEL.match(local(child))
        if match:
            level = levels.setdefault(match.group(1), _Level())
            for one in reading.surfaces.members(child):
                level.semantic += [(face, place) for face in reading.surfaces.faces(one)]
        elif local(child) in _OPENINGS:
            for opening in child:
                _semantic(opening, place, levels, kinds, reading)
        elif not attributes(child, told):
            reading.left[local(child)] += 1
    own = identity(surface)
    kind |= ({} if own is None else {"id": own}) | told.attributes


def _pieces(level: _Level, lod: str, of: str | None, kinds: list[dict[str, Any]], look: Looks) -> list[Piece]:
    """The geometries of one level: its solids, then its surfaces that no solid has; each face with what it is of."""
    named: dict[str | None, int] = {face.id: kind for face, kind in level.semantic if face.id is not None}
    around = {face.id: face.within for face, _ in level.semantic if face.id is not None}
    found = [
        _made(
            kind,
            [replace(face, within=(*face.within, *around.get(face.id or "", ()))) for face in faces],
            shells,
            [named.get(face.id) for face in faces],
            lod,
            of,
            kinds,
            look,
        )
        for kind, faces, shells in level.solids
    ]
    used = {face.id for _, faces, _ in level.solids for face in faces if face.id is not None}
    own = [face for face in level.own if face.id is None or face.id not in used]
    used |= {face.id for face in own if face.id is not None}
    loose = [(face, kind) for face, kind in level.semantic if face.id is None or face.id not in used]
    rest = [*((face, named.get(face.id)) for face in own), *loose]
    if rest:
        values = [kind for _, kind in rest]
        found.append(_made("MultiSurface", [face for face, _ in rest], (), values, lod, of, kinds, look))
    return found


def _made(
    kind: str,
    faces: list[Face],
    shells: Shells,
    values: list[int | None],
    lod: str,
    of: str | None,
    kinds: list[dict[str, Any]],
    look: Looks,
) -> Piece:
    said = any(value is not None for value in values)
    semantics = _used(kinds, values) if said else None
    owners = [None if value is None else kinds[value].get("id") for value in values]
    around = [(*face.within, *([] if owner is None else [owner])) for face, owner in zip(faces, owners, strict=True)]
    return Piece(kind, polygons(faces), shells, semantics, look.of(faces, around), of, lod)


def _used(kinds: list[dict[str, Any]], values: list[int | None]) -> dict[str, Any]:
    """The semantic surfaces that some faces are of, with those above and below them, numbered anew."""
    wanted = {value for value in values if value is not None}
    wanted |= {kinds[value]["parent"] for value in wanted if "parent" in kinds[value]}
    order = {place: number for number, place in enumerate(sorted(wanted))}
    surfaces = []
    for place in order:
        kind = {name: value for name, value in kinds[place].items() if name not in ("parent", "children")}
        if kinds[place].get("parent") in order:
            kind["parent"] = order[kinds[place]["parent"]]
        below = [order[child] for child in kinds[place].get("children", ()) if child in order]
        surfaces.append(kind | ({"children": below} if below else {}))
    return {"surfaces": surfaces, "values": [None if value is None else order[value] for value in values]}
