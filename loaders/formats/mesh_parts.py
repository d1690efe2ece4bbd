"""Parts of a mesh model: corners and faces under the name of an object, before anybody says where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cim.errors import BadSource
from cim.types import FloatArray, IntArray, Issue
from loaders.formats.pictures import Picture

MOST_BYTES = 512 << 20
MOST_FACES = 2_000_000
MOST_CORNERS = 10_000_000
MOST_NODES = 100_000
"""What a model file may hold at the most (the project's own defaults): it is read as a whole."""

Material = tuple[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Part:
    """Faces of one colour of one object.

    name: of the object. at: (v, 3) corners, in the file's own axes and unit. triangles: (t, 3) corners, anticlockwise seen
    from outside. rings: faces of more than three corners, each its corners in that order. material: name and base
    colour (red, green, blue, 0 to 1); None: the file says none. picture: what it shows, each corner at uv (v, 2) in it,
    from the lower left; both or neither.
    """

    name: str
    at: FloatArray
    triangles: IntArray
    rings: tuple[tuple[int, ...], ...] = ()
    material: Material | None = None
    picture: Picture | None = None
    uv: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """The parts of a file. up: its axis that points up, `y` or `z`; None: the file does not say. unit_m: metres of one unit.
    issues: of pictures that cannot be shown.
    """

    parts: tuple[Part, ...]
    up: str | None
    unit_m: float = 1.0
    issues: tuple[Issue, ...] = ()


def own_corners(part: Part) -> Part:
    """The part with the corners that its faces use alone: a list that all objects share is not looked through for each."""
    ends = np.cumsum([len(ring) for ring in part.rings], dtype=np.int64)
    flat = np.array([corner for ring in part.rings for corner in ring], dtype=np.int64)
    used, places = np.unique(np.concatenate([part.triangles.ravel(), flat]), return_inverse=True)
    triangles, rest = np.split(places.ravel(), [part.triangles.size])
    rings = tuple(tuple(ring.tolist()) for ring in np.split(rest, ends[:-1])) if part.rings else ()
    uv = None if part.uv is None else part.uv[used]
    return replace(part, at=part.at[used], triangles=triangles.reshape(-1, 3), rings=rings, uv=uv)


def refuse_absurd(parts: Sequence[Part], name: str) -> None:
    """Raises BadSource for a model without faces or with too many, and for corners that are nowhere or not there."""
    faces = sum(len(part.triangles) + len(part.rings) for part in parts)
    if faces == 0:
        raise BadSource(f"{name}: holds no faces")
    refuse_many(faces, name)
    for part in parts:
        used = np.concatenate([part.triangles.ravel(), *(np.array(ring, dtype=np.int64) for ring in part.rings)])
        if len(used) and (used.min() < 0 or used.max() >= len(part.at)):
            raise BadSource(f"{name}: {part.name!r} has a face with a corner that is not there")
        if not np.isfinite(part.at[used]).all():
            raise BadSource(f"{name}: {part.name!r} has a corner that is no number")


def refuse_many(faces: int, name: str) -> None:
    """Raises BadSource where a file says that it has more faces than are read."""
    if faces > MOST_FACES:
        raise BadSource(f"{name}: {faces:,} faces; at most {MOST_FACES:,} are read of one file: deliver it in parts")


def refuse_many_corners(corners: int, name: str) -> None:
    """Raises BadSource where lists of corners, each as often as it is used, come to more than are read."""
    if corners > MOST_CORNERS:
        raise BadSource(
            f"{name}: {corners:,} corners, counted as often as their lists are used; at most {MOST_CORNERS:,} are read of "
            "one file: give each object corners of its own, or deliver it in parts"
        )
