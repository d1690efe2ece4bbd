"""Heights along lines: how far along each vertex lies, heights between two ends, gaps filled, lines raised."""

import numpy as np
import shapely

from cim.types import FloatArray, IntArray, ObjectArray


def along(shapes: ObjectArray) -> tuple[IntArray, FloatArray]:
    """Whose vertex each is, and how far along its line it lies, as a share of the line's flat length.

    shapes: (n,) lines or multilines in a metric frame; the parts of a multiline follow each other in their order, and the
    gaps between them count nothing. Returns (k,), (k,) for the k vertices; a line of no length is 0 all along.

    >>> along(np.array([shapely.LineString([(0, 0), (3, 4), (3, 14)])]))[1].round(3).tolist()
    [0.0, 0.333, 1.0]
    """
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    owner = of_part[part]
    step = np.zeros(len(xy))
    step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T) * (part[1:] == part[:-1])
    run = np.cumsum(step)
    first = np.searchsorted(owner, np.arange(len(shapes)))
    last = np.searchsorted(owner, np.arange(len(shapes)), side="right") - 1
    length = (run[last] - run[first])[owner]
    share = np.divide(run - run[first][owner], length, out=np.zeros(len(xy)), where=length > 0)
    return owner, share


def between(shapes: ObjectArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Heights (k,) of the vertices where the heights of both ends (n,) are known and the line falls evenly; else NaN.

    >>> between(np.array([shapely.LineString([(0, 0), (4, 0), (10, 0)])]), np.array([5.0]), np.array([4.0])).tolist()
    [5.0, 4.6, 4.0]
    """
    owner, share = along(shapes)
    result: FloatArray = start[owner] * (1.0 - share) + end[owner] * share
    return result


def filled(shapes: ObjectArray, z: FloatArray) -> FloatArray:
    """Heights (k,) with the gaps between known vertices filled evenly by length; beyond the last known one they stay NaN.

    z: (k,) heights of the vertices of `shapes`, NaN where unknown. Returns a new array.

    >>> line = shapely.LineString([(0, 0), (2, 0), (10, 0), (12, 0)])
    >>> filled(np.array([line]), np.array([5.0, np.nan, 4.0, np.nan])).tolist()
    [5.0, 4.8, 4.0, nan]
    """
    owner, share = along(shapes)
    result = np.array(z, dtype=np.float64, copy=True)
    known = np.isfinite(result)
    count = np.bincount(owner, minlength=len(shapes))
    there = np.bincount(owner[known], minlength=len(shapes))
    end = np.cumsum(count)
    for line in np.flatnonzero((there > 0) & (there < count)).tolist():
        mine = slice(end[line] - count[line], end[line])
        sure = known[mine]
        result[mine] = np.interp(share[mine], share[mine][sure], z[mine][sure], left=np.nan, right=np.nan)
    return result


def raised(shapes: ObjectArray, z: FloatArray) -> ObjectArray:
    """The shapes with a height at every vertex; None for one that lacks any. z: (k,). Returns (n,).

    >>> raised(np.array([shapely.LineString([(0, 0), (4, 0)])]), np.array([5.0, 4.0]))[0].wkt
    'LINESTRING Z (0 0 5, 4 0 4)'
    """
    out = np.full(len(shapes), None, dtype=object)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    whole = np.ones(len(shapes), dtype=bool)
    whole[owner[~np.isfinite(z)]] = False
    mine = whole[owner]
    solid = shapely.force_3d(shapes[whole])
    out[whole] = shapely.set_coordinates(solid, np.column_stack([xy, z])[mine])
    return out
