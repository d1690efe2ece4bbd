"""Settlements: Pingcheng outside the wall, the other county seats and villages, filled block by block."""

from functools import lru_cache

import numpy as np
import shapely

from data_samples.generate import blocks, divisions, facts, frame, oldtown, roads, shapes, terrain
from data_samples.generate.blocks import Maker, Site
from data_samples.generate.footprints import Footprints, footprints, joined, taken, with_shape
from data_samples.generate.frame import Array
from data_samples.generate.rivers import YUHE_EAST, waters

TARGET = 26_000  # buildings outside the wall; villages are added until it is reached
LOTS_FROM = 10_000  # lots outside the old town are numbered from here
Choice = tuple[tuple[Maker | None, float], ...]
WEST_CITY: Choice = (
    (blocks.slabs, 0.46),
    (blocks.perimeter, 0.18),
    (blocks.towers, 0.07),
    (blocks.old_houses, 0.015),
    (blocks.offices, 0.06),
    (blocks.malls, 0.03),
    (blocks.schools, 0.07),
    (None, 0.06),
)
EAST_CITY: Choice = (
    (blocks.towers, 0.50),
    (blocks.slabs, 0.13),
    (blocks.offices, 0.13),
    (blocks.malls, 0.05),
    (blocks.schools, 0.09),
    (None, 0.10),
)
FRINGE: Choice = (
    (blocks.works, 0.36),
    (blocks.old_houses, 0.055),
    (blocks.slabs, 0.26),
    (blocks.schools, 0.06),
    (None, 0.26),
)
SEAT: Choice = (
    (blocks.slabs, 0.46),
    (blocks.old_houses, 0.06),
    (blocks.perimeter, 0.17),
    (blocks.towers, 0.05),
    (blocks.schools, 0.07),
    (blocks.offices, 0.03),
    (blocks.works, 0.04),
    (None, 0.04),
)


def _drawn(choice: Choice, rng: np.random.Generator) -> Maker | None:
    weights = np.array([share for _, share in choice])
    return choice[int(rng.choice(len(choice), p=weights / weights.sum()))][0]


def _district(x: float, y: float, rng: np.random.Generator) -> tuple[Maker | None, float]:
    """What a block of Pingcheng holds and how densely, by its place round 四牌楼 (metres)."""
    edge = abs((x - 1500.0) / 7600.0) ** 2.6 + abs(y / 6100.0) ** 2.6
    if edge > 0.62 or (x < -3600 and y < -1500):
        return _drawn(FRINGE, rng), 0.72
    if x > YUHE_EAST + 300.0:
        gov = np.array(frame.around_centre(facts.CITY_GOVERNMENT))
        if np.hypot(*(np.array([x, y]) - gov)) < 900.0:
            return blocks.offices, 0.6
        return _drawn(EAST_CITY, rng), 0.74
    return _drawn(WEST_CITY, rng), 0.86


def _land(group: tuple[roads.Road, ...] | list[roads.Road], obstacles: shapely.Geometry) -> list[shapely.Polygon]:
    """Faces between a grid's streets, drawn back from the kerbs and cut free of obstacles."""
    lines = [road.line for road in group]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    ways = shapely.union_all(shapely.buffer(lines, [road.width / 2 + 9.0 for road in group], cap_style="square"))
    open_land = shapely.difference(shapely.difference(faces, ways), obstacles)
    return [p for p in shapely.get_parts(open_land) if p.area > 4000.0]


def _filled(made: Footprints, lot: int) -> Footprints:
    made.lot[:] = lot
    return made


def _pingcheng(seed: int, obstacles: shapely.Geometry) -> list[Footprints]:
    rng = frame.stream(seed, "pingcheng")
    x0, y0 = frame.centre()
    parts = []
    walls = oldtown.wall_outline().buffer(75.0, join_style="mitre")
    for number, land in enumerate(_land(roads.city_grid(seed), shapely.union(obstacles, walls))):
        place = land.representative_point()
        maker, density = _district(place.x - x0, place.y - y0, rng)
        if maker is not None:
            parts.append(_filled(maker(Site(land, _street_angle(land), density), rng), LOTS_FROM + number))
    return parts


