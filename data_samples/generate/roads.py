"""Roads: the main streets and lanes of the old town, the city grid, county-seat grids, highways along
the valleys.

Main streets have their real names; every other name and every course is invented.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from data_samples.generate import facts, frame, names, oldtown, terrain
from data_samples.generate.frame import Array
from data_samples.generate.rivers import WENYING, YUHE_EAST, yuhe_sway

RING = 1005.0  # the ring road outside the moat
STEP = 1500.0  # lattice of the highway search
WIDTHS = {"trunk": 24.0, "primary": 32.0, "secondary": 20.0, "tertiary": 12.0, "lane": 4.0}


# county index -> extent of its seat's grid, metres; Pingcheng (1) is the city grid
TOWN_SIZES = {
    0: (1500, 1300),
    2: (3600, 2800),
    3: (2300, 1900),
    4: (2500, 2000),
    5: (2300, 1900),
    6: (2200, 1800),
    7: (2500, 1900),
    8: (2800, 2200),
    9: (2000, 1700),
}


@dataclass(frozen=True, slots=True)
class Road:
    """A centre line in EPSG:4547 metres; crossing roads of one grid share their vertices."""

    id: str
    name: str | None
    kind: str
    width: float
    line: shapely.LineString
    group: str


def _cuts(low: float, high: float, fixed: Iterable[float], rng: np.random.Generator, mean: float) -> Array:
    """Street positions between low and high that include the fixed ones, elsewhere some `mean` metres
    apart."""
    stops = sorted({low, high, *fixed})
    found: list[float] = []
    for a, b in zip(stops[:-1], stops[1:], strict=True):
        count = max(round((b - a) / mean), 1)
        inner = np.arange(1, count) + rng.uniform(-0.16, 0.16, count - 1)
        found += [a, *(a + inner * (b - a) / count)]
    return np.array([*found, stops[-1]])


def _in_city(x: Array, y: Array) -> NDArray[np.bool_]:
    """Whether points (metres round 四牌楼) lie in the built-up oval of the city."""
    wobble = 1.0 + 0.05 * np.sin(np.arctan2(y, x - 1500.0) * 5.0) + 0.04 * np.sin(np.arctan2(y, x - 1500.0) * 3.0 + 1.0)
    return np.asarray((np.abs((x - 1500.0) / 7600.0) ** 2.6 + np.abs(y / 6100.0) ** 2.6) < wobble)


def _bow(x: Array, y: Array) -> Array:
    """The grid bent beside the 御河 so that its bank roads follow the river; nothing moves near the wall."""
    pull = np.exp(-(((x - YUHE_EAST) / 620.0) ** 2))
    sway = 60.0 * np.sin(y / 2600.0) * np.clip((np.abs(x) - 2600.0) / 2500.0, 0, 1)
    return np.column_stack([x + yuhe_sway(y) * pull, y + 0.4 * sway])


def _runs(keep: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Index pairs of unbroken runs of kept segments."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], keep.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _grid_lines(across: Array, along: Array, vertical: bool, rng: np.random.Generator) -> list[tuple[int, Array]]:
    """(street number, points) of the pieces of one direction's streets that exist, metres round 四牌楼."""
    pieces = []
    for number, at in enumerate(across):
        x, y = (np.full(len(along), at), along) if vertical else (along, np.full(len(along), at))
        mx, my = (x[:-1] + x[1:]) / 2, (y[:-1] + y[1:]) / 2
        keep = _in_city(mx, my) & ~((np.abs(mx) < RING - 1) & (np.abs(my) < RING - 1))
        if not vertical and number % 2 and abs(at) > 1.0:
            keep &= np.abs(mx - YUHE_EAST) > 200.0  # every other street has no bridge
        if vertical:
            keep &= np.abs(mx - YUHE_EAST) > 100.0
        keep &= np.hypot((mx - WENYING[0]) / (WENYING[2] + 330.0), (my - WENYING[1]) / (WENYING[3] + 330.0)) > 1.0
        pieces += [(number, _bow(x, y)[a : b + 1]) for a, b in _runs(keep)]
    return pieces


