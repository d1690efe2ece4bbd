"""How the pictures of textures are packed: WebP, which is small to fetch, or KTX2, which stays small on a graphics card."""

from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cim.errors import MissingTool

Pack = Callable[[npt.NDArray[np.uint8], bool], bytes]
"""Packs a picture (h, w, 3), sRGB; the second: whether it is laid side by side."""

QUALITY = 82
"""Of WebP and, on the encoder's own scale to 100, of KTX2."""


def webp(pixels: npt.NDArray[np.uint8], repeats: bool) -> bytes:
    """A WebP."""
    packed = BytesIO()
    Image.fromarray(pixels).save(packed, "WEBP", quality=QUALITY, method=4)
    return packed.getvalue()


def ktx2(pixels: npt.NDArray[np.uint8], repeats: bool) -> bytes:
    """A KTX2 of ETC1S blocks with its smaller sizes, the same bytes each time; a second or more of one core.

    Its sides must be multiples of four (KHR_texture_basisu). Raises MissingTool where the encoder is not installed,
    ValueError for other sides.
    """
    high, wide = pixels.shape[:2]
    if wide % 4 or high % 4:
        raise ValueError(f"a picture of {wide} x {high} pixels: expected multiples of four")
    opaque = np.dstack([pixels, np.full((high, wide), 255, dtype=np.uint8)])
    # One thread: builds run a worker a core. Where pictures repeat, the smaller sizes must run over their edges.
    options = {"codec": "etc1s", "quality": QUALITY, "mipmaps": True, "mip_wrap": repeats, "threads": 1}
    return bytes(
        _encoder().encode_raw_rgba_to_ktx2(opaque.tobytes(), wide, high, False, check_for_alpha=False, **options)
    )


def named(name: str) -> Pack:
    """The packing of a name of `PACKINGS`, ready to use. Raises KeyError, and MissingTool where its encoder is missing."""
    pack = PACKINGS[name]
    if pack is ktx2:
        _encoder()
    return pack


PACKINGS: dict[str, Pack] = {"webp": webp, "ktx2": ktx2}
"""By the name that a city file gives them."""


def _encoder() -> Any:
    try:
        return import_module("alktx2")
    except ImportError as error:
        raise MissingTool('textures = "ktx2" needs an encoder: .venv/bin/python -m pip install -e ".[ktx2]"') from error
