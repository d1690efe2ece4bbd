"""Services and emergency resources: schools, hospitals, halls, homes, shelters, teams, stores, parks; all invented."""

from typing import Any

import shapely

from data_samples.generate import frame
from data_samples.generate.themes import places
from data_samples.generate.themes.item import Items, example, points, shapes


def _rows(noun: str, addresses: list[str | None], **columns: Any) -> list[dict[str, Any]]:
    return [
        {"name": example(noun, k), "address": text, **{n: f(k) if callable(f) else f for n, f in columns.items()}}
        for k, text in enumerate(addresses, start=1)
    ]


def schools(seed: int) -> Items:
    """Twenty-five schools of three kinds."""
    xy, texts = places.in_buildings(seed, "education", 25, "schools")
    rng = frame.stream(seed, "pupils")
    kinds = ("小学", "初级中学", "幼儿园")
    rows = _rows("学校", texts, kind=lambda k: kinds[k % 3], pupils=lambda k: int(rng.integers(120, 1900)))
    return points("DT-SC", xy, rows)


def hospitals(seed: int) -> Items:
    """Twelve places of care; one does not say how many beds it has."""
    xy, texts = places.in_buildings(seed, "medical", 12, "hospitals")
    rng = frame.stream(seed, "beds")
    rows = _rows("医院", texts, kind="综合医院", beds=lambda k: None if k == 7 else int(rng.integers(40, 1200)))
    return points("DT-HO", xy, rows)


def service_halls(seed: int) -> Items:
    """Six halls."""
    xy, texts = places.in_buildings(seed, "public", 6, "halls")
    return points("DT-SH", xy, _rows("政务大厅", texts, level="示例层级", hours="工作日", windows=lambda k: 6 + 3 * k))


def care_homes(seed: int) -> Items:
    """Eight homes."""
    xy, texts = places.in_buildings(seed, "residential", 8, "care homes")
    return points("DT-CH", xy, _rows("养老机构", texts, kind="养老院", beds=lambda k: 30 + 12 * k))


def shelters(seed: int) -> Items:
    """Twelve shelters in and beside schools."""
    xy, texts = places.in_buildings(seed, "education", 12, "shelters")
    rng = frame.stream(seed, "shelter capacity")
    rows = _rows("避难场所", texts, kind="室外", capacity=lambda k: int(rng.integers(3, 60)) * 100, state="可用")
    return points("DT-EM", xy + [14.0, 9.0], rows)


def rescue_teams(seed: int) -> Items:
    """Eight teams."""
    xy, _ = places.in_buildings(seed, "office", 8, "teams")
    kinds = ("消防救援", "矿山救护", "医疗救护", "防汛抢险")
    rows = [
        {
            "name": example("救援队", k),
            "kind": kinds[k % 4],
            "people": 12 + 5 * k,
            "vehicles": 2 + k % 3,
            "state": "待命",
        }
        for k in range(1, len(xy) + 1)
    ]
    return points("DT-RT", xy, rows)


def relief_stores(seed: int) -> Items:
    """Five stores and their stock."""
    xy, _ = places.in_buildings(seed, "industrial", 5, "stores")
    rows = [
        {"name": example("物资库", k), "kind": "综合", "stock": {"帐篷": 40 * k, "棉被": 150 * k, "发电机": k}}
        | {"area_m2": 300.0 * k}
        for k in range(1, len(xy) + 1)
    ]
    return points("DT-RS", xy, rows)


def industrial_parks(seed: int) -> Items:
    """Three parks: squares about works in the counties."""
    xy = places.in_counties(seed, ("140214", "140215", "140221"), 2500.0, "industrial parks")
    found = [shapely.box(x - 600.0, y - 450.0, x + 600.0, y + 450.0) for x, y in xy]
    rows: list[dict[str, Any]] = [
        {"name": example("产业园", k), "kind": "示例类别", "area_ha": round(shape.area / 1e4, 1), "enterprises": 10 * k}
        for k, shape in enumerate(found, start=1)
    ]
    return shapes("DT-IP", found, rows)
