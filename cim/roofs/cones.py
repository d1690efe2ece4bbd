"""Roofs whose slopes all meet in one point: over squares, many-sided and round footprints (攒尖)."""

import numpy as np

from cim.geometry import Rings, snap
from cim.mesh import Mesh
from cim.roofs.eaves import centroids
from cim.roofs.facets import facets
from cim.roofs.profiles import Profile
from cim.types import FloatArray, Surface


def cones(edge: Rings, profile: Profile, eaves: FloatArray, high: FloatArray, *, begin: int = 0) -> Mesh:
    """A strip of every side of convex rings up to the apex over their centroid, bent where the profile is.

    edge: single rings, the eaves. eaves, high: (n,) metres by source row. begin: of which bend of the profile on.
    """
    count, following = len(edge.xy), edge.following()
    apex, ring = snap(centroids(edge)), edge.ring_of_vertex()
    feature = edge.feature_of_vertex()
    levels = [ring_at(edge, share) for share in profile.share[1:-1]]
    xy = np.concatenate([edge.xy, *levels, apex])
    heights = [snap(eaves + height * (high - eaves)) for height in profile.height]
    here, point, z = np.arange(count), [], []
    for k in range(begin, len(levels)):
        low, top = heights[k][feature], heights[k + 1][feature]
        corner = np.column_stack([here, following, following + count, here + count]) + k * count
        tall = np.column_stack([low, low, top, top])
        point += [corner[:, [0, 1, 2]], corner[:, [0, 2, 3]]]
        z += [tall[:, [0, 1, 2]], tall[:, [0, 2, 3]]]
    last = len(levels) * count
    low = heights[-2][feature]
    point.append(np.column_stack([last + here, last + following, last + count + ring]))
    z.append(np.column_stack([low, low, high[feature]]))
    return facets(xy, np.concatenate(point), np.concatenate(z), np.tile(feature, len(point)), Surface.roof)


def ring_at(edge: Rings, share: float) -> FloatArray:
    """The corners (v, 2), on the lattice, of these rings at a share of the way to the apex."""
    return snap(edge.xy + share * (snap(centroids(edge))[edge.ring_of_vertex()] - edge.xy))
