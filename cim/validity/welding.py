"""Points that are one: vertices of a body nearer than a tolerance get one number; and what hangs together."""

import numpy as np

from cim.types import FloatArray, IntArray

_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64)


def weld(xyz: FloatArray, owner: IntArray, snap_m: float) -> IntArray:
    """A number (v,) that points of one owner share where they lie within half of `snap_m` of each other on every axis.

    Two grids, half a step apart, see to it that no such pair is told apart by where a line of the grid runs.
    """
    first = _cells(np.rint(xyz / snap_m), owner)
    second = _cells(np.floor(xyz / snap_m), owner)
    if len(np.unique(first)) == len(np.unique(first * np.int64(len(xyz)) + second)):
        return first
    both = np.column_stack([first, second + first.max() + 1])
    return components(both, int(both.max()) + 1)[first]


def _cells(index: FloatArray, owner: IntArray) -> IntArray:
    columns = np.column_stack([index.astype(np.int64), owner]).astype(np.uint64)
    mixed = np.zeros(len(owner), dtype=np.uint64)
    for column, factor in zip(columns.T, _MIX, strict=True):
        mixed = (mixed ^ column) * factor
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed, return_inverse=True)[1].astype(np.int64)


def components(pairs: IntArray, count: int) -> IntArray:
    """The smallest number (count,) among those that pairs (m, 2) connect with each.

    >>> components(np.array([[0, 1], [3, 1]]), 5).tolist()
    [0, 0, 2, 0, 4]
    """
    label = np.arange(count)
    if len(pairs) == 0:
        return label
    while True:
        low = np.minimum(label[pairs[:, 0]], label[pairs[:, 1]])
        before = label.copy()
        # The root of each side is told of the smaller label, so that whole components move at once.
        for side in (0, 1):
            np.minimum.at(label, before[pairs[:, side]], low)
            np.minimum.at(label, pairs[:, side], low)
        label = label[label]
        if np.array_equal(label, before):
            return label
