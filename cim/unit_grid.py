"""Unit grids: a division cut into squares of an absolute lattice, numbered west to east and north to south.

The 15-digit code is 6 division + 3 street + 3 community + 3 sequence, `000` where no street or community is known, as the
rule of Beijing's DB11 has it (read on a secondary page); a side of 100 m (about 1 ha) is background knowledge, hence a
parameter. The lattice's lines are at whole multiples of the side in the city frame, so the grids of neighbours meet.
"""

import math

import numpy as np
import shapely

from cim.divisions import level, normal
from cim.errors import BadInput
from cim.types import FloatArray, IntArray, ObjectArray

SIZE_M = 100.0
MOST = 999
"""Grids that three digits can number."""
SLIVER_SHARE = 0.25
"""A piece smaller than this share of a square joins the neighbour that it shares the longest edge with."""
STEP_M = 2.0**-20
"""Corners lie on a lattice of about a micrometre, so that pieces cut at one line meet in the same points."""


def divide(polygon: shapely.Geometry, code: str, size_m: float = SIZE_M) -> tuple[list[str], ObjectArray, FloatArray]:
    """The unit grids of one division: codes (n), Polygons (n,) and areas (n,) in m², in the order of their sequence.

    polygon: Polygon or MultiPolygon in the city frame, metres. code: 6, 9 or 12 digits of the unit. The grids cover the
    unit without gaps or overlaps and share the corners of the edges they share. Rows of squares run from the north, in a
    row from the west. Raises BadInput for a unit that is no valid polygon, a code of another length, a size that is not
    positive, and for more than 999 grids, naming a size that fits.

    >>> codes, shapes, areas = divide(shapely.box(0, 0, 200, 110), "140213051")
    >>> codes, areas.tolist()
    (['140213051000001', '140213051000002'], [11000.0, 11000.0])
    """
    unit = normal(code)
    if level(unit) not in ("county", "town", "community"):
        raise BadInput(f"unit grids divide a county, town or community, not the {level(unit)} {unit}")
    if not (math.isfinite(size_m) and size_m >= 1.0):
        raise BadInput(f"unit grids of {size_m:g} m: expected a side of 1 m or more")
    if shapely.get_type_id(polygon) not in (3, 6) or shapely.is_empty(polygon) or not shapely.is_valid(polygon):
        raise BadInput(f"the outline of {unit} is no valid polygon: {shapely.is_valid_reason(polygon)}")
    pieces = _pieces(polygon, size_m)
    if pieces is None or len(pieces) > MOST:
        raise BadInput(
            f"{unit} has more than {MOST} unit grids of {size_m:g} m; {_fitting(polygon, size_m):g} m fits, "
            "or divide its towns or communities instead"
        )
    return [f"{unit:0<12}{n:03d}" for n in range(1, len(pieces) + 1)], pieces, np.asarray(shapely.area(pieces))


def _pieces(polygon: shapely.Geometry, size_m: float) -> ObjectArray | None:
    """The grids in the order of their sequence; None where there are far too many to try."""
    # A grid swallows less than four slivers and itself: fewer squares than a quarter cannot come out.
    if shapely.area(polygon) > 4 * MOST * size_m**2:
        return None
    faces = _faces(polygon, size_m)
    group = _joined(faces, SLIVER_SHARE * size_m**2)
    area = shapely.area(faces)
    members = [np.flatnonzero(group == g) for g in np.unique(group)]
    largest = np.array([rows[np.argmax(area[rows])] for rows in members])
    shapes = np.array([_union(faces[rows]) for rows in members], dtype=object)
    cell = _cells(faces[largest], size_m)
    bounds = shapely.bounds(shapes)
    order = np.lexsort((-bounds[:, 3], bounds[:, 0], cell[:, 0], -cell[:, 1]))
    return np.asarray(shapes[order], dtype=object)


def _faces(polygon: shapely.Geometry, size_m: float) -> ObjectArray:
    """The unit cut along the lattice: Polygons that meet corner to corner, each in one square."""
    west, south, east, north = shapely.bounds(polygon)
    x = np.arange(math.floor(west / size_m), math.ceil(east / size_m) + 1) * size_m
    y = np.arange(math.floor(south / size_m), math.ceil(north / size_m) + 1) * size_m
    upright = np.stack([np.stack([x, np.full_like(x, y[0])], 1), np.stack([x, np.full_like(x, y[-1])], 1)], 1)
    across = np.stack([np.stack([np.full_like(y, x[0]), y], 1), np.stack([np.full_like(y, x[-1]), y], 1)], 1)
    lattice = shapely.MultiLineString(np.concatenate([upright, across]).tolist())
    noded = shapely.union_all([lattice, shapely.boundary(polygon)], grid_size=STEP_M)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    shapely.prepare(polygon)
    inside = shapely.contains_properly(polygon, shapely.point_on_surface(faces))
    return np.asarray(faces[inside], dtype=object)


def _cells(faces: ObjectArray, size_m: float) -> IntArray:
    """Column and row (n, 2) of the square that each face lies in."""
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    return np.floor(inner / size_m).astype(np.int64)


def _joined(faces: ObjectArray, least_m2: float) -> IntArray:
    """Which group (n,) each face belongs to after slivers, the smallest first, joined a neighbour.

    A sliver without neighbours, an island of its own, stays.
    """
    group = np.arange(len(faces))
    area = dict(enumerate(shapely.area(faces).tolist()))
    shared = _shared_lengths(faces)
    waiting = [g for g in area if area[g] < least_m2]
    while waiting:
        small = min(waiting, key=lambda g: (area[g], g))
        waiting.remove(small)
        if not shared[small]:
            continue
        into = max(shared[small], key=lambda g: (shared[small][g], area[g], -g))
        group[group == small] = into
        area[into] += area.pop(small)
        for other, length in shared.pop(small).items():
            del shared[other][small]
            if other != into:
                shared[into][other] = shared[other][into] = shared[into].get(other, 0.0) + length
        if into in waiting and area[into] >= least_m2:
            waiting.remove(into)
    return group


def _shared_lengths(faces: ObjectArray) -> dict[int, dict[int, float]]:
    """For each face its neighbours with the length of the edge they share, metres."""
    rings, face = shapely.get_rings(faces, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    edges = np.concatenate([coordinates[:-1], coordinates[1:]], axis=1)[same]
    of = face[ring[:-1][same]]
    turned = (edges[:, 0] > edges[:, 2]) | ((edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3]))
    edges[turned] = edges[turned][:, [2, 3, 0, 1]]
    order = np.lexsort(edges.T)
    edges, of = edges[order], of[order]
    pairs = np.flatnonzero((edges[1:] == edges[:-1]).all(axis=1))
    found: dict[int, dict[int, float]] = {n: {} for n in range(len(faces))}
    length = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1])
    for at in pairs.tolist():
        a, b = int(of[at]), int(of[at + 1])
        found[a][b] = found[b][a] = found[a].get(b, 0.0) + float(length[at])
    return found


def _union(faces: ObjectArray) -> shapely.Geometry:
    """Faces that share edges as one shape, with every corner kept that a neighbour may have."""
    return faces[0] if len(faces) == 1 else shapely.coverage_union_all(faces)


def _fitting(polygon: shapely.Geometry, size_m: float) -> float:
    """The smallest whole multiple of 10 m with no more grids than three digits number."""
    side = max(size_m, math.sqrt(shapely.area(polygon) / MOST) * 0.9)
    side = math.ceil(side / 10.0) * 10.0
    while True:
        pieces = _pieces(polygon, side)
        if pieces is not None and len(pieces) <= MOST:
            return side
        side += 10.0
