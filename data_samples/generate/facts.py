"""Sourced facts of Datong the sample city is built on; nothing in this file is invented.

Every block names the source as the project's domain notes cite it: [S] a secondary page, [D] computed
from other facts.
"""

from typing import Final, NamedTuple

EPSG_CITY: Final = 4547
HEIGHT_SYSTEM: Final = "EPSG:5737 (1985 national height datum)"
SOURCE: Final = "generator"
CITY_NAME: Final = "大同市"
PROVINCE: Final = "山西省"
CITY_CODE: Final = "140200"
# [D] where the four street polygons of the old town meet, WGS84 lon/lat, metre-level accuracy not claimed
CENTRE: Final = (113.28824, 40.09110)
# [D] west, south, east, north of the ten county units, WGS84 degrees
EXTENT: Final = (112.5785, 39.0483, 114.5689, 40.7399)
CITY_AREA_KM2: Final = 14074.2  # [D] sum of the ten county polygons, geodesic


class County(NamedTuple):
    """A county-level division: code and name [S, 2023 statistics list], area [D], label point (GCJ-02
    degrees)."""

    code: str
    name: str
    area_km2: float
    lon_gcj: float
    lat_gcj: float


COUNTIES: Final = (
    County("140212", "新荣区", 1104.2, 113.141044, 40.258269),
    County("140213", "平城区", 236.8, 113.298027, 40.075667),
    County("140214", "云冈区", 743.7, 113.149693, 40.005405),
    County("140215", "云州区", 1480.3, 113.61244, 40.040295),
    County("140221", "阳高县", 1608.1, 113.749871, 40.364927),
    County("140222", "天镇县", 1687.3, 114.09112, 40.421336),
    County("140223", "广灵县", 1209.1, 114.279252, 39.763051),
    County("140224", "灵丘县", 2731.2, 114.23576, 39.438867),
    County("140225", "浑源县", 1934.9, 113.698091, 39.699099),
    County("140226", "左云县", 1323.2, 112.70641, 40.012873),
)
OLD_TOWN_STREET_OFFICE: Final = "古城街道"  # 2023 statistics list [S]
OLD_TOWN_STREET_CODE: Final = "140213051"

STATISTICS_LIST: Final = "2023 statistics list (china-division 2.7.0)"
STATISTICAL_UNIT: Final = ("140271", "山西大同经济开发区")  # in the statistics' list, no division of GB/T 2260 [S]
REFORM_DATE: Final = "2018-02-09"  # the State Council's reply to Shanxi [S hfsw888.cn; zh.wikipedia 平城区]


class OldCounty(NamedTuple):
    """A county-level unit of before the reform of 2018: what it was divided into, the part with most of its towns first
    (which is also where its label point lies), and the pages that say so."""

    code: str
    name: str
    successors: tuple[str, ...]
    source: str


# Codes and names [S cpca 0.5.5 adcodes]; what went where [S the pages named].
OLD_COUNTIES: Final = (
    # 12 of its streets to the first, 西花园 and 老平旺 to the second
    OldCounty("140202", "城区", ("140213", "140214"), "cpca 0.5.5; zh.wikipedia 平城区; nbwxtz.com 1661821860193353"),
    OldCounty("140203", "矿区", ("140214",), "cpca 0.5.5; nbwxtz.com 1661821860193353"),
    # 高山 云冈 口泉 平旺 西韩岭 鸦儿崖 to the first, 水泊寺 新旺 马军营 to the second, 古店 to the third
    OldCounty(
        "140211",
        "南郊区",
        ("140214", "140213", "140212"),
        "cpca 0.5.5; nbwxtz.com 1661821860193353; zh.wikipedia 平城区; hfsw888.cn",
    ),
    OldCounty("140227", "大同县", ("140215",), "cpca 0.5.5; hfsw888.cn"),
)

