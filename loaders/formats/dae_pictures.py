"""The picture that a COLLADA material shows, and where faces lie in it: that of its diffuse colour alone."""

from typing import Any

import numpy as np
from collada.material import Map
from collada.triangleset import TriangleSet

from cim.types import FloatArray
from loaders.formats.pictures import Album, Picture


def picture(bound: Any, album: Album) -> Picture | None:
    """Of a material as a scene binds it (None: none): the picture in the model's own folder."""
    shown = _map(bound)
    path = None if shown is None else shown.sampler.surface.image.path
    return album.named(path.strip()) if isinstance(path, str) and path.strip() else None


def places(bound: Any, faces: TriangleSet) -> FloatArray | None:
    """Where the corners of triangles lie in it (t, 3, 2), from the lower left; None where they say nothing of that.

    Of several sets of places the one that the scene binds to the picture, else the first.
    """
    shown = _map(bound)
    sources = faces.sources.get("TEXCOORD", ())
    if shown is None or not sources:
        return None
    wanted = [number for name, kind, number in bound.inputs if kind == "TEXCOORD" and name == shown.texcoord]
    sets = [str(source[3] or 0) for source in sources]
    which = sets.index(str(wanted[0] or 0)) if wanted and str(wanted[0] or 0) in sets else 0
    index = np.asarray(faces.texcoord_indexset[which], dtype=np.int64).reshape(-1, 3)
    listed = np.asarray(faces.texcoordset[which], dtype=np.float64)[:, :2]
    if len(index) and (index.min() < 0 or index.max() >= len(listed)):
        return None
    return listed[index]


def _map(bound: Any) -> Map | None:
    shown = getattr(getattr(getattr(bound, "target", None), "effect", None), "diffuse", None)
    return shown if isinstance(shown, Map) else None
