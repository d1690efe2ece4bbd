"""The surfaces of one body in space, as a model delivers them: polygons with what each is of, bound into shells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cim.errors import BadInput
from cim.types import FloatArray, ObjectArray, Surface

KINDS = ("MultiSurface", "CompositeSurface", "Solid", "MultiSolid", "CompositeSolid")
"""What surfaces are bound into, as CityJSON 2.0 (clause 3) names it."""


PICTURE = "cim_picture"
"""Where a texture's definition has its picture: WebP in base64, made by `loaders.formats.pictures` and by nobody else. In
the store it is the picture's name, and the picture lies beside (`cim.store.pictures`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """The surfaces of one body at one level of detail.

    polygons: (p,) shapely Polygons with heights, outlines anticlockwise seen from outside the body. surface: (p,) uint8
    `Surface` codes. kind: one of `KINDS`. shells: for every solid the numbers of polygons of its shells, the outer one
    first, in the order of `polygons`; empty for surfaces that bind no solid. above_base: heights count from the body's
    base; otherwise they are of the frame that the body came in. notes: what else its format says of the surfaces, as JSON
    knows it (attributes and nesting of semantic surfaces, parts). appearance: materials and textures, as JSON knows them:
    words of CityJSON 2.0 (clause 6), one value a polygon, what is used alone.
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

    def wkb(self, srid: int) -> bytes:
        """The polygons as `read` takes them: EWKB of one MultiPolygonZ."""
        whole = shapely.set_srid(shapely.multipolygons(self.polygons), srid)
        return bytes(shapely.to_wkb(whole, include_srid=True, output_dimension=3))

    def positions(self) -> FloatArray:
        """Every corner (v, 3) of every ring, closing ones included, in the order of `polygons`."""
        return np.asarray(shapely.get_coordinates(self.polygons, include_z=True), dtype=np.float64)

    def at(self, positions: FloatArray) -> "Boundary":
        """The same surfaces with their corners (v, 3) elsewhere."""
        return replace(self, polygons=shapely.set_coordinates(shapely.force_3d(self.polygons), positions))

    def shown(self, what: str) -> Sequence[Any]:
        """What each surface has of `material` or `texture` in the theme that is drawn: of several the one that the file
        calls its default, else the first by name. Empty where there is none.
        """
        themes = self.appearance.get(what) or {}
        theme = self.appearance.get(f"default-theme-{what}")
        drawn = theme if isinstance(theme, str) and theme in themes else min(themes, default=None)
        found: Sequence[Any] = () if drawn is None else themes[drawn]
        return found

    def content(self) -> dict[str, Any]:
        """All of it as JSON knows it: how a record that was set aside is kept."""
        told = {"polygons": [shapely.to_wkt(p, rounding_precision=-1) for p in self.polygons]}
        return told | {"surface": self.surface.tolist(), "appearance": dict(self.appearance)} | self.structure()

    @classmethod
    def of_content(cls, told: Mapping[str, Any]) -> "Boundary":
        """What `content` told. Raises BadInput where it is none of that."""
        try:
            whole = shapely.multipolygons(shapely.from_wkt(told["polygons"]))
            return cls.read(shapely.to_wkb(whole, output_dimension=3), told["surface"], told, told["appearance"])
        except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
            raise BadInput(f"not the surfaces of a body: {error}") from error

    def structure(self) -> dict[str, Any]:
        """What `read` takes as such."""
        told: dict[str, Any] = {"kind": self.kind, "shells": [list(shells) for shells in self.shells]}
        return told | {"above_base": self.above_base, "notes": dict(self.notes)}
