"""The upright faces of what is raised above the carriageway: along its edges, but for those where a tile ends. Pure."""

from dataclasses import dataclass

import numpy as np
import shapely

from cim.types import Box, FloatArray, IntArray, ObjectArray

KERB_M = 0.15
"""How far a pavement lies above the carriageway (the project's own default)."""
_LEAST_M = 0.02
_AT_EDGE_M = 0.002
_SNAP_M = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Upright faces (f). start, end: (f, 2) of their foot, what is raised on the left; owner: (f,) index of its area."""

    start: FloatArray
    end: FloatArray
    owner: IntArray

    def __len__(self) -> int:
        return len(self.start)


def faces(raised: ObjectArray, facets: ObjectArray, box: Box) -> Faces:
    """The faces round areas (n,) that are raised, cut along the triangles (t,) of the ground; none where two areas meet."""
    # areas that were cut from one another meet but for the last digit: on a grid they meet
    whole = shapely.orient_polygons(shapely.get_parts(shapely.union_all(raised, grid_size=_SNAP_M)))
    ring = shapely.get_rings(whole)
    xy, of = shapely.get_coordinates(ring, return_index=True)
    along = of[1:] == of[:-1]
    start, end = xy[:-1][along], xy[1:][along]
    inside = ~_on_edge(start, end, box)
    start, end = start[inside], end[inside]
    lines: ObjectArray = np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object)
    line, facet = shapely.STRtree(facets).query(lines, predicate="intersects")
    pieces, at = shapely.get_parts(shapely.intersection(lines[line], facets[facet]), return_index=True)
    long = (shapely.get_type_id(pieces) == 1) & (shapely.length(pieces) > _LEAST_M)
    pieces, line = pieces[long], line[at[long]]
    ends = shapely.get_coordinates(pieces).reshape(-1, 2, 2)  # a line within a triangle has two corners
    ahead = ((ends[:, 1] - ends[:, 0]) * (end - start)[line]).sum(axis=1) > 0.0
    ends = np.where(ahead[:, None, None], ends, ends[:, ::-1])
    # what runs along an edge of two triangles is there twice
    _, once = np.unique(np.round(ends.reshape(-1, 4) / _SNAP_M).astype(np.int64), axis=0, return_index=True)
    ends = ends[np.sort(once)]
    middle = shapely.points(ends.mean(axis=1))
    found, owner = shapely.STRtree(raised).query_nearest(middle, all_matches=False)
    return Faces(ends[:, 0], ends[:, 1], owner[np.argsort(found)])


def _on_edge(start: FloatArray, end: FloatArray, box: Box) -> np.ndarray:
    """Whether each lies on a side of the box, where what is raised goes on beyond."""
    sides = np.array([box.west, box.east]), np.array([box.south, box.north])
    found = np.zeros(len(start), dtype=np.bool_)
    for axis, ends in enumerate(sides):
        for side in ends.tolist():
            found |= (np.abs(start[:, axis] - side) < _AT_EDGE_M) & (np.abs(end[:, axis] - side) < _AT_EDGE_M)
    return found
