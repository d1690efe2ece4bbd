"""Buildings as CityJSON 2.0 city objects: geometries with semantics and appearance over one list of vertices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from cim.boundary import PICTURE, Boundary
from cim.cityjson.apart import apart
from cim.cityjson.joining import parts_of, split
from cim.cityjson.levels import level_of
from cim.cityjson.nesting import DEPTH, nest
from cim.cityjson.record import Part, Piece
from cim.types import FloatArray

VERSION = "2.0"


@dataclass(slots=True)
class Paints:
    """The definitions of a file's appearance as they gather, each once."""

    materials: list[Any] = field(default_factory=list)
    textures: list[Any] = field(default_factory=list)
    vertices: list[Any] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)

    def place(self, what: str, one: Any) -> int:
        """Where a definition (or a vertex of a texture) stands in its list; it is added where it does not."""
        listed = getattr(self, what)
        key = f"{what} {one!r}"
        if key not in self._places:
            self._places[key] = len(listed)
            listed.append(one)
        return self._places[key]

    def member(self) -> dict[str, Any]:
        """The `appearance` member; empty where nothing has one."""
        lists = {"materials": self.materials, "textures": self.textures, "vertices-texture": self.vertices}
        found = {name: listed for name, listed in lists.items() if listed}
        return {**found, **self.defaults} if found else {}


@dataclass(frozen=True, slots=True)
class Written:
    """A building as city objects, itself first. vertices: (n, 3), which the geometries number from `first` on."""

    objects: Mapping[str, Any]
    vertices: FloatArray


def write(
    id: str,
    attributes: Mapping[str, Any],
    bodies: Sequence[tuple[float | None, Boundary]],
    paints: Paints,
    first: int = 0,
    called: Callable[[str], str] = str,
) -> Written:
    """A building with its parts and the geometries of all its levels of detail.

    bodies: heights absolute, in the frame of the file. first: how many vertices the file has already. A part that comes
    in several bodies is one object with all its geometries. called: gives a part, by its id, the id that it has in the file.
    """
    pieces = [(level, one) for level, body in bodies for piece in split(body) for one in apart(piece)]
    parts = {part.id: part for _, body in bodies for part in parts_of(body) if part.id != id}
    members: dict[str, Any] = {}
    for _, body in bodies:
        members = dict(body.notes.get("object", {})) or members
    rings = [_rings(piece) for _, piece in pieces]
    every = np.concatenate([xyz for xyz, _, _ in rings]) if rings else np.zeros((0, 3))
    vertices, places = np.unique(every, axis=0, return_inverse=True)
    places = places.ravel() + first
    geometries: dict[str, list[Any]] = {}
    begin = 0
    for (level, piece), (xyz, counts, owner) in zip(pieces, rings, strict=True):
        faces = _faces(places[begin : begin + len(xyz)].tolist(), counts, owner, len(piece.polygons))
        begin += len(xyz)
        of = piece.of if piece.of in parts else id
        geometries.setdefault(str(of), []).append(_geometry(piece, level, faces, paints))
    objects = {id: _object("Building", attributes, members, geometries.get(id, []))}
    names = {part: called(part) for part in parts}
    for part in parts.values():
        told = geometries.get(part.id, [])
        objects[names[part.id]] = _object(part.type, part.attributes, part.members, told)
    named = [replace(one, id=names[one.id], parent=names.get(one.parent, one.parent)) for one in parts.values()]
    _relate(objects, named, id)
    return Written(objects, vertices)


def _object(
    kind: str, attributes: Mapping[str, Any], members: Mapping[str, Any], geometries: list[Any]
) -> dict[str, Any]:
    told: dict[str, Any] = {"type": kind}
    if attributes:
        told["attributes"] = dict(attributes)
    return {**told, **members, "geometry": geometries}


def _relate(objects: dict[str, Any], parts: Sequence[Part], building: str) -> None:
    """Parents and children both ways (clause 2.2)."""
    for part in parts:
        parent = part.parent if part.parent in objects and part.parent != part.id else building
        objects[part.id]["parents"] = [parent]
        objects[parent].setdefault("children", []).append(part.id)


def _rings(piece: Piece) -> tuple[FloatArray, list[int], list[int]]:
    """Corners (n, 3) of all rings without the repeated last, how many each ring has, and the polygon each ring is of."""
    rings, owner = shapely.get_rings(piece.polygons, return_index=True)
    xyz, ring = shapely.get_coordinates(rings, include_z=True, return_index=True)
    last = np.append(ring[1:] != ring[:-1], True) if len(ring) else np.zeros(0, dtype=bool)
    counts = np.bincount(ring[~last], minlength=len(rings))
    return xyz[~last], counts.tolist(), owner.tolist()


def _faces(places: list[int], counts: list[int], owner: list[int], polygons: int) -> list[list[list[int]]]:
    faces: list[list[list[int]]] = [[] for _ in range(polygons)]
    begin = 0
    for count, polygon in zip(counts, owner, strict=True):
        faces[polygon].append(places[begin : begin + count])
        begin += count
    return faces


def _geometry(piece: Piece, level: float | None, faces: list[list[list[int]]], paints: Paints) -> dict[str, Any]:
    shells = piece.shells or (((len(faces),),) if DEPTH[piece.kind] else ())
    kind = piece.kind
    told: dict[str, Any] = {"type": kind, "lod": level_of(piece, level)}
    told["boundaries"] = nest(faces, kind, shells)
    if piece.semantics is not None:
        values = nest(piece.semantics["values"], kind, shells)
        told["semantics"] = {"surfaces": piece.semantics["surfaces"], "values": values}
    look = piece.appearance
    for theme, values in look.get("material", {}).items():
        told.setdefault("material", {})[theme] = _material(values, look["materials"], kind, shells, paints)
    for theme, values in look.get("texture", {}).items():
        drawn = [_texture(v, look["textures"], face, paints) for v, face in zip(values, faces, strict=True)]
        told.setdefault("texture", {})[theme] = {"values": nest(drawn, kind, shells)}
    if "material" in told or "texture" in told:
        paints.defaults |= {k: v for k, v in look.items() if k.startswith("default-")}
    return told


def _material(values: Sequence[int | None], defined: Sequence[Any], kind: str, shells: Any, paints: Paints) -> Any:
    places = [None if v is None else paints.place("materials", defined[v]) for v in values]
    if places and places[0] is not None and len(set(places)) == 1:
        return {"value": places[0]}
    return {"values": nest(places, kind, shells)}


def _texture(value: Any, defined: Sequence[Any], face: list[list[int]], paints: Paints) -> list[Any]:
    """For every ring of a face its texture and the places of its texture vertices, or null."""
    if value is None:
        return [[None] for _ in face]
    return [
        [None] if ring is None
        else [paints.place("textures", _bare(defined[ring[0]])), *(paints.place("vertices", uv) for uv in ring[1])]
        for ring in value
    ]  # fmt: skip


def _bare(told: Any) -> Any:
    """A texture's definition without its picture: CityJSON names a file for it."""
    return {name: value for name, value in told.items() if name != PICTURE} if isinstance(told, Mapping) else told
