"""Flat triangles as a mesh: single ones, each with corners and a normal of its own."""

import numpy as np

from cim.mesh import Mesh
from cim.types import FloatArray, IntArray, Surface


def facets(xy: FloatArray, point: IntArray, z: FloatArray, feature: IntArray, surface: Surface) -> Mesh:
    """Triangles point (t, 3) over plan positions xy (p, 2) at heights z (t, 3), of the source rows feature (t,)."""
    at = np.concatenate([xy[point], z[:, :, None]], axis=2)
    normal = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1), 1e-12)[:, None]
    return Mesh(
        xy=xy,
        point=point.ravel(),
        z=z.ravel(),
        normal=np.repeat(normal, 3, axis=0),
        surface=np.full(point.size, surface, dtype=np.uint8),
        feature=np.repeat(feature, 3),
        triangles=np.arange(point.size).reshape(-1, 3),
    )
