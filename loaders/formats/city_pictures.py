"""The pictures of city models: put to the textures that show them, as the pictures of mesh models are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cim.boundary import PICTURE, Boundary
from loaders.formats.pictures import Album


def pictured(body: Boundary, album: Album) -> Boundary:
    """The body with the pictures of the theme that is shown; what the album does not show stays a name.

    Nothing else of its appearance changes: names, places and the other themes are as they were delivered.
    """
    textures = body.appearance.get("textures")
    if not textures:
        return body
    used = {ring[0] for rings in body.shown("texture") for ring in rings or () if ring is not None}
    found = [_held(told, album) if number in used else told for number, told in enumerate(textures)]
    return replace(body, appearance={**body.appearance, "textures": found})


def _held(told: Any, album: Album) -> Any:
    image = told.get("image") if isinstance(told, Mapping) else None
    picture = album.named(image.strip()) if isinstance(image, str) and image.strip() else None
    return told if picture is None else {**told, PICTURE: picture.packed}
