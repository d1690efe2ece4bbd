"""The model's memory: modes, valid and record time, diffs, going back, lineage, the quarantine tried again."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from cim.errors import BadInput, Conflict, Unknown
from cim.store import catalogue, features, history, places
from loaders import pipeline
from loaders.rollback import rollback
from tests.houses import day, heights, load, source, write

pytestmark = pytest.mark.db


def known(database, version):
    """A moment just after a version was published."""
    with database.begin() as connection:
        found = catalogue.version(connection, "houses", version)["published_at"]
    return found + timedelta(microseconds=1)


@pytest.fixture
def story(database, city, tmp_path):
    """Loaded as of 2020; a height corrected; one built and one rebuilt in 2023; one pulled down in May 2024. Versions."""
    path, found = tmp_path / "a.gpkg", []
    steps = [
        ({"keys": ["h0", "h1", "h2"], "height_m": [3.0, 4.0, 5.0]}, {"valid_from": "2020-01-01"}),
        ({"keys": ["h0", "h1", "h2"], "height_m": [3.0, 4.5, 5.0]}, {}),
        ({"keys": ["h0", "h1", "h2", "h3"], "height_m": [3.0, 4.5, 9.0, 6.0]}, {"valid_from": "2023-01-01"}),
        ({"keys": ["h0"]}, {"mode": "terminate", "valid_from": "2024-05-01"}),
    ]
    for columns, stated in steps:
        found.append(load(database, city, write(path, **columns), **stated))
    return found


def test_each_day_is_answered_as_the_world_was(database, story):
    assert heights(database, at=day(2019)) == {}
    assert heights(database, at=day(2021)) == {"h0": 3.0, "h1": 4.5, "h2": 5.0}
    assert heights(database, at=day(2023, 6)) == {"h0": 3.0, "h1": 4.5, "h2": 9.0, "h3": 6.0}
    assert heights(database) == {"h1": 4.5, "h2": 9.0, "h3": 6.0}


def test_each_day_is_answered_as_it_was_known(database, story):
    first, second, third, _ = (known(database, report.version) for report in story)
    assert heights(database, at=day(2021), as_known_at=first) == {"h0": 3.0, "h1": 4.0, "h2": 5.0}
    assert heights(database, at=day(2021), as_known_at=second) == {"h0": 3.0, "h1": 4.5, "h2": 5.0}
    assert heights(database, as_known_at=second) == {"h0": 3.0, "h1": 4.5, "h2": 5.0}
    assert heights(database, as_known_at=third) == {"h0": 3.0, "h1": 4.5, "h2": 9.0, "h3": 6.0}
    assert heights(database, as_known_at=first - timedelta(days=1)) == {}


def test_every_change_is_counted(story):
    changes = [dict(report.changes) for report in story]
    assert changes == [
        {"added": 3},
        {"changed": 1, "unchanged": 2},
        {"added": 1, "changed": 1, "unchanged": 2},
        {"ended": 1},
    ]


def test_no_row_is_ever_deleted(database, story):
    with database.begin() as connection:
        states = connection.execute(text("SELECT count(*) FROM cim.body")).scalar()
        ended = connection.execute(text("SELECT count(*) FROM cim.body WHERE record_to IS NOT NULL")).scalar()
    assert (states, ended) == (3 + 1 + 3 + 1, 0 + 1 + 1 + 1)  # what ends in the world goes on as a state that ends then


def test_a_preview_tells_and_changes_nothing(database, city, tmp_path, story):
    before = heights(database)
    path = write(tmp_path / "b.gpkg", ["h1", "h2", "h7"], side=11.0, height_m=[4.5, 9.0, 1.5])
    report = load(database, city, path, preview=True)
    assert report.preview
    assert dict(report.changes) == {"added": 1, "ended": 1, "moved": 2}
    assert heights(database) == before
    with database.begin() as connection:
        assert [v["id"] for v in catalogue.versions(connection)] == [r.version for r in reversed(story)]
        assert connection.execute(text("SELECT count(*) FROM cim.object")).scalar() == 4


def test_append_leaves_what_it_does_not_name(database, city, tmp_path, story):
    path = write(tmp_path / "b.gpkg", ["h2", "h8"], height_m=[9.5, 2.5])
    assert dict(load(database, city, path, mode="append").changes) == {"added": 1, "changed": 1}
    assert heights(database) == {"h1": 4.5, "h2": 9.5, "h3": 6.0, "h8": 2.5}


def test_a_list_of_what_has_gone_needs_no_shapes_and_names_what_it_does_not_find(database, city, tmp_path, story):
    path = tmp_path / "gone.csv"
    path.write_text("id,valid_to\nh1,2025-03-01\nh0,2025-03-01\nh99,2025-03-01\n", encoding="utf-8")
    open_city = replace(city, limits=replace(city.limits, max_rejected_share=1.0))
    report = load(database, open_city, path, mode="terminate", crs="EPSG:4547")
    assert (report.accepted, report.rejected, dict(report.codes)) == (1, 2, {"unknown_object": 2})
    assert heights(database, at=day(2025)) == {"h1": 4.5, "h2": 9.0, "h3": 6.0}
    assert heights(database, at=day(2025, 3, 2)) == {"h2": 9.0, "h3": 6.0}


def test_the_difference_of_two_versions(database, story):
    with database.begin() as connection:
        found = history.diff(connection, story[0].version, story[2].version)
        back = history.diff(connection, story[2].version, story[0].version)
        last = history.diff(connection, story[2].version, story[3].version)
        listed = list(found.features)
        assert found.counts == {"added": 1, "removed": 0, "moved": 0, "changed": 2}
        assert back.counts == {"added": 0, "removed": 1, "moved": 0, "changed": 2}
        assert last.counts == {"added": 0, "removed": 1, "moved": 0, "changed": 0}
        with pytest.raises(Unknown, match="no published version 999"):
            history.diff(connection, story[0].version, 999)
    assert [f["properties"]["change"] for f in listed] == ["changed", "changed", "added"]
    assert listed[0]["properties"]["changed"] == {"height_m": [4.0, 4.5]}
    lon, lat = listed[0]["geometry"]["coordinates"][0][0]
    assert (round(lon, 3), round(lat, 3)) == (113.285, 40.092)


def test_a_version_is_taken_back_as_one_step_and_the_file_does_not_bring_it_in_again(database, city, tmp_path, story):
    path = write(tmp_path / "bad.gpkg", ["h1"], name=["错"], height_m=[99.0])
    wrong = load(database, city, path)
    assert heights(database) == {"h1": 99.0}
    report = rollback(database, "houses")
    assert heights(database) == {"h1": 4.5, "h2": 9.0, "h3": 6.0}
    assert heights(database, as_known_at=known(database, wrong.version)) == {"h1": 99.0}
    assert load(database, city, path).unchanged
    with database.begin() as connection:
        newest = catalogue.versions(connection, "houses")[0]
        assert places.search(connection, "错") == []
    assert (newest["id"], newest["mode"], newest["restores"]) == (report.version, "rollback", story[3].version)
    rollback(database, "houses", wrong.version)
    assert heights(database) == {"h1": 99.0}
    with database.begin() as connection:
        assert places.search(connection, "错")[0]["name"] == "错"
    with pytest.raises(Unknown, match="no version 77"):
        rollback(database, "houses", 77)


def test_after_going_back_neither_file_comes_in_again(database, city, tmp_path):
    first = write(tmp_path / "a.gpkg", ["h1", "h2"], height_m=[1.5, 2.5])
    load(database, city, first)
    gone = tmp_path / "gone.csv"
    gone.write_text("id\nh1\n", encoding="utf-8")
    load(database, city, gone, mode="terminate")
    rollback(database, "houses")
    assert load(database, city, first).unchanged
    assert load(database, city, gone, mode="terminate").unchanged
    assert heights(database) == {"h1": 1.5, "h2": 2.5}


def test_going_back_twice_never_comes_to_what_was_taken_back(database, city, tmp_path):
    for height in (1.5, 2.5):
        load(database, city, write(tmp_path / "a.gpkg", ["h1"], height_m=[height]))
    rollback(database, "houses")
    load(database, city, write(tmp_path / "a.gpkg", ["h1"], height_m=[4.5]))
    rollback(database, "houses")
    assert heights(database) == {"h1": 1.5}


def test_a_list_that_names_a_thing_twice_ends_it_once(database, city, tmp_path, story):
    path = tmp_path / "gone.csv"
    path.write_text("id\nh1\nh1\n", encoding="utf-8")
    report = load(database, city, path, mode="terminate", valid_from="2025-01-01")
    assert dict(report.changes) == {"ended": 1}
    with database.begin() as connection:
        found = features.items(connection, "buildings", at=day(2024, 6))
    assert [f["properties"]["id"] for f in found].count("h1") == 1


def test_days_told_out_of_their_order_leave_one_state_for_each_day(database, city, tmp_path):
    path = tmp_path / "roads.geojson"

    def road(name, **stated):
        line = {"type": "LineString", "coordinates": [[113.29, 40.09], [113.30, 40.09]]}
        feature = {"type": "Feature", "properties": {"id": "a", "name": name}, "geometry": line}
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
        load(database, city, path, layer="roads", crs="EPSG:4326", **stated)

    def names(at):
        with database.begin() as connection:
            return [f["properties"]["name"] for f in features.items(connection, "roads", at=at)]

    road("甲")
    road("乙", valid_from="2026-05-01")
    road("丙", valid_from="2026-03-01")
    assert [names(day(2026, month)) for month in (2, 4, 6)] == [["甲"], ["丙"], ["丙"]]


def test_a_record_that_ended_before_the_delivery_tells_does_not_keep_the_others_out(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", ["h0", "h1"], height_m=[5.0, 6.0], valid_to=["2020-01-01", None])
    report = load(database, city, path, valid_from="2026-05-01")
    assert report.accepted == 2
    assert heights(database, at=day(2019)) == {"h0": 5.0}
    assert heights(database, at=day(2026, 6)) == {"h1": 6.0}


def test_a_preview_leaves_an_interrupted_load_to_be_gone_on_with(database, city, tmp_path, monkeypatch):
    monkeypatch.setattr("loaders.sources.vector.BATCH_ROWS", 2)
    monkeypatch.setattr("loaders.sources.vector._FETCH_ROWS", 2)
    path = write(tmp_path / "a.gpkg", ["h0", "h1", "h2", "h3"], height_m=[5.0] * 4)

    def broken(done, total, note):
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.load(database, source(path), path, city, broken, itertools.count().__next__)
    assert load(database, city, path, preview=True).changes == {"added": 4}
    assert load(database, city, path).resumed_at == 2


def test_divisions_that_all_lie_elsewhere_are_refused_in_a_sentence(database, city, tmp_path):
    path = tmp_path / "d.geojson"
    ring = [[13.0, 50.0], [13.1, 50.0], [13.1, 50.1], [13.0, 50.0]]
    feature = {"type": "Feature", "properties": {"code": "140213", "name": "甲", "level": "county"}}
    feature["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    with pytest.raises(BadInput, match="outside the city"):
        load(database, city, path, layer="divisions", crs="EPSG:4326")


def test_there_is_no_going_back_before_the_first(database, city, tmp_path):
    load(database, city, write(tmp_path / "a.gpkg", ["h1"], height_m=[5.0]))
    with pytest.raises(Conflict, match="no version before .*--mode terminate"):
        rollback(database, "houses")
    with pytest.raises(Unknown, match="no dataset named 'barns'; known: houses"):
        rollback(database, "barns")


def test_a_feature_leads_back_to_file_hash_and_row(database, city, tmp_path):
    for number, keys in enumerate((["h0", "h1"], ["h2", "h3", "h4"])):
        write(tmp_path / f"part_{number}.gpkg", keys, height_m=[5.0] * len(keys))
    load(database, city, tmp_path / "part_*.gpkg")
    with database.begin() as connection:
        fourth = next(f for f in features.items(connection, "buildings") if f["properties"]["id"] == "h3")
        (state,) = history.lineage(connection, "buildings", fourth["id"])["states"]
    assert state["location"].endswith("part_1.gpkg")
    assert state["source_row"] == 2
    assert len(state["checksum"]) == 64


def test_records_without_places_have_a_history_too(database, city, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("code,name,level\n140213,平城区,county\n140214,云冈区,county\n", encoding="utf-8")
    load(database, city, path, layer="division_codes")
    path.write_text("code,name,level\n140213,平城,county\n140214,云冈区,county\n", encoding="utf-8")
    report = load(database, city, path, layer="division_codes")
    assert dict(report.changes) == {"changed": 1, "unchanged": 1}


def test_the_day_of_a_delivery_must_be_one(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", ["h1"], height_m=[5.0])
    with pytest.raises(BadInput, match="valid_from 'May': expected a day"):
        load(database, city, path, valid_from="May")
