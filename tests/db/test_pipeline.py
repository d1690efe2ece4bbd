"""The way in, against a real PostGIS: what arrives, what is refused, and what stands after a failure."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text

from cim.errors import BadInput, BadSource, Conflict, MissingCrs
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import catalogue, features, places, versions
from cim.types import Box, silent
from loaders import pipeline

pytestmark = pytest.mark.db
X, Y = 439_000.0, 4_440_000.0


def load(database, city, path, layer="buildings", name="some", **stated):
    clock = itertools.count().__next__
    return pipeline.load(database, NamedSource(name, Source(str(path), layer, **stated)), path, city, silent, clock)


def write(path: Path, shapes, crs="EPSG:4547", **columns) -> Path:
    data = {"id": [f"k{i}" for i in range(len(shapes))], **columns}
    path.unlink(missing_ok=True)
    gpd.GeoDataFrame(data, geometry=list(shapes), crs=crs).to_file(path)
    return path


def squares(count, side=10.0):
    return [shapely.box(X + 20 * i, Y, X + 20 * i + side, Y + side) for i in range(count)]


def scalar(database, sql, **values):
    with database.begin() as connection:
        return connection.execute(text(sql), values).scalar()


def test_good_records_arrive_and_bad_ones_are_kept_whole_with_their_reason(database, city, tmp_path):
    shapes = [*squares(9), shapely.Polygon([(X, Y), (X + 5, Y), (X + 9, Y)])]
    path = write(
        tmp_path / "a.gpkg", shapes, height_m=np.arange(10) + 3.0, name=["鼓楼"] + [None] * 9, 备注=["甲"] * 10
    )
    report = load(database, city, path)
    assert (report.read, report.accepted, report.repaired, report.rejected) == (10, 9, 0, 1)
    with database.begin() as connection:
        assert features.counts(connection)["buildings"] == 9
        first = features.items(connection, "buildings", limit=1)[0]
        kept = connection.execute(text("SELECT source_row, codes, content FROM cim.quarantine")).one()
    assert (first["properties"]["name"], first["properties"]["备注"]) == ("鼓楼", "甲")
    assert first["properties"]["source_row"] == 1
    assert kept.source_row == 10
    assert kept.codes == ["area_too_small"]
    assert kept.content["id"] == "k9"
    assert shapely.from_wkt(kept.content["geometry"]).equals(shapes[9])


def test_the_same_file_again_changes_nothing_and_another_replaces_only_what_differs(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", squares(4), height_m=[3.0, 4.0, 5.0, 6.0])
    load(database, city, path)
    before = scalar(database, "SELECT max(id) FROM cim.body")
    assert load(database, city, path).unchanged
    assert scalar(database, "SELECT max(id) FROM cim.body") == before
    ids = scalar(database, "SELECT array_agg(building_id ORDER BY building_id) FROM cim.body WHERE record_to IS NULL")
    write(path, squares(3), height_m=[3.0, 40.0, 5.0])
    load(database, city, path)
    now = "SELECT array_agg(building_id ORDER BY building_id) FROM cim.body WHERE record_to IS NULL"
    assert scalar(database, now) == ids[:3]
    assert scalar(database, "SELECT count(*) FROM cim.body") == 5
    assert scalar(database, "SELECT count(*) FROM cim.body WHERE record_to IS NULL AND height_m = 40") == 1
    assert scalar(database, "SELECT count(*) FROM cim.dataset_version WHERE state = 'published'") == 1


def test_too_many_rejects_publish_nothing_but_are_kept(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", squares(10), height_m=[5.0] * 10)
    load(database, city, path)
    write(path, squares(10), height_m=[5.0] * 7 + [-1.0] * 3)
    with pytest.raises(
        BadInput, match=r"a\.gpkg: 3 of 10 records rejected \(height_out_of_range 3\), more than the 20%"
    ):
        load(database, city, path)
    assert scalar(database, "SELECT count(*) FROM cim.body WHERE record_to IS NULL") == 10
    assert scalar(database, "SELECT count(*) FROM cim.quarantine") == 3
    assert scalar(database, "SELECT state FROM cim.dataset_version ORDER BY id DESC LIMIT 1") == "failed"


def test_a_geojson_without_a_crs_is_refused_with_the_likely_ones(database, city, tmp_path):
    path = tmp_path / "roads.geojson"
    line = {"type": "LineString", "coordinates": [[113.29, 40.09], [113.30, 40.09]]}
    feature = {"type": "Feature", "properties": {"id": "a", "name": "和阳街"}, "geometry": line}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(MissingCrs, match=r"roads\.geojson: states no CRS.*GCJ-02"):
        load(database, city, path, layer="roads")
    assert scalar(database, "SELECT count(*) FROM cim.feature") == 0
    load(database, city, path, layer="roads", crs="GCJ-02")
    with database.begin() as connection:
        (road,) = features.items(connection, "roads")
    assert road["geometry"]["coordinates"][0] == pytest.approx([113.28299, 40.08882], abs=2e-4)


def test_a_file_that_disagrees_with_its_owner_is_refused(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", squares(1), height_m=[5.0])
    with pytest.raises(BadSource, match=r"file says EPSG:4547, the city file says EPSG:32649"):
        load(database, city, path, crs="EPSG:32649")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.gpkg", b"", "the file is empty"),
        ("noise.gpkg", b"\x00\x01\x02\x03" * 64, "not recognised"),
        ("half.gpkg", b"SQLite format 3\x00" + b"\x00" * 200, "not readable as GeoPackage"),
        ("none.csv", b"lon,lat\n", "no records"),
        ("other.csv", b"x,y\n1,2\n", "no column 'lon'"),
        ("wrong.csv", "编号,lon,lat\n一,113.3,40.1\n".encode("gbk"), "decode as gb18030"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_leaves_no_trace(database, city, tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadSource, match=says) as caught:
        load(database, city, path, layer="addresses", crs="EPSG:4326")
    assert name in str(caught.value)
    with database.begin() as connection:
        assert catalogue.published(connection) == []


def test_a_key_that_comes_again_is_set_aside_as_it_came_but_touching_pieces_are_put_together(database, city, tmp_path):
    square = shapely.box(X, Y, X + 10, Y + 10)
    far = shapely.box(X + 100, Y, X + 110, Y + 10)
    shapes = [square, shapely.box(X + 10, Y, X + 20, Y + 10), far, *squares(15)[9:]]
    path = write(
        tmp_path / "a.gpkg", shapes, id=[*"aaa", *"bcdefg"], height_m=[5.0] * 9, 备注=list("一二三四五六七八九")
    )
    report = load(database, city, path)
    assert dict(report.codes) == {"piece": 1, "duplicate_key": 1}
    assert (report.read, report.accepted, report.repaired, report.rejected) == (9, 8, 1, 1)
    with database.begin() as connection:
        kept = connection.execute(text("SELECT source_row, codes, content FROM cim.quarantine")).one()
        areas = connection.execute(text("SELECT ST_Area(footprint) FROM cim.body ORDER BY source_row")).scalars().all()
    assert (kept.source_row, kept.codes, kept.content["备注"]) == (3, ["duplicate_key"], "三")
    assert shapely.from_wkt(kept.content["geometry"]).equals(far)
    assert areas == pytest.approx([200.0] + [100.0] * 6)


def test_overlaps_and_doubles_are_remarked_on(database, city, tmp_path):
    shapes = [*squares(3), shapely.box(X + 5, Y, X + 15, Y + 10), squares(3)[2]]
    report = load(database, city, write(tmp_path / "a.gpkg", shapes, height_m=[5.0] * 5))
    assert {(issue.code, issue.row) for issue in report.issues} == {("overlap", 4), ("duplicate_geometry", 5)}
    assert (report.accepted, report.noted) == (5, 2)
    strict = replace(city, limits=replace(city.limits, max_share={"overlap": 0.1}))
    with pytest.raises(BadInput, match=r"1 of 5 records have overlap, more than the 10.0%"):
        load(database, strict, tmp_path / "a.gpkg")


class _Broken(Exception):
    pass


def _break_behind(rows):
    """A progress that breaks the run off when so many records are staged."""

    def progress(done, total, note):
        if done >= rows:
            raise _Broken

    return progress


def test_an_interrupted_load_is_gone_on_with_where_it_stopped_and_nothing_comes_twice(
    database, city, tmp_path, monkeypatch
):
    monkeypatch.setattr("loaders.sources.vector.BATCH_ROWS", 10)
    monkeypatch.setattr("loaders.sources.vector._FETCH_ROWS", 10)
    heights = np.full(60, 5.0)
    heights[[3, 33]] = -1.0
    path = write(tmp_path / "a.gpkg", squares(60), height_m=heights)
    named, clock = NamedSource("some", Source(str(path), "buildings")), itertools.count().__next__
    with pytest.raises(_Broken):
        pipeline.load(database, named, path, city, _break_behind(30), clock)
    assert scalar(database, "SELECT count(*) FROM cim.body") == 0
    assert scalar(database, "SELECT state FROM cim.dataset_version") == "loading"
    report = load(database, city, path)
    assert (report.resumed_at, report.read, report.accepted, report.rejected) == (30, 60, 58, 2)
    assert scalar(database, "SELECT count(*) FROM cim.body WHERE record_to IS NULL") == 58
    assert scalar(database, "SELECT array_agg(source_row ORDER BY id) FROM cim.quarantine") == [4, 34]
    assert scalar(database, "SELECT array_agg(state) FROM cim.dataset_version") == ["published"]
    assert scalar(database, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'load%'") == 0


def test_an_interrupted_load_of_another_file_is_given_up_and_leaves_nothing(database, city, tmp_path, monkeypatch):
    monkeypatch.setattr("loaders.sources.vector.BATCH_ROWS", 10)
    monkeypatch.setattr("loaders.sources.vector._FETCH_ROWS", 10)
    path = write(tmp_path / "a.gpkg", squares(40), height_m=[-1.0, *[5.0] * 39])
    named, clock = NamedSource("some", Source(str(path), "buildings")), itertools.count().__next__
    with pytest.raises(_Broken):
        pipeline.load(database, named, path, city, _break_behind(20), clock)
    write(path, squares(30), height_m=[6.0] * 30)
    assert load(database, city, path).resumed_at == 0
    assert scalar(database, "SELECT array_agg(state ORDER BY id) FROM cim.dataset_version") == ["failed", "published"]
    assert scalar(database, "SELECT count(*) FROM cim.quarantine") == 0


def test_places_are_found_by_name_part_pinyin_and_initials_and_ranked(database, city, tmp_path):
    path = tmp_path / "a.csv"
    rows = [
        "1,大同市平城区永泰街5号,,门牌",
        "2,大同市平城区,永泰门,地名",
        "3,大同市平城区永安里2号,永安里小卖部,兴趣点",
    ]
    lines = [f"{row},{113.28 + 0.01 * i},40.09" for i, row in enumerate(rows)]
    path.write_text("id,address,name,kind,lon,lat\n" + "\n".join(lines) + "\n", encoding="utf-8")
    load(database, city, path, layer="addresses", crs="EPSG:4326")
    with database.begin() as connection:
        found = places.search(connection, "永泰")
        assert [r["name"] for r in found if r["id"] is not None] == [
            "永泰门",
            None,
        ]  # and the street, which has no record
        assert "pinyin" in places.search(connection, "yongtaimen")[0]["why"]
        assert places.search(connection, "ytm")[0]["name"] == "永泰门"
        assert places.search(connection, "永安里小买部")[0]["name"] == "永安里小卖部"
        near = places.reverse(connection, 113.28, 40.09)[0]
        assert near["address"] == "大同市平城区永泰街5号"
        assert near["distance_m"] == 0.0
        with pytest.raises(BadInput, match="no letter"):
            places.search(connection, "，。")


def test_pages_meet_every_feature_once_and_a_box_holds_only_its_own(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", squares(25), height_m=[5.0] * 25)
    load(database, city, path)
    with database.begin() as connection:
        pages = list(features.pages(connection, "buildings", size=10))
        assert [len(page) for page in pages] == [10, 10, 5]
        assert len({f["id"] for page in pages for f in page}) == 25
        west = features.items(connection, "buildings", limit=1)[0]["geometry"]["coordinates"][0][0]
        box = Box(west[0] - 1e-5, west[1] - 1e-4, west[0] + 1e-5, west[1] + 1e-4)
        assert len(features.items(connection, "buildings", bbox=box)) == 1


STATIONS = {"crs": "EPSG:4326", "constants": {"kind": "gas", "observed_property": "LEL", "unit": "%LEL"}}


def test_a_refused_load_of_stations_registers_none_of_them(database, city, tmp_path):
    path = tmp_path / "stations.csv"
    path.write_text("id,name,lon,lat\na,甲,113.29,40.09\nb,,113.29,40.09\n", encoding="utf-8")
    with pytest.raises(BadInput, match="1 of 2 records rejected"):
        load(database, city, path, layer="stations", **STATIONS)
    assert scalar(database, "SELECT count(*) FROM cim.thing") == 0
    assert scalar(database, "SELECT count(*) FROM cim.quarantine") == 1


def test_a_station_is_bound_to_the_building_it_stands_in(database, city, tmp_path):
    load(database, city, write(tmp_path / "a.gpkg", squares(3), height_m=[5.0] * 3), name="houses")
    path = tmp_path / "stations.csv"
    path.write_text("id,name,lon,lat,building\na,甲,113.29,40.09,k1\nb,乙,113.29,40.09,none\n", encoding="utf-8")
    load(database, city, path, layer="stations", **STATIONS)
    bound = "SELECT o.source_key FROM cim.thing t JOIN cim.object o ON o.id = t.building_id"
    assert scalar(database, bound) == "k1"
    assert scalar(database, "SELECT count(*) FROM cim.thing WHERE building_id IS NULL") == 1


def test_vehicles_are_registered_with_their_track_and_announced_once(database, city, tmp_path):
    path = tmp_path / "vehicles.csv"
    rows = [f"v{i % 2},2026-03-01T08:00:{i:02d}+08:00,{113.28 + i / 1000},40.09,{30 + i},90" for i in range(10)]
    path.write_text("id,time,lon,lat,speed_kmh,heading_deg\n" + "\n".join([*rows, "v0,08:00,113.2,40.0,1,1"]) + "\n")
    report = load(database, city, path, layer="vehicles", crs="EPSG:4326")
    assert (report.accepted, report.rejected) == (10, 1)  # a clock reading without its date and UTC offset is no time
    assert scalar(database, "SELECT count(*) FROM cim.observation") == 10
    assert (
        scalar(database, "SELECT min(phenomenon_time) FROM cim.observation").isoformat() == "2026-03-01T00:00:00+00:00"
    )
    assert scalar(database, "SELECT array_agg(kind ORDER BY id) FROM cim.live_event") == ["observation", "dataset"]


def test_two_loads_of_one_dataset_do_not_run_at_once(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", squares(2), height_m=[5.0, 6.0])
    with database.begin() as other:
        versions.claim(other, "some")
        with pytest.raises(Conflict, match="some is being loaded by another run"):
            load(database, city, path)
    load(database, city, path)
