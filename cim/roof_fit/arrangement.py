"""Which planes roof a footprint, and where each ends: by cuts first, then by the lines where the planes meet."""

import numpy as np
import shapely

from cim.roof_fit.cells import Layout, cells_between, laid_out, merged, points_in, relabelled
from cim.roof_fit.cuts import cut, directions_of, meeting
from cim.roof_fit.planes import explaining, losses, settled
from cim.types import BoolArray, FloatArray, IntArray

LIMIT_M = 0.6
"""A point farther from its plane than this counts as if it were this far (the project's own default)."""
FACE_PRICE = 0.25
"""What a roof face is worth: so many square metres that lie a metre off, or hundred times as many a tenth as far (the
project's own default)."""
_ROUNDS = 3
_LEAST_PLANE = 0.05
_MOST_FOR_ALL_PAIRS = 7
_ON_LINE_M = 0.02
_LEAST_BORDER_M = 0.5
_LEAST_STEP_M = 0.15


def arranged(
    footprint: shapely.Polygon, xyz: FloatArray, weight: FloatArray, most_faces: int, random: np.random.Generator
) -> Layout | None:
    """The footprint in cells, each under a plane, by points (n, 3) that stand for weight (n,) square metres each.

    None where no plane explains anything.
    """
    planes = explaining(xyz, weight, _LEAST_PLANE, random)
    if not len(planes):
        return None
    xy = xyz[:, :2]
    loss = losses(planes, xyz, LIMIT_M) * weight
    corners = shapely.get_coordinates(footprint)
    cuts = cut(xy, loss, meeting(planes), directions_of(footprint), corners, FACE_PRICE)
    used, of_leaf = np.unique([leaf.plane for leaf in cuts.leaves], return_inverse=True)
    leaf = cuts.leaf_of(xy)
    planes = _refitted(planes[used], xyz, weight, of_leaf[leaf])
    cells = cells_between(footprint, cuts.lines)
    label = of_leaf[cuts.leaf_of(points_in(cells))]
    layout = laid_out(cells, planes, xy, losses(planes, xyz, LIMIT_M) * weight, label)
    for _ in range(_ROUNDS):
        layout = _again(footprint, layout, cuts.lines, xyz, weight, most_faces)
    return layout


def _again(
    footprint: shapely.Polygon,
    layout: Layout,
    steps: FloatArray,
    xyz: FloatArray,
    weight: FloatArray,
    most_faces: int,
) -> Layout:
    """The planes fitted to what they roof, and the footprint laid out anew between the lines where they meet."""
    used = np.unique(layout.label)
    point_label = _at(layout, xyz[:, :2])
    planes = _refitted(layout.planes[used], xyz, weight, np.searchsorted(used, point_label))
    lines = np.concatenate(
        [steps[_borders(layout, steps)], _meeting_beside(planes, np.searchsorted(used, layout.label), layout)]
    )
    cells = cells_between(footprint, lines)
    label = np.searchsorted(used, _at(layout, points_in(cells)))
    fresh = laid_out(cells, planes, xyz[:, :2], losses(planes, xyz, LIMIT_M) * weight, label)
    return merged(relabelled(fresh), FACE_PRICE, most_faces)


def _at(layout: Layout, xy: FloatArray) -> IntArray:
    """The plane (n,) that roofs each position (n, 2)."""
    tree = shapely.STRtree(layout.cells)
    return np.asarray(layout.label[tree.nearest(shapely.points(xy))])


def _refitted(planes: FloatArray, xyz: FloatArray, weight: FloatArray, label: IntArray) -> FloatArray:
    fitted = planes.copy()
    for k in range(len(planes)):
        mine = label == k
        if mine.sum() >= 3:
            fitted[k] = settled(planes[k], xyz[mine], weight[mine], LIMIT_M / 2.0)
    return fitted


def _borders(layout: Layout, lines: FloatArray) -> BoolArray:
    """Which lines (m,) faces end at in a step, for half a metre or more: where they meet, their own line parts them."""
    one, other = (layout.planes[layout.label[side]] for side in (layout.first, layout.second))
    at = np.column_stack([layout.middle, np.ones(len(layout.middle))])
    between = np.abs(np.einsum("ij,ij->i", one - other, at)) > _LEAST_STEP_M
    off = np.abs(layout.middle[between] @ lines[:, :2].T - lines[:, 2])
    return np.asarray(layout.length[between] @ (off < _ON_LINE_M) >= _LEAST_BORDER_M)


def _meeting_beside(planes: FloatArray, label: IntArray, layout: Layout) -> FloatArray:
    """Where planes meet that lie side by side for half a metre or more; of few planes, where any two meet."""
    if len(planes) <= _MOST_FOR_ALL_PAIRS:
        return meeting(planes)
    pairs = np.sort(np.column_stack([label[layout.first], label[layout.second]]), axis=1)
    pairs, which = np.unique(pairs, axis=0, return_inverse=True)
    long = np.bincount(which.ravel(), weights=layout.length) >= _LEAST_BORDER_M
    lines = [meeting(planes[pair]) for pair in pairs[long & (pairs[:, 0] != pairs[:, 1])]]
    return np.concatenate([*lines, np.zeros((0, 3))])
