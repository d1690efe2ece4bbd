"""What is the same for every tile of a build: the city frame, the ground, the geoid, and the limits."""

from dataclasses import dataclass
from typing import Protocol

from cim.assembly import NO_PARTS, Parts
from cim.types import Box, FloatArray, ObjectArray
from tilesets.tree import TARGET_BYTES


class Ground(Protocol):
    """The terrain that buildings stand on."""

    def stand(self, polygons: ObjectArray) -> tuple[FloatArray, FloatArray]:
        """Base and foot (n,) of footprints, heights of the city frame; NaN off the terrain.

        base: the lowest height of the finest served mesh under the footprint. foot: a height that lies above none of the
        meshes that are drawn together with buildings, anywhere under it.
        """
        ...


class Geoid(Protocol):
    """What lies between the city's heights and the ellipsoid."""

    def undulation(self, lonlat: FloatArray) -> FloatArray:
        """Geoid above ellipsoid (n,), metres, at degrees (n, 2)."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """One city. crs: its frame. extent: its box in that frame, None: not known. highest_m: the height over which a
    building is told of (the city file's limit). target_bytes: what a tile is meant to weigh at most. parts: what assemblies
    are made of.
    """

    crs: str
    ground: Ground
    geoid: Geoid
    extent: Box | None = None
    highest_m: float = float("inf")
    target_bytes: int = TARGET_BYTES
    parts: Parts = NO_PARTS
