"""Surfaces of GML (3.1 and 3.2): polygons, their aggregates and solids as rings of positions, references within the file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from cim.cityjson.nesting import Shells
from cim.cityjson.record import Fault, Note
from cim.types import FloatArray, ObjectArray

XLINK = "{http://www.w3.org/1999/xlink}href"
_AGGREGATES = (
    "MultiSurface",
    "CompositeSurface",
    "Shell",
    "Surface",
    "TriangulatedSurface",
    "Tin",
    "PolyhedralSurface",
)
_MEMBERS = ("surfaceMember", "surfaceMembers", "patches", "polygonPatches", "trianglePatches", "baseSurface")
_PATCHES = ("Polygon", "PolygonPatch", "Triangle", "Rectangle")
_SOLIDS = ("MultiSolid", "CompositeSolid")
_FARTHEST = 1e9  # as of CityJSON: beyond this no coordinate is one
_DEEPEST = 40
_FREELY, _TIMES = 1_000, 10
"""So many references are followed, and each that stands in a building so often: those that lead to others multiply.
The project's own"""

Find = Callable[[str], Any]
"""The element with an id within the file, or None."""


@dataclass(frozen=True, slots=True)
class Face:
    """A polygon. rings: (n, 3) corners each, the outline first, without the repeated last. id: its own, or of what it is in.

    ring_ids: of each ring, None where it has none. within: ids of the surfaces that it is in, from the inside outward.
    """

    rings: tuple[FloatArray, ...]
    id: str | None
    ring_ids: tuple[str | None, ...] = ()
    within: tuple[str, ...] = ()

    def turned(self) -> "Face":
        """The same, seen from behind; what was drawn on its front is not on it."""
        return replace(self, rings=tuple(ring[::-1] for ring in self.rings), ring_ids=())

    def polygon(self) -> shapely.Polygon:
        """As shapely has it."""
        return shapely.Polygon(self.rings[0], self.rings[1:])


