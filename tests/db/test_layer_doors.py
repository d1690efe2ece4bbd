"""What the door tells of a layer is enough to list, draw and explain it; lines come with heights of either kind."""

import itertools
import json

import httpx
import pytest

from cim.layers import GROUPS, LAYERS
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.geoid import open_geoid
from cim.types import silent
from loaders import pipeline

pytestmark = pytest.mark.db

AT = [113.288, 40.091]
PIPES = [
    {
        "type": "Feature",
        "properties": {"id": "p1", "kind": "gas", "year": 1997},
        "geometry": {"type": "LineString", "coordinates": [[*AT, 1040.0], [113.289, 40.091, 1039.0]]},
    },
    {
        "type": "Feature",
        "properties": {"id": "p2", "kind": "water"},
        "geometry": {"type": "LineString", "coordinates": [AT, [113.288, 40.092]]},
    },
]


@pytest.fixture
def door(database, city, tmp_path, serve):
    path = tmp_path / "pipes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": PIPES}))
    named = NamedSource("pipes", Source(str(path), "pipes", crs="EPSG:4326"))
    pipeline.load(database, named, path, city, silent, itertools.count().__next__)
    with httpx.Client(base_url=serve(), timeout=30) as client:
        yield client


def test_the_door_tells_of_a_layer_all_that_a_map_needs(door) -> None:
    found = {one["id"]: one for one in door.get("/ogc/collections").json()["collections"]}
    assert set(found) == {n for n, one in LAYERS.items() if one.geometry not in ("raster", "points")} - {
        "stations",
        "vehicles",
    }
    for name, told in found.items():
        layer = LAYERS[name]
        assert told["group"] == {
            "id": layer.group,
            **dict(zip(("title", "title_en"), GROUPS[layer.group], strict=True)),
        }
        assert (told["geometry"], told["systems"]) == (layer.geometry, list(layer.systems))
        assert told["look"] == {k: getattr(layer, k) for k in ("icon", "colour", "legend", "reach")}
        assert [c["name"] for c in told["columns"]] == [c.name for c in layer.columns]
        assert ("vertical" in told) == layer.z
    kinds = next(c for c in found["pipes"]["columns"] if c["name"] == "kind")["choices"]
    assert kinds[0] == {"value": "water", "title": "给水", "title_en": "Water supply", "colour": None}
    grades = next(c for c in found["forest_grids"]["columns"] if c["name"] == "grade")["choices"]
    assert [choice["colour"] for choice in grades] == ["#4caf50", "#3f8cff", "#f5c518", "#ff8a1f", "#ff4d4f"]


def test_heights_come_by_the_citys_datum_or_above_the_ellipsoid_and_the_answer_says_which(door, city) -> None:
    by_city = door.get("/ogc/collections/pipes/items").json()
    above = door.get("/ogc/collections/pipes/items", params={"heights": "ellipsoidal"}).json()
    assert (by_city["vertical"], above["vertical"][:6]) == ("EPSG:5737", "WGS 84")
    (first, flat), (lifted, also_flat) = by_city["features"], above["features"]
    assert [place[2] for place in first["geometry"]["coordinates"]] == [1040.0, 1039.0]
    undulation = float(open_geoid(city).undulation([AT])[0])
    assert lifted["geometry"]["coordinates"][0][2] == pytest.approx(1040.0 + undulation, abs=1e-3)
    assert lifted["geometry"]["coordinates"][0][:2] == first["geometry"]["coordinates"][0][:2]
    assert flat["geometry"] == also_flat["geometry"]
    assert len(flat["geometry"]["coordinates"][0]) == 2
    one = door.get(f"/ogc/collections/pipes/items/{first['id']}", params={"heights": "ellipsoidal"}).json()
    assert one["geometry"] == lifted["geometry"]
    assert one["vertical"] == above["vertical"]


def test_whole_numbers_stay_whole_and_other_layers_say_nothing_of_heights(door) -> None:
    text = door.get("/ogc/collections/pipes/items", params={"limit": 1}).text
    assert '"year":1997,' in text.replace(" ", "")
    assert "vertical" not in door.get("/ogc/collections/hospitals/items").json()
    assert door.get("/ogc/collections/pipes/items", params={"heights": "sea"}).status_code == 400


def test_times_of_a_layer_are_told_as_rfc_3339_writes_them(database, city, tmp_path, serve) -> None:
    path = tmp_path / "disasters.geojson"
    shock = {"id": "d1", "name": "d1", "hazard": "earthquake", "began_at": "1989-10-19T01:01:00+08:00"}
    one = {"type": "Feature", "properties": shock, "geometry": {"type": "Point", "coordinates": AT}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}))
    named = NamedSource("disasters", Source(str(path), "disasters", crs="EPSG:4326"))
    pipeline.load(database, named, path, city, silent, itertools.count().__next__)
    with httpx.Client(base_url=serve(), timeout=30) as client:
        found = client.get("/ogc/collections/disasters/items").json()["features"]
    assert [f["properties"]["began_at"] for f in found] == ["1989-10-18T17:01:00+00:00"]
