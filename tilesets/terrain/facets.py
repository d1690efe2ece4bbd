"""The triangles of one level's mesh on the plan: what is cut along them can be laid on the ground exactly. Pure."""

import numpy as np

from cim.types import Box, FloatArray
from tilesets.terrain.grid import TmsLattice


def facets(level: int, box: Box) -> FloatArray:
    """The triangles (t, 3, 2), lon/lat degrees, of a level's quads that a box touches: both halves, cut from SW to NE.

    >>> facets(3, Box(0.0, 0.0, 0.1, 0.1)).shape
    (2, 3, 2)
    """
    lattice = TmsLattice(level)
    first = np.floor((np.array([box.west, box.south]) + [180.0, 90.0]) / lattice.step).astype(np.int64)
    last = np.floor((np.array([box.east, box.north]) + [180.0, 90.0]) / lattice.step).astype(np.int64)
    j, i = (part.ravel() for part in np.mgrid[first[1] : last[1] + 1, first[0] : last[0] + 1])
    west, east, south, north = lattice.lon(i), lattice.lon(i + 1), lattice.lat(j), lattice.lat(j + 1)
    lower = np.stack([west, south, east, south, east, north], axis=1)
    upper = np.stack([west, south, east, north, west, north], axis=1)
    return np.concatenate([lower, upper]).reshape(-1, 3, 2)
