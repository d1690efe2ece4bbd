"""Web tiles: which square of the Mercator map (EPSG:3857) a tile is, and which tiles a box on that map reaches."""

import math
from dataclasses import dataclass

from cim.errors import BadInput
from cim.types import Box

HALF_M = math.pi * 6378137.0
"""From the middle of the map to its edge, in its own metres."""

MOST_ZOOM = 22


@dataclass(frozen=True, slots=True, order=True)
class WebTile:
    """A tile of the usual pyramid: zoom, column from the west, row from the north. Raises BadInput where there is none.

    >>> WebTile(14, 13343, 6202).box().west < 12600000 < WebTile(14, 13343, 6202).box().east
    True
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= MOST_ZOOM:
            raise BadInput(f"there are no tiles at zoom {self.z}; expected 0 to {MOST_ZOOM}")
        count = 1 << self.z
        if not (0 <= self.x < count and 0 <= self.y < count):
            raise BadInput(f"no tile {self.x}/{self.y} at zoom {self.z}; expected two numbers from 0 to {count - 1}")

    def box(self, margin: float = 0.0) -> Box:
        """The square on the map, EPSG:3857 metres. margin: how far beyond it on every side, as a share of its own side.

        >>> WebTile(1, 0, 0).box().as_tuple() == (-HALF_M, 0.0, 0.0, HALF_M)
        True
        """
        side = side_m(self.z)
        west, north, beyond = self.x * side - HALF_M, HALF_M - self.y * side, margin * side
        return Box(west - beyond, north - side - beyond, west + side + beyond, north + beyond)


def side_m(z: int) -> float:
    """The side of a zoom's tiles, EPSG:3857 metres."""
    return 2.0 * HALF_M / float(1 << z)


def reached(box: Box, z: int, margin_m: float) -> tuple[range, range]:
    """Columns and rows of a zoom's tiles that come nearer than a margin to a box (EPSG:3857, metres).

    >>> reached(Box(-1.0, -1.0, 1.0, 1.0), 1, 0.0)
    (range(0, 2), range(0, 2))
    >>> reached(Box(5.0, 5.0, 6.0, 6.0), 1, 2.0)
    (range(1, 2), range(0, 1))
    """
    side, last = side_m(z), (1 << z) - 1

    def place(from_edge_m: float) -> int:
        return max(0, min(last, math.floor(from_edge_m / side)))

    columns = range(place(box.west - margin_m + HALF_M), place(box.east + margin_m + HALF_M) + 1)
    rows = range(place(HALF_M - box.north - margin_m), place(HALF_M - box.south + margin_m) + 1)
    return columns, rows
