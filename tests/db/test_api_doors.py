"""The doors that belong to nobody else: health, metrics, documentation, OGC features, places, and what is refused."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from cim.layers import LAYERS
from cim.settings import Settings
from cim.store import bus, live
from cim.store.db import Database
from cim.store.frame import to_frame

pytestmark = pytest.mark.db


@pytest.fixture
def landmarks(database: Database) -> list[int]:
    """25 landmarks in a row, 0.001° apart; their ids."""
    with database.begin() as connection:
        dataset, version = (
            connection.execute(text(sql)).scalar_one()
            for sql in (
                "INSERT INTO cim.dataset (name, layer, data_class) VALUES ('l', 'landmarks', '时空基础') RETURNING id",
                """INSERT INTO cim.dataset_version (dataset_id, state, location, checksum, fingerprint)
                   SELECT id, 'published', 'x', 'x', 'x' FROM cim.dataset RETURNING id""",
            )
        )
        ids = []
        for n, (x, y) in enumerate(to_frame(connection, [(113.28 + n / 1000, 40.09) for n in range(25)]).tolist()):
            values = {"dataset": dataset, "version": version, "n": n, "x": x, "y": y}
            ids.append(
                connection.execute(
                    text("""
                        WITH o AS (
                            INSERT INTO cim.object (dataset_id, source_key) VALUES (:dataset, 'k' || :n) RETURNING id
                        )
                        INSERT INTO cim.feature (object_id, layer, dataset_id, version_id, source_row, name, geom,
                                                 is_synthetic, cell, record_from)
                        SELECT id, 'landmarks', :dataset, :version, :n, '门' || :n,
                               ST_SetSRID(ST_MakePoint(:x, :y), (SELECT srid FROM cim.city)), true, 0, now()
                        FROM o RETURNING object_id"""),
                    values,
                ).scalar_one()
            )
    return ids


def test_health_tells_the_city_and_what_is_held(
    client: httpx.Client, stations: dict[str, int], settings: Settings
) -> None:
    (settings.data / "tiles" / "city").mkdir(parents=True)
    (settings.data / "tiles" / "city" / "tileset.json").write_text("{}")
    told = client.get("/health").json()
    assert (told["status"], told["database"], told["tilesets"]) == ("ok", "ok", ["city"])
    assert told["city"]["name"] == "大同市"
    west, south, east, north = told["city"]["bbox"]
    assert west < told["city"]["old_town"][0] < east
    assert south < told["city"]["old_town"][1] < north
    assert told["counts"]["sensors"] == 3
    assert told["counts"]["vehicles"] == 1


def test_a_database_that_is_away_is_a_503_and_not_an_empty_list(settings: Settings) -> None:
    away = replace(settings, database_url="postgresql://postgres@127.0.0.1:1/cim")
    with TestClient(create_app(away)) as client:
        for path in ("/health", "/ogc/collections/roads/items", "/incidents", "/sensors/latest", "/sta/v1.1/Things"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
        body = {"result": 1, "Datastream": {"@iot.id": 1}}
        assert client.post("/sta/v1.1/Observations", json=body).status_code == 503
        assert client.get("/metrics").status_code == 200


def test_the_documentation_asks_nobody_outside(client: httpx.Client) -> None:
    page = client.get("/docs").text
    addresses = re.findall(r'(?:src|href|url)\s*[=:]\s*["\']([^"\']+)["\']', page)
    assert len(addresses) >= 3
    assert all(address.startswith("/") for address in addresses), addresses
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert len(answer.content) > 500


def test_every_door_is_documented(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    doors = """/health /metrics /tiles3d/{tileset}/tileset.json /tiles3d/c/{name} /terrain/layer.json
        /terrain/{z}/{x}/{y}.terrain /imagery/{layer}/{z}/{x}/{y} /ogc/collections/{layer}/items /sta/v1.1/Observations
        /incidents /incidents/{id} /places /places/reverse /sensors/latest /live"""
    assert set(doors.split()) <= set(document["paths"])
    assert {"get", "post"} <= set(document["paths"]["/sta/v1.1/Observations"])
    assert "422" not in json.dumps(document)
    said = {path: operation["summary"] for path, doors in document["paths"].items() for operation in doors.values()}
    assert said["/divisions/at"].startswith("一点的归属 / Whose ground a point is")  # not the function's name: "At"
    assert not [path for path, text in said.items() if "\n" in text or len(text) > 160]


def test_requests_are_counted_by_door(client: httpx.Client) -> None:
    for _ in range(3):
        client.get("/ogc/conformance")
    client.get("/nowhere")
    counts = client.get("/metrics").text
    assert 'cim_requests_total{door="ogc",method="GET",status="200"} 3' in counts
    assert 'status="404"} 1' in counts


@pytest.mark.parametrize(
    "path",
    [
        "/health?verbose=1",
        "/places?q=x&lang=en",
        "/sensors/latest?box=1",
        "/incidents?kind=fire",
        "/ogc/collections/roads/items?bbx=1,2,3,4",
        "/ogc/collections/roads/items?bbox=1,2,3",
        "/ogc/collections/roads/items?bbox=114,40,113,41",
        "/ogc/collections/roads/items?bbox=nan,40,113,41",
        "/ogc/collections/roads/items?limit=0",
        "/ogc/collections/roads/items?limit=many",
        "/places/reverse?lon=40&lat=113",
        "/places?q=",
        "/live?layers=everything",
    ],
)
def test_what_is_not_understood_is_refused_not_passed_over(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 400
    told = answer.json()
    assert told["code"] == "bad_input"
    assert told["detail"].count(". ") == 0


def test_collections_say_what_they_are(client: httpx.Client, landmarks: list[int]) -> None:
    found = {c["id"]: c for c in client.get("/ogc/collections").json()["collections"]}
    kept_in_files = ("raster", "points")
    assert set(found) == {n for n, one in LAYERS.items() if one.geometry not in kept_in_files} - {
        "stations",
        "vehicles",
    }
    assert (found["landmarks"]["title_en"], found["roads"].get("extent")) == ("Landmarks", None)
    west, _, east, _ = found["landmarks"]["extent"]["spatial"]["bbox"][0]
    assert (round(west, 4), round(east, 4)) == (113.28, 113.304)
    assert client.get("/ogc/collections/landmarks").json() == {
        **found["landmarks"],
        "links": client.get("/ogc/collections/landmarks").json()["links"],
    }
    assert client.get("/ogc/collections/castles").status_code == 404
    landing = client.get("/ogc").json()
    for link in landing["links"]:
        assert client.get(link["href"]).status_code == 200


def test_items_are_paged_by_links_to_the_end(client: httpx.Client, landmarks: list[int]) -> None:
    seen: list[int] = []
    link: str | None = "/ogc/collections/landmarks/items?limit=10"
    while link is not None:
        page = client.get(link).json()
        assert page["numberReturned"] == len(page["features"])
        seen += [f["id"] for f in page["features"]]
        link = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
    assert seen == landmarks
    offset = client.get("/ogc/collections/landmarks/items?limit=10&offset=20").json()
    assert [f["id"] for f in offset["features"]] == landmarks[20:]


def test_items_are_filtered_by_box_in_degrees(client: httpx.Client, landmarks: list[int]) -> None:
    page = client.get("/ogc/collections/landmarks/items?bbox=113.2815,40.0,113.2845,40.2").json()
    assert [f["id"] for f in page["features"]] == landmarks[2:5]
    assert page["features"][0]["geometry"]["coordinates"] == pytest.approx([113.282, 40.09], abs=1e-6)
    one = client.get(f"/ogc/collections/landmarks/items/{landmarks[2]}").json()
    assert one["properties"] == page["features"][0]["properties"]
    assert client.get("/ogc/collections/landmarks/items/999999").status_code == 404


def test_other_sites_may_read_but_not_write(client: httpx.Client) -> None:
    foreign = {"origin": "https://dashboard.example"}
    assert client.get("/health", headers=foreign).headers["access-control-allow-origin"] == "*"
    asks = foreign | {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    assert "POST" not in client.options("/incidents", headers=asks).headers.get("access-control-allow-methods", "")
    sneaked = client.post("/sta/v1.1/Observations", content=b"{}", headers=foreign | {"content-type": "text/plain"})
    assert sneaked.status_code == 400
    assert "Content-Type" in sneaked.json()["detail"]


def test_the_root_is_the_viewer_or_says_how_to_build_it(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_kinds_that_are_not_looked_up_pass_their_data_on(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("""SELECT cim.tell('tile', '{}', '{"tileset": "city"}')"""))
        rows = bus.read(connection, 0)
        events: Any = live.expand(connection, rows, None)  # type: ignore[arg-type]
    assert [(e.kind, e.lonlat, e.data) for e in events] == [("tile", None, {"tileset": "city"})]


def test_imagery_that_is_not_built_is_listed_as_none(serve: Callable[[], str]) -> None:
    base = serve()
    assert httpx.get(f"{base}/imagery").json() == {"layers": []}
    answer = httpx.get(f"{base}/imagery/orthophoto/0/0/0")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
