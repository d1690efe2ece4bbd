"""Addresses for measuring: a made city of thousands of streets and quarters, records of several forms, all by one seed."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from cim.address.parts import Address

SEED = 23
FULL = 1_000_000
CITY = "大同市"
COUNTIES = {
    **{"140212": "新荣区", "140213": "平城区", "140214": "云冈区", "140215": "云州区", "140221": "阳高县"},
    **{"140222": "天镇县", "140223": "广灵县", "140224": "灵丘县", "140225": "浑源县", "140226": "左云县"},
}
_FIRST = "永和平清远魏云泰安文武兴仁义礼智信德福康宁瑞祥吉庆华新光明东西南北中长春秋御迎恒北岳振建设工农胜利向阳红旗"
_SECOND = "泰阳城门桥泉湖河山岭源林松柏梅兰竹菊荷柳杨槐榆桃李杏枫桂龙凤鹤麒麟玉石金银铜铁珠宝琴棋书画诗酒茶花鸟鱼"
_STREETS = ("街", "路", "巷", "大街", "胡同", "东路", "西街", "北路", "南巷")
_QUARTERS = ("小区", "花园", "家园", "苑", "华府", "新村", "里", "城", "公馆")
_SHOPS = ("超市", "药店", "小学", "幼儿园", "诊所", "宾馆", "饭店", "银行", "加油站", "社区服务中心")
_VILLAGES = ("庄", "堡", "窑", "沟", "湾", "屯", "坪", "峪")


@dataclass(frozen=True, slots=True)
class Record:
    """A made address: its text, parts, division code, name if it has one, position (degrees)."""

    id: str
    text: str
    parts: Address
    division: str
    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class _Town:
    code: str
    name: str
    county: str
    lon: float
    lat: float
    streets: tuple[str, ...]
    quarters: tuple[str, ...]
    villages: tuple[str, ...]


def records(count: int) -> Iterator[Record]:
    """`count` records, each with its own text and place; one seed, one city."""
    chance = np.random.default_rng(SEED)
    towns = _towns(chance)
    seen: set[str] = set()
    weights = np.where([t.county in ("140213", "140214") for t in towns], 4.0, 1.0)
    while len(seen) < count:
        drawn = chance.choice(len(towns), 10_000, p=weights / weights.sum())
        numbers = chance.integers(0, 2**31, (10_000, 8))
        for town, eight in zip(drawn.tolist(), numbers.tolist(), strict=True):
            record = _record(len(seen) + 1, towns[town], eight)
            place = f"{text(record.parts)}{record.name}"
            if place not in seen and len(seen) < count:
                seen.add(place)
                yield record


def _towns(chance: np.random.Generator) -> list[_Town]:
    """Twelve towns a county, each with its streets, quarters and villages; one street name in five is not the only one."""
    names = [f"{a}{b}" for a in _FIRST for b in _SECOND]
    streets = [f"{name}{ending}" for name in names for ending in _STREETS]
    quarters = [f"{name}{ending}" for name in names for ending in _QUARTERS]
    found = []
    for place, county in enumerate(COUNTIES):
        for number in range(12):
            picked = chance.choice(len(names), 14, replace=False)
            own = chance.choice(len(streets), 48, replace=False)
            found.append(
                _Town(
                    code=f"{county}{101 + number}",
                    name=f"{names[picked[0]]}{'镇' if number % 2 else '街道'}",
                    county=county,
                    lon=112.9 + 0.12 * place + 0.009 * number,
                    lat=39.6 + 0.09 * place + 0.006 * (number % 4),
                    streets=(*(streets[k] for k in own), *(f"{names[k]}街" for k in range(place, 60, 5))),
                    quarters=tuple(quarters[k] for k in chance.choice(len(quarters), 32, replace=False)),
                    villages=tuple(f"{names[k]}{_VILLAGES[k % 8]}" for k in picked[1:]),
                )
            )
    return found


def _record(number: int, town: _Town, drawn: list[int]) -> Record:
    form, a, b, c, d, e, x, y = drawn
    form %= 20
    street, quarter = town.streets[a % len(town.streets)], town.quarters[b % len(town.quarters)]
    house = str(1 + c % 240)
    told: dict[str, str] = {"city": CITY, "county": COUNTIES[town.county], "town": town.name, "province": "山西省"}
    name = ""
    if form < 7:
        told |= {"street": street, "number": house if d % 9 else f"甲{house}"}
    elif form < 12:
        told |= {"street": street, "number": house, "quarter": quarter, "building": str(1 + d % 40)}
    elif form < 16:
        told |= {
            "quarter": quarter,
            "building": str(1 + d % 40),
            "unit": str(1 + e % 6),
            "room": f"{1 + d % 18}0{1 + e % 4}",
        }
    elif form < 18:
        told |= {"street": street, "number": house}
        name = f"{quarter}{_SHOPS[d % len(_SHOPS)]}"
    else:
        told |= {"community": f"{town.villages[a % len(town.villages)]}村", "number": house}
    parts = Address(**told)
    lon, lat = town.lon + x / 2**31 * 0.008, town.lat + y / 2**31 * 0.005
    return Record(f"B{number}", text(parts, levels=drawn[0] // 20 % 3) + name, parts, town.code, name, lon, lat)


def text(parts: Address, levels: int = 0) -> str:
    """An address as it is written. levels: 0 from the province, 1 from the city, 2 from the county."""
    above = [parts.province, parts.city, parts.county][levels:]
    numbered = [
        f"{parts.number}号" if parts.number else "",
        parts.quarter,
        f"{parts.building}号楼" if parts.building else "",
        f"{parts.unit}单元" if parts.unit else "",
        f"{parts.room}室" if parts.room else "",
    ]
    return "".join([*above, parts.town, parts.community, parts.street, *numbered])


def write(path: Path, count: int) -> None:
    """The records as a file that `cim load` takes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "address", "name", "kind", "division", "lon", "lat"])
        for one in records(count):
            rows.writerow([one.id, one.text, one.name, "门牌", one.division, f"{one.lon:.7f}", f"{one.lat:.7f}"])


def write_outlines(path: Path) -> None:
    """The outlines of the made city's counties and towns, as GeoJSON: boxes with many corners, as real ones have."""
    towns = _towns(np.random.default_rng(SEED))
    boxes = [(t.code, t.name, "town", t.county, (t.lon, t.lat, t.lon + 0.008, t.lat + 0.005)) for t in towns]
    for code, name in COUNTIES.items():
        own = [box for _, _, _, county, box in boxes if county == code]
        around = (
            *(min(b[i] for b in own) - 0.0005 for i in (0, 1)),
            *(max(b[i] for b in own) + 0.0005 for i in (2, 3)),
        )
        boxes.append((code, name, "county", "140200", around))
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name, "level": level, "parent": parent, "is_synthetic": True},
            "geometry": shapely.geometry.mapping(shapely.segmentize(shapely.box(*box), (box[2] - box[0]) / 200)),
        }
        for code, name, level, parent, box in boxes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def write_divisions(path: Path) -> None:
    """The made city's table of division codes: the city, its counties and towns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["code", "name", "level", "parent", "is_synthetic"])
        rows.writerow(["140200", CITY, "city", "140000", "true"])
        rows.writerows([code, name, "county", "140200", "true"] for code, name in COUNTIES.items())
        rows.writerows([t.code, t.name, "town", t.county, "true"] for t in _towns(np.random.default_rng(SEED)))
