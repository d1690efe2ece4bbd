"""Identity across sources: one building, one id, whoever tells of it; and the state that is made of what all say."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text

from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.store import catalogue, features, history, identity
from cim.types import silent
from loaders import pipeline
from loaders.rollback import rollback

pytestmark = pytest.mark.db
X, Y = 439_000.0, 4_440_000.0


def load(database, city, path, name, priority=0, **stated):
    source = NamedSource(name, Source(str(path), "buildings", **stated), Card(priority=priority))
    return pipeline.load(database, source, path, city, silent, itertools.count().__next__)


def write(path, shapes, keys, **columns):
    path.unlink(missing_ok=True)
    gpd.GeoDataFrame({"id": keys, **columns}, geometry=shapes, crs="EPSG:4547").to_file(path)
    return path


def houses(count, dx=0.0):
    return [shapely.box(X + 30 * i + dx, Y, X + 30 * i + 12 + dx, Y + 10) for i in range(count)]


def scalar(database, sql, **values):
    with database.begin() as connection:
        return connection.execute(text(sql), values).scalar()


def heights(database):
    with database.begin() as connection:
        return sorted(f["properties"]["height_m"] for f in features.items(connection, "buildings"))


def two_path(database):
    return Path(scalar(database, "SELECT location FROM cim.dataset_version ORDER BY id LIMIT 1"))


SHOWN = "SELECT count(*) FROM cim.current_body"


@pytest.fixture
def two(database, city, tmp_path):
    """An old map of eight houses with names, then a survey of the last six and two new ones, half a metre off."""
    first = write(
        tmp_path / "map.gpkg", houses(8), list("abcdefgh"), name=[f"宅{i}" for i in range(8)], height_m=[5.0] * 8
    )
    load(database, city, first, "map", 0, constants={"accuracy_m": 2.0})
    second = write(tmp_path / "survey.gpkg", houses(10, 0.5)[2:], [f"s{i}" for i in range(8)], height_m=[7.5] * 8)
    return load(database, city, second, "survey", 1, constants={"accuracy_m": 0.2})


def test_buildings_that_arrive_again_keep_their_ids_and_are_shown_once(database, two):
    assert (two.changes["recognised"], two.changes["added"], two.changes["fused"]) == (6, 8, 6)
    assert scalar(database, SHOWN) == 10
    assert scalar(database, "SELECT count(*) FROM cim.object") == 10
    with database.begin() as connection:
        seventh = next(f for f in features.items(connection, "buildings") if f["properties"]["name"] == "宅6")
        origin = history.lineage(connection, "buildings", seventh["id"])
    assert [key["dataset"] for key in origin["keys"]] == ["map", "survey"]
    assert origin["keys"][1]["source_key"] == "s4"
    assert seventh["properties"]["height_m"] == 7.5


def test_each_attribute_names_who_won_it_and_why_and_conflicts_are_listed(database, two):
    with database.begin() as connection:
        found = identity.conflicts(connection)
    assert len(found) == 6
    won = found[0]["decisions"]["won"]
    assert (won["name"]["dataset"], won["height_m"]["dataset"]) == ("map", "survey")
    assert "accuracy" in won["height_m"]["why"]
    assert [c["attribute"] for c in found[0]["decisions"]["conflicts"]] == ["height_m"]
    assert two.conflicts_in_all == 6
    assert (two.conflicts[0].won, two.conflicts[0].lost) == (
        {"dataset": "survey", "value": 7.5},
        {"dataset": "map", "value": 5.0},
    )


def test_the_same_deliveries_again_change_nothing(database, city, tmp_path, two):
    newest = scalar(database, "SELECT max(id) FROM cim.body")
    path = write(
        tmp_path / "survey.gpkg", houses(10, 0.5)[2:], [f"s{i}" for i in range(8)], height_m=[7.5] * 8, 备注=[None] * 8
    )
    again = load(database, city, path, "survey", 1, constants={"accuracy_m": 0.2})
    assert not again.unchanged
    assert again.changes == {"unchanged": 8}
    assert scalar(database, "SELECT max(id) FROM cim.body") == newest


def test_a_source_that_tells_no_more_leaves_the_other_ones_word(database, city, tmp_path, two):
    path = write(tmp_path / "survey.gpkg", houses(10, 0.5)[4:], [f"s{i}" for i in range(2, 8)], height_m=[7.5] * 6)
    load(database, city, path, "survey", 1, constants={"accuracy_m": 0.2})
    assert scalar(database, SHOWN) == 10
    assert scalar(database, "SELECT count(*) FROM cim.current_body WHERE role = 2") == 4
    assert scalar(database, "SELECT height_m FROM cim.current_body WHERE name = '宅2'") == 5.0
    assert scalar(database, "SELECT height_m FROM cim.current_body WHERE name = '宅4'") == 7.5


def test_what_the_model_showed_before_the_second_source_came_is_still_known(database, city, tmp_path, two):
    before = scalar(database, "SELECT published_at FROM cim.dataset_version ORDER BY id LIMIT 1")
    with database.begin() as connection:
        then = features.items(connection, "buildings", as_known_at=before)
        now = features.items(connection, "buildings")
    assert [f["properties"]["height_m"] for f in then] == [5.0] * 8
    assert {f["id"] for f in then} < {f["id"] for f in now}
    assert sorted(f["properties"]["height_m"] for f in now) == [5.0] * 2 + [7.5] * 8


def test_a_world_change_told_by_one_source_leaves_the_made_state_until_that_day(database, city, tmp_path, two):
    path = write(tmp_path / "survey.gpkg", houses(10, 0.5)[2:], [f"s{i}" for i in range(8)], height_m=[9.0] * 8)
    load(database, city, path, "survey", 1, constants={"accuracy_m": 0.2}, valid_from="2026-05-01")
    with database.begin() as connection:
        early = features.items(connection, "buildings", at=datetime(2026, 4, 29, tzinfo=UTC))
        late = features.items(connection, "buildings", at=datetime(2026, 5, 2, tzinfo=UTC))
    assert sorted(f["properties"]["height_m"] for f in early) == [5.0] * 2 + [7.5] * 8
    assert sorted(f["properties"]["height_m"] for f in late) == [5.0] * 2 + [9.0] * 8


def test_at_every_moment_a_building_is_shown_once(database, city, tmp_path, two):
    changed = {"constants": {"accuracy_m": 0.2}}
    keys = [f"s{i}" for i in range(8)]
    for height, stated in ((9.0, {"valid_from": "2026-05-01"}), (9.5, {}), (8.0, {"valid_from": "2026-08-01"})):
        path = write(tmp_path / "survey.gpkg", houses(10, 0.5)[2:], keys, height_m=[height] * 8)
        load(database, city, path, "survey", 1, **changed, **stated)
        for moment in ("2019-01-01", "2026-04-01", "2026-06-01", "2026-09-01"):
            twice = """
                SELECT count(*) FROM (
                    SELECT FROM cim.body
                    WHERE record_to IS NULL AND role <> 1 AND cim.holds(valid_from, valid_to, CAST(:at AS timestamptz))
                    GROUP BY building_id, lod HAVING count(*) > 1) t"""
            assert scalar(database, twice, at=moment) == 0, (height, moment)


def test_going_back_before_the_second_source_leaves_the_first_ones_word_and_forward_makes_it_again(database, city, two):
    early = heights(database)
    with database.begin() as connection:
        survey = next(v for v in catalogue.versions(connection) if v["dataset"] == "survey")["id"]
    wrong = write(two_path(database).parent / "worse.gpkg", houses(3, 0.5)[2:], ["s0"], height_m=[70.0])
    load(database, city, wrong, "survey", 1, constants={"accuracy_m": 0.2})
    assert heights(database) == [5.0] * 7 + [70.0]
    rollback(database, "survey", survey)
    assert heights(database) == early
    assert scalar(database, "SELECT count(*) FROM cim.current_body WHERE role = 2") == 6
    assert scalar(database, "SELECT count(*) FROM cim.body WHERE record_to IS NULL AND role = 1") == 12


def test_a_row_moved_by_half_a_house_is_doubtful_and_keeps_ids_of_its_own(database, city, tmp_path):
    row = [shapely.box(X + 6 * i, Y, X + 6 * i + 6, Y + 10) for i in range(6)]
    off = [shapely.box(X + 6 * i + 3, Y, X + 6 * i + 9, Y + 10) for i in range(5)]
    load(database, city, write(tmp_path / "a.gpkg", row, list("abcdef"), height_m=[5.0] * 6), "a")
    report = load(database, city, write(tmp_path / "b.gpkg", off, list("uvwxy"), height_m=[5.0] * 5), "b", 1)
    assert report.codes["identity_doubtful"] == 5
    assert "recognised" not in report.changes
    assert scalar(database, SHOWN) == 11
