"""Lists of addresses through the geocoder, and points through its reverse: files, frames, counts, refusals."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from cim.city import City
from cim.errors import BadInput, BadSource
from cim.settings import Settings
from cim.store import places
from cim.store.db import Database
from cim.twin import Twin
from cim.types import silent
from loaders.addressing.address_list import geocode_file
from tests.address_town import ADDRESSES, address_town, load
from tests.conftest import CHECKOUT, command_environment, free_port

pytestmark = pytest.mark.db

# address, state: what a list of addresses may hold
LISTED = [
    ("大同市平城区古城街道和阳街11号", "found"),
    ("heyang街14号", "found"),
    ("和阳街", "ambiguous"),
    ("平城区古城街道", "unplaced"),
    ("埃菲尔铁塔", "none"),
    ("", "bad"),
]


@pytest.fixture(scope="module")
def town(
    cluster: str, template: str, city: City, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with address_town(cluster, template, city, shared, tmp_path_factory.mktemp("town")) as database:
        yield database


@pytest.fixture(scope="module")
def settings(town: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data = tmp_path_factory.mktemp("geocoding")
    return Settings(data=data, city_file=CHECKOUT / "city.toml", database_url=town.url, port=free_port())


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    with TestClient(create_app(settings)) as client:
        yield client


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api.cli", "geocode", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=command_environment(settings), capture_output=True, text=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_file_comes_out_as_it_was_with_what_each_address_came_to(
    settings: Settings, tmp_path: Path, encoding: str
) -> None:
    path, out = tmp_path / "list.csv", tmp_path / "out.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([["id", "地址"], *([f"r{n}", row[0]] for n, row in enumerate(LISTED))])
    done = run(settings, str(path), "--out", str(out))
    assert done.returncode == 3, done.stderr
    assert "6 rows: ambiguous 1, bad 1, found 2, none 1, unplaced 1" in done.stderr
    assert "list.csv row 6: no address" in done.stderr
    with out.open(encoding=encoding, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["地址"]) for row in rows] == [(f"r{n}", row[0]) for n, row in enumerate(LISTED)]
    assert [bool(row["lon"]) for row in rows] == [True, True, False, False, False, False]
    assert (rows[0]["matched"], rows[0]["score"], rows[0]["lon"]) == (ADDRESSES[0][1], "1.0", "113.281")
    assert rows[2]["candidates"] == "2"  # a street of that name in two counties
    assert rows[2]["why"].endswith("ambiguous")
    assert rows[4]["why"] == "unknown_name"
    assert rows[0]["geocoded_id"].isdigit()


def test_one_spoilt_byte_does_not_make_the_other_rows_unreadable(town: Database, tmp_path: Path) -> None:
    path, out = tmp_path / "list.csv", tmp_path / "out.csv"
    rows = "\n".join(["地址", *["和阳街11号"] * 40]).encode() + b"\n\xff\xe5\n"
    path.write_bytes(b"\xef\xbb\xbf" + rows)
    assert geocode_file(town, path, out, silent, encoding="utf-8")[0] == {"found": 40, "bad": 1}
    path.write_bytes(rows)
    assert geocode_file(town, path, out, silent)[0] == {"found": 40, "bad": 1}
    assert b"\xff\xe5" in out.read_bytes()
    with pytest.raises(BadSource, match="nowhere.*No such file or directory"):
        geocode_file(town, path, tmp_path / "nowhere" / "out.csv", silent)


def test_of_several_equally_good_ones_the_first_is_taken_only_on_request(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("地址\n和阳街\n", encoding="utf-8")
    assert run(settings, str(path), "--first").returncode == 0
    (row,) = csv.DictReader((tmp_path / "list.geocoded.csv").open(encoding="utf-8"))
    assert row["lon"]
    assert "和阳街" in row["matched"]
    assert "ambiguous" in row["why"]


def test_a_column_that_is_not_there_is_refused_with_those_that_are(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,where\na,b\n", encoding="utf-8")
    done = run(settings, str(path))
    assert done.returncode == 1
    assert "it has name, where" in done.stderr
    assert not list(tmp_path.glob("*geocoded*"))


def test_a_series_keeps_its_index_and_gets_points(town: Database, city: City, tmp_path: Path) -> None:
    twin = Twin(town, city, tmp_path)
    series = pd.Series([row[0] for row in LISTED], index=list("abcdef"))
    found = twin.geocode(series)
    assert found.index.tolist() == list("abcdef")
    assert found["state"].tolist() == ["found", "found", "ambiguous", "unplaced", "none", "none"]
    assert found.geometry.notna().tolist() == [True, True, False, False, False, False]
    assert twin.geocode(["和阳街"], first=True).geometry.notna().all()
    back = twin.reverse(found.geometry["a"].x, found.geometry["a"].y)
    assert back["address"].iloc[0] == ADDRESSES[0][1]
    assert twin.reverse(113.0, 39.5).empty


def test_a_point_is_told_what_is_near_by_kind_and_within_its_radius(client: httpx.Client) -> None:
    here = {"lon": 113.2815, "lat": 40.09}
    found = client.get("/places/reverse", params=here).json()
    assert [one["distance_m"] for one in found["results"]] == sorted(one["distance_m"] for one in found["results"])
    assert found["results"][0]["address"] in (ADDRESSES[0][1], ADDRESSES[1][1])
    assert found["reason"] is None
    none = client.get("/places/reverse", params={**here, "radius": 10}).json()
    assert (none["results"], none["reason"]["code"]) == ([], "nothing_near")
    assert "10" in none["reason"]["zh"]
    assert client.get("/places/reverse", params={**here, "kinds": "street"}).json()["results"] == []
    assert client.get("/places/reverse", params={**here, "kinds": "castle"}).status_code == 400


def test_the_nearest_addresses_are_those_that_a_look_at_all_of_them_finds(town: Database) -> None:
    with town.begin() as connection:
        found = places.reverse(connection, 113.2847, 40.0903, limit=20, radius_m=3_000, kinds=["address"])
        with pytest.raises(BadInput, match="kinds: x does not exist"):
            places.reverse(connection, 113.28, 40.09, kinds=["x"])
    order = sorted(ADDRESSES, key=lambda row: abs(113.28 + 0.001 * int(row[0]) - 113.2847))
    assert [one["address"] for one in found] == [row[1] for row in order]


def test_the_door_says_why_it_finds_nothing(client: httpx.Client) -> None:
    found = client.get("/places", params={"q": "埃菲尔铁塔"}).json()
    assert found["results"] == []
    assert found["reason"]["code"] == "unknown_name"
    assert "埃菲尔铁塔" in found["reason"]["en"]
    (one,) = client.get("/places", params={"q": "和阳街11号", "limit": 1}).json()["results"]
    assert set(one) == {
        *("id", "layer", "kind", "name", "address", "division", "lon", "lat", "score", "why", "says"),
    }


def square(west: float, south: float, side: float) -> dict[str, object]:
    east, north = west + side, south + side
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


@pytest.fixture
def street(database: Database, city: City, tmp_path: Path) -> Database:
    """A county, two buildings, a road south of them and a landmark, each by its shape."""
    county = {"code": "140213", "name": "平城区", "level": "county"}
    held = {
        "divisions": [(county, square(113.2, 40.0, 0.2))],
        "buildings": [
            ({"id": "b1", "height_m": 6.0, "name": "宅", "cim_level": "L2", "lod": 1.0}, square(113.28, 40.09, 0.0003)),
            ({"id": "b2", "height_m": 6.0, "cim_level": "L2", "lod": 1.0}, square(113.2806, 40.09, 0.0003)),
        ],
        "roads": [
            (
                {"id": "r1", "name": "和阳街"},
                {"type": "LineString", "coordinates": [[113.27, 40.0895], [113.29, 40.0895]]},
            )
        ],
        "landmarks": [({"id": "l1", "name": "鼓楼"}, {"type": "Point", "coordinates": [113.2801, 40.0902]})],
    }
    for layer, features in held.items():
        path = tmp_path / f"{layer}.geojson"
        listed = [{"type": "Feature", "properties": p, "geometry": shape} for p, shape in features]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8")
        load(database, city, path, layer)
    return database


def test_what_contains_a_point_comes_first_and_shapes_count_as_they_are(street: Database) -> None:
    with street.begin() as connection:
        inside = places.nearby(connection, 113.2801, 40.0901)
        beside = places.nearby(connection, 113.28045, 40.0901, kinds=["building", "street"])
    assert [(one.get("layer"), one.get("name")) for one in inside.within] == [
        ("buildings", "宅"),
        (None, "平城区"),
        (None, None),  # the city is known by its code alone
    ]
    assert inside.results[0]["distance_m"] == 0.0
    assert {one["name"] for one in inside.results} == {"宅", None, "鼓楼", "和阳街"}
    assert beside.within == ()
    road = next(one for one in beside.results if one["layer"] == "roads")
    assert road["distance_m"] == pytest.approx(0.0006 * 111_040, rel=0.01)
    assert beside.results[0]["layer"] == "buildings"
    assert 5.0 < beside.results[0]["distance_m"] < 20.0
