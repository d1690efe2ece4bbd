"""The four families of the national risk survey, geological hazard points and forest fire grids. Two shocks are sourced."""

from typing import Any

import numpy as np
import shapely

from data_samples.generate import facts, frame, terrain
from data_samples.generate.themes import places
from data_samples.generate.themes.item import Items, example, points, shapes

HAZARDS = ("earthquake", "geology", "weather", "flood", "fire")
_ELEMENTS = ("population", "buildings", "infrastructure", "services", "industry", "resources")
_CAPACITIES = ("government", "society", "households")
_COUNTIES = tuple(county.code for county in facts.COUNTIES)


def hazard_factors(seed: int) -> Items:
    """Three zones of each class that the city has: rough ovals about places of the counties."""
    rng = frame.stream(seed, "hazard zones")
    found, rows = [], list[dict[str, Any]]()
    for number in range(3 * len(HAZARDS)):
        code = _COUNTIES[int(rng.integers(len(_COUNTIES)))]
        at = places.in_counties(seed, (code,), 3000.0, f"hazard zone {number}")[0]
        angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
        radius = 2200.0 * (1 + 0.25 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.1 * np.sin(5 * angle))
        ring = at + np.column_stack([1.3 * radius * np.cos(angle), radius * np.sin(angle)])
        found.append(shapely.Polygon(np.round(ring, 1)))
        hazard = HAZARDS[number // 3]
        rows.append({"hazard": hazard, "kind": "示例灾种", "name": example("危险区", number + 1), "grade": "示例等级"})
    return shapes("DT-HF", found, rows)


def exposed_elements(seed: int) -> Items:
    """One record of each class for each county, with invented quantities."""
    rng = frame.stream(seed, "exposed")
    codes = tuple(code for code in _COUNTIES for _ in _ELEMENTS)
    xy = places.in_counties(seed, codes, 2500.0, "exposed places")
    rows = [
        {"class": _ELEMENTS[k % 6], "kind": "示例种类", "name": example("承灾体", k + 1), "division": code}
        | {"quantity": float(rng.integers(10, 4000)), "quantity_unit": "示例单位"}
        for k, code in enumerate(codes)
    ]
    return points("DT-EE", xy, rows)


def capacities(seed: int) -> Items:
    """One record of each class for each county."""
    rng = frame.stream(seed, "capacity")
    codes = tuple(code for code in _COUNTIES for _ in _CAPACITIES)
    xy = places.in_counties(seed, codes, 1800.0, "capacity places")
    rows = [
        {"class": _CAPACITIES[k % 3], "kind": "示例种类", "name": example("减灾资源", k + 1), "division": code}
        | {"quantity": float(rng.integers(1, 60)), "quantity_unit": "示例单位"}
        for k, code in enumerate(codes)
    ]
    return points("DT-CP", xy, rows)


def disasters(seed: int) -> Items:
    """The shocks of 1989-10-19 whose places are sourced, and eight invented events."""
    quakes = frame.to_city(np.array([q.place for q in facts.QUAKES_1989]))
    rows: list[dict[str, Any]] = [
        {"name": q.name, "hazard": "earthquake", "kind": "地震", "began_at": q.began_at, "year": 1989}
        | {"magnitude": q.magnitude, "is_synthetic": False, "source": q.source}
        for q in facts.QUAKES_1989
    ]
    rng = frame.stream(seed, "past disasters")
    codes = tuple(_COUNTIES[int(k)] for k in rng.integers(0, len(_COUNTIES), 8))
    for number, code in enumerate(codes, start=1):
        hazard = HAZARDS[1 + number % 4]
        rows.append(
            {
                "name": example("灾害", number),
                "hazard": hazard,
                "kind": "示例灾种",
                "year": int(rng.integers(1978, 2025)),
            }
            | {"affected": int(rng.integers(0, 900)), "division": code}
        )
    return points("DT-DS", np.vstack([quakes, places.in_counties(seed, codes, 5000.0, "disaster places")]), rows)


def risk_dangers(seed: int) -> Items:
    """Ten key dangers of the survey."""
    rng = frame.stream(seed, "risk dangers")
    xy = places.in_counties(seed, _COUNTIES, 4000.0, "risk danger places")
    rows = [
        {"name": example("重点隐患", k), "hazard": HAZARDS[k % len(HAZARDS)], "kind": "示例种类", "division": code}
        | {"threatened": int(rng.integers(5, 300))}
        for k, code in enumerate(_COUNTIES, start=1)
    ]
    return points("DT-RD", xy, rows)


def geological_hazards(seed: int) -> Items:
    """Fifteen places, the steepest of several tried in each county."""
    rng = frame.stream(seed, "geology")
    kinds = ("滑坡", "崩塌", "泥石流", "地面塌陷")
    ground = terrain.prefecture_cached(seed)
    found, rows = [], list[dict[str, Any]]()
    for number in range(1, 16):
        code = _COUNTIES[number % len(_COUNTIES)]
        tried = places.in_counties(seed, (code,) * 30, 6000.0, f"slope {number}")
        drop = np.abs(ground.at(tried + [120.0, 0.0]) - ground.at(tried)) + np.abs(
            ground.at(tried + [0.0, 120.0]) - ground.at(tried)
        )
        found.append(tried[int(np.argmax(drop))])
        rows.append(
            {"name": example("地灾点", number), "kind": kinds[number % 4], "division": code, "scale": "示例规模"}
            | {"households": int(rng.integers(0, 30))}
        )
    return points("DT-GH", np.array(found), rows)


def forest_grids(seed: int) -> Items:
    """Twelve squares of 2 km on the highest ground of two counties, one grade each from 1 to 5."""
    rng = frame.stream(seed, "forest")
    found, rows = [], list[dict[str, Any]]()
    for corner, code in zip(
        places.in_counties(seed, ("140225", "140224"), 3000.0, "forests"), ("140225", "140224"), strict=True
    ):
        for k in range(6):
            west, south = corner[0] + 2000.0 * (k % 3), corner[1] + 2000.0 * (k // 3)
            found.append(shapely.box(west, south, west + 2000.0, south + 2000.0))
            rows.append(
                {"name": example("防火网格", len(rows) + 1), "grade": str(1 + int(rng.integers(5))), "area_ha": 400.0}
                | {"guard": "示例护林员", "division": code}
            )
    return shapes("DT-FG", found, rows)
