"""How delivered surfaces look: colours and pictures that came with a body, and where corners lie in those. Pure."""

import base64
import binascii
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image

from cim.boundary import PICTURE, Boundary
from cim.boundary_mesh import Surfaced
from cim.geometry import LATTICE_M, snap
from cim.mesh import Mesh
from cim.types import FloatArray, IntArray
from tilesets.buildings.palette import linear

MOST_PIXELS = 1 << 20
"""How many pixels the delivered pictures of one tile have together (the project's own default)."""
FARTHEST = 64.0
"""How many pictures wide a surface is, or lies off its picture, at the most; beyond, its place in it is not believed."""

_QUALITY = 82
_ONCE = ("none", "clamp", "border")  # CityJSON 2.0, clause 6.2: all but wrap and mirror


@dataclass(frozen=True, slots=True)
class Look:
    """colour: red, green and blue, 0 to 1, as screens show them; of no account where there is a picture (WebP).

    repeats: the picture is laid side by side; mirrors: with every other one turned over.
    """

    colour: tuple[float, float, float]
    picture: bytes | None = None
    repeats: bool = True
    mirrors: bool = False


_WHITE = (1.0, 1.0, 1.0)


def worn(bodies: Sequence[Boundary], lift_m: FloatArray, found: Surfaced) -> tuple[tuple[Look, ...], FloatArray | None]:
    """The looks of some bodies, and the `Mesh.look` (v, 3) of their mesh; None where nothing was delivered.

    found: what `surfaced` made of the bodies and lift_m (n,). A picture goes before a colour.
    """
    numbers: dict[Look, int] = {}
    count, unpacked = sum(len(body) for body in bodies), dict[str, bytes | None]()
    of_polygon, rings, first = np.full(count, -1), [], 0
    for body, lift in zip(bodies, lift_m.tolist(), strict=True):
        for place, look in _coloured(body):
            of_polygon[first + place] = numbers.setdefault(look, len(numbers))
        for place, look, at, uv in _pictured(body, unpacked):
            of_polygon[first + place] = numbers.setdefault(look, len(numbers))
            rings.append((first + place, at + [0.0, 0.0, lift], uv))
        first += len(body)
    if not numbers:
        return (), None
    mesh = found.mesh
    polygon = np.zeros(len(mesh.z), dtype=np.int64)
    polygon[mesh.triangles.ravel()] = np.repeat(found.polygon, 3)
    uv = _at_vertices(mesh, polygon, rings) if rings else np.zeros((len(mesh.z), 2))
    return tuple(numbers), np.column_stack([of_polygon[polygon], uv])


def tinted(colour: npt.NDArray[np.uint8], mesh: Mesh, looks: Sequence[Look]) -> npt.NDArray[np.uint8]:
    """Linear colours (v, 3) with those that were delivered in their places."""
    if mesh.look is None:
        return colour
    number = mesh.look[:, 0].astype(np.int64)
    own = linear(np.array([look.colour for look in looks]))
    return np.where((number >= 0)[:, None], own[number], colour)


def placed(mesh: Mesh, which: IntArray) -> FloatArray:
    """Where the corners of these triangles lie in their picture (t, 3, 2), from its upper left corner."""
    assert mesh.look is not None
    uv = mesh.look[mesh.triangles[which], 1:]
    return np.stack([uv[..., 0], 1.0 - uv[..., 1]], axis=-1)


def fitted(pictures: Sequence[bytes]) -> list[bytes]:
    """The pictures, the largest halved until together they have `MOST_PIXELS` or fewer; the others as they are."""
    sizes = [Image.open(io.BytesIO(data)).size for data in pictures]
    halvings = [0] * len(sizes)
    now = [width * height for width, height in sizes]
    while sum(now) > MOST_PIXELS:
        largest = now.index(max(now))
        halvings[largest] += 1
        width, height = (max(1, side >> halvings[largest]) for side in sizes[largest])
        if now[largest] == width * height:
            break
        now[largest] = width * height
    return [_halved(data, times) if times else data for data, times in zip(pictures, halvings, strict=True)]


def pictures_of(body: Boundary) -> Iterator[str]:
    """The pictures that came with a body, as they are kept: one that several bodies show is one text."""
    for one in body.appearance.get("textures", ()):
        if _is_object(one) and isinstance(one.get(PICTURE), str):
            yield one[PICTURE]


