"""The level of detail that a geometry is written with: CityJSON 2.0 wants one, and knows 0 to 3.3 (clause 3)."""

import numpy as np
import shapely

from cim.cityjson.record import Piece

KNOWN = (*"0123", *(f"{whole}.{part}" for whole in range(4) for part in range(4)))
_OPENINGS = ("Window", "Door")
_THIN_M = 0.001


def level_of(piece: Piece, level: float | None) -> str:
    """As the piece came, else as the building says. What CityJSON does not know becomes the next coarser level that it
    knows: 4 becomes 3.3. Where nobody says one the surfaces tell it: 3 with windows or doors, 1 where all are level or
    upright, else 2.
    """
    told = piece.lod or ("" if level is None else f"{level:g}")
    if told in KNOWN:
        return told
    try:
        coarser = [one for one in KNOWN if float(one) <= float(told)]
    except ValueError:
        coarser = []
    return max(coarser, key=lambda one: (float(one), len(one))) if coarser else _by_surfaces(piece)


def _by_surfaces(piece: Piece) -> str:
    kinds = [] if piece.semantics is None else [one.get("type") for one in piece.semantics["surfaces"]]
    if any(one in kinds for one in _OPENINGS):
        return "3"
    owner = shapely.get_coordinates(piece.polygons, return_index=True)[1]
    height = shapely.get_coordinates(piece.polygons, include_z=True)[:, 2]
    low, high = np.full(len(piece.polygons), np.inf), np.full(len(piece.polygons), -np.inf)
    np.minimum.at(low, owner, height)
    np.maximum.at(high, owner, height)
    upright = shapely.area(piece.polygons) <= _THIN_M * shapely.length(piece.polygons)
    return "1" if bool((upright | (high - low <= _THIN_M)).all()) else "2"
