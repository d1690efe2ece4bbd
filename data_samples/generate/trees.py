"""Trees of the old town and its belt: along streets and lanes, in courtyards and temples, by the moat; all invented."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from cim.grounds import pavement_m
from data_samples.generate import facts, frame, lanes, monuments, oldtown, rivers, roads
from data_samples.generate.frame import Array
from data_samples.generate.themes import streets

HEADER = ("编号", "树形", "树种", "树高", "冠幅", "经度", "纬度")
_WORDS = {"broadleaf": "阔叶", "conifer": "针叶", "weeping": "垂枝", "columnar": "窄冠", "shrub": "灌木"}


@dataclass(frozen=True, slots=True)
class Species:
    """A species as this generator plants it: its word, shape, and the usual height and width of crown, metres."""

    word: str
    kind: str
    height: float
    crown: float


LOCUST = Species("国槐", "broadleaf", 9.0, 6.5)
ELM = Species("榆", "broadleaf", 10.0, 7.0)
JUJUBE = Species("枣", "broadleaf", 6.0, 4.2)
CRAB = Species("海棠", "broadleaf", 4.2, 3.4)
WILLOW = Species("垂柳", "weeping", 9.5, 7.0)
POPLAR = Species("新疆杨", "columnar", 14.0, 3.6)
PINE = Species("油松", "conifer", 9.0, 5.0)
CEDAR = Species("侧柏", "conifer", 10.5, 3.6)
LILAC = Species("丁香", "shrub", 2.2, 2.4)
TRUNK_M = 0.3
"""How far the middle of a trunk keeps off the edge of a carriageway."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees (n) in EPSG:4547 with their sizes in metres."""

    xy: Array
    species: NDArray[np.object_]
    height: Array
    crown: Array

    def __len__(self) -> int:
        return len(self.xy)


def _planted(
    xy: Array, choices: tuple[Species, ...], rng: np.random.Generator, shares: tuple[float, ...] = ()
) -> Trees:
    """A tree at each point (n, 2), of one of these species, a third smaller to a third larger than usual."""
    picks = rng.choice(len(choices), len(xy), p=shares or None)
    size = rng.uniform(0.68, 1.32, len(xy))
    sizes = np.array([(one.height, one.crown) for one in choices])[picks] * size[:, None]
    crown = sizes[:, 1] * rng.uniform(0.88, 1.12, len(xy))
    return Trees(xy, np.array(choices, dtype=object)[picks], np.round(sizes[:, 0], 1), np.round(crown, 1))


def _beside(line: shapely.LineString, aside: float, step: float, rng: np.random.Generator) -> Array:
    """Points (n, 2) along both sides of a line, `aside` metres off it, about `step` metres apart."""
    at = np.arange(step / 2, line.length - step / 2, step)
    on = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, at + 0.5)) - on
    side = np.column_stack([-ahead[:, 1], ahead[:, 0]]) * 2.0 * aside
    whole: Array = np.vstack([on + side, on - side])
    return whole + rng.uniform(-0.5, 0.5, whole.shape)


def _scattered(boxes: Array, per_box: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """Points (n, 2) strewn over boxes (b, 4) west, south, east, north: per_box (b,) in each."""
    owner = np.repeat(np.arange(len(boxes)), per_box)
    low, high = boxes[owner, :2], boxes[owner, 2:]
    found: Array = low + rng.random((len(owner), 2)) * (high - low)
    return found


def _ring(low: float, high: float, step: float, rng: np.random.Generator) -> Array:
    """Points (n, 2) round the wall, between two distances from it, metres round 四牌楼."""
    half_x, half_y = facts.WALL_EAST_WEST / 2, facts.WALL_NORTH_SOUTH / 2
    outer = shapely.box(-half_x - high, -half_y - high, half_x + high, half_y + high)
    inner = shapely.box(-half_x - low, -half_y - low, half_x + low, half_y + low)
    west, south, east, north = outer.bounds
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    at = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-step / 3, step / 3, (x.size, 2))
    return at[shapely.contains_xy(outer, *at.T) & ~shapely.contains_xy(inner, *at.T)]


def _in_streets(seed: int, rng: np.random.Generator) -> list[Trees]:
    """Rows of trees in the main streets, by the road along the wall, in some lanes and along the nearest city streets."""
    found = []
    x0, y0 = frame.centre()
    near = shapely.box(x0 - 1_300, y0 - 1_300, x0 + 1_300, y0 + 1_300)
    for road in roads.roads(seed):
        line = shapely.intersection(road.line, near)
        if not isinstance(line, shapely.LineString) or line.is_empty or line.length < 20.0:
            continue
        if road.group == "old" and road.kind == "primary":
            found.append(_planted(_beside(line, 8.6, 8.0, rng), (LOCUST,), rng))
        elif road.group == "old" and road.kind == "secondary":
            found.append(_planted(_beside(line, 6.5, 9.0, rng), (LOCUST, ELM), rng))
        elif road.kind == "lane":
            # beside the lane, where a wall stands back from it
            at = _beside(line, road.width / 2 + 1.3, 13.0, rng)
            found.append(_planted(at[rng.random(len(at)) < 0.7], (LOCUST, ELM, CRAB), rng))
        elif road.group == "city":
            found.append(_planted(_beside(line, road.width / 2 + 2.5, 16.0, rng), (POPLAR, LOCUST), rng, (0.6, 0.4)))
    return found


