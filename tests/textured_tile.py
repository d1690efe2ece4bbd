"""A tile of a few buildings with pictures on roofs and walls, its pictures packed as asked."""

import numpy as np
import numpy.typing as npt

from cim.types import BoolArray, Box
from tests.sample_city import CENTRE, CRS, Even, Slope, city
from tilesets.buildings.content import content
from tilesets.buildings.site import Site
from tilesets.buildings.standing import stand
from tilesets.buildings.textures.packing import Pack
from tilesets.gltf.placement import frame_at


class _Slanting:
    """A photo that grows brighter to the east."""

    def sharpest_m(self, box: Box) -> float:
        return 0.5

    def crop(self, box: Box, pixel_m: float, coarsest_m: float) -> tuple[npt.NDArray[np.uint8], BoolArray]:
        wide, high = round((box.east - box.west) / pixel_m), round((box.north - box.south) / pixel_m)
        shade = np.linspace(40, 220, wide).astype(np.uint8)
        return np.broadcast_to(shade[None, :, None], (high, wide, 3)).copy(), np.ones((high, wide), dtype=np.bool_)


def textured(pack: Pack) -> bytes:
    """The GLB of a dozen buildings of the sample city."""
    standing, _ = stand(city(12, width_m=80.0, old_share=0.7), Site(CRS, Slope(), Even()))
    return content(standing, frame_at(*CENTRE, CRS), refined=True, photo=_Slanting(), pack=pack).data
