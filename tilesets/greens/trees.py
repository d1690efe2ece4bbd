"""The crowns of trees: clumps of leaves grown into one another, hung strips and whorls of twigs. Pure.

Made by this code alone, metres about a foot at the origin, z up. Leaves are lighter towards the light and the outside of a
crown, darker within and below; what a crown hides of itself is not kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cim.types import FloatArray, IntArray
from tilesets.greens.solids import Colour, Solid, ball, blade, joined, linear, lump, smooth, tube

BARK: Colour = (92, 74, 58)
PALE_BARK: Colour = (136, 130, 118)
SUNK_M = 0.4
"""How deep trunks and posts reach below the ground that they stand on."""

_WITHIN = 0.86  # a corner this near to the middle of another clump, in its radii, is hidden in it
_ROUND = 0.45  # how much of a leaf's normal is that of the whole crown


@dataclass(frozen=True, slots=True)
class Greens:
    """The colours of leaves, sRGB: deep within a crown and below, and at its top in the light."""

    dark: Colour
    light: Colour


PAGODA_TREE = Greens((44, 60, 40), (134, 150, 98))
SPRUCE = Greens((26, 46, 40), (92, 116, 92))
WILLOW = Greens((70, 88, 40), (168, 178, 104))
POPLAR = Greens((50, 76, 50), (138, 160, 116))
BUSH = Greens((40, 60, 40), (118, 136, 88))

Clump = tuple[float, float, float, float, float]
"""x, y, z of its middle; its radius across and its half height."""


def trunk(high: float, bottom: float, top: float, sides: int = 6, bark: Colour = BARK) -> Solid:
    """A trunk from below the ground up."""
    return tube((0, 0, -SUNK_M), (0, 0, high), bottom, top, bark, sides=sides)


def crown(clumps: Sequence[Clump], greens: Greens, *, rough: float = 0.16) -> Solid:
    """Uneven clumps grown into one; what lies within another clump is left out."""
    shape, faces = ball(1)
    at = np.array([clump[:3] for clump in clumps])
    radii = np.array([(clump[3], clump[3], clump[4]) for clump in clumps])
    middle = at.mean(axis=0)
    parts = []
    for k, (centre, radius) in enumerate(zip(at, radii, strict=True)):
        position = shape * (1.0 + rough * _unevenness(shape, k))[:, None] * radius + centre
        own, whole = smooth(position, faces), _unit(position - middle)
        lit = _unit((1.0 - _ROUND) * own + _ROUND * whole)
        kept = _outside(position, faces, np.delete(at, k, axis=0), np.delete(radii, k, axis=0))
        if len(kept):
            parts.append(_compact(Solid(position, lit, linear(np.zeros((len(position), 3))), kept)))
    return _painted(joined(parts), greens)


def skirt(low: float, high: float, radius: float, greens: Greens, *, tips: int, turn: float) -> Solid:
    """A whorl of twigs: a cone whose edge runs in and out, its tips hanging."""
    around = turn + np.arange(2 * tips) * np.pi / tips
    is_tip = np.arange(2 * tips) % 2 == 0
    reach = np.where(is_tip, radius * (1.0 + 0.12 * np.sin(2.7 * around)), 0.6 * radius)
    level = np.where(is_tip, low, low + 0.22 * (high - low))
    edge = np.column_stack([np.cos(around) * reach, np.sin(around) * reach, level])
    slope = np.column_stack([np.cos(around), np.sin(around), np.full(2 * tips, 0.75)])
    position = np.vstack([edge, [[0.03, 0.02, high]]])
    normal = _unit(np.vstack([slope, [[0.0, 0.0, 1.0]]]))
    here = np.arange(2 * tips)
    triangles = np.column_stack([here, (here + 1) % (2 * tips), np.full(2 * tips, 2 * tips)])
    share = np.append(np.where(is_tip, 0.75, 0.12), 0.5)
    return _leafy(_shaded(position, normal, triangles, share, greens))


def _painted(solid: Solid, greens: Greens) -> Solid:
    """A crown's leaves in their colours, by how high and how far out they are and which way they look."""
    position = solid.position
    low, high = position[:, 2].min(), position[:, 2].max()
    rise = (position[:, 2] - low) / (high - low)
    out = np.hypot(position[:, 0], position[:, 1])
    share = 0.45 * rise + 0.2 * out / out.max() + 0.45 * np.clip(solid.normal[:, 2] + 0.25, 0.0, 1.0) - 0.08
    share = share + 0.07 * np.sin(3.1 * position[:, 0] + 1.7 * position[:, 1]) * np.cos(2.3 * position[:, 2])
    return _leafy(_shaded(position, solid.normal, solid.triangles, share, greens))


def broadleaf() -> Solid:
    """A round, broken crown over a few boughs."""
    clumps = [
        (0.1, 0.0, 6.6, 2.1, 2.2), (1.7, 0.7, 5.3, 1.65, 1.4), (-1.6, 1.0, 5.6, 1.6, 1.45), (-0.9, -1.7, 5.2, 1.6, 1.3),
        (1.1, -1.5, 5.9, 1.5, 1.4), (0.4, 1.9, 6.0, 1.35, 1.25),
    ]  # fmt: skip
    boughs = [
        tube((0, 0, 2.7), (x, y, 4.6), 0.1, 0.03, BARK, sides=4)
        for x, y in ((1.2, 0.5), (-1.1, 0.7), (-0.6, -1.2), (0.8, -1.0))
    ]
    return joined([trunk(4.6, 0.22, 0.1), *boughs, crown(clumps, PAGODA_TREE)])


