"""The models of trees and street furniture: made by this code alone, each once for near and once for far. Pure."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from tilesets.greens import trees
from tilesets.greens.kinds import Shape
from tilesets.greens.solids import Colour, Solid, box, fitted, joined, lump, tube
from tilesets.greens.trees import SUNK_M

IRON: Colour = (58, 62, 66)
STONE: Colour = (150, 146, 138)
WOOD: Colour = (134, 92, 58)


@dataclass(frozen=True, slots=True)
class Size:
    """The size a model is made at, metres, and what a fixture of unknown size is drawn at. front: where its own south side
    is turned, to the nearest `street`, to the `south`, or anywhere, as follows from its id.
    """

    height: float
    width: float
    front: Literal["street", "south", "anywhere"] = "anywhere"


SIZES: Mapping[Shape, Size] = {
    Shape.broadleaf: Size(9.0, 6.5),
    Shape.conifer: Size(10.0, 4.0),
    Shape.weeping: Size(9.5, 7.0),
    Shape.columnar: Size(14.0, 3.6),
    Shape.shrub: Size(2.0, 2.4),
    Shape.lamp: Size(5.2, 0.62),
    Shape.bench: Size(0.86, 1.6, front="street"),
    Shape.bin: Size(1.0, 0.6, front="street"),
    Shape.hydrant: Size(0.9, 0.5),
    Shape.signal: Size(6.2, 2.8, front="street"),
    Shape.shelter: Size(2.7, 5.0, front="street"),
    Shape.board: Size(2.3, 2.6, front="street"),
    Shape.charger: Size(1.7, 0.55, front="street"),
    Shape.cover: Size(0.05, 0.7),
    Shape.lion: Size(2.1, 0.95, front="south"),
    Shape.toilet: Size(3.9, 5.6, front="street"),
}

SEEN_FAR = 2.5
"""Models lower than this, metres, are left out of the coarser tiles (the project's own default)."""


def _lamp() -> Solid:
    parts = [tube((0, 0, -SUNK_M), (0, 0, 0.6), 0.15, 0.11, IRON), tube((0, 0, 0.6), (0, 0, 4.3), 0.07, 0.05, IRON)]
    parts += [tube((0, 0, 4.3), (0, 0, 4.85), 0.14, 0.24, (244, 226, 178), sides=6)]
    return joined([*parts, tube((0, 0, 4.85), (0, 0, 5.2), 0.31, 0.0, (70, 44, 36), sides=6)])


def _bench() -> Solid:
    legs = [box((side * 0.62, 0, 0.1), (0.08, 0.42, 0.72), IRON) for side in (-1.0, 1.0)]
    back = box((0, 0.2, 0.68), (1.6, 0.05, 0.36), WOOD)
    return joined([box((0, 0, 0.45), (1.6, 0.46, 0.06), WOOD), back, *legs])


def _bin() -> Solid:
    tub = box((0, 0, 0.3), (0.52, 0.38, 1.1), (66, 92, 76))
    return joined([tub, box((0, 0, 0.92), (0.6, 0.46, 0.14), IRON)])


def _hydrant() -> Solid:
    red = (176, 42, 34)
    parts = [tube((0, 0, -0.2), (0, 0, 0.68), 0.12, 0.11, red, sides=8), box((0, 0, 0.04), (0.34, 0.34, 0.08), red)]
    parts += [
        tube((0, 0, 0.68), (0, 0, 0.9), 0.15, 0.0, red, sides=8),
        box((0, 0, 0.5), (0.5, 0.12, 0.12), (206, 196, 190)),
    ]
    return joined(parts)


def _signal() -> Solid:
    arm = box((1.2, 0, 6.0), (2.6, 0.12, 0.12), IRON)
    lights = [
        box((2.2, -0.14, z), (0.26, 0.06, 0.26), colour)
        for z, colour in ((5.95, (206, 52, 44)), (5.6, (214, 166, 52)), (5.25, (60, 158, 84)))
    ]
    head = box((2.2, 0, 5.6), (0.4, 0.22, 1.15), (34, 36, 38))
    return joined([tube((0, 0, -SUNK_M), (0, 0, 6.2), 0.11, 0.08, IRON), arm, head, *lights])


def _shelter() -> Solid:
    posts = [box((x, 0.55, 1.1), (0.1, 0.1, 3.0), IRON) for x in (-2.2, 2.2)]
    wall = box((0, 0.6, 1.35), (4.2, 0.05, 1.7), (150, 172, 182))
    seat = box((0, 0.3, 0.45), (2.6, 0.34, 0.07), WOOD)
    return joined([box((0, 0, 2.62), (5.0, 1.7, 0.16), (84, 62, 52)), wall, seat, *posts])


def _board() -> Solid:
    posts = [box((x, 0, 0.85), (0.1, 0.1, 2.5), (88, 52, 42)) for x in (-1.1, 1.1)]
    face = box((0, -0.02, 1.3), (2.1, 0.08, 1.1), (226, 220, 206))
    return joined([face, box((0, 0, 2.2), (2.6, 0.5, 0.2), (72, 70, 70)), *posts])


def _charger() -> Solid:
    body = box((0, 0, 0.75), (0.52, 0.32, 1.9), (222, 226, 226))
    return joined([body, box((0, -0.165, 1.25), (0.4, 0.02, 0.36), (48, 132, 98))])


def _cover() -> Solid:
    rim = tube((0, 0, -0.05), (0, 0, 0.05), 0.35, 0.35, IRON, sides=8)
    return joined([rim, tube((0, 0, 0.05), (0, 0, 0.0501), 0.35, 0.0, (74, 76, 78), sides=8)])


def _lion() -> Solid:
    pale: Colour = (172, 168, 160)
    body = lump((0, 0.02, 1.32), (0.3, 0.4, 0.5), STONE, pale, rough=0.06)
    head = lump((0, -0.2, 1.84), (0.27, 0.25, 0.27), STONE, pale, rough=0.12)
    legs = [box((side * 0.16, -0.3, 1.17), (0.14, 0.16, 0.5), pale) for side in (-1.0, 1.0)]
    return joined([box((0, 0, 0.4), (0.95, 0.95, 1.05), STONE), body, head, *legs])


def _toilet() -> Solid:
    """A small house of grey brick under a hipped roof: two doors, high windows, a board over the middle."""
    roof = tube((0, 0, 2.9), (0, 0, 3.9), 3.96, 0.0, (84, 86, 88), sides=4)
    corner = np.array([np.cos(np.pi / 4.0), np.sin(np.pi / 4.0)])
    turned = roof.position[:, :2] @ np.array([[corner[0], corner[1]], [-corner[1], corner[0]]])
    roof.position[:, :2] = turned * [1.0, 0.7]
    normal = roof.normal[:, :2] @ np.array([[corner[0], corner[1]], [-corner[1], corner[0]]])
    roof.normal[:, :2] = normal
    doors = [box((side * 1.35, -1.62, 1.05), (1.0, 0.06, 2.1), (92, 58, 44)) for side in (-1.0, 1.0)]
    board = box((0, -1.64, 2.45), (1.5, 0.06, 0.5), (42, 84, 128))
    plinth = box((0, 0, 0.0), (5.1, 3.5, 0.3 + 2 * SUNK_M), STONE)
    return joined([box((0, 0, 1.3), (4.8, 3.2, 3.2), (128, 126, 122)), plinth, roof, *doors, board])


_NEAR: Mapping[Shape, Callable[[], Solid]] = {
    Shape.broadleaf: trees.broadleaf,
    Shape.conifer: trees.conifer,
    Shape.weeping: trees.weeping,
    Shape.columnar: trees.columnar,
    Shape.shrub: trees.shrub,
    Shape.lamp: _lamp,
    Shape.bench: _bench,
    Shape.bin: _bin,
    Shape.hydrant: _hydrant,
    Shape.signal: _signal,
    Shape.shelter: _shelter,
    Shape.board: _board,
    Shape.charger: _charger,
    Shape.cover: _cover,
    Shape.lion: _lion,
    Shape.toilet: _toilet,
}

_FAR: Mapping[Shape, Callable[[], Solid]] = {
    Shape.broadleaf: lambda: trees.plain(0.3, 2.6, 9.0, trees.PAGODA_TREE),
    Shape.conifer: lambda: trees.plain_cone(0.8, 10.0, 2.0, trees.SPRUCE),
    Shape.weeping: lambda: trees.plain(0.35, 1.6, 9.5, trees.WILLOW),
    Shape.columnar: lambda: trees.plain(0.3, 1.6, 14.0, trees.POPLAR),
    Shape.shrub: lambda: trees.plain_clump((0, 0, 0.85), (1.2, 1.1, 1.1), trees.BUSH),
    Shape.lamp: lambda: tube((0, 0, 0), (0, 0, 5.2), 0.1, 0.2, IRON, sides=3),
    Shape.signal: _signal,
    Shape.toilet: lambda: box((0, 0, 1.9), (5.6, 3.8, 4.0), (112, 111, 110)),
    Shape.shelter: lambda: box((0, 0, 1.35), (5.0, 1.2, 2.7), (104, 96, 90)),
}


@lru_cache(maxsize=64)
def model(shape: Shape, *, near: bool) -> Solid | None:
    """A shape's model at its own size; None where it is left out of what is seen from afar."""
    make = _NEAR[shape] if near else _FAR.get(shape)
    if make is None:
        return None
    return fitted(make(), SIZES[shape].height, SIZES[shape].width)


@lru_cache(maxsize=1)
def edition() -> str:
    """Of all models: another one where any of them is made otherwise."""
    digest = hashlib.sha256()
    for shape in Shape:
        for near in (True, False):
            made = model(shape, near=near)
            if made is not None:
                digest.update(np.round(made.position * 1e4).astype(np.int64).tobytes())
                digest.update(made.colour.tobytes() + made.triangles.tobytes() + made.leaves().tobytes())
    return digest.hexdigest()
