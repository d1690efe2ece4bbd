"""The plan that a body covers: the footprint of buildings that come with their surfaces."""

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.types import ObjectArray, Surface


def footprint(body: Boundary, *, grid: float | None = None) -> shapely.Geometry | None:
    """The plan of a body: of its ground, else of its roofs, else of all its surfaces; None where it has none.

    grid: corners are put on multiples of it, in the unit of the body's frame, so that what misses by a rounding meets.
    """
    for wanted in ((Surface.ground,), (Surface.roof, Surface.overhang), tuple(Surface)):
        faces = shapely.force_2d(body.polygons[np.isin(body.surface, wanted)])
        faces = faces[shapely.area(faces) > (0.0 if grid is None else grid**2)]
        if not len(faces):
            continue
        wrong = ~shapely.is_valid(faces)
        faces[wrong] = shapely.make_valid(faces[wrong])
        parts = _polygons(shapely.get_parts(np.array([shapely.union_all(faces, grid_size=grid)])))
        if len(parts):
            return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))
    return None


def _polygons(parts: ObjectArray) -> ObjectArray:
    """Those of some shapes that have an area, collections taken apart; crumbs of walls that lean by a rounding left out."""
    while np.isin(shapely.get_type_id(parts), (6, 7)).any():
        parts = shapely.get_parts(parts)
    area = shapely.area(parts)
    kept: ObjectArray = parts[(shapely.get_type_id(parts) == 3) & (area > area.max(initial=0.0) * 1e-6)]
    return kept
