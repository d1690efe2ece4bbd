"""A little table of divisions: one city with counties, towns and communities whose names are like each other."""

from cim.address.gazetteer import Gazetteer
from cim.divisions import Successor, Tree, Unit

_NAMES = {
    "140200": "大同市",
    "140213": "平城区",
    "140214": "云冈区",
    "140215": "云州区",
    "140225": "浑源县",
    "140271": "山西大同经济开发区",
    "140213050": "永泰街道",
    "140213051": "古城街道",
    "140213064": "白登山街道",
    "140214018": "口泉街道",
    "140214036": "玉泉街道",
    "140214200": "口泉乡",
    "140215100": "西坪镇",
    "140225106": "青磁窑镇",
    "140225107": "玉泉镇",
    "140213050001": "永安社区居民委员会",
    "140213051007": "鼓楼社区居民委员会",
    "140213064207": "古城村委会",
    "140214018001": "口泉街社区居委会",
    "140214018002": "永安社区居委会",
    "140215100200": "路家庄村村委会",
    "140225106200": "青磁窑村村委会",
    "140225106201": "小岭村村委会",
    "140225107201": "小岭村村民委员会",
}
_OLD = {
    "140202": ("城区", "140213", "140214"),
    "140203": ("矿区", "140214"),
    "140227": ("大同县", "140215"),
}

UNITS = [Unit(code, name) for code, name in _NAMES.items()] + [
    Unit(code, name, "140200", tuple(Successor(s, "S") for s in successors), "2018-02-09")
    for code, (name, *successors) in _OLD.items()
]
LITTLE = Gazetteer.of(Tree.of(UNITS))
