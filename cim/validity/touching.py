"""Solids that touch: the triangles of meshes told apart by the solids that they close, also where those share an edge."""

import numpy as np

from cim.types import FloatArray, IntArray
from cim.validity.codes import DEFAULTS
from cim.validity.welding import components, weld


def solids_of(corner: FloatArray, owner: IntArray) -> IntArray:
    """A number (t,) that triangles of one solid share: the first of them. corner: (t, 3, 3) metres, owner: (t,).

    Triangles hang together by common edges. Where more than two meet at an edge, each belongs with the next one round the
    edge on its inner side, so that solids that touch in an edge are told apart.
    """
    count = len(corner)
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    point = weld(corner.reshape(-1, 3), np.repeat(owner, 3), DEFAULTS.snap_m).reshape(-1, 3)
    start, end = point.ravel(), np.roll(point, -1, axis=1).ravel()
    triangle = np.repeat(np.arange(count), 3)
    forward = start < end
    low, high = np.minimum(start, end), np.maximum(start, end)
    angle = _angles(corner, point, forward)
    # Round an edge, a solid begins with a triangle that runs backward along it and ends with one that runs forward. Where
    # two faces lie on each other, one solid ends before the other begins.
    order = np.lexsort((~forward, angle, high, low))
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    first = np.flatnonzero(fresh)
    group = np.cumsum(fresh) - 1
    after = np.arange(1, len(order) + 1)
    last = np.append(first[1:], len(order)) - 1
    after[last] = first
    backward = ~forward[order]
    paired = backward & forward[order][after] & (after != np.arange(len(order)))
    two = np.bincount(group)[group] == 2
    one, other = triangle[order], triangle[order][after]
    keep = paired | (two & (one < other))
    return components(np.column_stack([one[keep], other[keep]]), count)


def _angles(corner: FloatArray, point: IntArray, forward: np.ndarray) -> FloatArray:
    """Where each triangle lies round each of its edges (3t,), seen along the edge from its lower point to its higher."""
    start, end = corner.reshape(-1, 3), np.roll(corner, -1, axis=1).reshape(-1, 3)
    third = np.roll(corner, -2, axis=1).reshape(-1, 3)
    axis = np.where(forward[:, None], end - start, start - end)
    axis /= np.maximum(np.linalg.norm(axis, axis=1), 1e-12)[:, None]
    helper = np.where(np.abs(axis[:, 2:]) > 0.9, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    u = np.cross(helper, axis)
    u /= np.maximum(np.linalg.norm(u, axis=1), 1e-12)[:, None]
    v = np.cross(axis, u)
    away = third - start
    turned = np.arctan2(np.einsum("ij,ij->i", away, v), np.einsum("ij,ij->i", away, u))
    turned = np.round(turned, 6)
    return np.asarray(np.where(turned <= np.round(-np.pi, 6), np.round(np.pi, 6), turned))
