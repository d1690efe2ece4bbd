"""What the ground is covered with: grey brick, slabs, asphalt, kerb stones, water; each a colour and a small picture. Pure.

A picture is painted by rule, of its own fixed seed, and is laid side by side in metres of the city frame, so that it goes on
from one tile into the next. It holds shades alone, which the colour of the cover is multiplied with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from cim.types import FloatArray, IntArray
from tilesets.gltf.materials import Material
from tilesets.greens.solids import Colour


class Cover(IntEnum):
    """What a part of a street, a square or water is covered with. Where parts overlap, the first of these lies there."""

    carriageway = 0
    square = 1
    lane = 2
    kerb = 3
    pavement = 4
    water = 5


RAISED = (Cover.kerb, Cover.pavement)
"""What lies higher than the carriageway, by the height of a kerb."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A square picture. side_m: how much ground it shows; size_px: of each side; quality: of WebP, None: without loss."""

    side_m: float
    size_px: int
    quality: int | None = None


BRICK, SLABS, ASPHALT = Picture(2.048, 256), Picture(4.8, 256), Picture(6.4, 128, 30)
"""Bricks laid flat, 0.256 x 0.128 m, slabs of 0.6 x 0.4 m, and faint wear: ordinary sizes, the project's own."""

PICTURES: Mapping[Cover, Picture] = {
    Cover.carriageway: ASPHALT,
    Cover.square: SLABS,
    Cover.lane: BRICK,
    Cover.pavement: SLABS,
}
COLOURS: Mapping[Cover, Colour] = {
    Cover.carriageway: (114, 114, 114),
    Cover.square: (176, 168, 154),
    Cover.lane: (150, 147, 141),
    Cover.kerb: (178, 175, 168),
    Cover.pavement: (166, 160, 150),
    Cover.water: (74, 104, 112),
}


@cache
def material(picture: Picture | None) -> Material:
    """The material of a picture; of vertices that have colours alone where there is none."""
    if picture is None:
        return Material(roughness=1.0)
    name = _NAMES[picture]
    return Material(name, encoded(picture), repeats=True, roughness=1.0, is_procedural=True)


@cache
def encoded(picture: Picture) -> bytes:
    """The WebP of a picture: some hundred bytes."""
    shades = painted(picture)
    packed, image = BytesIO(), Image.fromarray(np.repeat(shades[..., None], 3, axis=2))
    if picture.quality is None:
        image.save(packed, "WEBP", lossless=True, quality=100, method=4)
    else:
        image.save(packed, "WEBP", quality=picture.quality, method=6)
    return packed.getvalue()


def painted(picture: Picture) -> npt.NDArray[np.uint8]:
    """The shades (size_px, size_px) of a picture, which goes on over its edges."""
    return np.asarray(np.clip(np.round(_PAINTERS[picture](picture)), 0, 255).astype(np.uint8))


def _courses(picture: Picture, long: int, courses: int, shades: IntArray, joint: int) -> FloatArray:
    """Stones in running bond: so many in a course, so many courses, each of one of the shades, and the joints between."""
    random = np.random.default_rng(long)
    at = (np.arange(picture.size_px) + 0.5) / picture.size_px
    course = np.floor(at * courses).astype(np.int64)
    across = (at[None, :] * long + np.where(course % 2 == 0, 0.0, 0.5)[:, None]) % long
    stone = shades[random.integers(0, len(shades), (courses, long))][course[:, None], across.astype(np.int64)]
    pixel = 1.0 / picture.size_px
    between = ((at * courses % 1.0) < courses * pixel)[:, None] | (across % 1.0 < long * pixel)
    return np.where(between, joint, stone).astype(np.float64)


def _brick(picture: Picture) -> FloatArray:
    return _courses(picture, 8, 16, np.array([248, 236, 224, 212]), 168)


def _slabs(picture: Picture) -> FloatArray:
    return _courses(picture, 8, 12, np.array([252, 244, 236, 226]), 190)


def _asphalt(picture: Picture) -> FloatArray:
    """Blotches of low waves, and a little grain."""
    random = np.random.default_rng(0)
    waves = np.fft.fftfreq(picture.size_px, 1.0 / picture.size_px)
    length = np.hypot(waves[:, None], waves[None, :])
    grain = random.standard_normal((picture.size_px, picture.size_px))
    soft = np.real(np.fft.ifft2(np.fft.fft2(grain) * ((length < 7.0) & (length > 0.0))))
    return np.asarray(232.0 + 6.0 * soft / soft.std() + 4.0 * grain)


_PAINTERS: Mapping[Picture, Callable[[Picture], FloatArray]] = {BRICK: _brick, SLABS: _slabs, ASPHALT: _asphalt}
_NAMES: Mapping[Picture, str] = {BRICK: "brick paving", SLABS: "slabs", ASPHALT: "asphalt"}
