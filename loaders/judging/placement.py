"""Placement: whether a source lies where it should: in the city, and on what is already there, not 600 m beside it.

GCJ-02 (Chinese web maps) and BD-09 coordinates look like WGS 84 and lie within the city: no label and no extent gives
them away. What is held already does: undoing the shift puts every record back onto its neighbours, and nothing else does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely

from cim import crs as frames
from cim.types import BoolArray, Box, FloatArray, ObjectArray
from cim.whereabouts import candidates, sentence

_SAMPLE = 2_000
_LEAST = 30
_NEAR_M = 100.0
_RATIO = 0.5
_MISPLACED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Offset:
    """A source that lies off what is held, the way a mistaken CRS would put it.

    code: what it looks like, and what `accept` takes. east_m, north_m: how far its records lie from where they would
    fit, in the city frame. message: one sentence, with how to go on. compared: how many records the verdict rests on.
    """

    code: str
    east_m: float
    north_m: float
    message: str
    compared: int


@dataclass(frozen=True, slots=True)
class _Mistake:
    """A way to mistake a CRS: lon/lat as they came out of it, back to what they would have been without it."""

    code: str
    undo: Callable[[FloatArray], FloatArray]
    what: str
    remedy: str


def _bd09_to_wgs84(lonlat: FloatArray) -> FloatArray:
    return frames.gcj02_to_wgs84(frames.bd09_to_gcj02(lonlat))


def _wgs84_to_bd09(lonlat: FloatArray) -> FloatArray:
    return frames.gcj02_to_bd09(frames.wgs84_to_gcj02(lonlat))


_MISTAKES = (
    _Mistake("gcj02_signature", frames.gcj02_to_wgs84, "GCJ-02 coordinates stated as another CRS", 'crs = "GCJ-02"'),
    _Mistake("bd09_signature", _bd09_to_wgs84, "BD-09 coordinates stated as another CRS", 'crs = "BD-09"'),
    _Mistake("gcj02_undone_twice", frames.wgs84_to_gcj02, "true coordinates stated as GCJ-02", "its true crs"),
    _Mistake("bd09_undone_twice", _wgs84_to_bd09, "true coordinates stated as BD-09", "its true crs"),
)


def judge(xy: FloatArray, held: FloatArray, city_crs: str) -> Offset | None:
    """Whether a source lies off what is held by the shift of a mistaken GCJ-02 or BD-09; None: no sign of it.

    xy: (n, 2) one position a record (a centroid), of any sample of the source; held: (m, 2) those of the same layer
    that are there already, around it within a kilometre or two. City frame, metres. City frame `city_crs`.

    A mistake is named when all of this holds of the distances to the nearest held record, over the records that come
    within 100 m of one once the mistake is undone (at most 2,000, every k-th; at least 30, or chance decides):
    - their median is under half of the median as stated, and the source does not fit as stated by the next rule;
    - it is under half of the least median at 24 places 20-150 m around (so some 10 m at most; two surveys of one object
      differ by metres): only a true fit is a sharp minimum. This is what keeps a new village beside a dense town,
      another kind of object, and most grids free of the charge: where things are merely dense, any place is as good.
    A regular grid whose period divides the shift fits as stated: it goes unnoticed rather than accused. So does what is
    surveyed too loosely for its density: a scatter of 2 m in each direction is found at one object in 150 m², not in 80.
    """
    points, there = _finite(xy), _finite(held)
    points = points[:: max(1, -(-len(points) // _SAMPLE))]
    if len(points) < _LEAST or len(there) < _LEAST:
        return None
    tree = shapely.STRtree(cast(ObjectArray, shapely.points(there)))
    stated = _nearest(tree, points)
    if _sharp(tree, points, stated):
        return None
    lonlat = frames.transform(points, city_crs, frames.LONLAT)
    found = [_test(mistake, points, lonlat, stated, tree, city_crs) for mistake in _MISTAKES]
    named = [(fit, offset) for fit, offset in (one for one in found if one is not None)]
    return min(named, key=lambda pair: pair[0])[1] if named else None


def _finite(xy: FloatArray) -> FloatArray:
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    return points[np.isfinite(points).all(axis=1)]


def _test(
    mistake: _Mistake, points: FloatArray, lonlat: FloatArray, stated: FloatArray, tree: shapely.STRtree, city_crs: str
) -> tuple[float, Offset] | None:
    """The median distance and the verdict if this mistake explains the source, else None."""
    back = frames.transform(mistake.undo(lonlat), frames.LONLAT, city_crs)
    distance = _nearest(tree, back)
    near = distance <= _NEAR_M
    fit, as_stated = _median(distance, near), _median(stated, near)
    if not (fit < _RATIO * as_stated and _sharp(tree, back, distance)):
        return None
    east, north = np.median((points - back)[near], axis=0).tolist()
    return fit, Offset(
        mistake.code, east, north, _message(mistake, (east, north), near, fit, as_stated), int(near.sum())
    )


def _message(mistake: _Mistake, by: tuple[float, float], near: BoolArray, fit: float, as_stated: float) -> str:
    east, north = "east" if by[0] >= 0 else "west", "north" if by[1] >= 0 else "south"
    sides = f"{abs(by[0]):.0f} m {east} and {abs(by[1]):.0f} m {north}"
    far = f"{as_stated:.1f} m" if np.isfinite(as_stated) else f"over {_NEAR_M:.0f} m"
    return (
        f"its records lie {sides} of what is held, as {mistake.what} would: of {near.sum()} compared (in {len(near)}) the "
        f"median distance to the nearest held one is {far} as stated and {fit:.1f} m with that undone; expected them to "
        f"fit as stated: state {mistake.remedy}, or, if it is what is held that lies wrong, write "
        f'`accept = ["{mistake.code}"]` in the city file'
    )


def _nearest(tree: shapely.STRtree, points: FloatArray) -> FloatArray:
    """Distances (n,) to the nearest held position, inf beyond 100 m."""
    result = np.full(len(points), np.inf)
    pairs, distance = tree.query_nearest(
        shapely.points(points), max_distance=_NEAR_M, return_distance=True, all_matches=False
    )
    result[pairs[0]] = distance
    return result


def _median(distance: FloatArray, among: BoolArray) -> float:
    """The median over the chosen records, inf where fewer than thirty are."""
    return float(np.median(distance[among])) if int(among.sum()) >= _LEAST else np.inf


def _sharp(tree: shapely.STRtree, points: FloatArray, distance: FloatArray) -> bool:
    """Whether points fit better here than anywhere near: under half the least median at 24 places around."""
    near = distance <= _NEAR_M
    fit = _median(distance, near)
    if not np.isfinite(fit):
        return False
    turn = np.arange(24) * np.pi * (3.0 - np.sqrt(5.0))  # the golden angle: no two places in line with a grid
    radius = np.linspace(20.0, 150.0, 24)
    around = np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])
    chosen = points[near]
    return all(fit < _RATIO * float(np.median(_nearest(tree, chosen + step))) for step in around)


def outside(lonlat: FloatArray, extent: Box) -> float:
    """The share of points (n, 2), WGS 84 degrees, that lie outside a box of degrees or nowhere; 0.0 for no points.

    >>> outside(np.array([[113.3, 40.1], [0.0, 0.0]]), Box(112.6, 39.0, 114.6, 40.8))
    0.5
    """
    if len(lonlat) == 0:
        return 0.0
    lon, lat = np.asarray(lonlat, dtype=np.float64).T
    inside = (lon >= extent.west) & (lon <= extent.east) & (lat >= extent.south) & (lat <= extent.north)
    return float(1.0 - inside.mean())


def astray(
    xy: FloatArray, crs: str, extent: Box, city_crs: str, *, datum_shift: Sequence[float] | None = None
) -> str | None:
    """Why a source must stop that lies mostly outside the city as stated; None where at least half of it lies inside.

    xy: (n, 2) coordinates as in the file, any sample (NaN ones are passed over); crs: as stated. extent: WGS 84
    degrees. The sentence names the CRSs that would put it inside. Raises BadInput for a CRS that leads nowhere.
    """
    placed = _finite(xy)
    share = outside(frames.transform(placed, crs, frames.LONLAT, datum_shift=datum_shift), extent)
    if share <= _MISPLACED_SHARE:
        return None
    e = extent
    box = f"{e.west:g}..{e.east:g} E, {e.south:g}..{e.north:g} N"
    begin = f"{share:.0%} of it lies outside the city ({box}) when read as {frames.label(crs)}"
    found = candidates(placed, extent, city_crs)
    inside = [one for one in found if one.share_inside > _MISPLACED_SHARE]
    if inside:
        turned = all(one.exchanged for one in inside)
        remedy = "exchange the columns" if turned else "state the one it is in the city file"
        return f"{begin}; it would lie inside as {sentence(inside)}: {remedy}"
    return f"{begin}, and no usual CRS puts it inside: {sentence(found)}; is it another city's, or is the extent wrong?"
