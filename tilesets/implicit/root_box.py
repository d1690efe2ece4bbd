"""The volume of the implicit root: a box along the city's grid, whose quarters are the grid's own squares. Pure.

A region would be cut along meridians and parallels, which the grid's squares leave by the convergence of the meridians
(hundreds of metres at the edge of a prefecture); the box leaves them by the curvature of the Earth alone.
"""

import numpy as np

from cim.crs import LONLAT, enu_axes, to_ecef, transform
from cim.geometry import CELL_M
from cim.types import FloatArray
from tilesets.implicit.quadtree import Square
from tilesets.spec import Region

_SAMPLES = 9
_MARGIN_M = 1.0


def root_box(square: Square, regions: list[Region], crs: str) -> list[float]:
    """Twelve numbers of a box, earth-centred metres: centre, half of each side east, north and up along the grid.

    In plan it is the square, by least squares over its points; upward it holds the regions and the curved ground.
    crs: the city frame.
    """
    side = CELL_M * 2.0**square.depth
    at = np.linspace(-1.0, 1.0, _SAMPLES)
    u, v = (grid.ravel() for grid in np.meshgrid(at, at))
    plan = np.column_stack([(square.x + (u + 1.0) / 2.0) * side, (square.y + (v + 1.0) / 2.0) * side])
    lonlat = transform(plan, crs, LONLAT)
    middle = transform(np.array([[(square.x + 0.5) * side, (square.y + 0.5) * side]]), crs, LONLAT)[0]
    origin = to_ecef(np.append(middle, 0.0)[None])[0]
    axes = enu_axes(float(middle[0]), float(middle[1]))
    height = np.full(len(plan), np.mean([(region.low + region.high) / 2.0 for region in regions]))
    local = (to_ecef(np.column_stack([lonlat, height])) - origin) @ axes.T
    fitted, *_ = np.linalg.lstsq(np.column_stack([np.ones_like(u), u, v]), local[:, :2], rcond=None)
    centre, east, north = fitted
    # The grid is conformal: what the fit leaves of a shear is shared by both axes.
    turn = (np.arctan2(east[1], east[0]) + np.arctan2(-north[0], north[1])) / 2.0
    width, depth = float(np.hypot(*east)), float(np.hypot(*north))
    low, high = _heights(regions, origin, axes)
    up = np.array([0.0, 0.0, (high - low) / 2.0])
    ways = np.array([
        [width * np.cos(turn), width * np.sin(turn), 0.0],
        [-depth * np.sin(turn), depth * np.cos(turn), 0.0],
        up,
    ]) @ axes  # fmt: skip
    middle_m = origin + np.array([centre[0], centre[1], (low + high) / 2.0]) @ axes
    return [float(number) for number in np.concatenate([middle_m, ways.ravel()])]


def _heights(regions: list[Region], origin: FloatArray, axes: FloatArray) -> tuple[float, float]:
    """Lowest and highest the regions reach above the plane that touches the ellipsoid at the origin, metres."""
    points = []
    for region in regions:
        lon = np.degrees(np.linspace(region.west, region.east, _SAMPLES))
        lat = np.degrees(np.linspace(region.south, region.north, _SAMPLES))
        plan = np.array([(a, b) for a in lon for b in lat])
        points += [np.column_stack([plan, np.full(len(plan), h)]) for h in (region.low, region.high)]
    up = (to_ecef(np.vstack(points)) - origin) @ axes[2]
    return float(up.min()) - _MARGIN_M, float(up.max()) + _MARGIN_M
