"""Products know when their inputs changed, keep what the owner stated, and announce a new root."""

import itertools
import json
from contextlib import nullcontext
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from sqlalchemy import text

from cim.errors import BadInput, BadSource
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import features
from cim.types import silent
from loaders import pipeline
from tests.tileset_walk import Memory, visit
from tilesets import products
from tilesets.publish import name_of

pytestmark = pytest.mark.db


def load(database, city, path: Path, layer: str, **stated):
    source = NamedSource(layer, Source(str(path), layer, **stated))
    return pipeline.load(database, source, path, city, silent, itertools.count().__next__)


def dem(path: Path, height: float = 1040.0, crs: str | None = "EPSG:4547") -> Path:
    transform = rasterio.transform.from_origin(430_000, 4_446_000, 100, 100)
    profile = {"driver": "GTiff", "width": 160, "height": 160, "count": 1, "dtype": "float32", "crs": crs}
    with rasterio.open(path, "w", **profile, transform=transform) as file:
        file.write(np.full((1, 160, 160), height, dtype="float32"))
    return path


def houses(path: Path, height: float, count: int = 9) -> Path:
    path.unlink(missing_ok=True)
    x = 438_000 + 20.0 * np.arange(count)
    shapes = shapely.box(x, 4_438_000.0, x + 12, 4_438_009.0)
    data = {"id": [f"b{i}" for i in range(count)], "height_m": [height] * count}
    gpd.GeoDataFrame(data, geometry=shapes, crs="EPSG:4547").to_file(path)
    return path


def refresh(database, city, folder: Path, *only: str) -> None:
    products.refresh(database, city, folder, silent, lambda title: nullcontext(), only)


def heights(folder: Path) -> list[float]:
    tiles = visit(Memory.of(folder / "tiles", "city")).walk()
    drawn = [tile.glb.table()["height"] for tile in tiles if not tile.children and tile.glb is not None]
    return sorted(round(float(h), 2) for table in drawn for h in table)


def test_a_city_is_called_synthetic_only_while_something_in_it_is(database, city, tmp_path):
    path = houses(tmp_path / "a.gpkg", 9.0)
    load(database, city, path, "buildings")
    with database.begin() as connection:
        assert not features.has_synthetic(connection)
    load(database, city, path, "buildings", constants={"is_synthetic": True})
    with database.begin() as connection:
        assert features.has_synthetic(connection)


def test_a_new_root_is_announced_and_an_unchanged_city_is_not(database, city, tmp_path):
    load(database, city, dem(tmp_path / "dem.tif"), "dem")
    load(database, city, houses(tmp_path / "a.gpkg", 9.0), "buildings")
    refresh(database, city, tmp_path)
    refresh(database, city, tmp_path)
    with database.begin() as connection:
        told = connection.execute(text("SELECT data FROM cim.live_event WHERE kind = 'tile'")).scalars().all()
    root = (tmp_path / "tiles/city/tileset.json").read_bytes()
    assert told == [{"tileset": "city", "root": name_of("json", root).removesuffix(".json")}]
    assert heights(tmp_path) == [9.0] * 9


def test_another_store_with_as_many_buildings_is_not_taken_for_the_same_city(database, city, tmp_path):
    load(database, city, dem(tmp_path / "dem.tif"), "dem")
    load(database, city, houses(tmp_path / "a.gpkg", 9.0), "buildings")
    refresh(database, city, tmp_path)
    with database.begin() as connection:  # as if the database had been made anew: the same counts and ids
        connection.execute(text("TRUNCATE cim.body, cim.feature, cim.place, cim.dataset_version, cim.object CASCADE"))
        connection.execute(text("ALTER TABLE cim.body ALTER COLUMN id RESTART WITH 1"))
    load(database, city, tmp_path / "dem.tif", "dem")
    load(database, city, houses(tmp_path / "a.gpkg", 12.0), "buildings")
    refresh(database, city, tmp_path)
    assert heights(tmp_path) == [12.0] * 9


def test_the_last_building_gone_the_city_is_empty(database, city, tmp_path):
    load(database, city, dem(tmp_path / "dem.tif"), "dem")
    load(database, city, houses(tmp_path / "a.gpkg", 9.0), "buildings")
    refresh(database, city, tmp_path)
    with database.begin() as connection:
        connection.execute(text("UPDATE cim.body SET record_to = now()"))
    refresh(database, city, tmp_path)
    root = json.loads((tmp_path / "tiles/city/tileset.json").read_text())["root"]
    assert "content" not in root
    assert "children" not in root


def test_what_the_owner_states_of_a_raster_reaches_the_terrain(database, city, tmp_path):
    path = dem(tmp_path / "dem.tif", crs=None)
    load(database, city, path, "dem", crs="EPSG:4547")
    refresh(database, city, tmp_path, "terrain")
    assert (tmp_path / "terrain/layer.json").is_file()


def test_a_raster_of_another_place_is_refused(database, city, tmp_path):
    path = dem(tmp_path / "dem.tif", crs=None)
    with pytest.raises(BadInput, match=r"dem\.tif: lies at .* when read as EPSG:32633, outside the city"):
        load(database, city, path, "dem", crs="EPSG:32633")


def test_a_raster_that_changed_since_it_was_loaded_is_not_built_from(database, city, tmp_path):
    path = dem(tmp_path / "dem.tif")
    load(database, city, path, "dem")
    dem(path, 1100.0)
    with pytest.raises(BadSource, match=r"dem\.tif: changed since it was loaded as dem; run `cim load dem`"):
        refresh(database, city, tmp_path, "terrain")


def test_a_product_that_has_nothing_to_be_made_from_says_so(database, city, tmp_path):
    with pytest.raises(BadInput, match="no elevation model is loaded"):
        refresh(database, city, tmp_path, "terrain")
    with pytest.raises(BadInput, match="no product named roofs; known: terrain, imagery, city"):
        refresh(database, city, tmp_path, "roofs")
