"""What stands along the streets: components of city management, hydrants, cameras, base stations, bridges, green strips."""

from typing import Any

import numpy as np
import shapely

from data_samples.generate import facts, frame, oldtown, rivers, roads, wall
from data_samples.generate.themes import places
from data_samples.generate.themes.item import Items, example, points, shapes

_COMPONENTS = (
    ("utility", "路灯"),
    ("utility", "井盖"),
    ("traffic", "公交站亭"),
    ("traffic", "交通信号灯"),
    ("sanitation", "垃圾箱"),
    ("sanitation", "公共厕所"),
    ("greening", "行道树"),
    ("housing", "宣传栏"),
    ("other", "充电桩"),
)


def components(seed: int) -> Items:
    """Seventy things with an owner: class, kind, keeper."""
    xy, names = places.along_streets(seed, 55.0, 3.0, "components", 70)
    picks = frame.stream(seed, "component kinds").integers(0, len(_COMPONENTS), len(xy))
    rows = [
        {"class": _COMPONENTS[k][0], "kind": _COMPONENTS[k][1], "name": f"{name or '街道'}{_COMPONENTS[k][1]}"}
        | {"keeper": "示例养护单位", "state": "完好"}
        for k, name in zip(picks.tolist(), names, strict=True)
    ]
    return points("DT-K", xy, rows)


def hydrants(seed: int) -> Items:
    """Sixty hydrants; one in ten has no reading of its pressure."""
    xy, _ = places.along_streets(seed, 90.0, 4.0, "hydrants", 60)
    rng = frame.stream(seed, "hydrant pressure")
    rows: list[dict[str, Any]] = [
        {"kind": "室外消火栓", "code": f"示例XH{k:03d}", "diameter_mm": 100, "state": "完好"}
        | {"pressure_mpa": None if rng.random() < 0.1 else round(float(rng.uniform(0.14, 0.4)), 2)}
        for k in range(1, len(xy) + 1)
    ]
    return points("DT-H", xy, rows)


def cameras(seed: int) -> Items:
    """Twenty-four cameras beside the streets, each looking somewhere."""
    xy, names = places.along_streets(seed, 230.0, 5.0, "cameras", 24)
    rng = frame.stream(seed, "camera views")
    rows = [
        {"name": f"{example('摄像机', k)}({name or '街道'})", "code": f"SL-{k:03d}", "owner": "示例单位"}
        | {"height_m": 6.0, "azimuth_deg": round(float(rng.uniform(0, 360)), 1), "tilt_deg": -12.0, "state": "在线"}
        | {"fov_deg": float(rng.choice((48.0, 62.0, 90.0))), "range_m": float(rng.choice((80.0, 120.0, 200.0)))}
        for k, name in enumerate(names, start=1)
    ]
    return points("DT-C", xy, rows)


def base_stations(seed: int) -> Items:
    """Fifteen sites with the radius that an operator would declare."""
    xy, _ = places.in_buildings(seed, "office", 15, "base stations")
    rng = frame.stream(seed, "base station radius")
    rows = [
        {"name": example("基站", k), "operator": f"示例运营商{'ABC'[k % 3]}", "technology": "5G", "state": "运行"}
        | {"radius_m": float(rng.choice((400.0, 600.0, 900.0))), "height_m": 32.0}
        for k in range(1, len(xy) + 1)
    ]
    return points("DT-BS", xy, rows)


def bridges(seed: int) -> Items:
    """Where streets and highways of the sample cross its named rivers."""
    found, rows = [], list[dict[str, Any]]()
    network = [r for r in roads.roads(seed) if r.kind in ("primary", "trunk")]
    tree = shapely.STRtree([road.line for road in network])
    for river in (w for w in rivers.waters(seed) if w.kind == "river" and w.name is not None):
        for k in np.sort(tree.query(river.shape, predicate="intersects")).tolist():
            span = shapely.intersection(network[k].line, river.shape)
            found.append(shapely.get_coordinates(shapely.centroid(span))[0])
            rows.append(
                {"name": example("桥", len(rows) + 1), "crosses": river.name, "length_m": round(float(span.length), 1)}
                | {"width_m": round(network[k].width, 1), "kind": "梁桥"}
            )
    return points("DT-BR", np.array(found[:40]), rows[:40])


def green_spaces(seed: int) -> Items:
    """Strips of green between the 御河 and what is built beside it."""
    x0, y0 = frame.centre()
    found, rows = [], list[dict[str, Any]]()
    for number, south in enumerate(np.arange(-4000.0, 4000.0, 800.0), start=1):
        y = np.arange(south, south + 701.0, 50.0)
        middle = x0 + rivers.YUHE_EAST + rivers.yuhe_sway(y)
        side = 1.0 if number % 2 else -1.0
        near, far = (np.column_stack([middle + side * (75.0 + m), y0 + y]) for m in (4.0, 21.0))
        strip = shapely.set_precision(shapely.Polygon(np.vstack([near, far[::-1]])), 0.01)
        found.append(strip)
        rows.append({"name": example("滨河绿地", number), "kind": "带状绿地", "area_ha": round(strip.area / 1e4, 2)})
    return shapes("DT-GS", found, rows)


_SQUARE_HALF = 28.0
"""From a main street's axis to the front of the blocks beside it, less a metre."""
_GATE_SQUARE = (46.0, 26.5)
"""From where a main street's shops end to the road along the wall: metres inside the wall's outer face."""


def squares(seed: int) -> Items:
    """Squares at 四牌楼, round each mid-street tower and before each gate, less what is built at their edges: invented."""
    x0, y0 = frame.centre()
    built = oldtown.old_town(seed).buildings.shape
    boxes = [(facts.CENTRE_NAME, shapely.box(-29.0, -29.0, 29.0, 29.0))]
    for side, (gate, _, tower) in facts.AXES.items():
        (ux, uy), _, face = wall.SIDES[side]
        for name, low, high in (
            (tower, wall.MID_STREET - oldtown.PLAZA + 1.0, wall.MID_STREET + oldtown.PLAZA - 1.0),
            (gate, face - _GATE_SQUARE[0], face - _GATE_SQUARE[1]),
        ):
            ends = np.array([[low * ux, low * uy], [high * ux, high * uy]])
            aside = _SQUARE_HALF * np.array([abs(uy), abs(ux)])
            boxes.append((name, shapely.box(*(ends.min(axis=0) - aside), *(ends.max(axis=0) + aside))))
    found, rows = [], list[dict[str, Any]]()
    for number, (name, box) in enumerate(boxes, start=1):
        place = shapely.transform(box, lambda xy: xy + [x0, y0])
        standing = built[shapely.intersects(built, place)]
        open_ = shapely.difference(place, shapely.buffer(shapely.union_all(standing), 0.5, join_style="mitre"))
        # towers and archways stand on the square
        found.append(shapely.Polygon(max(shapely.get_parts(open_), key=lambda part: part.area).exterior))
        rows.append({"name": f"{example('广场', number)}({name})", "kind": "步行广场"})
        rows[-1]["area_ha"] = round(found[-1].area / 1e4, 2)
    return shapes("DT-SQ", found, rows)
