"""Roofs in the orthophoto: a tile's own crop of it, cut to its roofs, and where each lies in it.

The crop is a function of the tile's roofs and of the photo alone: its box is that of the roofs, on whole pixels of the
city frame, and what is no roof is painted over, so that no neighbour shows in it and it weighs less.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from cim.mesh import Mesh
from cim.types import Box, FloatArray, IntArray
from tilesets.buildings.site import Photo
from tilesets.buildings.textures.packing import Pack, webp

FINEST_M, COARSEST_M = 0.25, 1.0
"""Ground resolution of a crop: the photo's own, but within these. A coarser photo does not show a roof."""
LARGEST_PX = 1024
"""A crop that would be larger, either way, gets coarser by halves."""
_BLOCK_PX = 4
_MARGIN_PX = 2  # of the photo round every roof: what is blended at its edge


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """The part of a photo that a tile's roofs use. picture: packed; box: what it shows, city frame; pixel_m: of ground.

    missing: the features of which a part is not in the photo, rising.
    """

    picture: bytes
    box: Box
    pixel_m: float
    missing: IntArray

    def places(self, xy: FloatArray) -> FloatArray:
        """Where points (..., 2) of the city frame lie in the picture, from its upper left corner, whole pictures."""
        wide, high = self.box.east - self.box.west, self.box.north - self.box.south
        return np.stack([(xy[..., 0] - self.box.west) / wide, (self.box.north - xy[..., 1]) / high], axis=-1)


def crop(mesh: Mesh, triangle: IntArray, photo: Photo, pack: Pack = webp) -> Crop | None:
    """The crop for these triangles of a mesh (at least one); None where the photo shows none of them, or is too coarse."""
    corner = mesh.triangles[triangle]
    xy = mesh.xy[mesh.point[corner]]
    owner = mesh.feature[corner[:, 0]]
    low, high = xy.reshape(-1, 2).min(axis=0).tolist(), xy.reshape(-1, 2).max(axis=0).tolist()
    sharpest = photo.sharpest_m(Box(*low, *high))
    if sharpest > COARSEST_M:
        return None
    box, pixel = window(xy.reshape(-1, 2), sharpest)
    colours, known = photo.crop(box, pixel, COARSEST_M)
    label = _labels(xy, owner, box, pixel, known.shape)
    missing = np.unique(label[(label > 0) & ~known]) - 1
    if np.isin(owner, missing).all():
        return None
    label[np.isin(label, missing + 1)] = 0
    return Crop(pack(_masked(colours, label > 0), False), box, pixel, missing.astype(np.int64))


def window(xy: FloatArray, photo_m: float) -> tuple[Box, float]:
    """The box on whole pixels that holds points (k, 2) with a margin, and its pixel: at most LARGEST_PX either way.

    Its sides are multiples of four pixels, as pictures that stay packed on a graphics card must be.
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    pixel = max(photo_m, FINEST_M)
    while True:
        first, last = np.floor(low / pixel) - _MARGIN_PX, np.ceil(high / pixel) + _MARGIN_PX
        last = first + np.ceil((last - first) / _BLOCK_PX) * _BLOCK_PX
        if (last - first).max() <= LARGEST_PX:
            return Box(*(first * pixel).tolist(), *(last * pixel).tolist()), pixel
        pixel *= 2.0


def _labels(xy: FloatArray, owner: IntArray, box: Box, pixel: float, shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
    """Whose roof lies on each pixel (h, w): its feature and one, 0: nobody's. The later feature covers the earlier."""
    image = Image.new("I", (shape[1], shape[0]))
    draw = ImageDraw.Draw(image)
    at = np.stack([(xy[..., 0] - box.west) / pixel, (box.north - xy[..., 1]) / pixel], axis=-1) - 0.5
    for corners, feature in zip(at.reshape(len(at), 6).tolist(), owner.tolist(), strict=True):
        draw.polygon(corners, fill=feature + 1)
    return np.array(image, dtype=np.int32)


def _masked(colours: npt.NDArray[np.uint8], roof: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The picture with nothing but roofs, a little more round each; the rest in their mean colour."""
    wide = Image.fromarray(roof).convert("L").filter(ImageFilter.MaxFilter(2 * _MARGIN_PX + 1))
    kept = np.asarray(wide) > 0
    mean = np.round(colours[roof].mean(axis=0)).astype(np.uint8) if roof.any() else np.zeros(3, dtype=np.uint8)
    return np.where(kept[..., None], colours, mean)
