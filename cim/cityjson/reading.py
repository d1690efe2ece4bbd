"""The buildings of a CityJSON document or of one feature of a CityJSONSeq, each with its parts as one record."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from cim.boundary import Boundary
from cim.cityjson.appearance import Palette
from cim.cityjson.exactness import placed
from cim.cityjson.geometry import Context, read_geometry, triples
from cim.cityjson.joining import join
from cim.cityjson.record import PARTS, Broken, CityRecord, Fault, Note, Part, Piece
from cim.errors import BadInput
from cim.types import FloatArray

_OWN = ("type", "attributes", "geometry", "parents", "children")
_IDENTITY = {"scale": [1.0, 1.0, 1.0], "translate": [0.0, 0.0, 0.0]}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a document holds. others: type -> how many objects of it are no buildings; notes: on the document itself."""

    records: tuple[CityRecord | Broken, ...]
    others: Mapping[str, int]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What a document, or the first line of a sequence, says of all that follows. crs: as written, None: nothing."""

    version: str
    crs: str | None
    transform: Mapping[str, Any]
    palette: Palette
    templates: Sequence[Any]
    template_vertices: FloatArray
    extensions: tuple[str, ...] = field(default=())


def header(document: Any) -> Header:
    """The head of a document. Raises BadInput for what is no CityJSON, or has a transform that is none."""
    if not isinstance(document, dict) or document.get("type") != "CityJSON":
        raise BadInput("no CityJSON: expected an object of type CityJSON")
    version = str(document.get("version", "1.0"))
    if version.split(".")[0] not in ("1", "2"):
        raise BadInput(f"CityJSON {version[:20]}; expected 1.0, 1.1 or 2.0")
    metadata = document.get("metadata")
    crs = metadata.get("referenceSystem") if isinstance(metadata, dict) else None
    held = document.get("geometry-templates")
    held = held if isinstance(held, dict) else {}
    extensions = document.get("extensions")
    templates = held.get("templates")
    return Header(
        version=version,
        crs=crs if isinstance(crs, str) and crs.strip() else None,
        transform=_transform(document.get("transform", _IDENTITY)),
        palette=Palette.of(document.get("appearance")),
        templates=templates if isinstance(templates, list) else [],
        template_vertices=triples(held.get("vertices-templates")),
        extensions=tuple(extensions) if isinstance(extensions, dict) else (),
    )


def _transform(told: Any) -> dict[str, FloatArray]:
    try:
        found = {name: np.array(told[name], dtype=np.float64) for name in ("scale", "translate")}
    except (KeyError, TypeError, ValueError, OverflowError):
        found = {}
    if (
        not found
        or any(v.shape != (3,) or not np.isfinite(v).all() for v in found.values())
        or not found["scale"].all()
    ):
        raise BadInput("its transform is none; expected scale and translate of three numbers each, no scale of 0")
    return found


def read(document: Mapping[str, Any], head: Header) -> Contents:
    """Every building of a document (or of one feature, which has its own vertices), in its order. Raises BadInput."""
    objects = document.get("CityObjects")
    if not isinstance(objects, dict):
        raise BadInput("its CityObjects are no object; expected one of id to city object")
    with np.errstate(all="ignore"):
        vertices = placed(triples(document.get("vertices")), head.transform["scale"], head.transform["translate"])
    palette = Palette.of(document["appearance"]) if "appearance" in document else head.palette
    context = Context(vertices, palette, head.templates, head.template_vertices)
    families = _families(objects)
    taken = {id for family in families for id, _ in family}
    records: list[CityRecord | Broken] = [_record(family, objects, context) for family in families]
    for id, one in objects.items():
        if not isinstance(one, dict) or (one.get("type") in PARTS and id not in taken):
            why = (
                "no city object" if not isinstance(one, dict) else f"a {one['type']} whose parents lead to no building"
            )
            records.append(Broken(id, "model_parents", why, {"CityObject": one}))
            taken.add(id)
    others = Counter(str(one.get("type"))[:60] for id, one in objects.items() if id not in taken)
    return Contents(tuple(records), others)


def _families(objects: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """Of every building itself and its parts, parts of parts included: (id, parent's id); no object twice."""
    kinds = {id: one.get("type") for id, one in objects.items() if isinstance(one, dict)}
    below: dict[str, dict[str, None]] = {id: {} for id in objects}
    for id in kinds:
        for child in _ids(objects[id].get("children")):
            below[id][child] = None
        for parent in _ids(objects[id].get("parents")):
            below.get(parent, {})[id] = None
    taken: set[str] = set()
    found = []
    for id, kind in kinds.items():
        if kind != "Building":
            continue
        family, waiting = [], [(id, "")]
        while waiting:
            one, parent = waiting.pop(0)
            if one in taken or (parent and kinds.get(one) not in PARTS):
                continue
            taken.add(one)
            family.append((one, parent))
            waiting += [(child, one) for child in below[one]]
        found.append(family)
    return found


def _ids(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _record(family: list[tuple[str, str]], objects: Mapping[str, Any], context: Context) -> CityRecord | Broken:
    notes: list[Note] = []
    building = family[0][0]
    try:
        pieces: list[Piece] = []
        parts: list[Part] = []
        for id, parent in family:
            of = id if parent else None
            pieces += _pieces(objects[id], context, notes, of)
            if of is not None:
                kept = _attributes(objects[id], notes), _members(objects[id], notes)
                parts.append(Part(of, objects[id]["type"], parent, *kept))
        attributes = _attributes(objects[building], notes)
    except Fault as fault:
        return Broken(building, fault.code, str(fault), {id: objects[id] for id, _ in family})
    bodies = by_level(pieces, _members(objects[building], notes), parts)
    if not bodies:
        notes.append(("surface_missing", "a building without a surface", None))
    return CityRecord(building, attributes, bodies, tuple(notes))


def by_level(
    pieces: Sequence[Piece], members: Mapping[str, Any], parts: Sequence[Part]
) -> tuple[tuple[float | None, Boundary], ...]:
    """A body for each level of detail of the pieces, rising; what has no level first."""
    ordered = sorted(pieces, key=lambda piece: -1.0 if (level := _level(piece)) is None else level)
    return tuple((level, join(list(group), members, parts)) for level, group in groupby(ordered, key=_level))


def _level(piece: Piece) -> float | None:
    try:
        level = float(piece.lod)
    except ValueError:
        return None
    return level if 0.0 <= level <= 4.0 else None


def _pieces(one: Mapping[str, Any], context: Context, notes: list[Note], of: str | None) -> Iterator[Piece]:
    geometries = one.get("geometry", [])
    if not isinstance(geometries, list):
        raise Fault("model_geometry", "its geometry is no list of geometries")
    for geometry in geometries:
        piece = read_geometry(geometry, context, notes, of)
        if piece is not None:
            yield piece


def _attributes(one: Mapping[str, Any], notes: list[Note]) -> dict[str, Any]:
    told = one.get("attributes", {})
    if isinstance(told, dict):
        return told
    if told is not None:
        notes.append(("properties_not_object", f"attributes are a {type(told).__name__}", "left out"))
    return {}


def _members(one: Mapping[str, Any], notes: list[Note]) -> dict[str, Any]:
    told = {name: value for name, value in one.items() if name not in _OWN}
    if isinstance(told.get("address"), dict):
        told["address"] = [told["address"]]  # CityJSON 1.0 has one alone
    if isinstance(told.get("address"), list):
        told["address"] = [_unplaced(address, notes) for address in told["address"]]
    return told


def _unplaced(address: Any, notes: list[Note]) -> Any:
    """An address without its location: the vertices that it numbers are those of this file."""
    if not isinstance(address, dict) or "location" not in address:
        return address
    notes.append(("surface_missing", "the location of an address, which has no surfaces", "left out"))
    return {name: value for name, value in address.items() if name != "location"}