def conifer() -> Solid:
    """Whorls of hanging twigs, one above another."""
    tiers = (
        (1.1, 3.7, 2.0, 8), (2.4, 5.0, 1.75, 8), (3.8, 6.4, 1.45, 7), (5.2, 7.7, 1.15, 7), (6.6, 8.9, 0.82, 6),
        (7.9, 10.0, 0.5, 5),
    )  # fmt: skip
    skirts = [
        skirt(low, high, radius, SPRUCE, tips=tips, turn=0.7 * k) for k, (low, high, radius, tips) in enumerate(tiers)
    ]
    return joined([trunk(2.6, 0.2, 0.12), *skirts])


def weeping() -> Solid:
    """Strips that hang down all round from a light crown."""
    clumps = [
        (0.0, 0.0, 7.9, 2.0, 1.5),
        (1.5, 0.6, 7.2, 1.5, 1.2),
        (-1.2, 1.2, 7.3, 1.5, 1.2),
        (-0.4, -1.6, 7.2, 1.6, 1.2),
    ]
    strips = []
    for k in range(18):
        turn = k * np.pi / 9.0 + 0.13 * (k % 3)
        out = np.array([np.cos(turn), np.sin(turn), 0.0])
        reach, hang = 2.5 + 0.45 * (k % 3), 1.4 + 0.55 * (k % 4)
        fall = ((1.5, 7.6), (reach, 6.2), (reach + 0.25, 4.2), (reach + 0.2, hang))
        line = [out * far + [0.0, 0.0, high] for far, high in fall]
        strip = blade(line, (1.1, 1.15, 0.95, 0.4), turn + np.pi / 2.0, WILLOW.dark, WILLOW.light)
        strips.append(_leafy(strip))
    return joined([trunk(6.8, 0.27, 0.14), crown(clumps, WILLOW), *strips])


def columnar() -> Solid:
    """A narrow pillar of leaves, as poplars are."""
    clumps = [
        (0.15, 0.0, 3.4, 1.1, 1.7), (-0.2, 0.15, 5.4, 1.45, 2.1), (0.2, -0.15, 7.7, 1.5, 2.2), (-0.1, -0.1, 10.0, 1.25, 2.1),
        (0.1, 0.1, 12.2, 0.8, 1.8),
    ]  # fmt: skip
    return joined([trunk(3.2, 0.2, 0.15, bark=PALE_BARK), crown(clumps, POPLAR, rough=0.2)])


def shrub() -> Solid:
    """Three low clumps."""
    clumps = [(0.0, 0.1, 1.0, 0.85, 1.0), (0.65, -0.3, 0.7, 0.7, 0.8), (-0.55, -0.35, 0.75, 0.75, 0.8)]
    return crown(clumps, BUSH, rough=0.2)


def plain(trunk_m: float, low: float, high: float, greens: Greens) -> Solid:
    """A tree as it is seen from afar: a trunk of three faces and a crown of twenty."""
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    foot = tube((0, 0, -SUNK_M), (0, 0, middle), trunk_m, 0.0, BARK, sides=3)
    return joined([foot, plain_clump((0, 0, middle), (half, half, half), greens)])


def plain_clump(centre: Sequence[float], radii: Sequence[float], greens: Greens) -> Solid:
    """A crown of twenty faces."""
    return _leafy(lump(centre, radii, greens.dark, greens.light, rough=0.05))


def plain_cone(low: float, high: float, radius: float, greens: Greens) -> Solid:
    """A crown of six faces that run to a point."""
    cone = tube((0, 0, low), (0, 0, high), radius, 0.0, BARK, sides=6)
    rise = np.repeat([0.25, 0.7], 6)
    return _leafy(_shaded(cone.position, cone.normal, cone.triangles, rise, greens))


def _leafy(solid: Solid) -> Solid:
    return replace(solid, is_leaf=np.ones(len(solid.position), dtype=np.bool_))


def _unevenness(shape: FloatArray, number: int) -> FloatArray:
    """About -1 to 1 for each point (v, 3) of a ball; another one for each number."""
    x, y, z = shape.T
    k = 1.9 * number
    wave = 0.55 * np.sin(5.1 * x + k) * np.cos(4.3 * y - k) + 0.45 * np.sin(6.7 * z + 1.3 * k + 3.0 * x * y)
    return np.asarray(wave + 0.4 * np.sin(9.0 * y + 8.0 * x * z + k))


def _outside(position: FloatArray, faces: IntArray, at: FloatArray, radii: FloatArray) -> IntArray:
    """The faces (t, 3) of which a corner at least lies in none of the other clumps."""
    if not len(at):
        return faces
    far = np.linalg.norm((position[:, None] - at[None]) / radii[None], axis=2)
    seen = (far >= _WITHIN).all(axis=1)
    return np.asarray(faces[seen[faces].any(axis=1)])


def _compact(solid: Solid) -> Solid:
    """The same without vertices that no triangle uses."""
    used, triangles = np.unique(solid.triangles, return_inverse=True)
    return Solid(solid.position[used], solid.normal[used], solid.colour[used], triangles.reshape(-1, 3))


def _shaded(position: FloatArray, normal: FloatArray, triangles: IntArray, share: FloatArray, greens: Greens) -> Solid:
    dark, light = np.asarray(greens.dark, dtype=np.float64), np.asarray(greens.light, dtype=np.float64)
    colour = linear(dark + np.clip(share, 0.0, 1.0)[:, None] * (light - dark))
    return Solid(position, normal, colour, triangles)


def _unit(vector: FloatArray) -> FloatArray:
    found: FloatArray = vector / np.maximum(np.linalg.norm(vector, axis=1), 1e-9)[:, None]
    return found
