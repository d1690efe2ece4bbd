"""The volume of the implicit root: a box along the city's grid, whose quarters are the grid's own squares. Pure.

A region would be cut along meridians and parallels, which the grid's squares leave by the convergence of the meridians
(hundreds of metres at the edge of a prefecture); the box leaves them by the curvature of the Earth alone.
"""

import numpy as np

from cim.crs import LONLAT, enu_axes, to_ecef, transform
from cim.types import Box, FloatArray
from tilesets.spec import Region

_SAMPLES = 9
_MARGIN_M = 1.0


def root_box(square: Box, extent: Box, region: Region, crs: str) -> list[float]:
    """Twelve numbers of a box, earth-centred metres: centre, half of each side east, north and up along the grid.

    In plan it is the square (city frame) as the grid lies about the extent of what is drawn: the square may be far
    larger than its city, and a plane touches the Earth at one place. Upward it holds the region. crs: the city frame.
    """
    half = (square.east - square.west) / 2.0
    east, north = np.meshgrid(
        np.linspace(extent.west, extent.east, _SAMPLES), np.linspace(extent.south, extent.north, _SAMPLES)
    )
    plan = np.column_stack([east.ravel(), north.ravel()])
    lonlat = transform(plan, crs, LONLAT)
    middle = lonlat[len(lonlat) // 2]
    origin = to_ecef(np.append(middle, 0.0)[None])[0]
    axes = enu_axes(float(middle[0]), float(middle[1]))
    height = np.full(len(plan), (region.low + region.high) / 2.0)
    local = (to_ecef(np.column_stack([lonlat, height])) - origin) @ axes.T
    along = (plan - [square.west + half, square.south + half]) / half  # -1 to 1 across the square
    _, to_east, to_north = np.linalg.lstsq(np.column_stack([np.ones(len(plan)), along]), local[:, :2], rcond=None)[0]
    # The grid is conformal: what the fit leaves of a shear is shared by both axes.
    turn = (np.arctan2(to_east[1], to_east[0]) + np.arctan2(-to_north[0], to_north[1])) / 2.0
    flat = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    flat *= np.array([[np.hypot(*to_east)], [np.hypot(*to_north)]])
    centre = local[:, :2].mean(axis=0) - along.mean(axis=0) @ flat
    low, high = _heights(region, origin, axes)
    ways = np.zeros((3, 3))
    ways[:2, :2], ways[2, 2] = flat, (high - low) / 2.0
    middle_m = origin + np.append(centre, (low + high) / 2.0) @ axes
    return [float(number) for number in np.concatenate([middle_m, (ways @ axes).ravel()])]


def _heights(region: Region, origin: FloatArray, axes: FloatArray) -> tuple[float, float]:
    """Lowest and highest the region reaches above the plane that touches the ellipsoid at the origin, metres."""
    lon = np.degrees(np.linspace(region.west, region.east, _SAMPLES))
    lat = np.degrees(np.linspace(region.south, region.north, _SAMPLES))
    plan = np.array([(a, b) for a in lon for b in lat])
    points = np.vstack([np.column_stack([plan, np.full(len(plan), h)]) for h in (region.low, region.high)])
    up = (to_ecef(points) - origin) @ axes[2]
    return float(up.min()) - _MARGIN_M, float(up.max()) + _MARGIN_M
