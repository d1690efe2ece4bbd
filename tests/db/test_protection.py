"""Era and grade of protected buildings through the pipeline: as attributes, with the decision, and what was not tied."""

import argparse
import itertools
import json

import geopandas as gpd
import pytest
import shapely

from api.commands import protection as command
from api.terminal import Terminal
from cim.errors import BadInput
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.store import features
from cim.types import silent
from loaders import pipeline

pytestmark = pytest.mark.db
X, Y = 439_000.0, 4_440_000.0


def load(database, city, path, layer, name=None, **stated):
    named = NamedSource(name or layer, Source(str(path), layer, **stated), Card())
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__)


def town(path, names):
    path.unlink(missing_ok=True)
    shapes = [shapely.box(X + 40 * n, Y, X + 40 * n + 20, Y + 12) for n in range(len(names))]
    data = {"id": [f"b{n}" for n in range(len(names))], "name": names, "height_m": 8.0, "use": "religious"}
    gpd.GeoDataFrame(data, geometry=shapes, crs="EPSG:4547").to_file(path)
    return path


def table(path, *rows):
    head = "编号,名称,建筑编号,年代,保护级别,批次,公布年份,lon,lat"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


COLUMNS = {"id": "编号", "name": "名称", "building": "建筑编号", "era": "年代", "grade": "保护级别"}
COLUMNS |= {"batch": "批次", "listed": "公布年份"}


def held(database):
    with database.begin() as connection:
        return {one["properties"]["name"]: one["properties"] for one in features.items(connection, "buildings")}


def run(settings):
    return command.run(settings, argparse.Namespace(), Terminal())


def test_grades_become_attributes_with_their_decision_and_go_with_the_table(database, city, settings, tmp_path, capsys):
    load(database, city, town(tmp_path / "town.gpkg", ["华严寺", "华严寺大殿", "民宅", "善化寺"]), "buildings")
    rows = [
        "P1,华严寺,,辽,全国重点文物保护单位,1,1961,,",
        "P2,某院,b2,清,尚未核定公布为文物保护单位的不可移动文物,,,,",
        "P3,善化寺,,金,national,1,1961,113.9,39.9",
        "P4,善化寺,,明,county,,1985,,",
        "P5,不在此地,,,省级文物保护单位,,,,",
    ]
    load(database, city, table(tmp_path / "units.csv", *rows), "protected_buildings", columns=COLUMNS)
    assert run(settings) == 0
    found = held(database)
    assert {name: one.get("protection_grade") for name, one in found.items()} == {
        "华严寺": "national", "华严寺大殿": "national", "民宅": "registered", "善化寺": "county"
    }  # fmt: skip
    hall = found["华严寺大殿"]
    assert (hall["era"], hall["protection_row"], hall["protection_tie"]) == ("辽", "P1", "by_name")
    assert hall["decisions"]["won"]["era"]["dataset"] == "protection"
    assert (hall["height_m"], hall["dataset"], hall["decisions"]["conflicts"]) == (8.0, "buildings", [])
    assert found["民宅"]["protection_tie"] == "by_id"
    told = json.loads((settings.data / "derived/protection.json").read_text(encoding="utf-8"))
    assert [(one["code"], one["row"]) for one in told] == [("protected_nowhere", 3), ("protected_name_unknown", 5)]
    assert "protected_nowhere 1" in capsys.readouterr().err
    before = (settings.data / "derived/protection.gpkg").read_bytes()
    assert run(settings) == 0
    assert (settings.data / "derived/protection.gpkg").read_bytes() == before
    fewer = table(tmp_path / "fewer.csv", rows[1])
    load(database, city, fewer, "protected_buildings", columns=COLUMNS)
    assert run(settings) == 0
    assert [name for name, one in held(database).items() if one.get("protection_grade")] == ["民宅"]


def test_rows_of_unlike_grade_are_a_conflict_and_without_a_table_there_is_nothing(database, city, settings, tmp_path):
    with pytest.raises(BadInput, match="no source of layer protected_buildings"):
        run(settings)
    load(database, city, town(tmp_path / "town.gpkg", ["善化寺"]), "buildings")
    rows = ["P3,善化寺,,金,national,1,1961,,", "P4,善化寺,,明,county,,1985,,"]
    load(database, city, table(tmp_path / "units.csv", *rows), "protected_buildings", columns=COLUMNS)
    assert run(settings) == 0
    assert held(database)["善化寺"]["protection_grade"] == "national"
    told = json.loads((settings.data / "derived/protection.json").read_text(encoding="utf-8"))
    assert [one["code"] for one in told] == ["protection_conflict"] * 2
    assert "grade national by P3, but county by P4" in told[0]["message"]
