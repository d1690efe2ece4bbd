"""What is the same for every tile of a build: the city frame, the ground, the geoid, and the limits."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cim.assembly import NO_PARTS, Parts
from cim.types import BoolArray, Box, FloatArray, ObjectArray
from tilesets.buildings.textures.packing import Pack, webp
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


class Photo(Protocol):
    """The orthophoto that roofs are seen in."""

    def sharpest_m(self, box: Box) -> float:
        """Metres of ground a pixel of the sharpest sheet that meets a box of the city frame; infinite where none does."""
        ...

    def crop(self, box: Box, pixel_m: float, coarsest_m: float) -> tuple[npt.NDArray[np.uint8], BoolArray]:
        """Colours (h, w, 3) of a box of the city frame, sRGB, from its upper left corner, and where (h, w) there are any.

        The box is whole pixels wide and high. The sharpest sheet wins; those coarser than `coarsest_m` show nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """One city. crs: its frame. extent: its box in that frame, None: not known. highest_m: the height over which a
    building is told of (the city file's limit). target_bytes: what a tile is meant to weigh at most. photo: None where
    the city has no orthophoto. parts: what assemblies are made of. pack: how the pictures of textures are packed.
    """

    crs: str
    ground: Ground
    geoid: Geoid
    extent: Box | None = None
    highest_m: float = float("inf")
    target_bytes: int = TARGET_BYTES
    photo: Photo | None = None
    parts: Parts = NO_PARTS
    pack: Pack = webp
