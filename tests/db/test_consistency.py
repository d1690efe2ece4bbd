"""Sources that do not fit each other, through the pipeline: told with both sources, counted by kind, taken back again."""

import argparse
import itertools

import geopandas as gpd
import httpx
import pytest
import shapely

from api.commands import protection
from api.terminal import Terminal
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.store import catalogue, features, identity
from cim.types import silent
from loaders import pipeline
from loaders.rollback import rollback

pytestmark = pytest.mark.db
X, Y = 439_000.0, 4_440_000.0
COLUMNS = {"id": "编号", "name": "名称", "building": "建筑编号", "era": "年代", "grade": "保护级别"}


def load(database, city, path, name, layer="buildings", priority=0, **stated):
    named = NamedSource(name, Source(str(path), layer, **stated), Card(priority=priority))
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__)


def write(path, **columns):
    count = len(columns["id"])
    shapes = [shapely.box(X + 40 * n, Y, X + 40 * n + 20, Y + 12) for n in range(count)]
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4547").to_file(path)
    return path


def held(database):
    with database.begin() as connection:
        return {f["properties"]["name"]: f["properties"] for f in features.items(connection, "buildings")}


@pytest.fixture
def two(database, city, tmp_path):
    """A register of storeys and years, then a survey of heights: that of 乙 it reckoned, nobody knows from what."""
    names = ["甲", "乙", "丙"]
    register = write(tmp_path / "register.gpkg", id=[1, 2, 3], name=names, storeys=[2, 2, 2], year=[2012, 1500, 1500])
    load(database, city, register, "register")
    heights, bases = [30.0, 18.0, 7.0], ["source", "storeys", "source"]
    survey = write(tmp_path / "survey.gpkg", id=["a", "b", "c"], height_m=heights, height_basis=bases)
    return load(database, city, survey, "survey", priority=1, constants={"accuracy_m": 0.2})


def test_storeys_and_heights_of_two_sources_are_held_against_each_other(database, client: httpx.Client, two):
    assert two.changes["fused"] == 3
    assert two.conflicts_by_code["fused_storeys_against_height"] == 1
    found = held(database)
    assert [(found[n]["height_m"], found[n]["storeys"]) for n in "甲丙"] == [(30.0, 2), (7.0, 2)]
    (one,) = client.get("/conflicts?code=fused_storeys_against_height").json()["conflicts"]
    told = next(c for c in one["decisions"]["conflicts"] if c["code"] == "fused_storeys_against_height")
    assert (one["name"], told["attribute"], told["against"]) == ("甲", "height_m", "storeys")
    assert (told["won"], told["lost"]) == ({"dataset": "survey", "value": 30.0}, {"dataset": "register", "value": 2})
    assert client.get("/conflicts?code=no_such_code").status_code == 400
    report = client.get(f"/catalogue/survey/versions/{two.version}/report").json()
    versions = client.get("/catalogue/survey").json()["version_list"]
    assert report["conflicts_by_code"] == versions[0]["conflicts_by_code"] == dict(two.conflicts_by_code)
    assert sum(two.conflicts_by_code.values()) == two.conflicts_in_all


def test_an_inferred_height_gives_way_and_the_same_survey_again_changes_nothing(database, city, tmp_path, two):
    found = held(database)["乙"]
    assert (found["height_m"], found["height_basis"]) == (6.0, "storeys")
    assert found["decisions"]["won"]["height_m"]["why"].startswith("reckoned from the storeys: 18 m")
    assert told(database, "fused_height_reckoned") == [("乙", 18.0)]
    assert [c["code"] for c in found["decisions"]["conflicts"]] == ["fused_height_reckoned"]
    heights, bases = [30.0, 18.0, 7.0], ["source", "storeys", "source"]
    again = write(tmp_path / "again.gpkg", id=["a", "b", "c"], height_m=heights, height_basis=bases, 备注=[None] * 3)
    report = load(database, city, again, "survey", priority=1, constants={"accuracy_m": 0.2})
    assert (report.unchanged, report.changes) == (False, {"unchanged": 3})


def told(database, code):
    """Building and what the other source says, of every conflict of a kind that stands now."""
    with database.begin() as connection:
        found = identity.conflicts(connection, code=code)
    return [(b["name"], c["lost"]["value"]) for b in found for c in b["decisions"]["conflicts"] if c["code"] == code]


def test_conflicts_follow_their_sources_and_come_back_with_them(database, city, tmp_path, two):
    assert told(database, "fused_storeys_against_height") == [("甲", 2)]
    names = ["甲", "乙", "丙"]
    register = write(tmp_path / "more.gpkg", id=[1, 2, 3], name=names, storeys=[3, 2, 2], year=[2012, 1500, 1500])
    load(database, city, register, "register")
    assert told(database, "fused_storeys_against_height") == [("甲", 3)]
    register = write(tmp_path / "right.gpkg", id=[1, 2, 3], name=names, storeys=[9, 6, 2], year=[2012, 1500, 1500])
    report = load(database, city, register, "register")
    assert (told(database, "fused_storeys_against_height"), held(database)["乙"]["height_m"]) == ([], 18.0)
    assert "fused_storeys_against_height" not in report.conflicts_by_code
    rollback(database, "register", limits=city.limits)
    assert told(database, "fused_storeys_against_height") == [("甲", 3)]


def test_a_year_outside_the_era_of_the_table_is_told(database, city, settings, tmp_path, capsys, two):
    head, rows = (
        "编号,名称,建筑编号,年代,保护级别,lon,lat",
        ["P1,甲,1,明,national,,", "P2,乙,2,明,national,,", "P3,丙,3,明代重修,county,,"],
    )
    table = tmp_path / "units.csv"
    table.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    load(database, city, table, "units", "protected_buildings", columns=COLUMNS)
    assert protection.run(settings, argparse.Namespace(), Terminal()) == 0
    assert ", fused_year_outside_era 1, sources_differ_height 2\n" in capsys.readouterr().err
    found = held(database)
    assert [(found[n]["era"], found[n]["year"]) for n in "甲乙丙"] == [("明", 2012), ("明", 1500), ("明代重修", 1500)]
    assert told(database, "fused_year_outside_era") == [("甲", "明")]
    with database.begin() as connection:
        report = catalogue.report(connection, catalogue.versions(connection, "protection")[0]["id"])
    assert report["conflicts_by_code"]["fused_year_outside_era"] == 1
    conflict = next(c for c in report["conflicts"] if c["code"] == "fused_year_outside_era")
    assert (conflict["won"], conflict["lost"]["dataset"]) == ({"dataset": "register", "value": 2012}, "protection")
