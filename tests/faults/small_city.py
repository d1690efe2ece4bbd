"""A small city for faults: its files, the command over it, and what its store holds."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psycopg
import rasterio
import shapely

from cim.settings import Settings
from tests.conftest import CHECKOUT, command_environment

HEAD = """
[city]
name = "试验市"
crs = "EPSG:4547"
extent = [112.5785, 39.0483, 114.5689, 40.7399]
"""
SOURCE = """
[[source]]
name = "{name}"
layer = "{layer}"
location = "{{data}}/{file}"
"""
CITY = (
    HEAD
    + SOURCE.format(name="buildings", layer="buildings", file="buildings.gpkg")
    + SOURCE.format(name="dem", layer="dem", file="dem.tif")
)

CURRENT = "SELECT count(*) FROM cim.body WHERE record_to IS NULL"
LEFT_BEHIND = """
    SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'load\\_%')
         + (SELECT count(*) FROM cim.dataset_version WHERE state = 'loading' OR progress IS NOT NULL)"""


_PATIENCE_S = 120


def process(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    """The command under way, with these settings."""
    command = [sys.executable, "-m", "api.cli", *arguments]
    environ = command_environment(settings) | {"PYTHONPATH": str(CHECKOUT)}
    return subprocess.Popen(
        command, cwd=settings.data, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def cim(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, at its end."""
    return ended(settings, process(settings, *arguments))


def ended(settings: Settings, running: "subprocess.Popen[str]") -> subprocess.CompletedProcess[str]:
    """What a command under way comes to; where it comes to no end, what the store is at is said."""
    try:
        said, told = running.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        busy = "SELECT array_agg(concat_ws(' ', pid, state, wait_event, query)) FROM pg_stat_activity WHERE state <> 'idle'"
        at = ask(settings, busy)
        running.kill()
        raise AssertionError(f"no end within {_PATIENCE_S} s; the store is at {at}") from None
    return subprocess.CompletedProcess(running.args, running.returncode, said, told)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What the command said, which must not be a traceback."""
    assert done.returncode != 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def ask(settings: Settings, sql: str) -> Any:
    """The first value that a query answers."""
    with psycopg.connect(str(settings.database_url)) as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


def boxes(rows: "np.ndarray[Any, Any]", side: int = 200) -> "np.ndarray[Any, Any]":
    """Footprints of 12 x 9 m on a grid of 20 m, by their numbers."""
    east, north = np.divmod(rows, side)
    x, y = 438_000 + 20.0 * east, 4_438_000 + 20.0 * north
    found: np.ndarray[Any, Any] = shapely.box(x, y, x + 12, y + 9)
    return found


def write_buildings(path: Path, count: int) -> None:
    rows = np.arange(count)
    path.unlink(missing_ok=True)
    data = {"id": [f"b{i}" for i in rows], "height_m": 9.0 + rows % 7, "storeys": 3}
    gpd.GeoDataFrame(data, geometry=boxes(rows), crs="EPSG:4547").to_file(path)


def write_dem(path: Path, crs: str | None = "EPSG:4547") -> None:
    transform = rasterio.transform.from_origin(430_000, 4_446_000, 100, 100)
    profile = {"driver": "GTiff", "width": 160, "height": 160, "count": 1, "dtype": "float32", "crs": crs}
    with rasterio.open(path, "w", **profile, transform=transform, tiled=True, blockxsize=64, blockysize=64) as file:
        file.write(np.full((1, 160, 160), 1040.0, dtype="float32"))
