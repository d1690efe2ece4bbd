"""Who covers a place and what nobody covers, through the door; against shapely's buffers and the edge by hand."""

import itertools
import json

import httpx
import numpy as np
import pytest
import shapely

from cim import crs as frames
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import reaches
from cim.types import silent
from loaders import pipeline

pytestmark = pytest.mark.db

X, Y = 439_000.0, 4_440_000.0


def lonlat(x, y):
    return frames.transform(np.array([[x, y]]), "EPSG:4547", frames.LONLAT)[0].tolist()


def load(database, city, folder, layer, places, rows):
    shapes = [{"type": "Point", "coordinates": [round(v, 9) for v in lonlat(*at)]} for at in places]
    features = [
        {"type": "Feature", "properties": {"id": f"{layer}{k}", "name": f"{layer}{k}", **row}, "geometry": shape}
        for k, (shape, row) in enumerate(zip(shapes, rows, strict=True))
    ]
    path = folder / f"{layer}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    named = NamedSource(layer, Source(str(path), layer, crs="EPSG:4326"))
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__)


@pytest.fixture
def network(database, city, tmp_path):
    """Three base stations, one without a radius; a camera that looks north; sixty schools about them."""
    sites = [(X, Y), (X + 1500.0, Y), (X + 5000.0, Y)]
    load(database, city, tmp_path, "base_stations", sites, [{"radius_m": 500.0}, {"radius_m": 800.0}, {}])
    view = {"azimuth_deg": 0.0, "fov_deg": 90.0, "range_m": 100.0}
    load(database, city, tmp_path, "cameras", [(X, Y)], [view])
    schools = np.random.default_rng(3).uniform([X - 1000, Y - 1000], [X + 2500, Y + 1000], (60, 2))
    load(database, city, tmp_path, "schools", schools.tolist(), [{}] * 60)
    return schools


def covering(client, layer, x, y):
    lon, lat = lonlat(x, y)
    found = client.get(f"/coverage/{layer}", params={"lon": lon, "lat": lat}).json()
    return [feature["properties"]["id"] for feature in found["features"]]


def test_a_place_inside_outside_and_near_the_edge_of_what_is_covered(network, serve) -> None:
    with httpx.Client(base_url=serve(), timeout=30) as client:
        assert covering(client, "base_stations", X + 10.0, Y) == ["base_stations0"]
        assert covering(client, "base_stations", X + 499.9, Y) == ["base_stations0"]
        assert covering(client, "base_stations", X + 600.0, Y) == []
        assert covering(client, "base_stations", X + 5000.0, Y) == []  # says no radius: covers nothing
        assert covering(client, "cameras", X, Y + 99.9) == ["cameras0"]
        assert covering(client, "cameras", X + 50.0, Y + 50.1) == ["cameras0"]
        assert covering(client, "cameras", X + 50.0, Y + 49.5) == []
        told = client.get("/coverage/hospitals", params={"lon": 113.2, "lat": 40.0}).json()
        assert told["code"] == "bad_input"
        assert "those of cameras, base_stations, major_hazards do" in told["detail"]
        assert client.get("/coverage/antennas", params={"lon": 113.2, "lat": 40.0}).status_code == 404


def test_what_nobody_covers_is_what_lies_outside_every_disc(network, serve) -> None:
    discs = shapely.union_all([shapely.Point(X, Y).buffer(500, 256), shapely.Point(X + 1500, Y).buffer(800, 256)])
    outside = {f"schools{k}" for k, at in enumerate(network) if not discs.covers(shapely.Point(at))}
    assert 5 < len(outside) < 55
    with httpx.Client(base_url=serve(), timeout=30) as client:
        told = client.get("/coverage/base_stations/gaps", params={"of": "schools"}).json()
        assert (told["features"], told["uncovered"]) == (60, len(outside))
        each = [client.get(f"/ogc/collections/schools/items/{id}").json()["properties"]["id"] for id in told["ids"]]
        assert set(each) == outside
        for none_of_the_table in ("dem", "buildings", "stations", "vehicles", "antennas"):
            asked = client.get("/coverage/base_stations/gaps", params={"of": none_of_the_table})
            assert asked.status_code == 404, none_of_the_table


def test_what_stands_where_a_camera_stands_is_covered_by_it(network, database) -> None:
    with database.begin() as connection:
        count, bare = reaches.gaps(connection, "cameras", "base_stations")
        with_radius = reaches.reaches(connection, "base_stations").ids.tolist()
    assert (count, len(bare)) == (3, 2)
    assert with_radius[0] not in bare
    assert with_radius[1] in bare


def test_what_nobody_covers_is_the_same_in_pages_of_any_size(network, database, monkeypatch) -> None:
    with database.begin() as connection:
        whole = reaches.gaps(connection, "base_stations", "schools")
        looked_at = list[int]()
        hold = reaches.Reaches.hold

        def watched(found, points):
            looked_at.append(len(points) * len(found.ids))
            return hold(found, points)

        monkeypatch.setattr(reaches.Reaches, "hold", watched)
        monkeypatch.setattr(reaches, "_CELLS", 14)
        assert reaches.gaps(connection, "base_stations", "schools") == whole
    assert max(looked_at) <= 14
    assert sum(looked_at) == 60 * 2
