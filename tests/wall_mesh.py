"""One wall as a mesh, for the tests of what is laid on walls."""

import numpy as np

from cim.mesh import Mesh
from cim.types import Surface


def wall(width: float, low: float, high: float) -> Mesh:
    """One wall that faces south."""
    xy = np.array([[100.0, 50.0], [100.0 + width, 50.0]])
    return Mesh(
        xy=xy,
        point=np.array([0, 1, 1, 0]),
        z=np.array([low, low, high, high]),
        normal=np.tile([0.0, -1.0, 0.0], (4, 1)),
        surface=np.full(4, Surface.wall, dtype=np.uint8),
        feature=np.zeros(4, dtype=np.int64),
        triangles=np.array([[0, 1, 2], [0, 2, 3]]),
    )
