"""Tiers of eaves (重檐): skirts of roof round storeys that stand further in, up to where the topmost roof begins."""

from dataclasses import dataclass

import numpy as np

from cim.geometry import Rings, snap
from cim.mesh import Mesh, walls
from cim.roofs.eaves import half_spans, is_sound, of_vertices, skirt, soffit, widen
from cim.roofs.upturn import wings
from cim.types import BoolArray, FloatArray, IntArray

MOST_TIERS = 3
_SET_BACK = 0.22
_LEAST_SET_BACK_M, _MOST_SET_BACK_M = 0.5, 2.5
_LEAST_LEFT_M = 1.0
_SKIRT, _NECK = (0.0, 0.22, 0.17), (0.0, 0.18, 0.11)
"""By tiers above the lowest: the shares of the rise from the lowest eaves to the ridge that every skirt and the wall over
it take. These, and how far storeys stand in (a share of the half span), are the project's own defaults.
"""


@dataclass(frozen=True, slots=True)
class Stacked:
    """What stands below the topmost roofs. shape: the outlines of the topmost storeys. meshes: the lower ones.

    low, eaves: (n,) where those storeys begin, and their eaves; metres.
    """

    shape: Rings
    meshes: list[Mesh]
    low: FloatArray
    eaves: FloatArray


def set_back(shape: Rings, tiers: IntArray, reach: FloatArray) -> tuple[FloatArray, BoolArray]:
    """How far each storey of n source rows stands in from the one below, and which rows are too narrow for it, or for
    eaves that reach (n,) beyond each storey.
    """
    half = half_spans(shape, len(tiers))
    step = np.clip(snap(_SET_BACK * half), _LEAST_SET_BACK_M, _MOST_SET_BACK_M)
    above = np.maximum(tiers, 1) - 1
    narrow = (above > 0) & ~(half - above * step >= _LEAST_LEFT_M)
    for level in range(1, MOST_TIERS):
        inner = shape.keep(((above >= level) & ~narrow)[shape.feature])
        moved = stepped(inner, np.minimum(above, level), step)
        below = stepped(inner, np.minimum(above, level - 1), step)
        edge = widen(below, of_vertices(below, reach))
        for one, other in ((below, edge), (below, moved), (edge, moved)):
            narrow[inner.feature[~is_sound(one, other)]] = True
    return step, narrow


def top_share(tiers: IntArray) -> FloatArray:
    """The share of the rise from the lowest eaves to the ridge that is left to the topmost roof (n,)."""
    above = np.clip(tiers, 1, MOST_TIERS).astype(np.int64) - 1
    return np.asarray(1.0 - above * (np.array(_SKIRT)[above] + np.array(_NECK)[above]))


def stack(
    shape: Rings,
    tiers: IntArray,
    step: FloatArray,
    reach: FloatArray,
    low: FloatArray,
    eaves: FloatArray,
    high: FloatArray,
    upturned: BoolArray,
) -> Stacked:
    """The lower storeys of rows of several tiers, each with its walls, its eaves and its skirt of roof; all rows (n,).

    upturned: (n,) whether the corners of the eaves turn up.
    """
    above, rise = np.clip(tiers, 1, MOST_TIERS).astype(np.int64) - 1, high - eaves
    low, eaves, meshes, storey = low.copy(), eaves.copy(), [], shape
    for level in range(1, int(above.max(initial=0)) + 1):
        rows = above >= level
        part = storey.keep(rows[storey.feature])
        storey = stepped(shape, np.minimum(above, level), step)
        inner = storey.keep(rows[storey.feature])
        edge, top = widen(part, of_vertices(part, reach)), snap(eaves + np.array(_SKIRT)[above] * rise)
        raised = upturned[part.feature]
        outer, below, within = edge.keep(raised), part.keep(raised), inner.keep(raised)
        meshes += [walls(part, low, eaves), *wings(outer, below.xy, within.xy, reach, eaves, top)]
        outer, below, within = edge.keep(~raised), part.keep(~raised), inner.keep(~raised)
        meshes += [soffit(below, outer, eaves), skirt(outer, within, eaves, top)]
        low = np.where(rows, top, low)
        eaves = np.where(rows, snap(top + np.array(_NECK)[above] * rise), eaves)
    return Stacked(storey, meshes, low, eaves)


def stepped(shape: Rings, above: IntArray, step: FloatArray) -> Rings:
    """The outlines of the storeys that stand above (n,) others, each step (n,) further in."""
    return widen(shape, -of_vertices(shape, above * step))
