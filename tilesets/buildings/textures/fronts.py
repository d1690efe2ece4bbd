"""Which walls of a building are its front, and how high a storey of it is. Pure, and of the building's own row alone.

**The front**, by the first of these that says anything (the project's own reading of how houses are turned):

1. `front_deg`: where the row says which way the front looks, the walls that look within 45 degrees of it, gables too.
2. *Its own court*: of an outline with wings or a ring, the walls that look into the notch or the yard, seen from
   `COURT_M` in front of them: within the hull of the outline, and outside of it. All rooms of a court open to the court.
3. *The sun*: the long walls that do not face north (halls and houses turn their backs to the wind), or both long walls.

Glass and flats have every side for a front, whatever stands beside them. Nothing here asks for a neighbour.

**A storey** is the height of the tallest long wall over the storeys that are told. A timber hall of a temple or a palace has
one front under each of its eaves, however high and whatever its storeys: what is counted as its second storey is a
gallery or a second roof, each with a wall of its own. Where no storeys are told, or no long wall is high enough for one, a
storey is as high as the picture's own.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cim.types import Bodies, BoolArray, FloatArray
from tilesets.buildings.textures.rules import LONG_SHARE, NORTH, Sides, WallTexture
from tilesets.buildings.textures.runs import LEAST_FRONT_M, Walls

COURT_M = 2.0
"""A notch less deep is no court."""
_WITHIN = float(np.cos(np.radians(45.5)))  # of four sides at right angles always one


@dataclass(frozen=True, slots=True, eq=False)
class Fronts:
    """is_front: (f,) which faces of walls are fronts. storey_m: (n,) of the buildings; infinite: every wall is one storey,
    NaN: as the picture has it.
    """

    is_front: BoolArray
    storey_m: FloatArray


def fronts(
    found: Walls, rows: Bodies, base_m: FloatArray, front: npt.NDArray[np.uint8], sides: npt.NDArray[np.uint8]
) -> Fronts:
    """The fronts of some walls.

    rows, base_m: the buildings (n,); front, sides: (n,) as `rules.chosen` has them.
    """
    mine = found.feature
    longest = np.zeros(len(rows))
    np.maximum.at(longest, mine, found.length_m)
    is_long = found.length_m >= LONG_SHARE * longest[mine]
    by_rule = np.where(
        sides[mine] == Sides.every, True, is_long & ((sides[mine] == Sides.long) | (found.north < NORTH))
    )
    inward = _faces_court(found, rows) & (found.length_m >= LEAST_FRONT_M[0])
    has_court = np.zeros(len(rows), dtype=np.bool_)
    has_court[mine[inward]] = True
    turned = np.where(has_court[mine] & (sides[mine] == Sides.sunny), inward, by_rule)
    told = np.isfinite(rows.front_deg[mine]) & (sides[mine] != Sides.every)
    is_front = np.where(told, _looks_that_way(found, rows.front_deg[mine]), turned)
    return Fronts(is_front.astype(np.bool_), _storeys(found, rows, base_m, is_long, front))


def _outward(found: Walls) -> FloatArray:
    return np.column_stack([found.along[:, 1], -found.along[:, 0]])


def _faces_court(found: Walls, rows: Bodies) -> BoolArray:
    """Which faces (f,) look into a yard or a notch of their own building's outline."""
    winged = shapely.get_num_coordinates(rows.geometry) > 5
    asked = np.flatnonzero(winged[found.feature])
    inside = np.zeros(len(found.feature), dtype=np.bool_)
    if len(asked):
        before = (found.middle + COURT_M * _outward(found))[asked]
        owner = found.feature[asked]
        hull = shapely.convex_hull(rows.geometry)
        held = shapely.contains_xy(hull[owner], before[:, 0], before[:, 1])
        inside[asked] = held & ~shapely.contains_xy(rows.geometry[owner], before[:, 0], before[:, 1])
    return inside


def _looks_that_way(found: Walls, front_deg: FloatArray) -> BoolArray:
    way = np.radians(np.nan_to_num(front_deg))
    return np.asarray((_outward(found) * np.column_stack([np.sin(way), np.cos(way)])).sum(axis=1) >= _WITHIN)


def _storeys(
    found: Walls, rows: Bodies, base_m: FloatArray, is_long: BoolArray, front: npt.NDArray[np.uint8]
) -> FloatArray:
    tallest = np.zeros(len(rows))
    high = found.high_m - np.maximum(found.low_m, base_m[found.feature])
    np.maximum.at(tallest, found.feature[is_long], high[is_long])
    # walls too low to be a front, as of a cellar that was delivered too, tell nothing of storeys
    is_told = (rows.storeys > 0) & (tallest >= LEAST_FRONT_M[1])
    stated = np.where(is_told, tallest / np.maximum(rows.storeys, 1), np.nan)
    return np.where(front == WallTexture.hall_front, np.inf, stated)
