"""The catalogue's doors: what is stored is told, whole, without the folders of the server."""

import json
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.routes.catalogue import DATA_CLASSES, STAGES
from cim.city import City
from cim.plugins import Source
from cim.source_entry import STAGES as STATED
from cim.source_entry import NamedSource
from cim.store import catalogue
from cim.store.db import Database
from cim.types import silent
from loaders.pipeline import load
from tests.catalogue_rows import FOLDER, HASH, published_dem, put_dataset, put_version

pytestmark = pytest.mark.db

CITY_CLOCK = ZoneInfo("Asia/Shanghai")
ISSUE = {"code": "domain", "message": f"{FOLDER}/roads.geojson: <script>", "row": 3, "repaired": None, "rejected": True}
REPORT: dict[str, Any] = {
    **{"dataset": "roads", "layer": "roads", "source": f"{FOLDER}/roads.geojson", "mode": "replace", "read": 1200},
    **{"accepted": 1199, "repaired": 0, "rejected": 1, "noted": 0, "seconds": 0.5, "unchanged": False},
    **{"by_code": {"domain": 1}, "changes": {"added": 1199}, "issues": [ISSUE | {"at": [113.3, 40.1]}]},
    **{"issues_left_out": 0, "worst": [], "grid": None, "conflicts": [], "conflicts_in_all": 0},
}


@pytest.fixture
def roads(database: Database) -> dict[str, int]:
    """A dataset of roads with three versions, its delivery eleven days late: {state: version id}."""
    today = datetime.now(CITY_CLOCK).date()
    card = {"title": "道路", "owner": "市自然资源局", "licence": "内部", "due": today - timedelta(days=11)}
    dataset = put_dataset(database, "roads", "roads", **card)
    states = ("failed", "superseded", "published")
    return {state: put_version(database, dataset, state, "roads.geojson", report=REPORT) for state in states}


@pytest.fixture
def dem(database: Database) -> int:
    """A published elevation model; the id of its version."""
    return published_dem(database)


def test_the_catalogue_lists_stages_classes_and_datasets(client: httpx.Client, roads: dict[str, int], dem: int) -> None:
    told = client.get("/catalogue").json()
    assert [stage["name"] for stage in told["stages"]] == ["归集", "基础", "主题", "专题"] == list(STATED)
    assert [len(stage["datasets"]) for stage in told["stages"]] == [0, 2, 0, 0]
    assert len(told["data_classes"]) == 7
    assert told["data_classes"][0]["datasets"] == ["roads", "dem"]
    (first, _) = told["datasets"]
    assert (first["title"], first["owner"], first["licence"], first["overdue_days"]) == (
        "道路",
        "市自然资源局",
        "内部",
        11,
    )
    assert (first["published_version"], first["versions"]) == (roads["published"], 2)
    assert told["overdue"] == 1
    for link in [*told["links"], *first["links"]]:
        assert client.get(link["href"]).status_code == 200, link


def test_an_empty_catalogue_is_whole(client: httpx.Client) -> None:
    told = client.get("/catalogue").json()
    assert (told["datasets"], told["overdue"]) == ([], 0)
    assert [stage["datasets"] for stage in told["stages"]] == [[]] * len(STAGES)
    assert len(told["data_classes"]) == len(DATA_CLASSES)


def test_overdue_lists_the_late_ones_the_longest_first(client: httpx.Client, database: Database) -> None:
    today = datetime.now(CITY_CLOCK).date()
    for name, late in (("a", 3), ("b", 30), ("today", 0), ("early", -5)):
        put_dataset(database, name, "roads", due=today - timedelta(days=late))
    put_dataset(database, "never", "roads")
    found = client.get("/catalogue/overdue").json()["datasets"]
    assert [(one["name"], one["overdue_days"]) for one in found] == [("b", 30), ("a", 3)]


def test_a_dataset_tells_its_versions_the_newest_first(client: httpx.Client, roads: dict[str, int]) -> None:
    told = client.get("/catalogue/roads").json()
    assert [one["state"] for one in told["version_list"]] == ["published", "superseded", "failed"]
    one = client.get(f"/catalogue/roads/versions/{roads['published']}").json()
    assert one == told["version_list"][0]
    assert (one["checksum"], one["location"], one["mode"]) == (HASH, "roads.geojson", "replace")


@pytest.mark.parametrize(
    "path", ["castles", "castles/versions/1", "roads/versions/999", "dem/versions/{published}", "lineage/castles/1"]
)
def test_what_is_not_there_is_a_404_that_says_so(
    client: httpx.Client, roads: dict[str, int], dem: int, path: str
) -> None:
    answer = client.get(f"/catalogue/{path}".format(**roads))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")


def test_the_report_is_json_or_a_page_as_asked(client: httpx.Client, roads: dict[str, int]) -> None:
    path = f"/catalogue/roads/versions/{roads['published']}/report"
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for query, headers, kind in (
        ("", {}, "application/json"),
        ("", {"accept": "application/json"}, "application/json"),
        ("", browser, "text/html"),
        ("?f=html", {}, "text/html"),
        ("?f=json", browser, "application/json"),
    ):
        answer = client.get(path + query, headers=headers)
        assert answer.headers["content-type"].split(";")[0] == kind, (query, headers)
        assert answer.headers["vary"].lower().count("accept") >= 1
    told = client.get(path).json()
    assert (told["read"], told["by_code"], told["source"]) == (1200, {"domain": 1}, "roads.geojson")
    assert client.get(path + "?f=pdf").status_code == 400


