"""How high what is paved lies above the ground: pavements a kerb higher, and down to squares and lanes by ramps. Pure."""

import numpy as np
import shapely

from cim.types import FloatArray, IntArray, ObjectArray
from tilesets.greens.areas import Areas, apart
from tilesets.greens.covers import RAISED, Cover
from tilesets.greens.kerbs import KERB_M

LIFT_M = 0.06
"""How far above the ground everything paved lies, lest the two be drawn through each other (the project's own default)."""
RAMP_M = 1.8
"""Over which length a pavement comes down to a square or a lane: one in twelve (the project's own default)."""


def mouths(covered: Areas) -> ObjectArray:
    """What pavements come down to: the squares and lanes (m,) as they are seen, without the carriageways across them."""
    first = covered.take(covered.cover <= Cover.lane)
    seen: ObjectArray = apart(first.shape)[first.cover != Cover.carriageway]
    return np.asarray(seen[~shapely.is_empty(seen)], dtype=object)


def lifts(xy: FloatArray, cover: IntArray, mouths: ObjectArray) -> FloatArray:
    """How far covers (n,) lie above the ground at points (n, 2), metres."""
    found = np.full(len(xy), LIFT_M)
    raised = np.flatnonzero(np.isin(cover, RAISED))
    share = np.ones(len(raised))
    if len(mouths) and len(raised):
        at, off = shapely.STRtree(mouths).query_nearest(
            shapely.points(xy[raised]), max_distance=RAMP_M, return_distance=True, all_matches=False
        )
        share[at[0]] = off / RAMP_M
    found[raised] += KERB_M * share
    return found


def ramped(covered: Areas, shape: ObjectArray, mouths: ObjectArray) -> tuple[Areas, ObjectArray]:
    """The areas (p,) and what is left of each (p,), those that are raised cut in two where they begin to come down."""
    near = mouths[shapely.intersects(mouths, shapely.union_all(shapely.envelope(shape)).buffer(RAMP_M))]
    zone = shapely.union_all(shapely.buffer(near, RAMP_M, quad_segs=4))
    cut = np.isin(covered.cover, RAISED) & shapely.intersects(shape, zone)
    order = np.concatenate([np.arange(len(shape)), np.flatnonzero(cut)])
    whole = np.concatenate([shape, shapely.intersection(shape[cut], zone)])
    whole[: len(shape)][cut] = shapely.difference(shape[cut], zone)
    return covered.take(order), whole


def on_covers(xy: FloatArray, covered: Areas) -> FloatArray:
    """How far above the ground things stand (n,) at points (n, 2): on what is laid there; 0 where nothing is."""
    found = np.zeros(len(xy))
    if not len(covered):
        return found
    point, area = shapely.STRtree(covered.shape).query(shapely.points(xy), predicate="intersects")
    first = np.full(len(xy), len(covered))
    np.minimum.at(first, point, area)
    on = np.flatnonzero(first < len(covered))
    found[on] = lifts(xy[on], covered.cover[first[on]], mouths(covered))
    return found
