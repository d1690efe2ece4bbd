"""The main job on real input: Datong's divisions, relief and air stations, Wuhan's footprints with a city of their own."""

import itertools
import json
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Geod
from sqlalchemy import text

from cim import city as cities
from cim import crs as frames
from cim.errors import BadInput, MissingCrs
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import dem, features, things
from cim.store.db import Database
from cim.store.migrate import migrate
from cim.types import silent
from loaders import pipeline
from tests.tileset_walk import Memory, visit
from tilesets import products
from tilesets.terrain.ground import ServedGround

pytestmark = pytest.mark.db

DIVISIONS = {"columns": {"code": "adcode"}, "constants": {"level": "county", "source": "DataV"}}
WUHAN = """
[city]
name = "武汉市"
name_en = "Wuhan"
code = "420100"
crs = "EPSG:4547"
extent = [113.7, 29.9, 115.1, 31.4]
geoid_offset_m = -14.0
"""


def load(database, city, path, layer, name=None, **stated):
    clock = itertools.count().__next__
    source = Source(str(path), layer, **stated)
    return pipeline.load(database, NamedSource(name or layer, source), Path(path), city, silent, clock)


@contextmanager
def stage(title):
    yield


def test_ten_divisions_together_have_the_area_of_the_prefecture(database, city, shared):
    report = load(
        database, city, shared / "admin/datong_counties_wgs84.geojson", "divisions", crs="EPSG:4326", **DIVISIONS
    )
    assert (report.read, report.accepted, report.rejected) == (10, 10, 0)
    with database.begin() as connection:
        found = features.items(connection, "divisions", limit=20)
    codes = {f["properties"]["code"] for f in found}
    assert codes == {"140212", "140213", "140214", "140215", *(str(c) for c in range(140221, 140227))}
    geod = Geod(ellps="WGS84")
    areas = [abs(geod.geometry_area_perimeter(shapely.geometry.shape(f["geometry"]))[0]) / 1e6 for f in found]
    assert sum(areas) == pytest.approx(14_074, rel=0.005)
    with database.begin() as connection:
        plane = connection.execute(text("SELECT sum(ST_Area(geom)) / 1e6 FROM cim.feature")).scalar()
    assert plane == pytest.approx(14_075.0, rel=0.005)


def test_the_same_divisions_in_gcj02_are_refused_without_a_label_and_right_with_it(database, city, shared):
    path = shared / "admin/datong_counties_gcj02_datav.geojson"
    with pytest.raises(
        MissingCrs,
        match=r"datong_counties_gcj02_datav\.geojson: states no CRS.*would lie GCJ-02 6\d\d m",
    ):
        load(database, city, path, "divisions", **DIVISIONS)
    load(database, city, path, "divisions", name="gcj", crs="GCJ-02", **DIVISIONS)
    load(
        database,
        city,
        shared / "admin/datong_counties_wgs84.geojson",
        "divisions",
        name="wgs",
        crs="EPSG:4326",
        **DIVISIONS,
    )
    with database.begin() as connection:
        apart = connection.execute(
            text("""
                SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ST_Distance(ST_Centroid(a.geom), ST_Centroid(b.geom)))
                FROM cim.feature a JOIN cim.feature b ON a.properties ->> 'code' = b.properties ->> 'code'
                JOIN cim.dataset d ON d.id = a.dataset_id AND d.name = 'gcj' WHERE a.dataset_id <> b.dataset_id""")
        ).scalar()
    assert apart < 60.0  # an offset left in would be about 600 m


def test_air_stations_are_things_and_the_one_in_another_county_stands_there(database, city, shared):
    columns = {"id": "site_code", "name": "site_name"}
    constants = {"kind": "air", "observed_property": "PM2.5", "unit": "µg/m³", "source": "CNEMC"}
    path = shared / "streams/datong_air_quality_sites.csv"
    with pytest.raises(MissingCrs):
        load(database, city, path, "stations", columns=columns, constants=constants)
    report = load(database, city, path, "stations", crs="EPSG:4326", columns=columns, constants=constants)
    assert (report.read, report.accepted) == (12, 12)
    with database.begin() as connection:
        found = {t["code"]: t for t in things.things(connection)}
    assert len(found) == 12
    assert (found["3565A"]["lon"], found["3565A"]["lat"]) == (113.1367, 40.1122)
    assert not any(t["is_synthetic"] for t in found.values())


