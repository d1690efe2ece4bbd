"""Where a tile stands on the Earth: the exact way of every vertex from the city frame into the tile's own axes."""

from dataclasses import dataclass

import numpy as np

from cim.crs import LONLAT, enu_axes, to_ecef, transform
from cim.mesh import Mesh
from cim.types import FloatArray
from tilesets.spec import Region, outward

EARTH_M = 6.3e6
"""The Earth's radius, rather too small: what is grown by it is grown enough."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A tile's axes: east, north, up at a point of the ellipsoid.

    crs: the city frame. origin: (3,) earth-centred metres. axes: (3, 3) rows east, north, up. turn: (2, 2) from
    grid directions to east and north there (the meridian convergence).
    """

    crs: str
    origin: FloatArray
    axes: FloatArray
    turn: FloatArray

    def pose(self) -> FloatArray:
        """The matrix (4, 4) from the tile's axes to earth-centred axes."""
        pose = np.eye(4)
        pose[:3, :3] = self.axes.T
        pose[:3, 3] = self.origin
        return pose


@dataclass(frozen=True, slots=True)
class Placed:
    """Vertices (v, 3) and unit normals (v, 3) in the axes of a frame, and the region that holds them."""

    position: FloatArray
    normal: FloatArray
    region: Region


def frame_at(x: float, y: float, crs: str) -> Frame:
    """The frame of a tile round a point of the city frame (metres)."""
    around = np.array([[x, y], [x, y + 100.0]])
    lonlat = transform(around, crs, LONLAT)
    ecef = to_ecef(np.column_stack([lonlat, np.zeros(2)]))
    axes = enu_axes(float(lonlat[0, 0]), float(lonlat[0, 1]))
    east, north = (axes @ (ecef[1] - ecef[0]))[:2]
    length = float(np.hypot(east, north))
    turn = np.array([[north, east], [-east, north]]) / length
    return Frame(crs, ecef[0], axes, turn)


def place(mesh: Mesh, frame: Frame) -> Placed:
    """A mesh of the city frame in a tile's axes.

    The mesh's heights are ellipsoidal. Each plan position is projected once, exactly; heights run along the ellipsoid's
    normal there.
    """
    lonlat = transform(mesh.xy, frame.crs, LONLAT)
    foot = (to_ecef(np.column_stack([lonlat, np.zeros(len(lonlat))])) - frame.origin) @ frame.axes.T
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    up = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]) @ frame.axes.T
    height = mesh.z
    normal = mesh.normal.copy()
    normal[:, :2] = mesh.normal[:, :2] @ frame.turn.T
    used = np.zeros(len(lon), dtype=np.bool_)
    used[mesh.point] = True
    lon, lat = lon[used], lat[used]
    return Placed(
        position=foot[mesh.point] + up[mesh.point] * height[:, None],
        normal=normal,
        region=Region(
            float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()),
            float(height.min()), float(height.max()),
        ),
    )  # fmt: skip


def grown(region: Region, plan_m: float, height_m: float) -> Region:
    """A region that also holds points moved by this much, in short decimal numbers."""
    north = plan_m / EARTH_M
    east = north / float(np.cos(max(abs(region.south), abs(region.north))))
    return outward(
        region.west - east, region.south - north, region.east + east, region.north + north,
        region.low - height_m, region.high + height_m,
    )  # fmt: skip
