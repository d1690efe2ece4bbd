"""Work safety: enterprises of each field, major hazard sources, hidden dangers, tailings ponds; all of them invented."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from data_samples.generate import frame
from data_samples.generate.themes import places
from data_samples.generate.themes.item import Items, example, points

_MINES = ("140214", "140214", "140226", "140226", "140212", "140214")
_PITS = ("140223", "140224", "140225")
# Colour rules of the tailings safety code, 5.5: four blue items count as one yellow, three yellow as one orange, two orange
# as one red. The limits of an item are invented here; for the phreatic line orange is 1.1 times red, as that code has it.
ROLL_UP = {"blue_to_yellow": 4, "yellow_to_orange": 3, "orange_to_red": 2}
_LIMITS = {
    "phreatic_depth_m": {"blue": 6.5, "yellow": 5.5, "orange": 4.4, "red": 4.0},
    "dry_beach_m": {"blue": 130.0, "yellow": 110.0, "orange": 90.0, "red": 70.0},
}


@lru_cache(maxsize=2)
def enterprises(seed: int) -> Items:
    """Forty enterprises, their field in Chinese as a register of the city would have it."""
    rng = frame.stream(seed, "enterprises")
    works, works_at = places.in_buildings(seed, "industrial", 16, "works")
    shops, shops_at = places.in_buildings(seed, "commercial", 12, "fire units")
    parts: list[tuple[str, str, Any, Sequence[str | None]]] = [
        ("煤矿", "煤矿", places.in_counties(seed, _MINES, 4000.0, "mines"), [None] * len(_MINES)),
        ("非煤矿山", "采石场", places.in_counties(seed, _PITS, 5000.0, "pits"), [None] * len(_PITS)),
        ("危险化学品", "化工企业", works[:6], works_at[:6]),
        ("冶金工贸", "机械企业", works[6:], works_at[6:]),
        ("消防重点单位", "消防重点单位", shops, shops_at),
    ]
    rows: list[dict[str, Any]] = []
    for field, noun, xy, texts in parts:
        for number, text in zip(range(1, len(xy) + 1), texts, strict=True):
            staff = int(rng.integers(15, 900))
            rows.append(
                {"name": example(noun, number), "kind": field, "address": text, "state": "生产", "staff": staff}
                | {"trained": int(staff * rng.uniform(0.5, 1.0)) if rng.random() > 0.15 else None}
            )
    return points("DT-E", np.vstack([xy for _, _, xy, _ in parts]), rows)


def _of_field(seed: int, field: str) -> Items:
    return [item for item in enterprises(seed) if item.properties["kind"] == field]


def major_hazards(seed: int) -> Items:
    """One source for each chemical enterprise, a few metres from its gate."""
    plants = _of_field(seed, "危险化学品")
    rng = frame.stream(seed, "hazard sources")
    xy = np.array([(item.shape.x + 8.0, item.shape.y - 6.0) for item in plants])
    rows = [
        {"name": example("重大危险源", k), "enterprise": plant.properties["id"], "substance": "示例物质"}
        | {"quantity_t": round(float(rng.uniform(20, 400)), 1), "radius_m": float(rng.choice((150.0, 300.0, 500.0)))}
        for k, plant in enumerate(plants, start=1)
    ]
    return points("DT-MH", xy, rows)


def hidden_dangers(seed: int) -> Items:
    """Twenty findings at the enterprises, some of them corrected."""
    found = enterprises(seed)
    rng = frame.stream(seed, "dangers")
    chosen = [found[k] for k in np.sort(rng.choice(len(found), 20, replace=False))]
    states = rng.choice(("已整改", "整改中", "未整改"), len(chosen)).tolist()
    rows = [
        {"title": f"示例隐患{k:02d}", "enterprise": item.properties["id"], "kind": "示例类别", "state": state}
        | {"found_at": f"2026-02-{1 + k % 27:02d}T09:00:00+08:00", "due_at": f"2026-03-{1 + k % 27:02d}T18:00:00+08:00"}
        for k, (item, state) in enumerate(zip(chosen, states, strict=True), start=1)
    ]
    return points("DT-HD", np.array([(item.shape.x, item.shape.y) for item in chosen]), rows)


def tailings_ponds(seed: int) -> Items:
    """Three ponds with limits for two watched items and the rule that rolls colours up."""
    xy = places.in_counties(seed, ("140224", "140223", "140224"), 6000.0, "ponds")
    colours = ("blue", "yellow", None)
    rows = [
        {"name": example("尾矿库", k), "dam_height_m": 38.0 + 6 * k, "storage_m3": 1.2e6 * k, "colour": colour}
        | {"households": 12 * k, "thresholds": _LIMITS, "roll_up": ROLL_UP}
        for k, colour in enumerate(colours, start=1)
    ]
    return points("DT-TP", xy, rows)
