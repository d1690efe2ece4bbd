"""The pictures of a glTF's materials: base colours alone, in the file or beside it, and how they are laid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cim.types import FloatArray
from loaders.formats.pictures import Album, Picture

_TRANSFORM, _WEBP = "KHR_texture_transform", "EXT_texture_webp"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture, and the matrix (2, 3) that glTF's places in it are taken through."""

    picture: Picture
    way: FloatArray

    def places(self, uv: FloatArray) -> FloatArray:
        """Places (v, 2) from the lower left of the picture, of places that trimesh turned to count from there."""
        moved = np.column_stack([uv[:, 0], 1.0 - uv[:, 1]]) @ self.way[:, :2].T + self.way[:, 2]
        return np.column_stack([moved[:, 0], 1.0 - moved[:, 1]])


def of_materials(header: Mapping[str, Any], binary: bytes, album: Album) -> dict[int, Shown]:
    """By the number of their material, pictures that are laid by the first set of places."""
    found = {}
    for number, material in enumerate(header.get("materials", [])):
        told = material.get("pbrMetallicRoughness", {}).get("baseColorTexture")
        if told is None:
            continue
        moved = told.get("extensions", {}).get(_TRANSFORM, {})
        if moved.get("texCoord", told.get("texCoord", 0)) != 0:
            continue
        picture = _picture(header, binary, int(told["index"]), album)
        if picture is not None:
            found[number] = Shown(picture, _way(moved))
    return found


def _picture(header: Mapping[str, Any], binary: bytes, texture: int, album: Album) -> Picture | None:
    told = header["textures"][texture]
    source = told.get("source", told.get("extensions", {}).get(_WEBP, {}).get("source"))
    if source is None:
        return None
    image = header["images"][source]
    if "uri" in image:
        return album.named(str(image["uri"]))
    view = header["bufferViews"][image["bufferView"]]
    begin = int(view.get("byteOffset", 0))
    data = binary[begin : begin + int(view["byteLength"])] if view.get("buffer", 0) == 0 else b""
    name = str(image.get("name") or f"picture {source}")
    return album.held(name, f"image {source}", lambda: data)


def _way(moved: Mapping[str, Any]) -> FloatArray:
    """KHR_texture_transform: scaled, then turned, then moved."""
    turn = float(moved.get("rotation", 0.0))
    scale = np.array(moved.get("scale", (1.0, 1.0)), dtype=np.float64)
    cos, sin = np.cos(turn), np.sin(turn)
    turned = np.array([[cos, sin], [-sin, cos]]) * scale
    return np.column_stack([turned, np.array(moved.get("offset", (0.0, 0.0)), dtype=np.float64)])