def _halved(data: bytes, times: int) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    small = image.resize((max(1, image.width >> times), max(1, image.height >> times)), Image.Resampling.BOX)
    packed = io.BytesIO()
    small.save(packed, "WEBP", quality=_QUALITY, method=4)
    return packed.getvalue()


def _coloured(body: Boundary) -> Iterator[tuple[int, Look]]:
    looks = [_look(told) for told in body.appearance.get("materials", ())]
    for place, value in enumerate(body.shown("material")):
        look = None if value is None else looks[value]
        if look is not None:
            yield place, look


def _look(told: Any) -> Look | None:
    try:
        red, green, blue = (min(max(float(part), 0.0), 1.0) for part in told["diffuseColor"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return None if red != red or green != green or blue != blue else Look((red, green, blue))


def _pictured(body: Boundary, unpacked: dict[str, bytes | None]) -> Iterator[tuple[int, Look, FloatArray, FloatArray]]:
    """Surfaces that show a picture, that, their corners (k, 3) and where those lie in it (k, 2).

    unpacked: pictures by their text, each unpacked once for all bodies that show it.
    """
    looks = [_picture(told, unpacked) for told in body.appearance.get("textures", ())]
    for place, rings in enumerate(body.shown("texture")):
        told = None if not rings else rings[0]
        look = None if told is None else looks[told[0]]
        if look is None:
            continue
        at, uv = [], []
        for ring, one in zip(shapely.get_rings(body.polygons[place]), rings, strict=False):
            corners = shapely.get_coordinates(ring, include_z=True)[:-1]
            if one is not None and len(one[1]) == len(corners):
                at.append(corners)
                uv.append(_numbers(one[1]))
        if at and (found := _near(np.concatenate(uv), look)) is not None:
            yield place, look, np.concatenate(at), found


def _numbers(told: Any) -> FloatArray:
    """Places (k, 2) as the file says them; NaN where that is no pair of numbers each."""
    nowhere = np.full((len(told), 2), np.nan)
    try:
        found = np.array(told, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return nowhere
    return found if found.shape == nowhere.shape else nowhere


def _near(uv: FloatArray, look: Look) -> FloatArray | None:
    """The same place in the first copy of the picture; where it lies once alone, the place as it is, for a corner drawn in
    would stretch the picture where its edge goes on. None for what is nowhere.
    """
    if not np.isfinite(uv).all():
        return None
    apart = 2.0 if look.mirrors else 1.0  # so far from each other are copies that lie the same way
    near = uv - apart * np.floor(uv.min(axis=0) / apart) if look.repeats else uv
    return near if np.abs(near).max() <= FARTHEST else None


def _picture(told: Any, unpacked: dict[str, bytes | None]) -> Look | None:
    if not _is_object(told) or not isinstance(told.get(PICTURE), str):
        return None
    packed = told[PICTURE]
    if packed not in unpacked:
        unpacked[packed] = _unpacked(packed)
    data = unpacked[packed]
    wrap = told.get("wrapMode")
    return Look(_WHITE, data, wrap not in _ONCE, wrap == "mirror") if data else None


def _unpacked(packed: str) -> bytes | None:
    try:
        return base64.b64decode(packed, validate=True)
    except binascii.Error:
        return None


def _is_object(told: Any) -> bool:
    return isinstance(told, Mapping)


def _at_vertices(mesh: Mesh, polygon: IntArray, rings: Sequence[tuple[int, FloatArray, FloatArray]]) -> FloatArray:
    """Places in pictures (v, 2) of the vertices, which stand on the corners of their polygons on the lattice."""
    owner = np.repeat([number for number, _, _ in rings], [len(at) for _, at, _ in rings])
    corner = snap(np.concatenate([at for _, at, _ in rings]))
    of_corner = np.column_stack([owner, np.rint(corner / LATTICE_M).astype(np.int64)])
    of_vertex = np.column_stack([polygon, np.rint(mesh.positions() / LATTICE_M).astype(np.int64)])
    _, place = np.unique(np.concatenate([of_corner, of_vertex]), axis=0, return_inverse=True)
    place = place.ravel()
    uv = np.zeros((int(place.max()) + 1, 2))
    uv[place[: len(of_corner)]] = np.concatenate([one for _, _, one in rings])
    return np.asarray(uv[place[len(of_corner) :]])
