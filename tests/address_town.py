"""A town to find places in: the real table of divisions with old units, and a few addresses, each with its parts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cim.city import City
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.db import Database
from cim.types import silent
from loaders import pipeline
from tests.conftest import other_database

# id, address, name, division, and its parts
ADDRESSES = [
    ("1", "大同市平城区古城街道和阳街11号", "", "140213051", {"street": "和阳街", "number": "11"}),
    ("2", "大同市平城区古城街道和阳街14号", "", "140213051", {"street": "和阳街", "number": "14"}),
    ("3", "大同市平城区古城街道和阳街甲16号", "", "140213051", {"street": "和阳街", "number": "甲16"}),
    ("4", "大同市云冈区口泉街道和阳街12号", "", "140214018", {"street": "和阳街", "number": "12"}),
    ("5", "大同市平城区魏都大道20号", "", "140213", {"street": "魏都大道", "number": "20"}),
    (
        "6",
        "大同市平城区魏都大道20号御河花园3号楼",
        "",
        "140213",
        {"street": "魏都大道", "number": "20", "quarter": "御河花园", "building": "3"},
    ),
    (
        "7",
        "大同市平城区御河花园3号楼2单元501室",
        "",
        "140213",
        {"quarter": "御河花园", "building": "3", "unit": "2", "room": "501"},
    ),
    ("8", "大同市平城区永安里2号", "永安里小卖部", "140213", {"street": "永安里", "number": "2"}),
    ("9", "浑源县青磁窑镇小岭村7号", "", "140225106", {"community": "小岭村", "number": "7"}),
    ("10", "大同市平城区第三人民医院", "大同市第三人民医院", "140213", {}),
    ("11", "大同市云冈区五号井和平路5号", "", "140214", {"street": "五号井和平路", "number": "5"}),
]


@contextmanager
def address_town(cluster: str, template: str, city: City, shared: Path, folder: Path) -> Iterator[Database]:
    """A database that holds the town."""
    with other_database(cluster, template) as database:
        codes = folder / "codes.csv"
        old = "140211,南郊区,county,140200,140214:S 140213:S,2018-02-09\n140227,大同县,county,140200,140215:S,2018-02-09\n"
        lines = (shared / "admin/datong_divisions.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
        rows = "\n".join(",".join(line.split(",")[:4]) + ",," for line in lines)
        codes.write_text(f"code,name,level,parent,successors,ended_on\n{rows}\n{old}", encoding="utf-8")
        load(database, city, codes, "division_codes")
        table = folder / "addresses.csv"
        listed = [
            f"{id},{address},{name},门牌,{division},{113.28 + 0.001 * int(id)},40.09"
            for id, address, name, division, _ in ADDRESSES
        ]
        table.write_text("id,address,name,kind,division,lon,lat\n" + "\n".join(listed) + "\n", encoding="utf-8")
        load(database, city, table, "addresses")
        yield database


def load(database: Database, city: City, path: Path, layer: str, mode: str = "replace") -> None:
    source = Source(str(path), layer, crs="EPSG:4326", encoding="utf-8", mode=mode)
    report = pipeline.load(database, NamedSource(layer, source), path, city, silent, time.monotonic)
    assert report.rejected == 0, report.codes
