"""Points of view on the town, as the client that selects tiles wants them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import Transformer

from cim.types import FloatArray
from tests.bench.footprints import CRS
from tests.bench.town import CENTRE

WIDTH_PX, HEIGHT_PX, ERROR_PX = 1_920, 1_080, 16.0
ABOVE_M = 30_000.0

_ACROSS = 60.0  # degrees, the wider way: what CesiumJS begins with
_TO_LONLAT = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)
_TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera ABOVE_M over the ground, looking at the middle of the town from the south, `tilt_deg` off the plumb line."""

    name: str
    tilt_deg: float

    def view(self, ground_m: float) -> dict[str, Any]:
        """For `far.mjs`. ground_m: ellipsoidal height of the ground in the middle of the town."""
        lon, lat = lonlat(CENTRE)
        target = np.array(_TO_ECEF.transform(lon, lat, ground_m))
        east, north, up = _axes(lon, lat)
        back = math.tan(math.radians(self.tilt_deg)) * ABOVE_M
        return {
            "position": (target + ABOVE_M * up - back * north).tolist(),
            "target": target.tolist(),
            "up": north.tolist() if self.tilt_deg == 0 else up.tolist(),
            "fovy": math.degrees(2.0 * math.atan(math.tan(math.radians(_ACROSS / 2.0)) * HEIGHT_PX / WIDTH_PX)),
            "width": WIDTH_PX,
            "height": HEIGHT_PX,
            "error": ERROR_PX,
        }


CAMERAS = (Camera("nadir", 0.0), Camera("45 degrees", 45.0))


_OLD_TOWN = {"heading": 318.0, "down": 17.5, "range": 1950.0, "lift": 5.0}  # as api/viewer/src/camera.ts has it


def old_town(place: tuple[float, float], ground_m: float) -> dict[str, Any]:
    """The viewer's first view of an old town (degrees), for `far.mjs`; ground_m: ellipsoidal height of its ground."""
    heading, down, lift = (math.radians(_OLD_TOWN[name]) for name in ("heading", "down", "lift"))
    target = np.array(_TO_ECEF.transform(*place, ground_m))
    east, north, up = _axes(*place)
    level = math.sin(heading) * east + math.cos(heading) * north
    position = target - _OLD_TOWN["range"] * (math.cos(down) * level - math.sin(down) * up)
    ahead = math.cos(down - lift) * level - math.sin(down - lift) * up
    return {
        "position": position.tolist(),
        "target": (position + _OLD_TOWN["range"] * ahead).tolist(),
        "up": up.tolist(),
        "fovy": math.degrees(2.0 * math.atan(math.tan(math.radians(66.0 / 2.0)) * HEIGHT_PX / WIDTH_PX)),
        "width": WIDTH_PX,
        "height": HEIGHT_PX,
        "error": ERROR_PX,
    }


def lonlat(place: tuple[float, float]) -> tuple[float, float]:
    """Degrees of a place in the city frame."""
    lon, lat = _TO_LONLAT.transform(*place)
    return float(lon), float(lat)


def _axes(lon: float, lat: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """East, north and up at a place, earth-centred."""
    a, b = math.radians(lon), math.radians(lat)
    east = np.array([-math.sin(a), math.cos(a), 0.0])
    up = np.array([math.cos(b) * math.cos(a), math.cos(b) * math.sin(a), math.sin(b)])
    return east, np.cross(up, east), up
