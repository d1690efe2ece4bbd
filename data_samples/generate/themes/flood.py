"""Reservoirs, reaches and gauging stations. 册田水库's levels are sourced, its dam's place is not; the rest is invented."""

from typing import Any

import numpy as np
import shapely
import shapely.ops

from data_samples.generate import facts, frame, rivers, stations
from data_samples.generate.themes import places
from data_samples.generate.themes.item import Items, example, points, shapes

_REACH_M = 12_000.0


def reservoirs(seed: int) -> Items:
    """册田水库 with its sourced ladder, and two invented ones of which less is known."""
    dam = next(s for s, _ in stations.stations(seed) if s.observes == "reservoir")
    others = places.in_counties(seed, ("140225", "140226"), 5000.0, "reservoirs")
    steps = facts.CETIAN_LADDER
    cetian: dict[str, Any] = {
        "name": "册田水库",
        "river": "桑干河",
        "scale": "大(2)型",
        "storage_m3": facts.CETIAN_STORAGE_M3,
        "catchment_km2": facts.CETIAN_CATCHMENT_KM2,
        "flood_limit_m": steps["flood_limit"],
        "crest_m": steps["dam_crest"],
        "ladder": {name: steps[name] for name in ("emergency_spillway", "open_everything")},
    }
    invented: list[dict[str, Any]] = [
        {"name": example("水库", 1), "scale": "小型", "dead_m": 1180.0, "normal_m": 1188.5, "flood_limit_m": 1187.0}
        | {"design_m": 1189.6, "check_m": 1190.4, "crest_m": 1191.5, "dangerous": "no"},
        {"name": example("水库", 2), "scale": "小型", "crest_m": 1352.0, "dangerous": "yes"},
    ]
    return points("DT-RV", np.vstack([[(dam.x, dam.y)], others]), [cetian, *invented])


def river_reaches(seed: int) -> Items:
    """The courses in reaches. Named rivers have no levels, for none was sourced; the unnamed one has some."""
    found, rows = [], list[dict[str, Any]]()
    inside = shapely.box(*frame.rectangle())
    for river in rivers.courses(seed):
        line = shapely.intersection(shapely.LineString(river.xy[::3]), inside)
        line = max(shapely.get_parts(line), key=lambda part: part.length)
        cuts = np.linspace(0.0, 1.0, max(2, int(line.length / _REACH_M)) + 1)
        for number, (a, b) in enumerate(zip(cuts[:-1], cuts[1:], strict=True), start=1):
            piece = shapely.ops.substring(line, a, b, normalized=True)
            found.append(shapely.simplify(piece, 8.0))
            row: dict[str, Any] = {
                "name": f"{river.name or '示例河'}第{number}段",
                "river": river.name,
                "dangerous": "no",
            }
            if river.name is None and number == 1:
                bed = float(river.bed[0])
                row |= {"warning_m": bed + 3.0, "guarantee_m": bed + 4.5, "dyke_height_m": 3.5, "dangerous": "yes"}
            rows.append(row | {"length_m": round(float(piece.length), 0)})
    return shapes("DT-RR", found, rows)


def gauging_stations(seed: int) -> Items:
    """The water level stations of the sample, each with the sensor that reports for it, and four rain gauges."""
    water = [(s, p) for s, p in stations.stations(seed) if s.kind == "water_level"]
    rows: list[dict[str, Any]] = [
        {"name": s.name, "class": "K" if s.observes == "reservoir" else "H", "thing": properties["code"]}
        | {"river": "桑干河" if s.observes == "reservoir" else "御河"}
        for s, properties in water
    ]
    rain = places.in_counties(seed, ("140212", "140215", "140225", "140226"), 3000.0, "rain gauges")
    rows += [{"name": example("雨量站", k), "class": "P"} for k in range(1, len(rain) + 1)]
    return points("DT-GA", np.vstack([[(s.x, s.y) for s, _ in water], rain]), rows)
