"""Street furniture of the old town: lamps, benches, bins, notice boards, stone lions before the gates of halls; invented."""

import numpy as np
import shapely

from cim.grounds import pavement_m
from data_samples.generate import frame, lanes, monuments, oldtown, roads
from data_samples.generate.frame import Array

HEADER = ("编号", "大类", "类别", "经度", "纬度")
_CLASS = {
    "路灯": "公用设施",
    "座椅": "公用设施",
    "垃圾箱": "市容环境",
    "宣传栏": "房屋土地",
    "消火栓": "公用设施",
    "石狮": "其他设施",
}
_POST_M = 0.3  # how far the middle of what stands there keeps off the edge of a carriageway


def _along(line: shapely.LineString, aside: float, step: float, first: float) -> Array:
    """Points (n, 2) beside a line, now left and now right of it."""
    at = np.arange(first, line.length - 2.0, step)
    on = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, at + 0.5)) - on
    hand = np.where(np.arange(len(at)) % 2 == 0, 1.0, -1.0)[:, None]
    found: Array = on + np.column_stack([-ahead[:, 1], ahead[:, 0]]) * 2.0 * aside * hand
    return found


def _in_streets(seed: int) -> list[tuple[str, Array]]:
    found = []
    for road in (r for r in roads.roads(seed) if r.group == "old"):
        if road.kind == "primary":
            for kind, aside, step, first in (
                ("路灯", 8.3, 14.0, 27.0),
                ("座椅", 9.6, 26.0, 34.0),
                ("垃圾箱", 9.4, 37.0, 42.0),
                ("宣传栏", 10.0, 150.0, 90.0),
                ("消火栓", 9.9, 118.0, 60.0),
            ):
                found.append((kind, _along(road.line, aside, step, first)))
        elif road.kind == "secondary":
            found.append(("路灯", _along(road.line, 5.2, 28.0, 14.0)))
        elif road.width > 5.0:
            found.append(("路灯", _along(road.line, road.width / 2 - 0.5, 46.0, 20.0)))
    return found


def _lions() -> Array:
    """A pair (n, 2) before the southern front of every compound."""
    pairs = []
    for compound in monuments.COMPOUNDS:
        middle = np.array([(compound.west + compound.east) / 2, compound.south])
        shift = lanes.bend(middle[None])[0] - middle
        pairs += [middle + shift + [side * 4.2, -0.4] for side in (-1.0, 1.0)]
    return np.array(pairs) + frame.centre()


def _in_the_way(seed: int, xy: Array) -> Array:
    """Which points (n, 2), as indices, lie on a carriageway or at its edge: beside one street, but where another crosses."""
    ways = [road for road in roads.roads(seed) if road.kind != "lane"]
    half = [road.width / 2 - pavement_m(road.kind, road.width) + _POST_M for road in ways]
    found, _ = shapely.STRtree(shapely.buffer([road.line for road in ways], half)).query(
        shapely.points(xy), predicate="within"
    )
    return np.asarray(found)


def rows(seed: int) -> list[tuple[str, ...]]:
    """The table's rows; what would stand in a building, within 0.6 m of its wall or on a carriageway is left out."""
    parts = [*_in_streets(seed), ("石狮", _lions())]
    kinds = np.concatenate([np.full(len(at), kind, dtype=object) for kind, at in parts])
    xy = np.asarray(np.round(np.vstack([at for _, at in parts]), 2), dtype=np.float64)
    tree = shapely.STRtree(oldtown.old_town(seed).buildings.shape)
    near, _ = tree.query(shapely.points(xy), predicate="dwithin", distance=0.6)
    keep = np.setdiff1d(np.arange(len(xy)), np.concatenate([near, _in_the_way(seed, xy)]))
    return [
        (f"DT-F{k}", _CLASS[kind], kind, f"{lon:.6f}", f"{lat:.6f}")
        for k, (kind, (lon, lat)) in enumerate(zip(kinds[keep], frame.to_lonlat(xy[keep]), strict=True), start=1)
    ]