def _in_grounds(seed: int, rng: np.random.Generator) -> list[Trees]:
    """Trees in courtyards, temples, round the wall, by the moat and in the strips of green."""
    origin = np.array(frame.centre())
    plots = oldtown.old_town(seed).plots.box
    yards = lanes.bend(_scattered(plots, rng.integers(1, 4, len(plots)), rng)) + origin
    boxes = np.array([compound[2:] for compound in monuments.COMPOUNDS], dtype=np.float64)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    temples = lanes.bend(_scattered(boxes, (area / 95.0).astype(np.int64), rng)) + origin
    strips = np.array([item.shape.bounds for item in streets.green_spaces(seed)])
    green = _scattered(strips, np.full(len(strips), 160), rng)
    inside = shapely.union_all([item.shape for item in streets.green_spaces(seed)])
    green = green[shapely.contains_xy(inside, *green.T)]
    return [
        _planted(yards, (JUJUBE, CRAB, LOCUST, LILAC), rng, (0.35, 0.25, 0.2, 0.2)),
        _planted(temples, (CEDAR, PINE, LOCUST), rng, (0.55, 0.3, 0.15)),
        _planted(_ring(15.0, 29.0, 13.0, rng) + origin, (LOCUST, PINE, LILAC), rng, (0.4, 0.25, 0.35)),
        _planted(_ring(44.5, 48.0, 7.5, rng) + origin, (WILLOW,), rng),
        _planted(_ring(52.0, 74.0, 16.0, rng) + origin, (ELM, PINE, LILAC, CRAB), rng, (0.35, 0.2, 0.3, 0.15)),
        _planted(green, (WILLOW, ELM, LILAC, PINE), rng, (0.4, 0.2, 0.3, 0.1)),
    ]


@lru_cache(maxsize=2)
def trees(seed: int) -> Trees:
    """Every tree: none in a wall or under an eaves, none on a carriageway, none within three metres of another."""
    rng = frame.stream(seed, "trees")
    parts = [*_in_streets(seed, rng), *_in_grounds(seed, rng)]
    xy = np.vstack([part.xy for part in parts])
    species = np.concatenate([part.species for part in parts])
    height, crown = (np.concatenate([getattr(part, name) for part in parts]) for name in ("height", "crown"))
    keep = _clear(seed, xy, crown)
    kept = np.flatnonzero(keep)
    kept = kept[_apart(xy[kept], 3.0)]
    return Trees(np.round(xy[kept], 2), species[kept], height[kept], crown[kept])


def _clear(seed: int, xy: Array, crown: Array) -> NDArray[np.bool_]:
    """Whether each (n,) stands clear of walls, roofs, water and carriageways."""
    points = shapely.points(xy)
    buildings = oldtown.old_town(seed).buildings.shape
    keep = np.ones(len(xy), dtype=bool)
    near, _ = shapely.STRtree(buildings).query(points, predicate="dwithin", distance=np.clip(crown * 0.3, 0.9, 2.4))
    keep[near] = False
    ways = []
    for road in roads.roads(seed):
        if road.group in ("old", "city"):
            ways.append(shapely.buffer(road.line, road.width / 2 - pavement_m(road.kind, road.width) + TRUNK_M))
    hit, _ = shapely.STRtree(ways).query(points, predicate="within")
    keep[hit] = False
    wet, _ = shapely.STRtree([body.shape for body in rivers.waters(seed)]).query(points, predicate="within")
    keep[wet] = False
    return keep


def _apart(xy: Array, gap: float) -> NDArray[np.int64]:
    """The rows of points (n, 2) that no earlier kept one is within `gap` of."""
    points = np.asarray(shapely.points(xy))
    left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=gap)
    keep = np.ones(len(xy), dtype=bool)
    order = np.lexsort((right, left))
    for later, earlier in zip(left[order].tolist(), right[order].tolist(), strict=True):
        if later > earlier and keep[earlier]:
            keep[later] = False
    return np.flatnonzero(keep)


def rows(seed: int) -> list[tuple[str, ...]]:
    """The table's rows: number, shape, species, height, crown, place."""
    found = trees(seed)
    lonlat = frame.to_lonlat(found.xy)
    return [
        (f"DT-T{k}", _WORDS[kind.kind], kind.word, f"{high:.1f}", f"{wide:.1f}", f"{lon:.6f}", f"{lat:.6f}")
        for k, (kind, high, wide, (lon, lat)) in enumerate(
            zip(found.species, found.height.tolist(), found.crown.tolist(), lonlat, strict=True), start=1
        )
    ]