@dataclass(slots=True)
class Surfaces:
    """Reads surfaces; what refers to something that is not there, or outside the file, is left out and noted."""

    find: Find
    notes: list[Note] = field(default_factory=list)
    left: int = _FREELY

    @classmethod
    def of(cls, building: Any, find: Find) -> "Surfaces":
        """For what stands below an element, whose references are counted first."""
        return cls(find, left=_FREELY + _TIMES * sum(one.get(XLINK) is not None for one in building.iter()))

    def solid(self, element: Any, depth: int = 0) -> tuple[str, list[Face], Shells]:
        """(kind, faces, shells) of a Solid, or of several bound together. Raises Fault."""
        kind = local(element)
        if depth > _DEEPEST:
            raise Fault("model_geometry", "solids within solids without end: it refers to itself")
        if kind in _SOLIDS:
            solids = [self.solid(one, depth + 1) for member in element for one in self.members(member)]
            faces = [face for _, some, _ in solids for face in some]
            return kind, faces, tuple(shell for _, _, shells in solids for shell in shells)
        if kind != "Solid":
            raise Fault("model_geometry", f"a {kind} where a solid should be")
        outers, inner = self._shells(element, "exterior"), self._shells(element, "interior")
        if len(outers) > 1:
            raise Fault("model_geometry", f"a solid with {len(outers)} exteriors; expected one")
        outer = outers[0] if outers else []
        if not outer and any(inner):
            raise Fault("model_geometry", "a solid with cavities but without an exterior: a cavity is no body")
        shells = [shell for shell in (outer, *inner) if shell]
        faces = [face for shell in shells for face in shell]
        return "Solid", faces, (tuple(map(len, shells)),) if shells else ()

    def _shells(self, solid: Any, name: str) -> list[list[Face]]:
        """The faces of each bound of a solid that has a name, whatever stands between them."""
        bounds = [bound for bound in solid if local(bound) == name]
        return [[face for one in self.members(bound) for face in self.faces(one)] for bound in bounds]

    def faces(self, element: Any, depth: int = 0) -> Iterator[Face]:
        """The polygons of a surface, in their order. Raises Fault for what is none."""
        kind = local(element)
        if depth > _DEEPEST:
            raise Fault("model_geometry", "surfaces within surfaces without end: it refers to itself")
        if kind in _PATCHES:
            face = self._face(element)
            if face is not None:
                yield face
        elif kind == "OrientableSurface":
            turned = element.get("orientation") == "-"
            for face in self._below(element, depth):
                yield face.turned() if turned else face
        elif kind in _AGGREGATES:
            yield from self._below(element, depth)
        else:
            raise Fault("model_geometry", f"a {kind} where a surface should be")

    def _below(self, element: Any, depth: int) -> Iterator[Face]:
        own = identity(element)
        for member in element:
            if local(member) in _MEMBERS:
                for one in self.members(member):
                    for face in self.faces(one, depth + 1):
                        yield face if own is None else replace(face, id=face.id or own, within=(*face.within, own))

    def members(self, member: Any) -> Iterator[Any]:
        """What a property holds: elements, or the one that it refers to."""
        href = member.get(XLINK)
        if href is None:
            yield from member
            return
        if not href.startswith("#"):
            message = f"refers to {href[:80]!r}, which is outside the file: it is not fetched"
            self.notes.append(("reference_external", message, "left out"))
            return
        self.left -= 1
        if self.left < 0:
            raise Fault("model_geometry", "its surfaces refer to each other so often that they multiply without end")
        found = self.find(href[1:])
        if found is None:
            self.notes.append(
                ("reference_unresolved", f"refers to {href[:80]!r}, which is not in the file", "left out")
            )
        else:
            yield found

    def _face(self, element: Any) -> Face | None:
        bounds = [
            one for one in element if local(one) in ("exterior", "interior", "outerBoundaryIs", "innerBoundaryIs")
        ]
        rings, ids = [], []
        for bound in bounds:
            ring = next((one for one in bound if local(one) in ("LinearRing", "Ring")), None)
            corners = np.zeros((0, 3)) if ring is None else positions(ring)
            if len(corners) > 1 and (corners[0] == corners[-1]).all():
                corners = corners[:-1]
            if len(corners) < 3:
                self.notes.append(("surface_unreadable", "a ring of fewer than three corners", "left out"))
                return None
            rings.append(corners)
            ids.append(identity(ring))
        if not rings:
            self.notes.append(("surface_unreadable", "a polygon without an outline", "left out"))
            return None
        return Face(tuple(rings), identity(element), tuple(ids))


def positions(ring: Any) -> FloatArray:
    """The corners (n, 3) of a ring, as written. Raises Fault for numbers that are none, or not three to a corner."""
    listed = [one for one in ring.iter() if local(one) in ("posList", "pos", "coordinates")]
    if any(one.get("srsDimension", "3") != "3" for one in (ring, *listed)):
        raise Fault("model_geometry", "a ring without heights (srsDimension); expected three numbers to a corner")
    text = " ".join(one.text or "" for one in listed).replace(",", " ")
    try:
        found = np.array(text.split(), dtype=np.float64)
    except ValueError:
        raise Fault("model_geometry", "a ring with coordinates that are no numbers") from None
    if len(found) % 3:
        raise Fault("model_geometry", f"a ring of {len(found)} numbers; expected three to a corner")
    if not (np.abs(found) < _FARTHEST).all():
        raise Fault("coordinates_not_finite", "a corner whose coordinates are no numbers, or beyond all measure")
    return found.reshape(-1, 3)


def polygons(faces: list[Face]) -> ObjectArray:
    """Faces as shapely polygons (p,)."""
    found = np.empty(len(faces), dtype=object)
    found[:] = [face.polygon() for face in faces]
    return found


def local(element: Any) -> str:
    """An element's name without its namespace; nothing of a comment or an entity."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def is_surface(element: Any) -> bool:
    """Whether an element is a surface or a solid, of whatever kind is read."""
    return local(element) in (*_PATCHES, *_AGGREGATES, "OrientableSurface", "Solid", *_SOLIDS)


def identity(element: Any) -> str | None:
    """Its gml:id, whichever version of GML it is of."""
    return next(
        (value for name, value in element.attrib.items() if name.rpartition("}")[2] == "id" and "gml" in name), None
    )
