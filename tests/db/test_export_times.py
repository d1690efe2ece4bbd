"""Exports of another time: what a version made of its dataset, what was known then, what the world was on a day."""

from datetime import UTC, datetime

import pyogrio
import pytest

from cim.store import catalogue
from tests.rich_city import export, load

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
