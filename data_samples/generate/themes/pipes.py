"""Pipes under the streets about the old town, and the wells of the drains: courses, depths and sizes are invented."""

from functools import lru_cache
from typing import Any

import numpy as np
import shapely
import shapely.ops

from data_samples.generate import frame, terrain
from data_samples.generate.themes import places
from data_samples.generate.themes.item import Items, points, shapes

# network -> offset from the middle of the street (m), depth (m), diameters (mm), material
_NETWORKS = {
    "water": (3.0, 1.8, (100, 200, 300), "球墨铸铁"),
    "gas": (-4.5, 1.5, (110, 160, 200), "聚乙烯"),
    "heat": (6.0, 2.2, (200, 300, 500), "钢"),
    "power": (-7.5, 0.9, (150, 200), "聚氯乙烯套管"),
    "telecom": (9.0, 0.8, (110,), "聚氯乙烯套管"),
}
_DRAIN_DEPTH, _DRAIN_FALL = 2.6, 0.0015
_LONGEST_M = 400.0
_STREETS = 12


def _stretches(line: Any) -> list[Any]:
    """The line in pieces of equal length, none longer than a block."""
    line = shapely.simplify(line, 0.05)
    count = int(np.ceil(line.length / _LONGEST_M))
    cuts = np.linspace(0.0, 1.0, count + 1)
    return [shapely.ops.substring(line, a, b, normalized=True) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]


def pressed(seed: int) -> Items:
    """Water, gas, heat, power and telecom: flat lines with the depths of both ends, as an old register has them."""
    rng = frame.stream(seed, "pipes")
    lines, rows = [], []
    for network, (aside, depth, sizes, material) in _NETWORKS.items():
        for street in places.streets(seed)[:_STREETS]:
            for piece in _stretches(shapely.offset_curve(street.line, aside)):
                start, end = (round(depth + float(d), 2) for d in rng.uniform(-0.2, 0.3, 2))
                known = rng.random() > 0.05  # one in twenty has no depth, as registers are
                lines.append(piece)
                rows.append(
                    {
                        "kind": network,
                        "name": street.name,
                        "diameter_mm": int(rng.choice(sizes)),
                        "material": material,
                        "year": int(rng.integers(1985, 2022)),
                        "start_depth_m": start if known else None,
                        "end_depth_m": end if known else None,
                        "measured_at": "管顶",
                    }
                )
    return shapes("DT-P", lines, rows)


@lru_cache(maxsize=2)
def drains(seed: int) -> Items:
    """Drains as surveyed: a height at every vertex, falling evenly from one end to the other."""
    rng = frame.stream(seed, "drains")
    lines, rows = [], []
    for street in places.streets(seed)[:_STREETS]:
        for piece in _stretches(shapely.offset_curve(street.line, -1.5)):
            xy = shapely.get_coordinates(piece)
            run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
            z = float(terrain.prefecture_cached(seed).at(xy).min()) - _DRAIN_DEPTH - _DRAIN_FALL * run
            lines.append(shapely.LineString(np.round(np.column_stack([xy, z]), 2)))
            rows.append(
                {
                    "kind": "drainage",
                    "name": street.name,
                    "diameter_mm": int(rng.choice((400, 600, 800))),
                    "material": "钢筋混凝土",
                    "year": int(rng.integers(1985, 2022)),
                    "measured_at": "管内底",
                }
            )
    return shapes("DT-PD", lines, rows)


def wells(seed: int) -> Items:
    """A well at each end of a drain: the ground there, and how deep it goes."""
    ends = np.vstack([shapely.get_coordinates(item.shape, include_z=True)[[0, -1]] for item in drains(seed)])
    ground = np.round(terrain.prefecture_cached(seed).at(ends[:, :2]), 2)
    rows = [
        {"network": "排水", "kind": "检查井", "ground_m": float(g), "depth_m": round(float(g - z), 2), "cover": "铸铁"}
        for g, z in zip(ground, ends[:, 2], strict=True)
    ]
    return points("DT-PW", ends[:, :2], rows)
