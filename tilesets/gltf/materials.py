"""What surfaces of a GLB are made of: plain, or with a picture that lies in the file, laid once or side by side."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.types import FloatArray
from tilesets.gltf.metadata import Json
from tilesets.gltf.views import Views

WEBP = "EXT_texture_webp"
BASIS = "KHR_texture_basisu"
TRANSFORM = "KHR_texture_transform"

_LINEAR, _LINEAR_MIPMAP_LINEAR, _CLAMP, _REPEAT, _MIRRORED = 9729, 9987, 33071, 10497, 33648
_STEPS = 65535
_KTX2 = b"\xabKTX 20\xbb\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Material:
    """name: what it is, as viewers of the file see it; empty: not told. picture: WebP or KTX2, None: vertices have colours.

    repeats: the picture is laid side by side, otherwise its edge goes on. mirrors_across, mirrors_up: so laid, every other
    one is turned over. is_procedural: a picture that was computed, not taken of anything.
    """

    name: str = ""
    picture: bytes | None = None
    repeats: bool = False
    roughness: float = 0.9
    is_procedural: bool = False
    is_double_sided: bool = False
    mirrors_across: bool = False
    mirrors_up: bool = False


PLAIN = Material()
"""The material of vertices that have colours."""


@dataclass(frozen=True, slots=True)
class Transform:
    """KHR_texture_transform: place in the picture = offset + scale * coordinate, both (u, v)."""

    offset: tuple[float, float]
    scale: tuple[float, float]


def stretched(uv: FloatArray) -> tuple[npt.NDArray[np.uint16], Transform | None]:
    """Places in a picture (k, 2) as steps of a 65,535th over their range, and the transform that puts them back.

    None where they lie within one picture already. The range is of whole pictures, so a place on an edge stays on it.
    """
    low, high = np.floor(uv.min(axis=0)), np.ceil(uv.max(axis=0))
    if (uv >= 0.0).all() and (uv <= 1.0).all():
        return np.round(uv * _STEPS).astype(np.uint16), None
    scale = np.maximum(high - low, 1.0)
    steps = np.round((uv - low) / scale * _STEPS).astype(np.uint16)
    return steps, Transform((float(low[0]), float(low[1])), (float(scale[0]), float(scale[1])))


def _wrap(material: Material, mirrors: bool) -> int:
    """What a picture goes on with beyond its edge on one axis (glTF 2.0, `sampler.wrapS`, `wrapT`)."""
    return _MIRRORED if mirrors else _REPEAT if material.repeats else _CLAMP


class Materials:
    """The materials of a GLB while it is being written, with their textures, samplers and pictures."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._materials: list[Json] = []
        self._textures: list[Json] = []
        self._samplers: list[Json] = []
        self._images: list[Json] = []
        self._places: dict[bytes, int] = {}
        self._packed: list[str] = []
        self._is_moved = False

    def number(self, material: Material, transform: Transform | None = None) -> int:
        """Adds a material, its picture with it; transform: of the coordinates it is used with."""
        surface: Json = {}
        if material.picture is not None:
            surface["baseColorTexture"] = self._texture(material, material.picture, transform)
        surface |= {"metallicFactor": 0.0, "roughnessFactor": material.roughness}
        entry: Json = {"pbrMetallicRoughness": surface}
        if material.is_double_sided:
            entry["doubleSided"] = True
        if material.name:
            entry = {"name": material.name, **entry, "extras": {"procedural": material.is_procedural}}
        self._materials.append(entry)
        return len(self._materials) - 1

    def extensions(self) -> list[str]:
        """What a client must know to draw them."""
        return [*self._packed, *([TRANSFORM] if self._is_moved else [])]

    def document(self) -> Json:
        """Their members of the glTF document."""
        found: Json = {"materials": self._materials}
        if self._images:
            found |= {"textures": self._textures, "samplers": self._samplers, "images": self._images}
        return found

    def _texture(self, material: Material, picture: bytes, transform: Transform | None) -> Json:
        across, up = _wrap(material, material.mirrors_across), _wrap(material, material.mirrors_up)
        sampler = {"magFilter": _LINEAR, "minFilter": _LINEAR_MIPMAP_LINEAR, "wrapS": across, "wrapT": up}
        if sampler not in self._samplers:
            self._samplers.append(sampler)
        needed, kind = (BASIS, "image/ktx2") if picture.startswith(_KTX2) else (WEBP, "image/webp")
        if needed not in self._packed:
            self._packed.append(needed)
        if picture not in self._places:  # one that is laid in two ways lies in the file once
            self._places[picture] = len(self._images)
            self._images.append({"mimeType": kind, "bufferView": self._views.plain(picture)})
        source = {"extensions": {needed: {"source": self._places[picture]}}}
        self._textures.append({"sampler": self._samplers.index(sampler), **source})
        told: Json = {"index": len(self._textures) - 1}
        if transform is not None:
            self._is_moved = True
            told["extensions"] = {TRANSFORM: {"offset": list(transform.offset), "scale": list(transform.scale)}}
        return told
