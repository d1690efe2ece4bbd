"""Point clouds against a real PostGIS: published where they are, found through STAC, kept while a version reads them."""

import itertools
import zipfile

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from cim.errors import BadInput, BadSource
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import catalogue
from cim.types import silent
from loaders import pipeline
from loaders.delivery import locations
from loaders.delivery.deliveries import Depot
from loaders.rollback import rollback
from tests.las_files import slope, write_las

pytestmark = pytest.mark.db


def load(database, city, path, **stated):
    clock = itertools.count().__next__
    named = NamedSource("scan", Source(str(path), "point_clouds", **stated))
    return pipeline.load(database, named, path, city, silent, clock)


def test_tiles_of_a_cloud_are_one_version_and_one_item(settings, database, city, tmp_path):
    for number in (1, 2):
        write_las(tmp_path / f"tile_{number}.laz", *slope(500, seed=number), crs="EPSG:4547")
    report = load(database, city, tmp_path / "tile_*.laz")
    assert (report.read, report.accepted, report.rejected) == (1_000, 1_000, 0)
    with TestClient(create_app(settings)) as client:
        answer = client.get("/stac/collections/point_clouds/items").json()
        assert client.get("/ogc/collections/point_clouds").status_code == 404
        assert client.get("/stac/collections/dem/items").json()["features"] == []
    (item,) = answer["features"]
    assert item["properties"]["cim:points"] == 1_000
    assert sorted(asset["title"] for asset in item["assets"].values()) == ["tile_1.laz", "tile_2.laz"]
    assert str(tmp_path) not in str(answer)
    west, south, east, north = item["bbox"]
    assert 113.0 < west < east < 114.0
    assert 40.0 < south < north < 41.0


def test_a_cloud_elsewhere_or_under_another_layer_is_refused(database, city, tmp_path):
    path = write_las(tmp_path / "a.las", slope(50)[0] + [0.0, 500_000.0, 0.0], slope(50)[1], crs="EPSG:4547")
    with pytest.raises(BadInput, match="outside the city"):
        load(database, city, path)
    other = tmp_path / "a.csv"
    other.write_text("id,lon,lat\na,113.3,40.1\n")
    with pytest.raises(BadSource, match="no point cloud"):
        load(database, city, other, crs="EPSG:4326")


def test_what_a_version_reads_stays_in_the_depot_and_can_be_gone_back_to(settings, database, city, tmp_path):
    for number in (1, 2):
        write_las(tmp_path / "a.laz", *slope(100 * number), crs="EPSG:4547")
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            archive.write(tmp_path / "a.laz", "in/a.laz")
    depot = Depot(settings.data / "deliveries", city.intake, silent)
    for number in (1, 2):
        load(database, city, depot.bring(locations.parse(str(tmp_path / f"{number}.zip"))))
        with database.begin() as connection:
            depot.clear(catalogue.pixel_places(connection))
    assert len(list((settings.data / "deliveries").glob("*/unpacked/in/a.laz"))) == 2
    assert rollback(database, "scan").accepted == 100
    next((settings.data / "deliveries").glob("*/unpacked/in/a.laz")).unlink()
    with pytest.raises(BadInput, match="put that file back"):
        rollback(database, "scan", 1), rollback(database, "scan", 2)
