"""The store's frame: degrees become city-frame metres here before they meet a column, so that indexes stay usable."""

from collections.abc import Sequence

import numpy as np
import shapely
from sqlalchemy import Connection, text

from cim import crs as frames
from cim.errors import BadInput
from cim.types import Box, FloatArray


def srid(connection: Connection) -> int:
    """The EPSG number of the city frame that the database holds."""
    return int(connection.execute(text("SELECT srid FROM cim.city")).scalar_one())


def to_frame(connection: Connection, lonlat: Sequence[tuple[float, float]]) -> FloatArray:
    """(n, 2) city-frame metres of (n, 2) WGS 84 degrees. Raises BadInput for a place the projection cannot hold."""
    degrees = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
    number = srid(connection)
    xy = frames.transform(degrees, frames.LONLAT, f"EPSG:{number}")
    lost = ~np.isfinite(xy).all(axis=1)
    if lost.any():
        lon, lat = degrees[lost][0].tolist()
        raise BadInput(f"the point {lon}, {lat} cannot be placed in the city frame EPSG:{number}")
    return xy


def envelope(connection: Connection, box: Box | None) -> str | None:
    """The rectangle in the city frame (hex EWKB) that holds a lon/lat box: the constant is transformed, not the column.

    None for None. Rows found by it need a second look in degrees, for the rectangle is a little larger than the box.
    """
    if box is None:
        return None
    steps = np.linspace(0.0, 1.0, 9)
    x, y = box.west + steps * (box.east - box.west), box.south + steps * (box.north - box.south)
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    number = srid(connection)
    xy = frames.transform(grid, frames.LONLAT, f"EPSG:{number}")
    if not np.isfinite(xy).all():
        raise BadInput(f"bbox {box.as_tuple()} reaches beyond what the city frame EPSG:{number} can hold")
    shape = shapely.set_srid(shapely.box(*xy.min(axis=0), *xy.max(axis=0)), number)
    return str(shapely.to_wkb(shape, hex=True, include_srid=True))
