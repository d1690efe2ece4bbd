"""The ground's own normals, from the slopes of the lattice that tiles are cut from, as the extension's octahedral bytes."""

import numpy as np

from cim.types import FloatArray
from tilesets.terrain.quantized_mesh import U8, oct_encode

_EARTH_M = 6_371_008.8


def facing(rise_east: FloatArray, rise_north: FloatArray, step: float, lons: FloatArray, lats: FloatArray) -> list[U8]:
    """Two octahedral bytes of each normal, in ECEF.

    rise_east, rise_north: height gained over two steps of `step` degrees, metres; lons, lats: degrees, of shapes that
    broadcast to theirs.
    """
    phi, lam = np.radians(lats), np.radians(lons)
    cos, sin = np.cos(phi), np.sin(phi)
    metres = np.radians(step) * _EARTH_M
    east = -rise_east / (2.0 * metres * np.maximum(cos, 1e-3))
    north = -rise_north / (2.0 * metres)
    length = np.sqrt(east * east + north * north + 1.0)
    east, outward, up = east / length, (cos - north * sin) / length, (sin + north * cos) / length
    x = outward * np.cos(lam) - east * np.sin(lam)
    y = outward * np.sin(lam) + east * np.cos(lam)
    return oct_encode(x.astype(np.float32), y.astype(np.float32), up.astype(np.float32))
