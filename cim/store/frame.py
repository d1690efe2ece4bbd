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


def outline(connection: Connection, box: Box | None) -> str | None:
    """A lon/lat box as a polygon in the city frame (hex EWKB): the constant is transformed, not the column.

    None for None. Its sides are cut in 64, so that they follow meridians and parallels to a few centimetres over a whole
    prefecture. Raises BadInput for a box that the city frame cannot hold.
    """
    if box is None:
        return None
    longest = max(box.east - box.west, box.north - box.south)
    ring = shapely.get_coordinates(shapely.segmentize(shapely.box(*box.as_tuple()), max(longest / 64, 1e-9)))
    number = srid(connection)
    xy = frames.transform(ring, frames.LONLAT, f"EPSG:{number}")
    if not np.isfinite(xy).all():
        raise BadInput(f"bbox {box.as_tuple()} reaches beyond what the city frame EPSG:{number} can hold")
    has_area = box.west < box.east and box.south < box.north
    shape = shapely.Polygon(xy) if has_area else shapely.convex_hull(shapely.multipoints(xy))
    return str(shapely.to_wkb(shapely.set_srid(shape, number), hex=True, include_srid=True))
