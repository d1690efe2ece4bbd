"""Which of the first two coordinates of a CityGML file is east: the names of frames, files and their makers differ."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from pyproj import CRS

from cim import crs as frames
from cim.boundary import Boundary
from cim.cityjson.record import CityRecord
from cim.plugins import Source
from cim.types import Box, Surface

_CLEARLY = 0.5  # the share by which one way must outweigh the other to be believed


def exchanged(record: CityRecord) -> CityRecord:
    """The record with the first two coordinates of every corner the other way round."""
    bodies = tuple((level, replace(body, polygons=_exchanged(body))) for level, body in record.bodies)
    return replace(record, bodies=bodies)


def _exchanged(body: Boundary) -> "np.ndarray[tuple[int, ...], np.dtype[np.object_]]":
    found = shapely.transform(body.polygons, lambda at: at[:, [1, 0, 2]], include_z=True)
    return np.asarray(found)


def is_north_first(records: Sequence[CityRecord], crs: str, name: str | None, source: Source) -> bool:
    """Whether the first coordinates of some records are northings (or latitudes).

    By what is seen first: which way round they lie in the city; else which way round grounds face down, roofs up and
    solids outward; else what the name of the frame says: EPSG's own order where it is a URN or an address (GML 3.2.1,
    clause 12), east first where it is a mere code. crs: canonical; name: as the file has it, None: it has none.
    """
    bodies = [body for record in records for _, body in record.bodies]
    if not bodies:
        return False
    return next(
        told for told in (_by_place(bodies, crs, source), _by_sides(bodies), _by_name(name)) if told is not None
    )


def _by_place(bodies: Sequence[Boundary], crs: str, source: Source) -> bool | None:
    if source.city is None:
        return None
    box, _ = source.city
    xy = np.array([shapely.get_coordinates(body.polygons[0])[0] for body in bodies])
    east_first, north_first = (_within(xy[:, order], crs, box, source) for order in ([0, 1], [1, 0]))
    if abs(east_first - north_first) < _CLEARLY:
        return None
    return north_first > east_first


def _within(xy: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", crs: str, box: Box, source: Source) -> float:
    """The share of points that lie in the city."""
    lonlat = frames.transform(xy, crs, frames.LONLAT, datum_shift=source.datum_shift)
    return float(np.mean([box.contains(lon, lat) for lon, lat in lonlat.tolist()]))


def _by_sides(bodies: Sequence[Boundary]) -> bool | None:
    """An exchange mirrors: what faced up faces down, and solids turn inside out."""
    votes: list[float] = []
    for body in bodies:
        up = np.isin(body.surface, (Surface.roof,)).astype(float) - np.isin(body.surface, (Surface.ground,))
        rings = shapely.get_exterior_ring(body.polygons)
        clockwise = np.where(shapely.is_ccw(rings), 1.0, -1.0) * (shapely.area(body.polygons) > 0)
        votes += (up * clockwise)[up != 0].tolist()
        if not up.any() and body.shells:
            votes.append(float(np.sign(_volume(body))))
    counted = [vote for vote in votes if vote]
    balance = float(np.mean(counted)) if counted else 0.0
    return None if abs(balance) < _CLEARLY else balance < 0


def _volume(body: Boundary) -> float:
    """Six times what the surfaces enclose, positive where they face outward."""
    total = 0.0
    origin = shapely.get_coordinates(body.polygons[:1], include_z=True)[0]
    for ring in shapely.get_exterior_ring(body.polygons):
        at = shapely.get_coordinates(ring, include_z=True)[:-1] - origin
        for k in range(1, len(at) - 1):
            total += float(np.dot(at[0], np.cross(at[k], at[k + 1])))
    return total


def _by_name(name: str | None) -> bool:
    text = (name or "").strip().lower()
    if not text.startswith(("urn:ogc", "http")):
        return False
    axes = CRS.from_user_input(frames.parse(name or "")).axis_info
    return bool(axes) and axes[0].direction in ("north", "south")
