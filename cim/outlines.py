"""Footprints as the outlines that bodies stand on: on the lattice, wound, in triangles; mended where they touch or cross."""

from dataclasses import dataclass

import numpy as np
import shapely

from cim.geometry import LATTICE_M, Rings, clean, polygons_of, rings, snap, wind
from cim.mesh import triangulate
from cim.types import BoolArray, IntArray, ObjectArray
from cim.validity.codes import DEFAULTS

_WALL_M = 4.0 * LATTICE_M
"""How far a courtyard that touched the outline stands off it."""

_APART_M = 2.0 * DEFAULTS.snap_m
"""Rings nearer than this touch: a corner on the lattice may lie as near to an oblique side as one likes, and points that are
all but one are one to `cim.validity`.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Cleaned, wound outlines on the lattice, their triangles (t, 3), and the source row (t,) of each, rising.

    footprints: (n,) as they were cut, the mended ones too; None where nothing is left. mended: source rows that were
    crossing or touching themselves, or lost a part on the lattice; lost: those of them that cannot be triangulated at all.
    """

    footprints: ObjectArray
    shape: Rings
    triangles: IntArray
    row: IntArray
    mended: IntArray
    lost: IntArray


def outlines(footprints: ObjectArray) -> Outlines:
    """The outlines of (n,) Polygons and MultiPolygons, metres of the city frame, each a matter of its own footprint.

    >>> yard = shapely.Polygon([(0, 0), (8, 0), (8, 8), (0, 8)], [[(0, 4), (4, 6), (4, 2)]])
    >>> found = outlines(np.array([yard]))
    >>> found.mended.tolist(), found.lost.tolist()
    ([0], [])
    """
    nobody = np.zeros(0, dtype=np.int64)
    cut, damaged = _cut(footprints, nobody)
    if len(damaged) == 0:
        return cut
    cut, _ = _cut(_mended(footprints, damaged), damaged)
    lost = np.union1d(cut.lost, np.setdiff1d(damaged, cut.shape.feature))
    return Outlines(cut.footprints, cut.shape, cut.triangles, cut.row, np.setdiff1d(damaged, lost), lost)


def _cut(footprints: ObjectArray, mended: IntArray) -> tuple[Outlines, IntArray]:
    """Footprints as they come, on the lattice, and the rows that are not sound there."""
    raw = rings(footprints)
    shape = wind(clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature)))
    caps = triangulate(shape)
    row = shape.feature_of_vertex()[caps.triangles[:, 0]]
    order = np.argsort(row, kind="stable")
    lost = np.unique(shape.feature[caps.failed])
    cut = Outlines(footprints, shape, caps.triangles[order], row[order], mended, lost)
    return cut, np.unique(np.concatenate([lost, _collapsed(raw, shape), _meeting(shape)]))


def _collapsed(raw: Rings, shape: Rings) -> IntArray:
    """Rows that have fewer polygons than they came with."""
    count = int(raw.feature.max(initial=-1)) + 1
    return np.flatnonzero(np.bincount(raw.feature, minlength=count) != np.bincount(shape.feature, minlength=count))


def _meeting(shape: Rings) -> IntArray:
    """Rows whose polygons cross or touch themselves or, in more than a point, one another: the lattice may have moved them
    together. One ring without a corner that turns inward does neither.
    """
    following = shape.following()
    step, after = shape.xy[following] - shape.xy, shape.xy[following[following]] - shape.xy[following]
    inward = step[:, 0] * after[:, 1] - step[:, 1] * after[:, 0] < 0.0
    involved = np.bincount(shape.feature[shape.polygon], minlength=1) > 1
    involved[shape.feature_of_vertex()[inward]] = True
    part = shape.keep(involved[shape.feature])
    if len(part.feature) == 0:
        return np.zeros(0, dtype=np.int64)
    polygons = polygons_of(part)
    row, of = np.unique(part.feature, return_inverse=True)
    crossing = ~shapely.is_valid(shapely.multipolygons(polygons, indices=of))
    holed = shapely.get_num_interior_rings(polygons) > 0
    return np.asarray(np.union1d(row[crossing], part.feature[holed][_touches(polygons[holed])]))


def _touches(polygons: ObjectArray) -> BoolArray:
    """Polygons (p,) of which rings touch in a point, or all but do; the clearance leaves out points that are the same."""
    near = shapely.minimum_clearance(polygons) < _APART_M
    return np.asarray(near | ~shapely.is_simple(shapely.boundary(polygons)))


def _mended(footprints: ObjectArray, damaged: IntArray) -> ObjectArray:
    """Footprints with the damaged ones made valid on the lattice; what is left of one may be nothing."""
    mended = footprints.copy()
    valid = shapely.make_valid(footprints[damaged], method="structure")
    parts, owner = shapely.get_parts(valid, return_index=True)
    areal = np.isin(shapely.get_type_id(parts), (3, 6))
    for k, row in enumerate(damaged.tolist()):
        # A union of one part, or none, would leave it off the lattice.
        mine = shapely.set_precision(shapely.union_all(parts[areal & (owner == k)]), LATTICE_M)
        mine = shapely.multipolygons([_set_apart(part) for part in shapely.get_parts(mine)])
        mended[row] = None if shapely.is_empty(mine) else mine
    return mended


def _set_apart(polygon: shapely.Polygon) -> shapely.Polygon:
    """The polygon with courtyards that touch its outline or one another drawn in, so that there are walls between."""
    if not polygon.interiors or not _touches(np.array([polygon]))[0]:
        return polygon
    yards = [shapely.Polygon(ring).buffer(-_WALL_M, join_style="mitre") for ring in polygon.interiors]
    apart = shapely.Polygon(polygon.exterior).difference(shapely.union_all(yards))
    return apart if isinstance(apart, shapely.Polygon) else polygon