# City wall [S dt.gov.cn foreign-affairs guide pp. 23, 27]; 1.80 x 1.82 km = 3.276 km2 [D]
WALL_EAST_WEST: Final = 1800.0
WALL_NORTH_SOUTH: Final = 1820.0
WALL_HEIGHT: Final = 14.0
WALL_BASE: Final = 18.0
WALL_TOP: Final = 12.0
WALL_SOURCE: Final = "dt.gov.cn foreign-affairs guide pp. 23, 27"
EAST_BARBICAN: Final = 700.0  # metres of wall; how they lie is ours [S]
WATCH_TOWERS: Final = {
    "E": 12,
    "N": 14,
    "S": 14,
    "W": 14,
}  # 54 in all, 12 on the east wall [S]; the split of the rest is ours
MOAT_WIDTH: Final = 10.0  # [S, weak]
HONGZI_TOWER_HEIGHT: Final = 19.0  # 洪字楼 [S]

# direction -> gate, main street, mid-street tower (Ming plan) [S]
AXES: Final = {
    "E": ("和阳门", "和阳街", "太平楼"),
    "S": ("永泰门", "永泰街", "鼓楼"),
    "W": ("清远门", "清远街", "钟楼"),
    "N": ("武定门", "武定街", "魁星楼"),
}
CENTRE_NAME: Final = "四牌楼"
NINE_DRAGON_WALL: Final = (45.5, 2.0, 8.0)  # length, thickness, height, metres [S]
HUAYAN_MAIN_HALL_M2: Final = 1559.0  # [S]
SHANHUA_GROUNDS_M2: Final = 14_000.0  # [S]

# Sites of the old town protected at the national level: name, era, batch, year listed. Years and eras
# [S meipian.cn/5gk04vn5], 鼓楼 also [S i3g.com.cn 685351]; which batch a year is [S wqd520.com/10658].
PROTECTED: Final = (
    ("华严寺", "辽、金", 1, 1961),
    ("善化寺", "辽、金", 1, 1961),
    ("九龙壁", "明", 5, 2001),
    ("关帝庙大殿", "元", 7, 2013),
    ("大同鼓楼", "明", 8, 2019),
)

# 册田水库 level ladder, metres in the source's height system [S handmsg 2022/0329/14671984]
CETIAN_LADDER: Final = {
    "flood_limit": 956.00,
    "emergency_spillway": 956.31,
    "open_everything": 957.57,
    "dam_crest": 961.50,
}
CETIAN_STORAGE_M3: Final = 580e6  # design storage, same source
CETIAN_CATCHMENT_KM2: Final = 16_700.0  # same source
CETIAN: Final = (
    113.0 + 43.0 / 60.0,
    39.0 + 57.0 / 60.0,
)  # beside the 1989-10-19 epicentre [S td.alljournals.cn]
# combustible gas, GB/T 50493-2019 [S cdbihui.com]: level 1 <= 25 %LEL, level 2 <= 50 %LEL
GAS_THRESHOLDS: Final = {"level_1": 25.0, "level_2": 50.0}

YUNGANG_GROTTOES: Final = (113.1259, 40.1105)  # WGS84 [S Wikipedia]
YUNGANG_AREA_HA: Final = (348.75, 846.81)  # the property and its buffer [S Wikipedia, UNESCO 1039]
CITY_GOVERNMENT: Final = (113.367, 40.097)  # WGS84 as Wikipedia [S]
HIGHEST: Final = ("六棱山", 2420.0)  # [S]
LOWEST_M: Final = 558.0  # [S]
YUNGANG_TOP_M: Final = 1714.1  # [S]
XINRONG_TOP_M: Final = 2144.0  # [S]


class Quake(NamedTuple):
    """A shock whose place is sourced to the minute of arc (WGS84 lon/lat)."""

    name: str
    began_at: str
    magnitude: float
    place: tuple[float, float]
    source: str


# [S td.alljournals.cn]; the other shocks of that night have no place of their own there
QUAKES_1989: Final = (
    Quake("大同-阳高地震主震", "1989-10-19T01:01:00+08:00", 6.1, (113 + 43 / 60, 39 + 57 / 60), "td.alljournals.cn"),
    Quake("大同-阳高地震余震", "1989-10-19T18:29:00+08:00", 5.0, (113 + 46 / 60, 40.0), "td.alljournals.cn"),
)
