"""Stations: some forty synthetic sensors; thresholds only where a source gives them (册田水库,
combustible gas)."""

from typing import Any, NamedTuple

import numpy as np
import shapely

from data_samples.generate import addresses, divisions, facts, frame, rivers, roads


class Kind(NamedTuple):
    """What a kind of station observes: property in English and Chinese, unit symbol and full name,
    period in seconds."""

    observed_property: str
    observed_property_zh: str
    unit: str
    unit_name: str
    period_s: int


KINDS = {
    "gas": Kind(
        "combustible gas concentration as a share of the lower explosive limit",
        "可燃气体浓度(爆炸下限百分比)",
        "%LEL",
        "percent of the lower explosive limit",
        60,
    ),
    "reservoir": Kind(
        "reservoir water level above the dam",
        "水库坝上水位",
        "m",
        "metre, 1985 national height datum assumed",
        300,
    ),
    "river": Kind("river stage", "河道水位", "m", "metre, 1985 national height datum assumed", 300),
    "traffic": Kind("traffic flow through the cross-section", "断面交通流量", "veh/h", "vehicles per hour", 60),
    "air": Kind(
        "mass concentration of particulate matter up to 2.5 micrometres (PM2.5)",
        "细颗粒物(PM2.5)质量浓度",
        "µg/m³",
        "microgram per cubic metre",
        3600,
    ),
}


class Station(NamedTuple):
    """A station at x, y (EPSG:4547 metres); `kind` as published, `observes` a key of KINDS; building =
    footprint id or None."""

    name: str
    kind: str
    observes: str
    x: float
    y: float
    thresholds: dict[str, float]
    building: str | None


def _gas(seed: int) -> list[Station]:
    """Detectors in shops and monuments of the old town, each bound to its building."""
    old, _, _ = addresses.addressed(seed)
    rng = frame.stream(seed, "gas")
    shops = rng.choice(np.flatnonzero((old.use == "commercial") & (old.storeys >= 2)), 12, replace=False)
    made = []
    for number, k in enumerate(np.sort(shops), start=1):
        point = shapely.point_on_surface(old.shape[k])
        made.append(
            Station(
                f"古城燃气探测器{number:02d}",
                "gas",
                "gas",
                point.x,
                point.y,
                dict(facts.GAS_THRESHOLDS),
                f"DT-OT-{k + 1:06d}",
            )
        )
    return made


def _water(seed: int) -> list[Station]:
    lake = next(w for w in rivers.waters(seed) if w.name == "册田水库")
    east = shapely.get_coordinates(lake.shape)
    dam = east[np.argmax(east[:, 0])]
    made = [
        Station(
            "册田水库坝上水位站",
            "water_level",
            "reservoir",
            float(dam[0]) - 200.0,
            float(dam[1]),
            dict(facts.CETIAN_LADDER),
            None,
        )
    ]
    x0, y0 = frame.centre()
    for number, north in enumerate((5200.0, 2400.0, -400.0, -3000.0, -5600.0), start=1):
        x = x0 + rivers.YUHE_EAST + float(rivers.yuhe_sway(np.array([north]))[0])
        made.append(Station(f"御河水位站{number}", "water_level", "river", x, y0 + north, {}, None))
    return made


def _traffic(seed: int) -> list[Station]:
    """Counters on the main streets and on primary streets of the grid."""
    chosen = [r for r in roads.roads(seed) if r.kind == "primary" and r.name and r.line.length > 300.0]
    rng = frame.stream(seed, "traffic")
    main, grid = chosen[:4], chosen[4:]
    picks = [*main, *(grid[k] for k in np.sort(rng.choice(len(grid), 10, replace=False)))]
    made = []
    for number, road in enumerate(picks, start=1):
        point = road.line.interpolate(0.36, normalized=True)
        made.append(Station(f"{road.name}交通流量站{number:02d}", "traffic", "traffic", point.x, point.y, {}, None))
    return made


def _air() -> list[Station]:
    x0, y0 = frame.centre()
    return [
        Station(f"{county.name}空气质量站", "air", "air", x0 + u + 150.0, y0 + v + 120.0, {}, None)
        for county, (u, v) in zip(facts.COUNTIES, frame.label_points(), strict=True)
    ]


def stations(seed: int) -> list[tuple[Station, dict[str, Any]]]:
    """Every station with its published properties: code = division, kind letter, number."""
    whole = [*_gas(seed), *_water(seed), *_traffic(seed), *_air()]
    codes = divisions.code_at(seed, np.array([(s.x, s.y) for s in whole]))
    letters = {"gas": "G", "water_level": "W", "traffic": "T", "air": "A"}
    count: dict[str, int] = {}
    made = []
    for number, (station, code) in enumerate(zip(whole, codes, strict=True), start=1):
        key = letters[station.kind]
        count[key] = count.get(key, 0) + 1
        properties: dict[str, Any] = {
            "id": f"DT-S-{number:04d}",
            "name": station.name,
            "kind": station.kind,
            **KINDS[station.observes]._asdict(),
            "thresholds": station.thresholds,
            "code": f"{code}{key}{count[key]:03d}",
            "building": station.building,
        }
        made.append((station, properties))
    return made
