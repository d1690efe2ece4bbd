"""Roofs round storeys whose corners turn up: which lofts are such, and their solids."""

from dataclasses import replace

import numpy as np

from cim.assembly.solids import Lofts, faces
from cim.geometry import Rings
from cim.mesh import Mesh, join
from cim.roofs.upturn import MOST_CORNERS, turns_up, wings
from cim.types import BoolArray, FloatArray, IntArray, Surface

_RISING_SHARE = 0.4
"""Of the way in from the eaves, where the underside rises towards the corners. Further in it is level: columns stand under
it. The project's own default.
"""


def reaches(lofts: Lofts) -> FloatArray:
    """How far lofts (n,) reach out from head to foot, on the side where it is least; metres, 0 or less: nowhere."""
    foot, head = lofts.plan[:, 0], lofts.plan[:, -1]
    step = np.roll(foot, -1, axis=1) - foot
    length = np.maximum(np.hypot(step[..., 0], step[..., 1]), np.finfo(np.float64).tiny)
    inner = head - foot
    return np.asarray(np.min((step[..., 0] * inner[..., 1] - step[..., 1] * inner[..., 0]) / length, axis=1))


def skirts(lofts: Lofts) -> BoolArray:
    """Which lofts (n,) are roofs round a storey, and large enough for corners that turn up."""
    count, levels, corners, _ = lofts.plan.shape
    if levels != 2 or corners > MOST_CORNERS:
        return np.zeros(count, dtype=np.bool_)
    foot = lofts.plan[:, 0]
    half_span = (foot.max(axis=1) - foot.min(axis=1)).min(axis=1) / 2.0
    is_roof = (lofts.side == Surface.roof) & (lofts.bottom == Surface.overhang)
    return turns_up(_rings(foot), reaches(lofts), half_span, is_roof)


def with_undersides(lofts: Lofts) -> Lofts:
    """The same with a level between: the plan within which the underside is level."""
    foot, head = lofts.plan[:, :1], lofts.plan[:, 1:]
    plan = np.concatenate([foot, foot + _RISING_SHARE * (head - foot), head], axis=1)
    return replace(lofts, plan=plan, height=lofts.height[:, [0, 0, 1]])


def skirted(lofts: Lofts, at: FloatArray) -> tuple[Mesh, IntArray]:
    """The mesh of roofs `with_undersides`, as `solids.lofted` has it. at: (n, 3, k, 3) their corners in the city frame."""
    corners = at.shape[2]
    plan, low, high = at[..., :2], at[:, 0, 0, 2], at[:, 2, 0, 2]
    under, head = (plan[:, level].reshape(-1, 2) for level in (1, 2))
    here = np.arange(corners)
    fan = np.array([[0, k, k + 1] for k in range(1, corners - 1)])
    top, bottom = faces(at[:, 2], here[None], fan, lofts.top), faces(at[:, 1], here[None, ::-1], fan, lofts.bottom)
    return join(*wings(_rings(plan[:, 0]), under, head, reaches(lofts), low, high), top, bottom), lofts.pair


def _rings(plan: FloatArray) -> Rings:
    count, corners = plan.shape[:2]
    every = np.arange(count)
    return Rings(plan.reshape(-1, 2), corners * np.arange(count + 1), every, every)
