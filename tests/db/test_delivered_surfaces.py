"""Bodies that come with their surfaces: kept as delivered, through changes and rollbacks, beside what others say."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text

from cim.geoid import Geoid
from cim.plugins import Anchor, Source
from cim.source_entry import Card, NamedSource
from cim.store import features, history
from cim.store.bodies import reading
from cim.types import Surface, silent
from loaders import pipeline
from loaders.retry import retry
from loaders.rollback import rollback
from tests.mesh_files import gabled, obj

pytestmark = pytest.mark.db
X, Y = 439_000.0, 4_440_000.0
HERE = {"crs": "EPSG:4547", "up": "z"}


def load(database, city, path, name="model", priority=0, **stated):
    source = Source(str(path), "buildings", **{**HERE, **stated})
    return pipeline.load(
        database, NamedSource(name, source, Card(priority=priority)), path, city, silent, itertools.count().__next__
    )


def map_of(path, count=3):
    """A map of houses with names and addresses, coarse bodies."""
    shapes = [shapely.box(X + 30 * i, Y, X + 30 * i + 10, Y + 6) for i in range(count)]
    path.unlink(missing_ok=True)
    columns = {"id": list("abcdef")[:count], "name": [f"宅{i}" for i in range(count)], "height_m": [5.0] * count}
    columns |= {"use": ["religious"] * count, "address": [f"华严寺街{i}号" for i in range(count)], "lod": [1.0] * count}
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4547").to_file(path)
    return path


def shown(database):
    with reading(database) as rows:
        return rows.within(0, 1 << 48)


def ids(database):
    with database.begin() as connection:
        found = connection.execute(text("SELECT source_key, id FROM cim.object ORDER BY id"))
        return {key: int(id) for key, id in found}


def test_surfaces_come_in_as_delivered_and_tell_the_numbers(database, city, tmp_path):
    report = load(database, city, obj(tmp_path / "m.obj", {"h": gabled(X, Y, 1040.25)}))
    assert (report.accepted, report.changes) == (1, {"added": 1})
    rows = shown(database)
    body = rows.boundary[0]
    assert np.array_equal(np.unique(body.positions(), axis=0), np.unique(gabled(X, Y, 1040.25), axis=0))
    assert (rows.base_m[0], rows.height_m[0], rows.eaves_m[0], rows.lod[0], rows.cim_level[0]) == (
        1040.25,
        6.0,
        4.0,
        3.0,
        3,
    )
    assert sorted(body.surface.tolist()) == [0, 0, 0, 0, 1, 1, 2]
    assert (body.kind, body.shells, body.notes) == ("Solid", ((7,),), {"surfaces_inferred": True})
    assert rows.geometry[0].equals(shapely.box(X, Y, X + 10, Y + 6))


def test_ellipsoidal_heights_become_the_citys_with_one_value_for_all_of_a_body(database, city, tmp_path):
    path = obj(tmp_path / "m.obj", {"h": gabled(X, Y, 1024.5)})
    source = NamedSource("model", Source(str(path), "buildings", heights="ellipsoidal", **HERE))
    pipeline.load(database, source, path, city, silent, itertools.count().__next__, geoid=Geoid.constant(-15.5))
    rows = shown(database)
    z = rows.boundary[0].positions()[:, 2]
    assert (z.min(), z.max(), rows.base_m[0], rows.height_m[0]) == (1040.0, 1046.0, 1040.0, 6.0)


def test_other_surfaces_over_the_same_footprint_are_a_change_and_the_same_again_are_none(database, city, tmp_path):
    path = obj(tmp_path / "m.obj", {"h": gabled(X, Y, 1040.0), "k": gabled(X + 40, Y, 1040.0)})
    load(database, city, path)
    again = load(database, city, obj(tmp_path / "n.obj", {"h": gabled(X, Y, 1040.0), "k": gabled(X + 40, Y, 1040.0)}))
    assert again.changes == {"unchanged": 2}
    houses = {"h": gabled(X, Y, 1040.0), "k": gabled(X + 40, Y, 1040.0)}
    houses["k"][8:, 1] += 0.5  # the ridge moves, the numbers stay
    changed = load(database, city, obj(tmp_path / "m.obj", houses))
    assert changed.changes == {"changed": 1, "unchanged": 1}
    with database.begin() as connection:
        versions = connection.execute(text("SELECT id FROM cim.dataset_version ORDER BY id")).scalars().all()
        diff = history.diff(connection, versions[1], versions[2])
        assert diff.counts == {"added": 0, "removed": 0, "moved": 0, "changed": 1}
        assert list(next(iter(diff.features))["properties"]["changed"]) == ["surfaces"]


def test_a_rollback_brings_the_surfaces_back(database, city, tmp_path):
    first = {"h": gabled(X, Y, 1040.0)}
    load(database, city, obj(tmp_path / "m.obj", first))
    before = shown(database).boundary[0]
    load(database, city, obj(tmp_path / "m.obj", {"h": gabled(X, Y, 1040.0, ridge=7.0)}))
    assert shown(database).height_m[0] == 7.0
    rollback(database, "model")
    rows = shown(database)
    assert rows.height_m[0] == 6.0
    assert rows.boundary[0].content() == before.content()


NAMED = {"columns": {"building": "node"}}


def test_a_model_that_names_a_building_is_another_body_of_it_and_what_it_does_not_know_stays(database, city, tmp_path):
    load(database, city, map_of(tmp_path / "map.gpkg"), "map", crs=None, up=None)
    b = ids(database)["b"]
    report = load(database, city, obj(tmp_path / "m.obj", {str(b): gabled(X + 30, Y, 1040.0)}), priority=1, **NAMED)
    assert (report.accepted, report.rejected) == (1, 0)
    assert len(ids(database)) == 3
    rows = shown(database)
    at = int(np.flatnonzero(rows.id == b)[0])
    assert (rows.name[at], rows.use[at], rows.lod[at], rows.height_m[at], rows.cim_level[at]) == ("宅1", 6, 3.0, 6.0, 3)
    assert rows.boundary[at] is not None
    assert [body is None for body in rows.boundary] == [i != at for i in range(3)]
    with database.begin() as connection:
        item = next(f for f in features.items(connection, "buildings") if f["id"] == b)["properties"]
        origin = history.lineage(connection, "buildings", b)
    assert item["id"] == "b"  # not what the file of models calls it
    assert (item["name"], item["address"], item["dataset"]) == ("宅1", "华严寺街1号", "model")
    assert item["has_surfaces"] is True
    assert item["decisions"]["won"]["name"]["dataset"] == "map"
    assert [key["why"] for key in origin["keys"]] == [None, "named by its id"]


def test_what_is_told_of_the_coarse_body_later_reaches_the_fine_one(database, city, tmp_path):
    path = map_of(tmp_path / "map.gpkg")
    load(database, city, path, "map", crs=None, up=None)
    b = ids(database)["b"]
    load(database, city, obj(tmp_path / "m.obj", {str(b): gabled(X + 30, Y, 1040.0)}), priority=1, **NAMED)
    frame = gpd.read_file(path)
    frame.loc[1, "name"] = "鼓楼"
    path.unlink()
    frame.to_file(path)
    load(database, city, path, "map", crs=None, up=None)
    rows = shown(database)
    at = int(np.flatnonzero(rows.id == b)[0])
    assert (rows.name[at], rows.lod[at]) == ("鼓楼", 3.0)
    assert rows.boundary[at] is not None


def test_a_rollback_takes_the_model_off_again(database, city, tmp_path):
    load(database, city, map_of(tmp_path / "map.gpkg"), "map", crs=None, up=None)
    b, c = ids(database)["b"], ids(database)["c"]
    load(database, city, obj(tmp_path / "m.obj", {str(c): gabled(X + 60, Y, 1040.0)}), priority=1, **NAMED)
    both = {str(b): gabled(X + 30, Y, 1040.0), str(c): gabled(X + 60, Y, 1040.0)}
    load(database, city, obj(tmp_path / "m.obj", both), priority=1, **NAMED)
    assert sum(body is not None for body in shown(database).boundary) == 2
    rollback(database, "model")
    rows = shown(database)
    assert {int(rows.id[i]): (rows.name[i], float(rows.lod[i]), rows.boundary[i] is not None) for i in range(3)} == {
        ids(database)["a"]: ("宅0", 1.0, False),
        b: ("宅1", 1.0, False),
        c: ("宅2", 3.0, True),
    }


def test_names_that_lead_to_no_building_or_to_one_elsewhere_are_set_aside_with_the_reason(database, city, tmp_path):
    load(database, city, map_of(tmp_path / "map.gpkg"), "map", crs=None, up=None)
    a, b = ids(database)["a"], ids(database)["b"]
    houses = {
        str(a): gabled(X, Y, 1040.0),
        str(b): gabled(X + 500, Y, 1040.0),
        "987654": gabled(X + 60, Y, 1040.0),
        "鼓楼": gabled(X + 90, Y, 1040.0),
    }
    lenient = replace(city, limits=replace(city.limits, max_rejected_share=0.9))
    report = load(database, lenient, obj(tmp_path / "m.obj", houses), priority=1, **NAMED)
    assert report.accepted == 1
    codes = {"building_unknown": 2, "building_elsewhere": 1, "surfaces_elsewhere": 0}
    assert {code: report.codes.get(code, 0) for code in codes} == codes
    assert sum(body is not None for body in shown(database).boundary) == 1


def test_one_building_may_be_stated_for_a_whole_file(database, city, tmp_path):
    load(database, city, map_of(tmp_path / "map.gpkg"), "map", crs=None, up=None)
    a = ids(database)["a"]
    house = obj(
        tmp_path / "m.obj", {"walls": gabled(X, Y, 1040.0), "tower": gabled(X + 4, Y + 2, 1046.0, width=2.0, depth=2.0)}
    )
    report = load(database, city, house, priority=1, constants={"building": a, "lod": 3.2})
    assert report.changes["added"] == 1
    rows = shown(database)
    at = int(np.flatnonzero(rows.id == a)[0])
    assert (rows.name[at], float(rows.lod[at]), len(rows.boundary[at])) == ("宅0", pytest.approx(3.2), 14)


def test_surfaces_of_one_level_of_detail_win_over_numbers_alone_and_come_whole(database, city, tmp_path):
    load(database, city, map_of(tmp_path / "map.gpkg"), "map", crs=None, up=None)
    a = ids(database)["a"]
    stated = {"building": a, "lod": 1.0, "cim_level": "L3"}
    report = load(database, city, obj(tmp_path / "m.obj", {"h": gabled(X, Y, 1040.0)}), priority=1, constants=stated)
    assert report.changes["fused"] == 1
    rows = shown(database)
    at = int(np.flatnonzero(rows.id == a)[0])
    assert (rows.name[at], rows.height_m[at], rows.base_m[at]) == ("宅0", 6.0, 1040.0)
    assert np.count_nonzero(rows.boundary[at].surface == Surface.roof) == 2
    with database.begin() as connection:
        item = next(f for f in features.items(connection, "buildings") if f["id"] == a)["properties"]
    assert item["decisions"]["won"]["boundary"]["dataset"] == "model"
    assert "surfaces over numbers alone" in item["decisions"]["won"]["height_m"]["why"]


def test_a_model_without_coordinates_is_anchored_and_stands_on_the_ground_without_a_height(database, city, tmp_path):
    path = obj(tmp_path / "m.obj", {"h": gabled(0.0, 0.0, 3.0)})
    load(database, city, path, anchor=Anchor(X, Y, turn_deg=90.0))
    rows = shown(database)
    assert shapely.hausdorff_distance(rows.geometry[0], shapely.box(X - 6, Y, X, Y + 10)) < 0.001
    body = rows.boundary[0]
    assert (body.above_base, np.isnan(rows.base_m[0]), rows.height_m[0]) == (True, True, 6.0)
    assert body.positions()[:, 2].min() == 0.0


def test_what_named_no_building_comes_in_whole_by_a_retry_once_the_building_is_there(database, city, tmp_path):
    lenient = replace(city, limits=replace(city.limits, max_rejected_share=1.0))
    path = obj(tmp_path / "m.obj", {"1": gabled(X, Y, 1040.0), "2": gabled(X + 30, Y, 1040.0)})
    report = load(database, lenient, path, **NAMED)
    assert (report.accepted, report.codes) == (0, {"building_unknown": 2})
    load(database, city, map_of(tmp_path / "map.gpkg"), "map", crs=None, up=None)
    source = Source(str(path), "buildings", **HERE, **NAMED)
    (again,) = retry(database, NamedSource("model", source), city, silent, itertools.count().__next__)
    assert (again.read, again.accepted) == (2, 2)
    rows = shown(database)
    drawn = {int(id): body for id, body in zip(rows.id, rows.boundary, strict=True) if body is not None}
    assert sorted(drawn) == [1, 2]
    for building, east in ((1, 0.0), (2, 30.0)):
        body = drawn[building]
        assert np.array_equal(np.unique(body.positions(), axis=0), np.unique(gabled(X + east, Y, 1040.0), axis=0))
        assert (body.kind, len(body), body.surface.tolist().count(Surface.roof)) == ("Solid", 7, 2)


def test_one_delivery_may_tell_of_a_building_at_several_levels_of_detail(database, city, tmp_path):
    shapes = [shapely.box(X, Y, X + 10, Y + 6)] * 2 + [shapely.box(X + 2, Y, X + 12, Y + 6)]
    columns = {"id": ["a", "a", "b"], "lod": [1.2, 2.2, 1.0], "height_m": [5.0, 6.0, 7.0], "name": ["甲", "甲", "乙"]}
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4547").to_file(tmp_path / "m.gpkg")
    report = load(database, city, tmp_path / "m.gpkg", "levels", crs=None, up=None)
    assert report.changes == {"added": 3}
    assert report.codes == {"overlap": 2}  # of b with either body of a, never of a with itself
    assert sorted(shown(database).height_m.tolist()) == [6.0, 7.0]


def state(database, building, at):
    with database.begin() as connection:
        found = features.items(connection, "buildings", at=at)
    item = next(f for f in found if f["id"] == building)["properties"]
    return item["name"], item["lod"], item["has_surfaces"]


def test_a_body_that_stands_since_a_day_and_a_name_that_changed_on_another_are_each_seen_at_their_time(
    database, city, tmp_path
):
    path = map_of(tmp_path / "map.gpkg")
    load(database, city, path, "map", crs=None, up=None)
    b = ids(database)["b"]
    model = obj(tmp_path / "m.obj", {str(b): gabled(X + 30, Y, 1040.0)})
    load(database, city, model, priority=1, valid_from="2026-03-01", **NAMED)
    frame = gpd.read_file(path)
    frame.loc[1, "name"] = "鼓楼"
    path.unlink()
    frame.to_file(path)
    load(database, city, path, "map", crs=None, up=None, valid_from="2026-07-01")
    assert state(database, b, datetime(2026, 1, 1, tzinfo=UTC)) == ("宅1", 1.0, False)
    assert state(database, b, datetime(2026, 5, 1, tzinfo=UTC)) == ("宅1", 3.0, True)
    assert state(database, b, datetime(2026, 8, 1, tzinfo=UTC)) == ("鼓楼", 3.0, True)


def test_a_list_of_what_ended_names_bodies_by_their_building(database, city, tmp_path):
    load(database, city, map_of(tmp_path / "map.gpkg"), "map", crs=None, up=None)
    a, b = ids(database)["a"], ids(database)["b"]
    both = {str(a): gabled(X, Y, 1040.0), str(b): gabled(X + 30, Y, 1040.0)}
    load(database, city, obj(tmp_path / "m.obj", both), priority=1, **NAMED)
    (tmp_path / "ended.csv").write_text(f"node\n{a}\n", encoding="utf-8")
    report = load(database, city, tmp_path / "ended.csv", priority=1, mode="terminate", **NAMED)
    assert report.changes["ended"] == 1
    rows = shown(database)
    assert {int(id) for id, body in zip(rows.id, rows.boundary, strict=True) if body is not None} == {b}
    assert sorted(rows.name.tolist()) == ["宅0", "宅1", "宅2"]
