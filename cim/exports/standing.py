"""Where bodies stand on their way out: on the terrain that is served, as they are drawn, else on the elevation models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import shapely

from cim import crs as frames
from cim.assembly import Parts
from cim.assembly.slopes import Lowest, sloped
from cim.geometry import anchors
from cim.store import dem
from cim.store.db import Connection
from cim.types import FloatArray, ObjectArray

GIVEN, TERRAIN, DEM, UNKNOWN = "given", "terrain", "dem", "unknown"
"""Where the height of a body's foot is from: told with the building, the terrain that is served, the elevation models, or
nobody knows: then it stands at 0."""

Grounds = Mapping[str, Lowest]
"""What tells the ground, by its name, in the order in which it is asked."""


class Terrain(Protocol):
    """The terrain that is served: what buildings are drawn on."""

    def lowest(self, polygons: ObjectArray) -> FloatArray:
        """The lowest heights (n,) under polygons (n,), city frame; NaN off the terrain."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Stands:
    """Where bodies (n) stand. base_m: (n,) metres, 0 where nobody knows; whence: where it is from; slope: (n, 2) how much it
    rises a metre to the east and to the north, about the middle.
    """

    base_m: FloatArray
    whence: list[str]
    slope: FloatArray


def stands(
    given: Sequence[float | None],
    footprints: ObjectArray,
    assembly: Sequence[str | None],
    parts: Parts,
    grounds: Grounds,
) -> Stands:
    """Footprints (n,) on their base where it was given, else on the lowest ground under them, as tiles have it; what is
    built of parts that follow a slope, on that.
    """
    base = np.array([np.nan if value is None else value for value in given], dtype=np.float64)
    is_given, whence = np.isfinite(base), np.full(len(base), GIVEN, dtype=object)
    base[~is_given], whence[~is_given] = _asked(grounds, footprints[~is_given])
    slope = np.zeros((len(base), 2))
    names = np.array([*assembly, None], dtype=object)[:-1]
    found = sloped(footprints, names, is_given | np.isnan(base), parts.sloping, lambda under: _asked(grounds, under)[0])
    base[found.row], slope[found.row] = found.base_m, found.slope
    return Stands(np.where(np.isfinite(base), base, 0.0), whence.tolist(), slope)


def grounds(connection: Connection, city_crs: str, terrain: Terrain | None) -> Grounds:
    """The terrain, where one is served, and the loaded elevation models where it ends."""
    models = of_points(lambda xy: dem.heights(connection, frames.transform(xy, city_crs, frames.LONLAT)))
    return {DEM: models} if terrain is None else {TERRAIN: terrain.lowest, DEM: models}


def of_points(heights: Callable[[FloatArray], FloatArray]) -> Lowest:
    """The lowest of the heights (m,) that are known at the corners of each polygon, and in its middle.

    heights: of points (m, 2) of the city frame, NaN where they are not known.
    """

    def lowest(polygons: ObjectArray) -> FloatArray:
        xy, owner = shapely.get_coordinates(polygons, return_index=True)
        points = np.concatenate([xy, anchors(polygons)])
        found = np.full(len(polygons), np.nan)
        np.fmin.at(found, np.concatenate([owner, np.arange(len(polygons))]), heights(points))
        return found

    return lowest


def _asked(grounds: Grounds, polygons: ObjectArray) -> tuple[FloatArray, ObjectArray]:
    """The lowest ground (n,) under polygons as the first that knows it tells it, and that one's name (n,)."""
    found, whence = np.full(len(polygons), np.nan), np.full(len(polygons), UNKNOWN, dtype=object)
    for name, lowest in grounds.items():
        missing = np.isnan(found)
        if missing.any():
            found[missing] = lowest(polygons[missing])
            whence[missing & np.isfinite(found)] = name
    return found, whence