def _street_angle(land: shapely.Polygon) -> float:
    """Direction of the block's longer side nearest to east-west, radians."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(land))
    edge = corners[1] - corners[0]
    angle = float(np.arctan2(edge[1], edge[0]))
    turned = (angle + np.pi / 4) % (np.pi / 2) - np.pi / 4
    return turned if abs(turned) < 0.5 else 0.0


def _seats(seed: int, obstacles: shapely.Geometry) -> list[Footprints]:
    parts = []
    for k, size in roads.TOWN_SIZES.items():
        rng = frame.stream(seed, f"seat {k}")
        streets = roads.town_grid(k, frame.label_points()[k], size, seed)
        for number, land in enumerate(_land(streets, obstacles)):
            maker = _drawn(SEAT, rng)
            if maker is not None:
                parts.append(_filled(maker(Site(land, _street_angle(land), 0.85), rng), LOTS_FROM * (k + 2) + number))
    return parts


def _village(centre: Array, angle: float, homes: int, rng: np.random.Generator) -> Footprints:
    """Rows of farmhouses facing south along a few alleys; main house and side house per yard."""
    columns = int(np.ceil(np.sqrt(homes * 1.5)))
    k = np.arange(homes)
    grid = np.column_stack(
        [
            (k % columns - columns / 2) * 21.0 + (k % columns) // 6 * 7.0,
            (k // columns - homes / columns / 2) * 30.0,
        ]
    )
    grid += rng.uniform(-1.2, 1.2, grid.shape)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    width = rng.uniform(12.0, 17.0, homes)
    main = shapes.rectangles((grid + np.array([0.0, 7.0])) @ turn + centre, width, rng.uniform(6.0, 7.5, homes), angle)
    side = shapes.rectangles((grid + np.array([-6.0, -4.0])) @ turn + centre, 4.6, rng.uniform(7.0, 9.5, homes), angle)
    keep = rng.random(homes) < 0.88
    some = keep & (rng.random(homes) < 0.55)
    height = rng.uniform(4.2, 5.4, homes)
    big = footprints(
        main[keep],
        use="residential",
        storeys=1,
        height_m=height[keep],
        eaves_m=height[keep] * 0.66,
        roof_form="gable",
        year=rng.integers(1970, 2015, int(keep.sum())).astype(float),
    )
    small = footprints(side[some], use="residential", storeys=1, height_m=3.4, eaves_m=2.6, roof_form="shed")
    return joined([big, small])


def _village_places(seed: int) -> tuple[Array, Array]:
    """Village centres (n, 2) beside highways and in the plains, with a row angle; on gentle ground
    inside the city only."""
    rng = frame.stream(seed, "village places")
    found = []
    for road in roads.highways(seed):
        along = np.arange(900.0, road.line.length - 900.0, 1500.0)
        along = along + rng.uniform(-400.0, 400.0, len(along))
        on = shapely.get_coordinates(shapely.line_interpolate_point(road.line, along))
        off = rng.uniform(170.0, 900.0, len(along)) * rng.choice([-1.0, 1.0], len(along))
        turn = rng.uniform(0, 2 * np.pi, len(along))
        found.append(on + off[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]))
    west, south, east, north = frame.rectangle()
    found.append(np.column_stack([rng.uniform(west, east, 900), rng.uniform(south, north, 900)]))
    places = np.vstack(found)
    inside = np.array([code is not None for code in divisions.code_at(seed, places)])
    height = terrain.prefecture_cached(seed)
    around = [height.at(places + np.array(step)) for step in ((250.0, 0.0), (-250.0, 0.0), (0.0, 250.0), (0.0, -250.0))]
    slope = (np.max(around, axis=0) - np.min(around, axis=0)) / 500.0
    gentle = inside & (slope < 0.07) & (height.at(places) < 1500.0)
    chosen = rng.permutation(np.flatnonzero(gentle))
    return places[chosen], rng.uniform(-0.25, 0.25, len(chosen))


def _villages(seed: int, wanted: int) -> list[Footprints]:
    rng = frame.stream(seed, "villages")
    parts: list[Footprints] = []
    count = 0
    for place, angle in zip(*_village_places(seed), strict=True):
        if count >= wanted:
            break
        part = _village(place, float(angle), int(rng.integers(24, 80)), rng)
        parts.append(part)
        count += len(part)
    return parts


@lru_cache(maxsize=2)
def outside(seed: int) -> Footprints:
    """All buildings outside the wall: none overlaps another, none touches water or a road."""
    water = np.array([w.shape for w in waters(seed)], dtype=object)
    # The moat lies in the belt round the wall, which is kept free as it is.
    banks = shapely.union_all(shapely.buffer([w.shape for w in waters(seed) if w.kind != "moat"], 25.0))
    town = joined(_pingcheng(seed, banks) + _seats(seed, banks))
    rural = joined(_villages(seed, int((TARGET - len(town)) * 1.06)))
    whole = joined([town, rural])
    network = [r for r in roads.roads(seed) if r.kind != "lane"]
    ways = shapely.buffer([r.line for r in network], [r.width / 2 for r in network])
    keep = shapes.clear_of(whole.shape, np.concatenate([ways, water, [oldtown.wall_outline().buffer(45.0)]]))
    kept = taken(whole, np.flatnonzero(keep))
    kept = taken(kept, shapes.first_of_each_overlap(kept.shape, gap=0.5))
    return with_shape(kept, np.asarray(shapely.set_precision(kept.shape, 0.01), dtype=object))
