"""Real rasters of other places, each with a city of its own: an SRTM tile, orthophotos in three frames."""

import io
import itertools
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.warp import Resampling, reproject

from cim import city as cities
from cim import crs as frames
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import dem
from cim.store.db import Database
from cim.store.geoid import open_geoid
from cim.store.migrate import migrate
from cim.types import silent
from loaders import pipeline
from tilesets import products
from tilesets.imagery.layer import ImageryLayer

pytestmark = pytest.mark.db

CITY = """
[city]
name = "别处"
name_en = "Elsewhere"
code = "000000"
crs = "{crs}"
extent = {extent}
geoid_offset_m = -20.0
"""


def load(database, city, path, layer, folder, name=None, **stated):
    source = Source(str(path), layer, **stated)
    clock = itertools.count().__next__
    geoid = open_geoid(city)
    named = NamedSource(name or layer, source)
    return pipeline.load(database, named, Path(path), city, silent, clock, geoid=geoid, data=folder)


def refresh(database, city, folder, *only):
    products.refresh(database, city, folder, silent, lambda title: nullcontext(), only)


@pytest.fixture
def elsewhere(empty_database_url):
    """A store for a city somewhere else, made by its frame and extent."""
    opened = []

    def make(crs, extent):
        city = cities.parse(CITY.format(crs=crs, extent=extent))
        database = Database(empty_database_url)
        migrate(database, city)
        opened.append(database)
        return database, city

    yield make
    for database in opened:
        database.close()


def test_an_srtm_tile_is_ground_and_what_is_built_of_it_agrees_with_the_file(elsewhere, shared, tmp_path):
    database, city = elsewhere("EPSG:32619", [-72.1, 43.9, -70.9, 45.1])
    path = shared / "dem/N44W072.hgt"
    report = load(database, city, path, "dem", tmp_path)
    places = np.random.default_rng(5).uniform([-71.9, 44.1], [-71.1, 44.9], (200, 2))
    with rasterio.open(path) as dataset:
        expected = np.zeros((1, 200))
        column, row = ((places - [-72.0, 45.0]) / [1 / 1200, -1 / 1200]).T
        band = dataset.read(1).astype(float)
        c, r = column.astype(int), row.astype(int)
        u, v = column - c, row - r
        upper, lower = band[r, c] * (1 - u) + band[r, c + 1] * u, band[r + 1, c] * (1 - u) + band[r + 1, c + 1] * u
        expected = upper * (1 - v) + lower * v
    with database.begin() as connection:
        found = dem.heights(connection, places)
    sure = band[r, c] > -32768
    assert np.abs(found - expected)[sure].max() < 0.01
    assert report.accepted == 1


@pytest.mark.parametrize(
    ("file", "crs", "extent", "zoom"),
    [
        ("rmnp-rgb.tif", "EPSG:32613", [-106.1, 40.0, -105.3, 40.7], 10),
        ("RGB.byte.tif", "EPSG:32618", [-79.0, 23.5, -76.5, 25.6], 9),
        ("colorado_201404_13SED190110.tif", "EPSG:26913", [-104.8, 38.9, -104.7, 39.0], 20),
    ],
)
def test_real_orthophotos_look_as_gdal_warps_them(elsewhere, shared, tmp_path, file, crs, extent, zoom):
    database, city = elsewhere(crs, extent)
    path = shared / "ortho" / file
    load(database, city, path, "orthophoto", tmp_path)
    refresh(database, city, tmp_path, "imagery")
    layer = ImageryLayer.open(tmp_path / "imagery/orthophoto")
    assert layer.maxzoom == zoom
    west, south, east, north = layer.bbox
    x, y = frames.transform(np.array([[(west + east) / 2, (south + north) / 2]]), frames.LONLAT, "EPSG:3857")[0]
    side = 2 * np.pi * 6378137.0 / 2**zoom
    column, row = int((x / side + 2**zoom / 2) // 1), int((2**zoom / 2 - y / side) // 1)
    tile = Image.open(io.BytesIO(layer.tile(zoom, column, row).data)).convert("RGBA")
    theirs, alpha = np.zeros((3, 256, 256), "uint8"), np.zeros((256, 256), "uint8")
    left, top = (column - 2**zoom / 2) * side, (2**zoom / 2 - row) * side
    transform = rasterio.Affine(side / 256, 0, left, 0, -side / 256, top)
    with rasterio.open(path) as dataset:
        place = {"dst_transform": transform, "dst_crs": "EPSG:3857"}
        reproject(rasterio.band(dataset, [1, 2, 3]), theirs, resampling=Resampling.cubic, **place)
        mask = dataset.dataset_mask()
        reproject(mask, alpha, src_transform=dataset.transform, src_crs=dataset.crs, **place)
    ours = np.moveaxis(np.asarray(tile), -1, 0)
    both = (ours[3] == 255) & (alpha == 255)
    assert both.mean() > 0.3
    assert ((ours[3] > 0) != (alpha > 0)).mean() < 0.02
    assert np.abs(ours[:3, both].astype(int) - theirs[:, both]).mean() < 6  # JPEG, twice
