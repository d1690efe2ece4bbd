"""Faults a user meets: each gives one clear sentence and a non-zero exit, publishes nothing by half, loses nothing.

Everything runs through the command, as a user would run it.
"""

import socket
from dataclasses import replace

import geopandas as gpd
import pytest
import shapely

from tests.conftest import free_port
from tests.faults.small_city import CITY, CURRENT, ask, cim, sentence, write_dem

pytestmark = pytest.mark.db

SPOILT = {
    "dem without crs": ("dem", lambda path: write_dem(path, crs=None), "dem.tif: "),
    "truncated tiff": (
        "dem",
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        "dem.tif: ",
    ),
    "empty tiff": ("dem", lambda path: path.write_bytes(b""), "dem.tif: the file is empty"),
    "truncated gpkg": ("buildings", lambda path: path.write_bytes(path.read_bytes()[:30_000]), "buildings.gpkg: "),
    "empty gpkg": ("buildings", lambda path: path.write_bytes(b""), "buildings.gpkg: the file is empty"),
    "no file": ("buildings", lambda path: path.unlink(), "buildings.gpkg: no such file"),
}


def test_a_spoilt_file_is_named_and_the_old_version_stands(small):
    assert cim(small, "load").returncode == 0
    for case, (name, spoil, says) in SPOILT.items():
        path = small.data / ("dem.tif" if name == "dem" else "buildings.gpkg")
        whole = path.read_bytes()
        spoil(path)
        assert says in sentence(cim(small, "load", name)), case
        assert ask(small, CURRENT) == 400
        path.write_bytes(whole)
    assert cim(small, "load").returncode == 0
    assert ask(small, "SELECT count(*) FROM cim.dataset_version WHERE state = 'published'") == 2


def test_a_bow_tie_is_repaired_and_the_rest_arrives(small):
    path = small.data / "buildings.gpkg"
    frame = gpd.read_file(path)
    tie = shapely.Polygon([(438000, 4437000), (438010, 4437010), (438010, 4437000), (438000, 4437010)])
    frame.loc[3, "geometry"] = tie
    path.unlink()
    frame.to_file(path)
    done = cim(small, "load", "buildings")
    assert done.returncode == 0
    assert "400 read, 400 accepted, 1 repaired, 0 rejected; 400 added (self_intersection 1)" in done.stderr


def test_a_port_in_use_is_named_with_the_way_out(small):
    with socket.create_server(("127.0.0.1", small.port)):
        told = sentence(cim(small, "serve"))
    assert f"port {small.port} is in use" in told
    assert "CIM_PORT" in told


def test_a_database_that_is_away_is_said_so(small):
    away = replace(small, database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    assert "the database is away" in sentence(cim(away, "load"))


def test_a_misspelt_column_in_the_city_file_is_named(small):
    text = CITY.replace('gpkg"\n', 'gpkg"\ncolumns = { hight_m = "height_m" }\n', 1)
    small.city_file.write_text(text, encoding="utf-8")
    told = sentence(cim(small, "load", "buildings"))
    assert "source buildings: layer buildings has no column hight_m; it has " in told
    assert "height_m" in told


def test_status_looks_and_starts_nothing(small, tmp_path):
    own = replace(small, database_url=None, data=tmp_path / "quiet")
    own.data.mkdir()
    done = cim(own, "status")
    assert done.returncode == 0
    assert "database: not running" in done.stdout
    assert not (own.data / "pg").exists()
