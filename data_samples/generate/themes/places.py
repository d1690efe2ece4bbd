"""Where the things of the thematic samples stand: in buildings of a use, along streets, out in the counties."""

from functools import lru_cache

import numpy as np
import shapely

from data_samples.generate import addresses, facts, frame, roads
from data_samples.generate.frame import Array

_NEAR_M = 5_000.0


@lru_cache(maxsize=16)
def _of_use(seed: int, use: str) -> tuple[Array, tuple[str | None, ...]]:
    old, outside, _ = addresses.addressed(seed)
    table = old if use in ("commercial", "public") else outside
    mine = np.flatnonzero(table.use == use)
    xy = shapely.get_coordinates(shapely.point_on_surface(table.shape[mine]))
    near = np.hypot(*(xy - frame.centre()).T) < _NEAR_M
    return xy[near], tuple(table.address[mine[near]].tolist())


def in_buildings(seed: int, use: str, count: int, stream: str) -> tuple[Array, list[str | None]]:
    """Points (n, 2) in different buildings of a use in and about the centre, and the buildings' addresses."""
    xy, texts = _of_use(seed, use)
    chosen = np.sort(frame.stream(seed, stream).choice(len(xy), min(count, len(xy)), replace=False))
    return xy[chosen], [texts[k] for k in chosen]


@lru_cache(maxsize=2)
def streets(seed: int) -> tuple[roads.Road, ...]:
    """The streets that networks lie under: main streets of the old town and the nearest ones of the city's grid."""
    x0, y0 = frame.centre()
    near = shapely.box(x0 - 1150, y0 - 1150, x0 + 1150, y0 + 1150)
    found = [r for r in roads.roads(seed) if r.group in ("old", "city") and r.kind in ("primary", "secondary")]
    inside = [(road, shapely.intersection(road.line, near)) for road in found]
    return tuple(
        roads.Road(road.id, road.name, road.kind, road.width, line, road.group)
        for road, line in inside
        if isinstance(line, shapely.LineString) and line.length > 200.0
    )


def along_streets(seed: int, step_m: float, aside_m: float, stream: str, most: int) -> tuple[Array, list[str | None]]:
    """Points (n, 2) beside the streets, now on one side and now on the other, and the streets' names."""
    rng = frame.stream(seed, stream)
    xy, names = [], list[str | None]()
    for road in streets(seed):
        at = np.arange(step_m / 2, road.line.length, step_m)
        on = shapely.get_coordinates(shapely.line_interpolate_point(road.line, at))
        ahead = shapely.get_coordinates(shapely.line_interpolate_point(road.line, at + 1.0)) - on
        side = np.column_stack([-ahead[:, 1], ahead[:, 0]]) * rng.choice([-1.0, 1.0], len(at))[:, None]
        xy.append(on + side * (road.width / 2 + aside_m))
        names += [road.name] * len(at)
    whole = np.vstack(xy)
    chosen = np.sort(rng.permutation(len(whole))[:most])
    return whole[chosen], [names[k] for k in chosen]


def in_counties(seed: int, codes: tuple[str, ...], spread_m: float, stream: str) -> Array:
    """A point (n, 2) for each county code named, so far about the county's label point."""
    rng = frame.stream(seed, stream)
    order = [county.code for county in facts.COUNTIES]
    labels = np.array(frame.label_points())[[order.index(code) for code in codes]]
    found: Array = labels + frame.centre() + rng.uniform(-spread_m, spread_m, labels.shape)
    return found