@lru_cache(maxsize=2)
def city_grid(seed: int) -> tuple[Road, ...]:
    """Streets of Pingcheng: a bent grid with a ring round the wall, roads on both banks of the 御河,
    few bridges."""
    rng = frame.stream(seed, "city grid")
    x0, y0 = frame.centre()
    xs = _cuts(-6200.0, 9200.0, (-RING, 0.0, RING, YUHE_EAST - 190.0, YUHE_EAST + 190.0), rng, 560.0)
    ys = _cuts(-6200.0, 6200.0, (-RING, 0.0, RING), rng, 540.0)
    made = []
    for vertical, across, along in ((True, xs, ys), (False, ys, xs)):
        title = names.street_names(len(across), "路" if vertical else "街", frame.stream(seed, f"streets {vertical}"))
        for number, points in _grid_lines(across, along, vertical, rng):
            main = number % 3 == 0 or abs(abs(across[number]) - RING) < 1 or abs(across[number]) < 1
            kind = "primary" if main else "secondary"
            line = shapely.LineString(np.round(points + np.array([x0, y0]), 2))
            made.append(Road("", title[number], kind, WIDTHS[kind], line, "city"))
    return tuple(made)


def _main_streets() -> list[Road]:
    """The four named streets from 四牌楼 through their gates to the ring road, and the road inside the
    wall."""
    x0, y0 = frame.centre()
    made = []
    for side, (_, street, _) in facts.AXES.items():
        ux, uy = {"E": (1, 0), "W": (-1, 0), "N": (0, 1), "S": (0, -1)}[side]
        run = np.array([0.0, 440.0, 872.0, RING])
        line = shapely.LineString(np.column_stack([x0 + run * ux, y0 + run * uy]))
        made.append(Road("", street, "primary", 22.0, line, "old"))
    ring = np.array(
        [
            [874, -884],
            [874, 0],
            [874, 884],
            [0, 884],
            [-874, 884],
            [-874, 0],
            [-874, -884],
            [0, -884],
            [874, -884],
        ]
    )
    made.append(Road("", "顺城街", "secondary", 9.0, shapely.LineString(np.round(ring + np.array([x0, y0]), 2)), "old"))
    return made