def test_relief_heights_equal_bilinear_values_taken_by_hand(database, city, shared):
    path = shared / "dem/datong_relief_approx_3857.tif"
    load(database, city, path, "dem", name="relief")
    places = np.array([[113.28824, 40.0911], [113.1259, 40.1105], [114.2, 39.5], [112.7064, 40.0129]])
    with rasterio.open(path) as file:
        band, inverse = file.read(1).astype(float), ~file.transform
        expected = []
        for x, y in frames.transform(places, "EPSG:4326", "EPSG:3857"):
            col, row = (
                inverse.a * x + inverse.b * y + inverse.c - 0.5,
                inverse.d * x + inverse.e * y + inverse.f - 0.5,
            )
            i, j = int(row), int(col)
            u, v = col - j, row - i
            expected.append(
                band[i, j] * (1 - u) * (1 - v)
                + band[i, j + 1] * u * (1 - v)
                + band[i + 1, j] * (1 - u) * v
                + band[i + 1, j + 1] * u * v
            )
    with database.begin() as connection:
        heights = dem.heights(connection, places)
        outside = dem.heights(connection, np.array([[100.0, 40.0]]))
    assert np.abs(heights - expected).max() < 1e-6
    assert 1000 < heights[0] < 1120
    assert np.isnan(outside[0])


@pytest.fixture
def wuhan(empty_database_url):
    city = cities.parse(WUHAN)
    database = Database(empty_database_url)
    migrate(database, city)
    yield database, city
    database.close()


def test_wuhan_buildings_outside_datong_are_all_refused(database, city, shared):
    with pytest.raises(BadInput, match=r"100% of it lies outside the city .* is it another city's"):
        load(
            database, city, shared / "footprints/osm_buildings_wuhan.geojson", "buildings", constants={"source": "OSM"}
        )


def test_wuhan_buildings_become_tiles_with_their_own_city_file(wuhan, shared, tmp_path):
    database, city = wuhan
    path = shared / "footprints/osm_buildings_wuhan.geojson"
    columns = {"height_m": "height"}
    report = load(database, city, path, "buildings", constants={"source": "OSM"}, columns=columns)
    source = gpd.read_file(path)
    assert (report.read, report.accepted + report.rejected) == (265, 265)
    # The file is cut from vector tiles: buildings on a tile's edge come twice, as the same shape or as two pieces.
    codes = report.codes
    assert codes.keys() <= {"duplicate_key", "piece", "overlap", "ring_self_intersection", "height_out_of_range"}
    assert report.rejected == codes["duplicate_key"] + codes["height_out_of_range"]
    with database.begin() as connection:
        found = [f for page in features.pages(connection, "buildings") for f in page]
    flat = source.loc[~source["height"].fillna(9.0).between(1.0, 400.0), "id"]
    assert {f["properties"]["id"] for f in found} == set(source["id"].astype(str)) - set(flat.astype(str))
    basis = [f["properties"]["height_basis"] for f in found]
    assert 0 < basis.count("source") <= 88
    assert basis.count("assumed") + basis.count("source") == len(basis)
    _flat_dem(tmp_path / "dem.tif", 21.0)
    load(database, city, tmp_path / "dem.tif", "dem", name="flat")
    products.refresh(database, city, tmp_path, silent, stage)
    _tiles_hold(found, tmp_path, city)


def _flat_dem(path, height):
    transform = rasterio.transform.from_origin(114.3, 30.6, 0.001, 0.001)
    profile = {"driver": "GTiff", "width": 200, "height": 200, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", **profile, transform=transform) as file:
        file.write(np.full((1, 200, 200), height, dtype="float32"))


def _tiles_hold(found, folder, city):
    """Every building is in the finest tiles once, as high as the store says, standing on the served ground."""
    heights = {f["id"]: f["properties"]["height_m"] for f in found}
    seen = {}
    for tile in visit(Memory.of(folder / "tiles", "city"), "city").walk():
        if not tile.children and tile.glb is not None:
            table = tile.glb.table()
            seen |= dict(zip(np.asarray(table["id"]).tolist(), np.asarray(table["height"]).tolist(), strict=True))
    assert seen.keys() == heights.keys()
    assert all(abs(seen[id] - heights[id]) < 0.01 for id in seen)
    ground = ServedGround.open(folder / "terrain", city.crs, products.open_geoid(city))
    xy = frames.transform(np.array([[114.395, 30.508]]), "EPSG:4326", city.crs)
    assert abs(ground.heights(xy)[0] - 21.0) < 0.05
    assert json.loads((folder / "terrain/layer.json").read_text())["format"] == "quantized-mesh-1.0"
