"""Contours cut into squares: the last ones end with the box that was asked for, so that no line runs out of the city."""

import numpy as np
import shapely

from cim import crs as frames
from cim.types import Box, silent
from loaders.derived.contours import derive

BOX = Box(439_000.0, 4_440_000.0, 441_650.0, 4_440_420.0)


def test_the_last_squares_end_with_the_box_and_not_a_whole_square_later() -> None:
    def ground(lonlat):
        return (frames.transform(lonlat, frames.LONLAT, "EPSG:4547")[:, 0] - BOX.west) / 10.0

    lines = [line for part in derive(BOX, "EPSG:4547", ground, 10.0, 10.0, silent) for line in part.geometry]
    _, south, east, north = shapely.total_bounds(lines)
    assert abs(east - (BOX.west + 2_600.0)) < 0.01
    assert np.allclose([south, north], [BOX.south, BOX.north], atol=0.01)
