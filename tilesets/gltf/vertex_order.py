"""The order in which vertices are written: those at one place stand together, so that the next repeats what the last said.

Faces with normals of their own have a vertex each at a shared corner: side by side their positions differ by nothing.
"""

import numpy as np
import numpy.typing as npt

from cim.types import IntArray


def together(place: npt.NDArray[np.uint16], feature: IntArray) -> IntArray:
    """The order (v,) of vertices with those of one feature and place side by side, each group where its first one stood.

    place: (v, 3) steps; feature: (v,), below 65,536. Within a group the order stays as it was.
    >>> together(np.array([[1, 0, 0], [2, 0, 0], [1, 0, 0]], dtype=np.uint16), np.zeros(3, dtype=np.int64)).tolist()
    [0, 2, 1]
    """
    x, y, z = place.astype(np.uint64).T
    key = (feature.astype(np.uint64) << np.uint64(48)) | (x << np.uint64(32)) | (y << np.uint64(16)) | z
    by_key = np.argsort(key, kind="stable")
    is_first = np.ones(len(key), dtype=np.bool_)
    is_first[1:] = np.diff(key[by_key]) != 0
    start = np.flatnonzero(is_first)
    size = np.diff(np.append(start, len(key)))
    # One group a first vertex: as many places are taken before it as the groups of earlier first vertices are large.
    taken = np.zeros(len(key), dtype=np.int64)
    taken[by_key[start]] = size
    begins = (np.cumsum(taken) - taken)[by_key[start]]
    order = np.empty(len(key), dtype=np.int64)
    order[np.repeat(begins - start, size) + np.arange(len(key))] = by_key
    return order
