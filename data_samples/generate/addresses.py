"""Addresses: standard addresses of the synthetic buildings, and place names, as rows of the GBK file.

Province, city, county and street-office names are real; lane and street names, numbers and points are
invented,
except the four main streets' names.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely

from data_samples.generate import courtyards, divisions, facts, frame, oldtown, rivers, roads, settlements
from data_samples.generate.footprints import Footprints, Texts, with_address
from data_samples.generate.frame import Array

HEADER = ("编号", "地址", "名称", "类别", "行政区代码", "经度", "纬度")
DOOR, PLACE = "门牌", "地名"
OLD_TOWN_PREFIX = f"{facts.PROVINCE}{facts.CITY_NAME}平城区{facts.OLD_TOWN_STREET_OFFICE}"
PER_BUILDING_SHARE = 0.40  # of the lots outside the wall; the others have one address for all their buildings


@dataclass(frozen=True, slots=True)
class AddressRow:
    """One row of the file; x, y in EPSG:4547 metres (written as lon/lat)."""

    text: str
    name: str
    kind: str
    code: str
    x: float
    y: float


def _numbers(street: list[str], side: Array, position: Array) -> list[int]:
    """House numbers: odd on one side, even on the other, counted along each street."""
    found = [0] * len(street)
    seen: dict[tuple[str, int], int] = {}
    for k in np.lexsort((position, side, np.array(street))):
        key = (street[k], int(side[k]))
        seen[key] = seen.get(key, -1) + 1
        found[k] = 2 * seen[key] + 1 + key[1]
    return found


def _plot_streets(plots: courtyards.Plots, names: tuple[str, ...]) -> tuple[list[str], Array, Array]:
    """Street, side and position of each old-town plot: its lane, or the main street or ring road it
    backs on."""
    middle = np.column_stack([plots.box[:, [0, 2]].mean(axis=1), plots.box[:, [1, 3]].mean(axis=1)])
    streets = []
    for (x, y), lane in zip(middle, plots.lane, strict=True):
        if lane >= 0:
            streets.append(names[lane])
        elif abs(y) > 600:
            streets.append("顺城街")
        else:
            streets.append(facts.AXES["E" if x > 0 else "W"][1])
    side = (middle[:, 1] > 0).astype(float)
    lanes_south = plots.lane >= 0
    side[lanes_south] = (np.arange(len(side)) % 2)[lanes_south]
    return streets, side, middle[:, 0]


def _shop_streets(local: Array) -> tuple[list[str], Array, Array]:
    """Main street, side and distance from 四牌楼 of each shop front."""
    along_x = np.abs(local[:, 0]) > np.abs(local[:, 1])
    key = np.where(along_x, np.where(local[:, 0] > 0, "E", "W"), np.where(local[:, 1] > 0, "N", "S"))
    side = np.where(along_x, local[:, 1] > 0, local[:, 0] > 0).astype(float)
    return (
        [facts.AXES[str(k)][1] for k in key],
        side,
        np.where(along_x, np.abs(local[:, 0]), np.abs(local[:, 1])),
    )


def _old_town(seed: int) -> tuple[Texts, list[AddressRow]]:
    """Address of each old-town building and one row per plot or shop, at the anchor of its largest
    building."""
    town = oldtown.old_town(seed)
    table = town.buildings
    anchor = shapely.get_coordinates(shapely.point_on_surface(table.shape))
    plot_street, plot_side, plot_at = _plot_streets(town.plots, roads.lane_names(seed))
    shops = np.flatnonzero((table.lot == -1) & (table.use == "commercial"))
    shop_street, shop_side, shop_at = _shop_streets(anchor[shops] - np.array(frame.centre()))
    number = _numbers(
        plot_street + shop_street, np.concatenate([plot_side, shop_side]), np.concatenate([plot_at, shop_at])
    )
    texts = [f"{OLD_TOWN_PREFIX}{s}{n}号" for s, n in zip(plot_street + shop_street, number, strict=True)]
    address = np.full(len(table), None, dtype=object)
    lots = table.lot
    inside = lots >= 0
    address[inside] = np.array(texts, dtype=object)[lots[inside]]
    address[shops] = np.array(texts[len(plot_street) :], dtype=object)
    largest: dict[str, int] = {}
    for k in np.argsort(-shapely.area(table.shape), kind="stable"):
        if address[k] is not None:
            largest.setdefault(str(address[k]), int(k))
    rows = [AddressRow(t, "", DOOR, "140213", *anchor[k]) for t, k in sorted(largest.items(), key=lambda item: item[1])]
    return address, rows


def _lot_streets(seed: int, points: Array) -> tuple[list[str], Array, Array]:
    """Nearest named street of each lot, its side of it and how far along (metres)."""
    network = [r for r in roads.roads(seed) if r.name and r.group != "old"]
    tree = shapely.STRtree([r.line for r in network])
    _, nearest = tree.query_nearest(shapely.points(points), all_matches=False)
    line = np.array([r.line for r in network], dtype=object)[nearest]
    at = shapely.line_locate_point(line, shapely.points(points))
    foot = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    offset = points - foot
    side = (np.where(np.abs(offset[:, 0]) > np.abs(offset[:, 1]), offset[:, 0], offset[:, 1]) > 0).astype(float)
    start = shapely.get_coordinates(shapely.get_point(line, 0))
    origin = start.sum(axis=1) + at
    return [str(network[k].name) for k in nearest], side, origin


def _outside(seed: int) -> tuple[Texts, list[AddressRow]]:
    """Address of each building outside the wall that stands in a block, and the rows they belong to."""
    table = settlements.outside(seed)
    anchor = shapely.get_coordinates(shapely.point_on_surface(table.shape))
    lots, first, inverse = np.unique(table.lot, return_index=True, return_inverse=True)
    real = lots >= settlements.LOTS_FROM
    code = divisions.code_at(seed, anchor[first])
    names = {c.code: c.name for c in facts.COUNTIES}
    street, side, along = _lot_streets(seed, anchor[first])
    county = [names.get(c or "", "") for c in code]
    number = _numbers([a + b for a, b in zip(county, street, strict=True)], side, along)
    each = frame.stream(seed, "addressed lots").random(len(lots)) < PER_BUILDING_SHARE
    address = np.full(len(table), None, dtype=object)
    rows: list[AddressRow] = []
    count = np.zeros(len(lots), dtype=int)
    for k, lot in enumerate(inverse):
        if not real[lot] or code[lot] is None:
            continue
        count[lot] += 1
        text = f"{facts.PROVINCE}{facts.CITY_NAME}{county[lot]}{street[lot]}{number[lot]}号"
        text += f"{count[lot]}幢" if each[lot] else ""
        address[k] = text
        if each[lot] or count[lot] == 1:
            rows.append(AddressRow(text, "", DOOR, str(code[lot]), *anchor[k]))
    return address, rows


def _places(seed: int) -> list[AddressRow]:
    """Place names: landmarks, waters, counties and the few outside points a source gives."""
    x0, y0 = frame.centre()
    found = [(name, x, y) for name, _, x, y, _ in oldtown.landmarks()]
    city = shapely.union_all([d.shape for d in divisions.divisions(seed)])
    for water in rivers.waters(seed):
        within = shapely.intersection(water.shape, city)
        if water.name and not within.is_empty and water.name not in {n for n, _, _ in found}:
            point = shapely.point_on_surface(within)
            found.append((water.name, point.x, point.y))
    found += [(c.name, x0 + u, y0 + v) for c, (u, v) in zip(facts.COUNTIES, frame.label_points(), strict=True)]
    for name, lonlat in (("云冈石窟", facts.YUNGANG_GROTTOES), ("大同市人民政府", facts.CITY_GOVERNMENT)):
        found.append((name, *frame.to_city(np.array([lonlat]))[0]))
    codes = divisions.code_at(seed, np.array([(x, y) for _, x, y in found]))
    names = {c.code: c.name for c in facts.COUNTIES}
    rows = []
    for (name, x, y), code in zip(found, codes, strict=True):
        county = names[str(code)]
        text = f"{facts.PROVINCE}{facts.CITY_NAME}{county}" + ("" if name == county else name)
        rows.append(AddressRow(text, name, PLACE, str(code), float(x), float(y)))
    return rows


@lru_cache(maxsize=2)
def addressed(seed: int) -> tuple[Footprints, Footprints, tuple[AddressRow, ...]]:
    """Old-town buildings and outside buildings with their addresses, and every row of the address file."""
    old_address, old_rows = _old_town(seed)
    out_address, out_rows = _outside(seed)
    old = with_address(oldtown.old_town(seed).buildings, old_address)
    outside = with_address(settlements.outside(seed), out_address)
    return old, outside, (*_places(seed), *old_rows, *out_rows)
