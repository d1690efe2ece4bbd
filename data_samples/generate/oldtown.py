"""The old town: wall, monuments, shops along the main streets and courtyard houses along the lanes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from data_samples.generate import barbicans, courtyards, facts, frame, lanes, monuments, shapes, wall
from data_samples.generate.footprints import Footprints, footprints, joined, taken, with_shape
from data_samples.generate.frame import Array

PLAZA = 27.0  # half length of the widening round a mid-street tower


@dataclass(frozen=True, slots=True)
class OldTown:
    """Buildings and lanes in EPSG:4547; plots keep the lane they face, in metres round 四牌楼."""

    buildings: Footprints
    lanes: tuple[shapely.LineString, ...]
    lane_widths: Array
    plots: courtyards.Plots


def _shop_fronts(rng: np.random.Generator) -> Footprints:
    """Two- and three-storey shops along both sides of the main streets, in metres round 四牌楼."""
    parts = []
    for side, ((ux, uy), _, face) in wall.SIDES.items():
        for hand in (-1.0, 1.0):
            edges = np.cumsum(rng.uniform(9.0, 21.0, 90)) + 30.0
            start, stop = edges[:-1], edges[1:] - np.where(rng.random(89) < 0.12, 3.4, 0.5)
            keep = (stop < face - 46.0) & ((stop < wall.MID_STREET - PLAZA) | (start > wall.MID_STREET + PLAZA))
            run, width = ((start + stop) / 2)[keep], (stop - start)[keep]
            depth = rng.uniform(10.0, lanes.SHOP_DEPTH, len(run))
            off = hand * (lanes.STREET_HALF + 1.5 + depth / 2)
            centre = np.column_stack([run * ux + off * abs(uy), run * uy + off * abs(ux)])
            across = side in "EW"
            parts.append(_shops(shapes.rectangles(centre, width if across else depth, depth if across else width), rng))
    return joined(parts)


def _shops(shape: shapes.Shapes, rng: np.random.Generator) -> Footprints:
    n = len(shape)
    storeys = np.where(rng.random(n) < 0.3, 3, 2)
    height = storeys * 3.5 + rng.uniform(1.6, 2.6, n)
    roof = np.where(rng.random(n) < 0.28, "hip_and_gable", "gable").astype(object)
    return footprints(
        shape,
        use="commercial",
        storeys=storeys,
        height_m=height,
        eaves_m=storeys * 3.3,
        roof_form=roof,
        year=rng.integers(2009, 2020, n).astype(np.float64),
        lot=-1,
    )


def _bent(table: Footprints) -> Footprints:
    return with_shape(table, shapely.transform(table.shape, lambda xy: np.round(lanes.bend(xy), 2)))


def _moved_whole(table: Footprints) -> Footprints:
    """Monuments follow the bend at their compound's middle without changing shape."""
    shape = table.shape.copy()
    for lot in np.unique(table.lot):
        rows = np.flatnonzero(table.lot == lot)
        middle = np.array(shapely.union_all(table.shape[rows]).envelope.centroid.coords)
        shift = np.round(lanes.bend(middle) - middle, 2)[0]
        shape[rows] = [shapes.shifted(s, shift) for s in table.shape[rows]]
    return with_shape(table, shape)


def _lane_lines(plan: lanes.Plan) -> list[Array]:
    """Bent centre lines of the lanes, those that reach a shop strip carried on to the main street."""
    lines = []
    for lane in plan.lanes:
        ends = np.array([[lane.x0, lane.y0], [lane.x1, lane.y1]])
        for k in (
            0,
            1,
        ):  # x, y: an end on the strip goes on to the street's axis, one on the ring to the ring road
            size = np.abs(ends[:, k])
            edge = (wall.HALF_X, wall.HALF_Y)[k]
            ends[:, k] = np.where((np.abs(size - lanes.STRIP) < 0.01) & (lane.width > 5), 0.0, ends[:, k])
            ends[:, k] = np.where(
                np.abs(size - (edge - lanes.RING_IN)) < 0.01, np.sign(ends[:, k]) * (edge - 26.0), ends[:, k]
            )
        count = max(int(np.hypot(*(ends[1] - ends[0])) / 25.0), 1)
        t = np.linspace(0.0, 1.0, count + 1)[:, None]
        lines.append(lanes.bend(ends[0] + t * (ends[1] - ends[0])))
    return lines


def _without_blocked(table: Footprints, ways: NDArray[np.object_]) -> Footprints:
    return taken(table, shapes.clear_of(table.shape, ways))


@lru_cache(maxsize=2)
def old_town(seed: int) -> OldTown:
    """The walled town in EPSG:4547; no two footprints overlap, no house stands on a lane."""
    rng = frame.stream(seed, "old town")
    plan = lanes.plan(rng)
    plots = courtyards.plots(plan, rng)
    lines = [shapely.LineString(np.round(line, 2)) for line in _lane_lines(plan)]
    widths = np.array([lane.width for lane in plan.lanes])
    ways = shapely.buffer(np.array(lines, dtype=object), widths / 2 - 0.3, cap_style="flat")
    shops = _without_blocked(_shop_fronts(rng), ways)
    homes = _without_blocked(_bent(courtyards.houses(plots, rng)), ways)
    later = [wall.later(), barbicans.barbicans(), _moved_whole(monuments.later())]  # behind the rest: its ids stay
    whole = joined([wall.wall(), _moved_whole(monuments.compounds()), shops, homes, *later])
    kept = taken(whole, shapes.first_of_each_overlap(whole.shape))
    origin = np.array(frame.centre())
    moved = np.array(shapely.transform(kept.shape, lambda xy: np.round(xy + origin, 2)), dtype=object)
    in_city = tuple(shapely.transform(np.array(lines, dtype=object), lambda xy: xy + origin))
    return OldTown(with_shape(kept, moved), in_city, widths, plots)


def landmarks() -> list[tuple[str, str, float, float, float | None]]:
    """Gates, towers, monuments: name, kind, x, y in EPSG:4547, sourced height or None."""
    x0, y0 = frame.centre()
    local = [*wall.landmarks(), *monuments.landmarks()]
    made = []
    for name, kind, x, y, height in local:
        (bx, by) = (
            lanes.bend(np.array([[x, y]]))[0] if kind in ("temple", "palace", "mosque", "screen_wall") else (x, y)
        )
        made.append((name, kind, x0 + float(bx), y0 + float(by), height))
    return made


def wall_outline() -> shapely.Polygon:
    """The rectangle of the wall's outer faces in EPSG:4547: 1.80 x 1.82 km."""
    x0, y0 = frame.centre()
    return shapely.box(
        x0 - facts.WALL_EAST_WEST / 2,
        y0 - facts.WALL_NORTH_SOUTH / 2,
        x0 + facts.WALL_EAST_WEST / 2,
        y0 + facts.WALL_NORTH_SOUTH / 2,
    )
