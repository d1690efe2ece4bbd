"""The surfaces of one body in space, as a model delivers them: polygons with what each is of, bound into shells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cim.errors import BadInput
from cim.types import ObjectArray, Surface

KINDS = ("MultiSurface", "CompositeSurface", "Solid", "MultiSolid", "CompositeSolid")
"""What surfaces are bound into, as CityJSON 2.0 (clause 3) names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """The surfaces of one body at one level of detail.

    polygons: (p,) shapely Polygons with heights, outlines anticlockwise seen from outside the body. surface: (p,) uint8
    `Surface` codes. kind: one of `KINDS`. shells: for every solid the numbers of polygons of its shells, the outer one
    first, in the order of `polygons`; empty for surfaces that bind no solid. above_base: heights count from the body's
    base; otherwise they are of the frame that the body came in. notes: what else its format says of the surfaces, as JSON
    knows it (attributes and nesting of semantic surfaces, parts). appearance: materials and textures, as JSON knows them.
    Raises BadInput where the numbers of surfaces or of the shells' polygons are not those of the polygons.
    """

    polygons: ObjectArray
    surface: npt.NDArray[np.uint8]
    kind: str = "MultiSurface"
    shells: tuple[tuple[int, ...], ...] = ()
    above_base: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)
    appearance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.polygons)
        if self.kind not in KINDS:
            raise BadInput(f"surfaces bound into {self.kind!r}; expected one of {', '.join(KINDS)}")
        if len(self.surface) != count or (self.shells and sum(map(sum, self.shells)) != count):
            raise BadInput(
                f"{count} polygons, {len(self.surface)} surfaces, shells of {self.shells}: they do not agree"
            )

    def __len__(self) -> int:
        return len(self.polygons)

    @classmethod
    def read(
        cls, wkb: bytes, surface: list[int] | None, structure: Mapping[str, Any], appearance: Mapping[str, Any] | None
    ) -> "Boundary":
        """As the store keeps it: a MultiPolygonZ (WKB or EWKB), a code a polygon, and the rest as JSON."""
        polygons = np.asarray(shapely.get_parts(shapely.from_wkb(wkb)))
        codes = [Surface.unknown] * len(polygons) if surface is None else surface
        return cls(
            polygons,
            np.array(codes, dtype=np.uint8),
            structure.get("kind", "MultiSurface"),
            tuple(tuple(shells) for shells in structure.get("shells", ())),
            bool(structure.get("above_base", False)),
            structure.get("notes", {}),
            appearance or {},
        )

    def structure(self) -> dict[str, Any]:
        """What `read` takes as such."""
        told: dict[str, Any] = {"kind": self.kind, "shells": [list(shells) for shells in self.shells]}
        return told | {"above_base": self.above_base, "notes": dict(self.notes)}
