"""Small meshes to build models of: lumps, tubes and boxes with normals and colours, joined and fitted. Pure.

Metres about a foot at the origin, z up. Colours are sRGB bytes (3,) and become linear in the mesh.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.types import BoolArray, FloatArray, IntArray
from tilesets.buildings import palette

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """Triangles of one colour scheme. position, normal: (v, 3); colour: (v, 3) linear bytes; triangles: (t, 3).

    is_leaf: (v,) which vertices are of leaves; None: none of them.
    """

    position: FloatArray
    normal: FloatArray
    colour: npt.NDArray[np.uint8]
    triangles: IntArray
    is_leaf: BoolArray | None = None

    def leaves(self) -> BoolArray:
        """Which vertices (v,) are of leaves."""
        return np.zeros(len(self.position), dtype=np.bool_) if self.is_leaf is None else self.is_leaf


def linear(colour: Sequence[int] | FloatArray) -> npt.NDArray[np.uint8]:
    """sRGB bytes (..., 3) as linear ones, which glTF's vertex colours are.

    >>> linear((255, 128, 0)).tolist()
    [255, 55, 0]
    """
    return palette.linear(np.asarray(colour, dtype=np.float64) / 255.0)


def joined(parts: Sequence[Solid]) -> Solid:
    """All parts as one."""
    first = np.concatenate([[0], np.cumsum([len(part.position) for part in parts])])
    return Solid(
        np.concatenate([part.position for part in parts]),
        np.concatenate([part.normal for part in parts]),
        np.concatenate([part.colour for part in parts]),
        np.concatenate([part.triangles + start for part, start in zip(parts, first, strict=False)]),
        np.concatenate([part.leaves() for part in parts]),
    )


def fitted(solid: Solid, height: float, width: float) -> Solid:
    """The solid stretched so that it rises `height` above its foot and is `width` wide, metres."""
    span = np.ptp(solid.position[:, :2], axis=0).max()
    scale = np.array([width / span, width / span, height / solid.position[:, 2].max()])
    normal = solid.normal / scale
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    return Solid(solid.position * scale, normal, solid.colour, solid.triangles, solid.is_leaf)


def lump(centre: Sequence[float], radii: Sequence[float], low: Colour, high: Colour, *, rough: float) -> Solid:
    """An uneven ball of 20 faces: darker (`low`) below than above (`high`)."""
    shape, triangles = ball(0)
    wave = np.sin(5.1 * shape[:, 0] + 1.3 + centre[2]) * np.cos(4.3 * shape[:, 1] + centre[0]) + 0.6 * np.sin(
        6.7 * shape[:, 2] + centre[1] + 0.5
    )
    position = shape * (1.0 + rough * wave)[:, None] * np.asarray(radii) + np.asarray(centre)
    shade = np.clip((shape[:, 2:] + 0.9) / 1.8 + 0.12 * wave[:, None], 0.0, 1.0)
    colour = linear(np.asarray(low) + shade * (np.asarray(high, dtype=np.float64) - np.asarray(low)))
    return Solid(position, smooth(position, triangles), colour, triangles)


def tube(
    low: Sequence[float], high: Sequence[float], bottom: float, top: float, colour: Colour, *, sides: int = 6
) -> Solid:
    """A round wall from one point (x, y, z) up to another, of two radii; without caps. A top of 0 makes a cone."""
    turn = np.arange(sides) * 2.0 * np.pi / sides
    round_ = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(sides)])
    position = np.vstack([round_ * bottom + np.asarray(low), round_ * top + np.asarray(high)])
    rise = max(float(high[2] - low[2]), 1e-6)
    slope = np.array([0.0, 0.0, (bottom - top) / rise])
    normal = round_ + slope
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    here, there = np.arange(sides), (np.arange(sides) + 1) % sides
    triangles = np.column_stack([here, there, there + sides])
    if top > 0.0:
        triangles = np.vstack([triangles, np.column_stack([here, there + sides, here + sides])])
    return Solid(position, np.vstack([normal, normal]), _painted(colour, 2 * sides), triangles)


def box(centre: Sequence[float], size: Sequence[float], colour: Colour) -> Solid:
    """An upright box with sharp edges."""
    position: list[FloatArray] = []
    normal: list[FloatArray] = []
    triangles: list[tuple[int, int, int]] = []
    for axis in range(3):
        for side in (-1.0, 1.0):
            out = np.zeros(3)
            out[axis] = side
            across, up = np.roll([1.0, 0.0, 0.0], axis + 1), np.roll([1.0, 0.0, 0.0], axis + 2)
            corners = [out + side * across * a + up * b for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            start = 4 * len(position)
            position.append(np.array(corners))
            normal.append(np.tile(out, (4, 1)))
            triangles += [(start, start + 1, start + 2), (start, start + 2, start + 3)]
    placed = np.vstack(position) * np.asarray(size) / 2.0 + np.asarray(centre)
    return Solid(placed, np.vstack(normal), _painted(colour, 24), np.array(triangles))


def blade(
    line: Sequence[Sequence[float] | FloatArray], widths: Sequence[float], along: float, low: Colour, high: Colour
) -> Solid:
    """A hanging strip: points (k, 3) down its middle, its width at each, the direction it is wide in (radians)."""
    middle = np.array([np.asarray(point, dtype=np.float64) for point in line])
    half = np.asarray(widths)[:, None] / 2.0
    across = np.array([np.cos(along), np.sin(along), 0.0])
    position = np.stack([middle - across * half, middle + across * half], axis=1).reshape(-1, 3)
    outward = np.array([np.sin(along), -np.cos(along), 0.35])
    share = np.repeat(np.linspace(1.0, 0.0, len(middle)), 2)[:, None]
    colour = linear(np.asarray(low) + share * (np.asarray(high, dtype=np.float64) - np.asarray(low)))
    steps: IntArray = np.arange(len(middle) - 1)[:, None] * 2
    triangles: IntArray = np.vstack([steps + np.array([0, 2, 1]), steps + np.array([1, 2, 3])])
    normal = np.tile(outward / np.linalg.norm(outward), (len(position), 1))
    return Solid(position, normal, colour, triangles)


def _painted(colour: Colour, count: int) -> npt.NDArray[np.uint8]:
    return np.tile(linear(colour), (count, 1))


def ball(detail: int) -> tuple[FloatArray, IntArray]:
    """The unit icosahedron, each face cut in four `detail` times."""
    g = (1.0 + 5.0**0.5) / 2.0
    points = [(-1, g, 0), (1, g, 0), (-1, -g, 0), (1, -g, 0), (0, -1, g), (0, 1, g)]
    points += [(0, -1, -g), (0, 1, -g), (g, 0, -1), (g, 0, 1), (-g, 0, -1), (-g, 0, 1)]
    fan = [(0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11), (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6)]
    fan += [(7, 1, 8), (3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9), (4, 9, 5), (2, 4, 11), (6, 2, 10)]
    faces = np.array([*fan, (8, 6, 7), (9, 8, 1)])
    sphere = np.array(points, dtype=np.float64)
    for _ in range(detail):
        edges = np.sort(np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
        known, which = np.unique(edges, axis=0, return_inverse=True)
        middle = len(sphere) + which.reshape(3, -1)
        sphere = np.vstack([sphere, sphere[known].sum(axis=1)])
        a, b, c = faces.T
        ab, bc, ca = middle
        quarters = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
        faces = np.vstack([np.column_stack(quarter) for quarter in quarters])
    return sphere / np.linalg.norm(sphere, axis=1)[:, None], faces


def smooth(position: FloatArray, triangles: IntArray) -> FloatArray:
    """Normals (v, 3): of the faces round each vertex, by their areas."""
    a, b, c = (position[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    normal = np.zeros_like(position)
    for k in range(3):
        np.add.at(normal, triangles[:, k], face)
    unit: FloatArray = normal / np.linalg.norm(normal, axis=1)[:, None]
    return unit
