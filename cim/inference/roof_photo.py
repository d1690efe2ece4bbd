"""What a photo from above shows of a roof's form: faces that fall to unlike sides are unlike in brightness. Pure.

Two halves along the long side are compared; of a footprint with wings, which fills less than `FILLED` of its rectangle, the
parts that lie nearest to walls of unlike directions. A gradient over the whole roof, a shadow say, is taken off first.
"""

import numpy as np
import shapely

from cim.inference.footprint_sides import axes, sides, wing_depth
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

FILLED = 0.8
RIDGE_PIXELS = 24
"""Fewer pixels on a side say nothing (the project's own default, as all limits here)."""


def ridge_contrast(footprint: ObjectArray, label: IntArray, xy: FloatArray, grey: FloatArray) -> FloatArray:
    """How unlike the sides of each roof (n,) are, in standard deviations within them; NaN unknown.

    label: (p,) which footprint a pixel lies in. xy: (p, 2) its centre, in the footprints' frame. grey: (p,).
    """
    found = _of_halves(footprint, label, xy, grey)
    winged = np.flatnonzero(sides(footprint)[2] < FILLED)
    if len(winged):
        order = np.argsort(label, kind="stable")
        first, last = np.searchsorted(label[order], winged), np.searchsorted(label[order], winged, side="right")
        for row, depth, begin, end in zip(winged, wing_depth(footprint[winged]), first, last, strict=True):
            mine = order[begin:end]
            found[row] = _of_wings(footprint[row], float(depth), xy[mine], grey[mine])
    return found


def _of_wings(footprint: shapely.Geometry, depth: float, xy: FloatArray, grey: FloatArray) -> float:
    """Twice the part of the brightness that goes with the direction of the nearest long wall, over what is left."""
    start, run = _long_edges(footprint, depth)
    if len(xy) < 2 * RIDGE_PIXELS or not len(run):
        return float("nan")
    outward = np.column_stack([run[:, 1], -run[:, 0]]) / np.hypot(*run.T)[:, None]
    nearest = _nearest(xy, start, run)
    middle = xy - xy.mean(axis=0)
    terms = np.column_stack([np.ones(len(xy)), middle / max(float(np.abs(middle).max()), 1e-9), outward[nearest]])
    fit = np.linalg.solve(terms.T @ terms + 1e-6 * np.eye(5), terms.T @ grey)
    within = max(float(np.std(grey - terms @ fit)), 1e-6)
    return float(2.0 * np.hypot(fit[3], fit[4]) / within)


def _nearest(xy: FloatArray, start: FloatArray, run: FloatArray) -> IntArray:
    """Which edge (e, 2) is nearest to each place (p,): edge by edge, for of a city's wall both are many."""
    least, nearest = np.full(len(xy), np.inf), np.zeros(len(xy), dtype=np.int64)
    for number, (begin, way) in enumerate(zip(start, run, strict=True)):
        off = xy - begin
        at = np.clip(off @ way / (way @ way), 0.0, 1.0)
        far = ((off - at[:, None] * way) ** 2).sum(axis=1)
        closer = far < least
        least[closer], nearest[closer] = far[closer], number
    return nearest


def _long_edges(footprint: shapely.Geometry, depth: float) -> tuple[FloatArray, FloatArray]:
    """Where edges (e, 2) of at least `depth` metres begin, and how they run, the outside on their right."""
    starts, runs = [], []
    for part in shapely.get_parts(shapely.orient_polygons(footprint, exterior_cw=False)):
        for ring in (part.exterior, *part.interiors):
            corner = shapely.get_coordinates(ring)
            starts.append(corner[:-1])
            runs.append(np.diff(corner, axis=0))
    start, run = np.concatenate(starts), np.concatenate(runs)
    long = np.hypot(*run.T) >= depth
    return start[long], run[long]


def _of_halves(footprint: ObjectArray, label: IntArray, xy: FloatArray, grey: FloatArray) -> FloatArray:
    """Contrast (n,) of the halves along the long side, less that of the halves across it."""
    first, second, centre = axes(footprint)
    longer = (np.hypot(*first.T) >= np.hypot(*second.T))[:, None]
    along, across = np.where(longer, first, second), np.where(longer, second, first)
    off = xy - centre[label]
    gap = [_gap(label, grey, (off * axis[label]).sum(axis=1) > 0.0, len(footprint)) for axis in (across, along)]
    return np.maximum(gap[0] - np.nan_to_num(gap[1]), 0.0)


def _gap(label: IntArray, grey: FloatArray, half: BoolArray, count: int) -> FloatArray:
    """Distance of the means of two halves over the standard deviation within them (count,)."""
    slot = 2 * label + half
    number, total, squares = (
        np.bincount(slot, weights=weights, minlength=2 * count).reshape(count, 2)
        for weights in (np.ones(len(grey)), grey, grey * grey)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / number
        within = (squares - number * mean * mean).sum(axis=1) / number.sum(axis=1)
        gap = np.abs(mean[:, 0] - mean[:, 1]) / np.sqrt(np.maximum(within, 1e-12))
    return np.where((number >= RIDGE_PIXELS).all(axis=1), gap, np.nan)
