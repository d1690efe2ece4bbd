"""The STAC doors, walked by a reader that is not ours, every object held against the published schemas."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pystac
import pytest
from pystac.stac_io import DefaultStacIO
from pystac.validation import validate_dict

from cim.settings import Settings
from cim.store.db import Database
from tests.catalogue_rows import HASH, published_dem

pytestmark = pytest.mark.db


@pytest.fixture
def dem(database: Database) -> int:
    """A published elevation model; the id of its version."""
    return published_dem(database)


class _Http(DefaultStacIO):
    """Reads STAC over HTTP, and holds every object against the published schemas on its way."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self._client = client
        self.read: list[str] = []

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        href = str(source.get_absolute_href() if isinstance(source, pystac.Link) else source)
        answer = self._client.get(href)
        assert answer.status_code == 200, href
        validate_dict(answer.json(), extensions=[])
        self.read.append(href)
        return answer.text


@pytest.fixture
def built(settings: Settings) -> Iterator[bytes]:
    """A city tileset and a terrain in the data folder; the bytes of the tileset's root."""
    region = [1.9649, 0.6815, 1.9996, 0.7110, 0.0, 100.0]
    root = json.dumps({"asset": {"version": "1.1"}, "root": {"boundingVolume": {"region": region}}}).encode()
    for folder, name, data in (
        ("tiles/city", "tileset.json", root),
        ("terrain", "layer.json", b'{"bounds": [112.5, 39.0, 114.6, 40.8]}'),
    ):
        (settings.data / folder).mkdir(parents=True)
        (settings.data / folder / name).write_bytes(data)
    return root


def test_a_reader_walks_the_whole_catalogue(client: httpx.Client, dem: int, built: bytes) -> None:
    http = _Http(client)
    root = pystac.Catalog.from_file(f"{client.base_url}/stac", stac_io=http)
    assert isinstance(root, pystac.Catalog)
    children = {child.id: child for child in root.get_children()}
    assert list(children) == ["dem", "dsm", "orthophoto", "point_clouds", "tilesets"]
    found = {name: [item.id for item in child.get_items()] for name, child in children.items()}
    assert found == {
        "dem": [f"dem-v{dem}"],
        "dsm": [],
        "orthophoto": [],
        "point_clouds": [],
        "tilesets": ["tiles3d-city", "terrain"],
    }
    assert len(http.read) == 1 + 5 + 3
    (item,) = children["dem"].get_items()
    assert (item.datetime, item.properties["cim:datetime_is"]) == (datetime(2026, 5, 1, tzinfo=UTC), "survey_date")
    assert item.assets["data"].extra_fields["file:checksum"] == f"1220{HASH}"
    assert next(link.href for link in item.links if link.rel == "related") == f"{client.base_url}/terrain/layer.json"
    west, _, east, _ = item.bbox or []
    assert 113.1 < west < east < 113.4


def test_a_checksum_is_that_of_the_bytes_at_the_address(client: httpx.Client, built: bytes) -> None:
    page = client.get("/stac/collections/tilesets/items").json()
    assert page["numberReturned"] == 2
    for item in page["features"]:
        asset = item["assets"]["root"]
        content = client.get(asset["href"]).content
        assert asset["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()
        assert asset["file:size"] == len(content)
    city = page["features"][0]
    assert city["bbox"] == pytest.approx([112.58, 39.05, 114.57, 40.74], abs=0.01)
    made = datetime.fromisoformat(city["properties"]["created"])
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=5)


def test_every_stac_link_leads_somewhere(client: httpx.Client, dem: int, built: bytes) -> None:
    seen: set[str] = set()
    todo = [f"{client.base_url}/stac"]
    while todo:
        href = todo.pop()
        if href in seen or "{" in href or "/catalogue/" in href:
            continue
        seen.add(href)
        answer = client.get(href)
        assert answer.status_code == 200, href
        if "/stac" in href:
            body = answer.json()
            held = [body, *body.get("features", []), *body.get("collections", [])]
            todo += [link["href"] for one in held for link in one["links"]]
            todo += [a["href"] for one in held for a in one.get("assets", {}).values() if a["href"].startswith("http")]
    assert len(seen) >= 12


@pytest.mark.parametrize("path", ["collections/castles", "collections/castles/items", "collections/dem/items/dem-v9"])
def test_stac_tells_of_what_is_not_there(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/stac/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
    assert re.search("known|there are", answer.json()["detail"])
