"""The door of exports: a version as one file, for as many records as a client can wait for."""

import io
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import httpx
import pyogrio
import pytest

from api.commands import export as exporting
from api.routes.exports import MEDIA_TYPES
from cim.city import City
from cim.exports.targets import TABLES, TARGETS
from cim.store import catalogue
from cim.store.db import Database
from cim.twin import Twin
from tests.rich_city import CRS, load, records

pytestmark = pytest.mark.db


@pytest.fixture
def roads(database: Database, city: City, tmp_path: Path) -> int:
    """A version of roads; its id."""
    features = [{"type": "Feature", "properties": told, "geometry": shape} for told, shape in records()["roads"]]
    path = tmp_path / "roads.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    load(database, city, "roads", path, crs=CRS)
    with database.begin() as connection:
        return int(catalogue.versions(connection, "roads")[0]["id"])


def test_each_format_that_is_listed_can_be_fetched(client: httpx.Client, roads: int, tmp_path: Path) -> None:
    told = client.get(f"/catalogue/roads/versions/{roads}").json()
    (listed,) = (link["href"] for link in told["links"] if link["rel"] == "exports")
    assets = client.get(listed).json()["assets"]
    assert set(assets) == set(TABLES)  # roads: city models hold buildings alone
    assert set(MEDIA_TYPES) == set(TARGETS)
    for format, asset in assets.items():
        answer = client.get(asset["href"])
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].split(";")[0] == asset["type"]
        name = answer.headers["content-disposition"].rpartition("''")[2]
        assert name == f"roads-v{roads}" + (".zip" if format == "shp" else TARGETS[format].suffix)
        assert f'filename="{name}"' in answer.headers["content-disposition"]  # all that curl -J reads
        assert int(answer.headers["content-length"]) == len(answer.content)
        (tmp_path / name).write_bytes(answer.content)
        path = str(tmp_path / name)
        if format == "shp":
            assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
            path = f"/vsizip/{path}/roads-v{roads}.shp"
        found = gpd.read_parquet(path) if format == "parquet" else pyogrio.read_dataframe(path)
        assert sorted(found["id"]) == ["r1", "r2"]


def test_buildings_can_be_fetched_as_city_models_and_roads_cannot(
    client: httpx.Client, database: Database, city: City, roads: int, tmp_path: Path
) -> None:
    features = [{"type": "Feature", "properties": told, "geometry": shape} for told, shape in records()["buildings"]]
    path = tmp_path / "buildings.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    load(database, city, "buildings", path, crs=CRS)
    with database.begin() as connection:
        id = int(catalogue.versions(connection, "buildings")[0]["id"])
    assets = client.get(f"/catalogue/buildings/versions/{id}/exports").json()["assets"]
    assert set(assets) == set(MEDIA_TYPES)
    answer = client.get(assets["cityjson"]["href"])
    assert answer.headers["content-type"].split(";")[0] == "application/city+json"
    assert {one["type"] for one in answer.json()["CityObjects"].values()} == {"Building"}
    assert client.get(f"/catalogue/roads/versions/{roads}/export", params={"f": "cityjson"}).status_code == 400


def test_who_has_it_already_is_told_so(client: httpx.Client, roads: int) -> None:
    address = f"/catalogue/roads/versions/{roads}/export"
    first = client.get(address, params={"f": "csv"})
    again = client.get(address, params={"f": "csv"}, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(
        address, params={"f": "csv", "crs": "EPSG:4326"}, headers={"if-none-match": first.headers["etag"]}
    )
    assert other.status_code == 200
    assert client.get(address, params={"f": "csv"}).content == first.content


def test_what_cannot_be_fetched_is_a_problem_with_its_remedy(
    client: httpx.Client, roads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/catalogue/roads/versions/{roads}/export"
    monkeypatch.setattr("api.routes.exports.MOST_RECORDS", 1)
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert f"`cim export --dataset roads --version {roads}`" in answer.json()["detail"]
    monkeypatch.undo()
    assert client.get("/catalogue/roads/versions/999/export").status_code == 404
    assert client.get("/catalogue/rivers/versions/1/export").status_code == 404
    assert client.get(address, params={"f": "dxf"}).status_code == 400
    assert client.get(address, params={"crs": "EPSG:1"}).status_code == 400
    assert (
        client.get(address, params={"format": "csv"}).json()["detail"].startswith("query parameter 'format' is unknown")
    )
    with exporting._slots, exporting._slots:
        busy = client.get(address)
    assert (busy.status_code, busy.json()["code"]) == (503, "busy")


def test_nothing_is_left_on_the_disk(client: httpx.Client, roads: int, settings) -> None:
    client.get(f"/catalogue/roads/versions/{roads}/export")
    assert list(settings.data.glob(".export-*")) == []


def test_analysts_export_from_a_notebook(database: Database, city: City, roads: int, tmp_path: Path) -> None:
    found = Twin(database, city, tmp_path).export(tmp_path / "out", layers=["roads"], formats=["fgb", "csv"])
    assert found[["layer", "format", "file", "records"]].to_numpy().tolist() == [
        ["roads", "fgb", "roads.fgb", 2],
        ["roads", "csv", "roads.csv", 2],
    ]
    assert (tmp_path / "out" / "manifest.json").is_file()
