"""Exports of another time: what a version made of its dataset, what was known then, what the world was on a day."""

import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pyogrio
import pytest

from cim.store import catalogue
from loaders.rollback import rollback
from tests.rich_city import CRS, SQUARE, export, load

pytestmark = pytest.mark.db


def test_a_version_is_what_its_delivery_made_of_the_dataset(database, city, tmp_path):
    names = {"one": ["a", "b"], "two": ["b", "c"]}
    for name, keys in names.items():
        path = tmp_path / f"{name}.csv"
        rows = "".join(f"{key},大同市{name}{key}号,113.29,40.09\n" for key in keys)
        path.write_text("id,address,lon,lat\n" + rows, encoding="utf-8")
        load(database, city, "addresses", path, crs="EPSG:4326")
    with database.begin() as connection:
        newest, first = (v["id"] for v in catalogue.versions(connection, "addresses"))
    for version, keys in ((first, ["a", "b"]), (newest, ["b", "c"]), (None, ["b", "c"])):
        to = tmp_path / f"version-{version}"
        (entry,) = export(database, city, to, datasets=("addresses",), version=version, formats=("csv",)).entries
        table = pyogrio.read_dataframe(to / entry.files[0].path)
        assert sorted(table["id"]) == keys
        assert entry.version == (version or newest)
        assert entry.files[0].path == f"addresses-v{entry.version}.csv"
        assert {origin.version for origin in entry.lineage} <= {first, newest}
    then = catalogue_moment(database, first)
    (entry,) = export(database, city, tmp_path / "then", layers=("addresses",), formats=("csv",), known=then).entries
    assert sorted(pyogrio.read_dataframe(tmp_path / "then" / "addresses.csv")["id"]) == ["a", "b"]


def catalogue_moment(database, version):
    with database.begin() as connection:
        return catalogue.version(connection, "addresses", version)["published_at"]


def test_the_world_of_a_day_goes_out_too(database, city, tmp_path):
    path = tmp_path / "a.csv"
    for number, day in ((1, "2024-01-01"), (2, "2025-01-01")):
        path.write_text(f"id,address,lon,lat,valid_from\na,大同市鼓楼{number}号,113.29,40.09,{day}\n", encoding="utf-8")
        load(database, city, "addresses", path, crs="EPSG:4326")
    for year, number in ((2024, 1), (2026, 2)):
        at = datetime(year, 6, 1, tzinfo=UTC)
        export(database, city, tmp_path / f"{year}", layers=("addresses",), formats=("csv",), at=at)
        (address,) = pyogrio.read_dataframe(tmp_path / f"{year}" / "addresses.csv")["address"]
        assert address == f"大同市鼓楼{number}号"


def test_of_a_building_that_two_datasets_tell_of_the_model_s_word_and_each_dataset_s_own_go_out(
    database, city, tmp_path
):
    for name, key, height in (("survey", "a1", 9.5), ("cadastre", "z9", 12.5)):
        told = {"type": "Feature", "properties": {"id": key, "height_m": height, name: True}, "geometry": SQUARE}
        path = tmp_path / f"{name}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [told]}), encoding="utf-8")
        load(database, city, "buildings", path, crs=CRS, dataset=name)
    found = {}
    for number, order in enumerate(({"layers": ["buildings"]}, {"datasets": ["survey"]}, {"datasets": ["cadastre"]})):
        to = tmp_path / str(number)
        (entry,) = export(database, city, to, formats=("parquet",), **{k: tuple(v) for k, v in order.items()}).entries
        (found[number],) = pq.read_table(to / entry.files[0].path).to_pylist()
    shown, survey, cadastre = found.values()
    assert len({row["cim_id"] for row in found.values()}) == 1
    assert [row["cim_key"] for row in (survey, cadastre)] == ["a1", "z9"]
    assert [row["height_m"] for row in (survey, cadastre)] == [9.5, 12.5]
    assert [json.loads(row["extra"]) for row in (survey, cadastre)] == [{"survey": True}, {"cadastre": True}]
    assert "height_m" in str(json.loads(shown["cim_decisions"]))
    assert survey["cim_decisions"] is None


def test_what_a_list_ended_and_what_was_taken_back_is_as_the_versions_left_it(database, city, tmp_path):
    path, gone = tmp_path / "a.csv", tmp_path / "gone.csv"
    path.write_text(
        "id,address,lon,lat\na,大同市鼓楼1号,113.29,40.09\nb,大同市鼓楼2号,113.29,40.09\n", encoding="utf-8"
    )
    gone.write_text("id\na\n", encoding="utf-8")
    load(database, city, "addresses", path, crs="EPSG:4326")
    load(database, city, "addresses", gone, mode="terminate", valid_from="2025-01-01")
    rollback(database, "addresses")
    with database.begin() as connection:
        versions = [v["id"] for v in catalogue.versions(connection, "addresses")][::-1]
    kept = []
    for version in versions:
        to = tmp_path / f"v{version}"
        export(database, city, to, datasets=("addresses",), version=version, formats=("csv",))
        kept.append("".join(sorted(pyogrio.read_dataframe(to / f"addresses-v{version}.csv")["id"])))
    assert kept == ["ab", "b", "ab"]