def town_grid(index: int, centre: tuple[float, float], size: tuple[float, float], seed: int) -> list[Road]:
    """The streets of one county seat, turned by an angle of its own."""
    rng = frame.stream(seed, f"town {index}")
    x0, y0 = frame.centre()
    angle = rng.uniform(-0.3, 0.3)
    xs = _cuts(-size[0] / 2, size[0] / 2, (0.0,), rng, 330.0)
    ys = _cuts(-size[1] / 2, size[1] / 2, (0.0,), rng, 300.0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    origin = np.array([x0 + centre[0], y0 + centre[1]])
    made = []
    for vertical, across, along in ((True, xs, ys), (False, ys, xs)):
        title = names.street_names(len(across), "路" if vertical else "街", rng)
        for number, at in enumerate(across):
            points = np.column_stack([np.full(len(along), at), along] if vertical else [along, np.full(len(along), at)])
            ends = np.hypot(points[:, 0] / size[0], points[:, 1] / size[1]) < 0.62
            for a, b in _runs(ends[:-1] & ends[1:]):
                kind = "secondary" if abs(at) < 1 else "tertiary"
                line = shapely.LineString(np.round(points[a : b + 1] @ turn + origin, 2))
                made.append(Road("", title[number], kind, WIDTHS[kind], line, f"town {index}"))
    return made


def _cheapest_path(cost: Array, start: tuple[int, int], goal: tuple[int, int]) -> list[tuple[int, int]]:
    """Least-cost walk on a lattice of heights: climbing is dear (Dijkstra over eight neighbours)."""
    steps = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    best, back, heap = {start: 0.0}, {start: start}, [(0.0, start)]
    while heap:
        spent, node = heapq.heappop(heap)
        if node == goal:
            break
        if spent > best[node]:
            continue
        for i, j in steps:
            to = (node[0] + i, node[1] + j)
            if 0 <= to[0] < cost.shape[0] and 0 <= to[1] < cost.shape[1]:
                climb = abs(float(cost[to] - cost[node]))
                total = spent + (1.4142 if i and j else 1.0) * (1.0 + climb / 18.0)
                if total < best.get(to, np.inf):
                    best[to], back[to] = total, node
                    heapq.heappush(heap, (total, to))
    path = [goal]
    while path[-1] != start:
        path.append(back[path[-1]])
    return path[::-1]


def _rounded(points: Array) -> Array:
    """Three rounds of corner cutting; both ends stay."""
    for _ in range(3):
        a, b = points[:-1], points[1:]
        inner = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.vstack([points[:1], inner[1:-1], points[-1:]])
    return points


def _grids(seed: int) -> list[list[Road]]:
    """Street grids of the city and of every other county seat."""
    return [
        list(city_grid(seed)),
        *(town_grid(k, frame.label_points()[k], size, seed) for k, size in TOWN_SIZES.items()),
    ]


# pairs of county seats joined by a highway (indices of facts.COUNTIES); invented alignments
LINKS = ((0, 1), (1, 2), (1, 3), (3, 4), (4, 5), (3, 8), (8, 6), (6, 7), (2, 9), (0, 4), (8, 7))


@lru_cache(maxsize=2)
def highways(seed: int) -> tuple[Road, ...]:
    """Highways between the county seats on the least climbing way."""
    west, south, east, north = frame.rectangle(step=STEP)
    xs, ys = np.arange(west, east, STEP), np.arange(south, north, STEP)
    height = terrain.heights(seed, xs, ys).astype(np.float64)
    seats = np.array(frame.label_points()) + np.array(frame.centre())
    towns = shapely.union_all([shapely.MultiLineString([r.line for r in grid]).convex_hull for grid in _grids(seed)])
    rng = frame.stream(seed, "highways")
    made = []
    for number, (a, b) in enumerate(LINKS, start=1):
        ends = [
            (
                int(np.clip((p[1] - south) / STEP, 0, len(ys) - 1)),
                int(np.clip((p[0] - west) / STEP, 0, len(xs) - 1)),
            )
            for p in seats[[a, b]]
        ]
        path = np.array([(xs[j], ys[i]) for i, j in _cheapest_path(height, ends[0], ends[1])])
        path[1:-1] += rng.uniform(-420.0, 420.0, (len(path) - 2, 2))
        line = shapely.LineString(_rounded(np.vstack([seats[a], path[1:-1], seats[b]]))).simplify(8.0)
        open_road = max(shapely.get_parts(line.difference(towns)), key=lambda part: part.length)
        made.append(
            Road("", None, "trunk", WIDTHS["trunk"], shapely.set_precision(open_road, 0.1), f"highway {number}")
        )
    return tuple(made)


@lru_cache(maxsize=2)
def lane_names(seed: int) -> tuple[str, ...]:
    """Invented names of the old town's lanes, in the lanes' order."""
    return tuple(names.lane_names(len(oldtown.old_town(seed).lanes), frame.stream(seed, "lane names")))


@lru_cache(maxsize=2)
def roads(seed: int) -> tuple[Road, ...]:
    """Every road with its id, from the old town outward."""
    town = oldtown.old_town(seed)
    lanes = [
        Road("", name, "lane", float(width), line, "old")
        for name, width, line in zip(lane_names(seed), town.lane_widths, town.lanes, strict=True)
    ]
    streets = [road for grid in _grids(seed) for road in grid]
    whole = [*_main_streets(), *lanes, *streets, *highways(seed)]
    return tuple(Road(f"DT-R-{k:05d}", r.name, r.kind, r.width, r.line, r.group) for k, r in enumerate(whole, start=1))