def test_the_page_cannot_run_anything(client: httpx.Client, roads: dict[str, int]) -> None:
    answer = client.get(f"/catalogue/roads/versions/{roads['published']}/report?f=html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "1,200" in answer.text
    assert "大同市 Datong" in answer.text
    assert "2026-11-01 08:00:00 +0800" in answer.text


def test_a_report_of_a_load_that_is_not_at_its_end_is_a_404(client: httpx.Client, database: Database) -> None:
    id = put_version(database, put_dataset(database, "roads", "roads"), "loading", "roads.geojson")
    assert client.get(f"/catalogue/roads/versions/{id}").status_code == 200
    assert client.get(f"/catalogue/roads/versions/{id}/report").status_code == 404


def test_no_answer_tells_a_folder_of_the_server(client: httpx.Client, roads: dict[str, int], dem: int) -> None:
    report = f"/catalogue/roads/versions/{roads['published']}/report"
    doors = ["/catalogue", "/catalogue/overdue", "/catalogue/roads", "/catalogue/dem", f"/catalogue/dem/versions/{dem}"]
    doors += [report, f"{report}?f=html", "/stac/collections/dem/items", f"/stac/collections/dem/items/dem-v{dem}"]
    for door in doors:
        answer = client.get(door)
        assert answer.status_code == 200, door
        assert "/srv" not in answer.text, door
        assert "deliveries" not in answer.text, door
    assert "roads.geojson: <script>" in client.get(report).json()["issues"][0]["message"]


# --- What real deliveries leave ------------------------------------------------------------------------------------


def _landmarks(folder: Path, name: str, places: dict[str, tuple[str, float]]) -> Path:
    """A delivery of landmarks: {id: (name, longitude)}."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": id, "name": title},
            "geometry": {"type": "Point", "coordinates": [lon, 40.09]},
        }
        for id, (title, lon) in places.items()
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


@pytest.fixture
def deliveries(database: Database, city: City, tmp_path: Path) -> tuple[int, int]:
    """Two deliveries of landmarks: a stays, b is renamed, c is moved, d goes, e comes; the ids of the versions."""
    first = {"a": ("鼓楼", 113.28), "b": ("钟楼", 113.29), "c": ("太平楼", 113.30), "d": ("魁星楼", 113.31)}
    second = {"a": first["a"], "b": ("钟楼旧址", 113.29), "c": ("太平楼", 113.32), "e": ("四牌楼", 113.27)}
    found = []
    for name, places in (("first.geojson", first), ("second.geojson", second)):
        source = NamedSource("landmarks", Source(name, "landmarks", crs="EPSG:4326"))
        load(database, source, _landmarks(tmp_path, name, places), city, silent, time.monotonic)
        with database.begin() as connection:
            found.append(catalogue.versions(connection, "landmarks")[0]["id"])
    return found[0], found[1]


def test_a_difference_is_features_with_whole_counts(client: httpx.Client, deliveries: tuple[int, int]) -> None:
    before, after = deliveries
    answer = client.get(f"/catalogue/landmarks/diff?from={before}&to={after}")
    assert answer.headers["content-type"] == "application/geo+json"
    told = answer.json()
    assert told["counts"] == {"added": 1, "changed": 1, "moved": 1, "removed": 1}
    found = {feature["properties"]["name"]: feature["properties"]["change"] for feature in told["features"]}
    assert found == {"钟楼旧址": "changed", "太平楼": "moved", "魁星楼": "removed", "四牌楼": "added"}
    assert (told["numberReturned"], told["more"]) == (4, False)
    cut = client.get(f"/catalogue/landmarks/diff?from={before}&to={after}&limit=3").json()
    assert (len(cut["features"]), cut["more"], cut["counts"]) == (3, True, told["counts"])


@pytest.mark.parametrize(
    "query", ["", "?from={0}", "?from=x&to={1}", "?from={0}&to={1}&limit=0", "?from={0}&to={1}&at=2"]
)
def test_a_difference_that_is_not_fully_asked_for_is_refused(
    client: httpx.Client, deliveries: tuple[int, int], query: str
) -> None:
    answer = client.get("/catalogue/landmarks/diff" + query.format(*deliveries))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


def test_a_difference_to_another_datasets_version_is_a_404(
    client: httpx.Client, deliveries: tuple[int, int], dem: int
) -> None:
    assert client.get(f"/catalogue/landmarks/diff?from={deliveries[0]}&to={dem}").status_code == 404


def test_an_object_tells_the_file_it_came_from_but_not_its_folder(
    client: httpx.Client, deliveries: tuple[int, int], tmp_path: Path
) -> None:
    items = client.get("/ogc/collections/landmarks/items").json()["features"]
    moved = next(one["id"] for one in items if one["properties"]["name"] == "太平楼")
    answer = client.get(f"/catalogue/lineage/landmarks/{moved}")
    assert answer.status_code == 200
    assert "second.geojson" in answer.text
    assert str(tmp_path) not in answer.text
    assert client.get("/catalogue/lineage/landmarks/987654321").status_code == 404


def test_the_page_of_a_real_load_shows_the_city_it_lies_in(
    client: httpx.Client, database: Database, deliveries: tuple[int, int], city: City, checkout: Path
) -> None:
    borders = NamedSource("divisions", Source("divisions", "divisions", crs="EPSG:4326"))
    load(database, borders, checkout / "data_samples/datong/divisions.geojson", city, silent, time.monotonic)
    page = client.get(f"/catalogue/landmarks/versions/{deliveries[1]}/report?f=html").text
    assert "second.geojson" in page
    assert sum(int(count) for count in re.findall(r"accepted (\d+) ·", page)) == 4
    assert 'class="edge"' in page
    assert "Nothing was wrong with any record." in page
    assert str(checkout) not in page
