"""/vector over HTTP: what a map client gets, and what is refused."""

import gzip
from collections.abc import Callable
from dataclasses import replace

import httpx
import mapbox_vector_tile
import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from cim.settings import Settings
from cim.store import vector_tiles
from cim.store.db import Database
from tests.model_rows import execute, put_building, put_feature
from tests.mvt_reader import moved, tile_of

pytestmark = pytest.mark.db
HOUSE = moved(shapely.box(0, 0, 12, 9))
PLACE = tile_of(HOUSE, 16)
PATH = f"/vector/buildings/{PLACE.z}/{PLACE.x}/{PLACE.y}.mvt"


@pytest.fixture
def house(database: Database) -> int:
    with database.begin() as connection:
        put_feature(connection, "roads", moved(shapely.LineString([(0, -5), (40, -5)])), {"class": "lane"}, name="巷")
        return put_building(connection, HOUSE, name="宅")


def test_a_tile_comes_gzipped_with_what_caches_need(client: httpx.Client, house: int) -> None:
    for _ in range(2):  # made, then from the cache
        with client.stream("GET", PATH) as answer:
            packed = b"".join(answer.iter_raw())
        assert answer.status_code == 200
        told = answer.headers
        assert told["content-type"] == "application/vnd.mapbox-vector-tile"
        assert (told["content-encoding"], told["vary"]) == ("gzip", "Accept-Encoding")
        assert told["access-control-allow-origin"] == "*"
        assert told["cache-control"] == "public, max-age=10, must-revalidate"
        assert int(told["content-length"]) == len(packed)
        assert [f["id"] for f in mapbox_vector_tile.decode(gzip.decompress(packed))["buildings"]["features"]] == [house]
    plain = client.get(PATH, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == gzip.decompress(packed)
    assert plain.headers["etag"] != told["etag"]


def test_a_client_that_has_the_tile_is_told_so(client: httpx.Client, house: int, database: Database) -> None:
    tag = client.get(PATH).headers["etag"]
    for asked in (tag, f'W/{tag}, "x"', "*"):
        again = client.get(PATH, headers={"if-none-match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(PATH, headers={"if-none-match": '"other"'}).status_code == 200


def test_head_tells_what_get_would_bring(client: httpx.Client, house: int) -> None:
    whole, head = client.get(PATH), client.head(PATH)
    assert (head.status_code, head.content) == (200, b"")
    same = ("etag", "content-type", "content-length", "content-encoding", "cache-control")
    assert {name: head.headers[name] for name in same} == {name: whole.headers[name] for name in same}
    answer = client.options(PATH)
    assert (answer.status_code, answer.headers["access-control-allow-methods"]) == (204, "GET, HEAD")


def test_where_nothing_is_there_is_no_content(client: httpx.Client, house: int) -> None:
    for path in ("/vector/buildings/16/0/0.mvt", f"/vector/water/{PLACE.z}/{PLACE.x}/{PLACE.y}.mvt"):
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "*"


def test_several_layers_come_in_one_tile(client: httpx.Client, house: int) -> None:
    decoded = mapbox_vector_tile.decode(client.get(PATH.replace("buildings", "roads,buildings,water")).content)
    assert list(decoded) == ["roads", "buildings"]
    (road,) = decoded["roads"]["features"]
    assert (road["properties"]["class"], road["properties"]["name"]) == ("lane", "巷")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/vector/castles/1/0/0.mvt", 404, "unknown"),
        ("/vector/buildings,castles/1/0/0.mvt", 404, "unknown"),
        ("/vector/dem/1/0/0.mvt", 404, "unknown"),
        ("/vector/stations/tilejson.json", 404, "unknown"),
        ("/vector/buildings/1/0/0", 404, "unknown"),
        ("/vector/buildings/1/0/-1.mvt", 404, "unknown"),
        ("/vector/buildings", 404, "unknown"),
        ("/vector//1/0/0.mvt", 404, "unknown"),
        ("/vector/buildings,/1/0/0.mvt", 404, "unknown"),
        ("/vector/buildings/1/2/0.mvt", 400, "bad_input"),
        ("/vector/buildings/1/0/2.mvt", 400, "bad_input"),
        ("/vector/buildings/23/0/0.mvt", 400, "bad_input"),
        ("/vector/buildings,roads,buildings/1/0/0.mvt", 400, "bad_input"),
        ("/vector/buildings/1/0/0.mvt?at=2020-01-01", 400, "bad_input"),
        ("/vector/buildings/1/0/0.mvt?as_known_at=", 400, "bad_input"),
        ("/vector/buildings/1/0/0.mvt?limt=5", 400, "bad_input"),
        ("/vector/buildings/tilejson.json?layers=", 400, "bad_input"),
    ],
)
def test_what_is_no_tile_is_refused_with_a_reason(client: httpx.Client, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["code"]) == (status, code)
    assert told["detail"].count(". ") == 0
    refused = client.post(path)
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")


def test_tilejson_says_where_the_tiles_are_and_what_is_in_them(
    client: httpx.Client, house: int, database: Database
) -> None:
    execute(database, "UPDATE cim.dataset SET owner = '大同<局>', licence = 'CC-BY-4.0' WHERE layer = 'buildings'")
    told = client.get("/vector/buildings,roads/tilejson.json").json()
    assert told["tilejson"] == "3.0.0"
    assert (told["minzoom"], told["maxzoom"]) == (0, 16)
    assert [layer["id"] for layer in told["vector_layers"]] == ["buildings", "roads"]
    assert told["vector_layers"][0]["fields"]["height_m"] == "Number"
    assert told["vector_layers"][1]["fields"]["class"] == "String"
    assert told["attribution"] == "大同市 CIM / Datong CIM; 大同&lt;局&gt;, CC-BY-4.0"
    west, south, east, north = told["bounds"]
    assert 113.28 < west < east < 113.30
    assert 40.08 < south < north < 40.10
    (template,) = told["tiles"]
    place = {"z": PLACE.z, "x": PLACE.x, "y": PLACE.y}
    features = mapbox_vector_tile.decode(httpx.get(template.format(**place)).content)
    fields = {layer["id"]: layer["fields"] for layer in told["vector_layers"]}
    for name, layer in features.items():
        assert layer["features"][0]["properties"].keys() <= fields[name].keys()


def test_tilejson_of_a_layer_without_features_covers_the_city(client: httpx.Client) -> None:
    told = client.get("/vector/water/tilejson.json").json()
    assert told["bounds"] == [112.5785, 39.0483, 114.5689, 40.7399]
    assert list(vector_tiles.fields(vector_tiles.SERVED["water"])) == list(told["vector_layers"][0]["fields"])


def test_a_database_that_is_away_is_a_503_and_not_an_empty_tile(settings: Settings) -> None:
    away = replace(settings, database_url="postgresql://postgres@127.0.0.1:1/cim")
    with TestClient(create_app(away)) as client:
        for path in (PATH, "/vector/buildings/tilejson.json"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"]


def test_the_doors_are_documented_counted_and_their_watch_is_well(client: httpx.Client, house: int) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/vector/{layers}/{z}/{x}/{y}.mvt", "/vector/{layers}/tilejson.json"} <= set(paths)
    client.get(PATH)
    assert 'cim_requests_total{door="vector",method="GET",status="200"} 1' in client.get("/metrics").text
    assert client.get("/health").json()["changes"] == "ok"


def test_tiles_come_while_the_watch_is_not_there_yet(serve: Callable[[], str], house: int) -> None:
    assert httpx.get(serve() + PATH).status_code == 200  # right after the start
