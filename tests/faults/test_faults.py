"""Faults a user meets: each gives one clear sentence and a non-zero exit, publishes nothing by half, loses nothing.

Everything runs through the command, as a user would run it.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg
import pytest
import rasterio
import shapely

from cim.settings import Settings
from cim.store.db import Database
from cim.store.embedded import discard_cluster, ensure_cluster, stop_cluster
from cim.store.migrate import migrate
from cim.types import silent
from tests.conftest import CHECKOUT, command_environment, free_port

pytestmark = pytest.mark.db

CITY = """
[city]
name = "试验市"
crs = "EPSG:4547"
extent = [112.5785, 39.0483, 114.5689, 40.7399]
[[source]]
name = "buildings"
layer = "buildings"
location = "{data}/buildings.gpkg"
[[source]]
name = "dem"
layer = "dem"
location = "{data}/dem.tif"
"""


def cim(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, with these settings."""
    command = [sys.executable, "-m", "api.cli", *arguments]
    environ = command_environment(settings) | {"PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(command, cwd=settings.data, env=environ, capture_output=True, text=True, timeout=300)


@pytest.fixture
def small(tmp_path: Path, settings: Settings) -> Settings:
    """A small city of its own over the test's database: 400 buildings on a flat DEM."""
    settings.data.mkdir()
    (tmp_path / "city.toml").write_text(CITY, encoding="utf-8")
    write_buildings(settings.data / "buildings.gpkg", 400)
    write_dem(settings.data / "dem.tif")
    return replace(settings, city_file=tmp_path / "city.toml")


def write_buildings(path: Path, count: int) -> None:
    side = int(np.ceil(np.sqrt(count)))
    east, north = np.divmod(np.arange(count), side)
    x, y = 438_000 + 20.0 * east, 4_438_000 + 20.0 * north
    shapes = shapely.box(x, y, x + 12, y + 9)
    path.unlink(missing_ok=True)
    data = {"id": [f"b{i}" for i in range(count)], "height_m": 9.0 + east % 7, "storeys": 3}
    gpd.GeoDataFrame(data, geometry=shapes, crs="EPSG:4547").to_file(path)


def write_dem(path: Path, crs: str | None = "EPSG:4547") -> None:
    transform = rasterio.transform.from_origin(430_000, 4_446_000, 100, 100)
    profile = {"driver": "GTiff", "width": 160, "height": 160, "count": 1, "dtype": "float32", "crs": crs}
    with rasterio.open(path, "w", **profile, transform=transform, tiled=True, blockxsize=64, blockysize=64) as file:
        file.write(np.full((1, 160, 160), 1040.0, dtype="float32"))


def count(settings: Settings, sql: str) -> int:
    with psycopg.connect(str(settings.database_url)) as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


CURRENT = "SELECT count(*) FROM cim.body WHERE record_to IS NULL"


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What the command said, which must not be a traceback."""
    assert done.returncode != 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


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
        assert count(small, CURRENT) == 400
        path.write_bytes(whole)
    assert cim(small, "load").returncode == 0
    assert count(small, "SELECT count(*) FROM cim.dataset_version WHERE state = 'published'") == 2


def test_a_bow_tie_is_repaired_and_the_rest_arrives(small):
    path = small.data / "buildings.gpkg"
    frame = gpd.read_file(path)
    tie = shapely.Polygon([(438000, 4437000), (438010, 4437010), (438010, 4437000), (438000, 4437010)])
    frame.loc[3, "geometry"] = tie
    path.unlink()
    frame.to_file(path)
    done = cim(small, "load", "buildings")
    assert done.returncode == 0
    assert "400 read, 400 accepted, 1 repaired, 0 rejected (self_intersection 1)" in done.stderr


def test_a_port_in_use_is_named_with_the_way_out(small):
    with socket.create_server(("127.0.0.1", small.port)):
        told = sentence(cim(small, "serve"))
    assert f"port {small.port} is in use" in told
    assert "CIM_PORT" in told


def test_a_database_that_is_away_is_said_so(small):
    away = replace(small, database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    assert "the database is away" in sentence(cim(away, "load"))


def test_a_database_that_goes_away_during_a_load_publishes_nothing_and_the_next_run_goes_on(small, tmp_path):
    data = tmp_path / "own"
    write_buildings(small.data / "buildings.gpkg", 30_000)
    own = replace(small, database_url=ensure_cluster(data, silent))
    try:
        result: list[subprocess.CompletedProcess[str]] = []
        worker = threading.Thread(target=lambda: result.append(cim(own, "load", "buildings")))
        worker.start()
        _wait_for_copy(own)
        stop_cluster(data)
        worker.join(120)
        assert "the database is away" in sentence(result[0])
        ensure_cluster(data, silent)
        assert count(own, CURRENT) == 0
        assert cim(own, "load", "buildings").returncode == 0
        assert count(own, CURRENT) == 30_000
        assert count(own, "SELECT count(*) FROM cim.dataset_version WHERE state = 'loading'") == 0
    finally:
        discard_cluster(data)


def _wait_for_copy(settings: Settings) -> None:
    """Until the load has a transaction open on the store."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'COPY staging%' AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if count(settings, busy):
                return
        except psycopg.Error:
            pass
        time.sleep(0.01)
    raise AssertionError("the load never began to copy")


@pytest.fixture
def tmpfs():
    """A small disk of its own, which the database's account can reach; needs root."""
    folder = Path(tempfile.mkdtemp(prefix="cim-disk-"))
    folder.chmod(0o755)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "none", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_during_a_build_leaves_the_old_city_and_the_next_run_goes_on(small, tmpfs):
    crowded = replace(small, data=tmpfs)
    for name in ("buildings.gpkg", "dem.tif"):
        shutil.copy(small.data / name, tmpfs / name)
    assert cim(crowded, "load").returncode == 0
    assert cim(crowded, "build").returncode == 0
    root = (tmpfs / "tiles/city/tileset.json").read_bytes()
    with psycopg.connect(str(small.database_url), autocommit=True) as connection:
        connection.execute("UPDATE cim.body SET height_m = height_m + 1, record_to = NULL, id = DEFAULT")
    filler = tmpfs / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    told = sentence(cim(crowded, "build"))
    assert "full" in told
    assert (tmpfs / "tiles/city/tileset.json").read_bytes() == root
    filler.unlink()
    assert cim(crowded, "build").returncode == 0
    assert (tmpfs / "tiles/city/tileset.json").read_bytes() != root


def test_a_full_disk_under_the_database_is_said_so_and_the_next_run_goes_on(small, tmpfs):
    subprocess.run(["mount", "-o", "remount,size=400m", str(tmpfs)], check=True)
    url = ensure_cluster(tmpfs, silent)
    own = replace(small, database_url=url)
    try:
        migrate(Database(url), own.city())
        write_buildings(small.data / "buildings.gpkg", 60_000)
        free = shutil.disk_usage(tmpfs).free
        filler = tmpfs / "filler"
        filler.write_bytes(b"\0" * max(0, free - 6_000_000))
        told = sentence(cim(own, "load", "buildings"))
        assert "full" in told or "away" in told
        filler.unlink()
        ensure_cluster(tmpfs, silent)
        subprocess.run(["mount", "-o", "remount,size=900m", str(tmpfs)], check=True)
        assert count(own, CURRENT) == 0
        assert cim(own, "load", "buildings").returncode == 0
        assert count(own, CURRENT) == 60_000
    finally:
        discard_cluster(tmpfs)


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
