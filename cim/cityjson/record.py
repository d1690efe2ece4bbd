"""Buildings as a city model delivers them: one record a building with all its parts, a body for each level of detail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cim.boundary import Boundary
from cim.types import ObjectArray

PARTS = ("BuildingPart", "BuildingInstallation", "BuildingConstructiveElement")
"""What is of a building's outside: loaded into the building's own body."""

Note = tuple[str, str, str | None]
"""code, message, what was done about it (None: nothing changed)"""


class Fault(Exception):
    """Why something cannot be read; code: as the report of a load knows it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Piece:
    """One geometry of one city object.

    kind, polygons, shells: as of a `Boundary`. semantics: {"surfaces": [...], "values": [p]} or None. appearance:
    {"materials", "textures": definitions; "material": {theme: [p]}, "texture": {theme: [p]}}. of: the part that it is
    of, None: the building itself. lod: as written.
    """

    kind: str
    polygons: ObjectArray
    shells: tuple[tuple[int, ...], ...] = ()
    semantics: Mapping[str, Any] | None = None
    appearance: Mapping[str, Any] = field(default_factory=dict)
    of: str | None = None
    lod: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A city object that is of a building. members: what else stands in it (address, geographicalExtent ...)."""

    id: str
    type: str
    parent: str
    attributes: Mapping[str, Any]
    members: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CityRecord:
    """A building. bodies: (level of detail, None: not stated; its surfaces), at most one for each level, rising."""

    id: str
    attributes: Mapping[str, Any]
    bodies: tuple[tuple[float | None, Boundary], ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A building, or a part without one, that cannot be read: whole, as it came."""

    id: str
    code: str
    reason: str
    content: Mapping[str, Any]
