"""A small city in a real store with its tiles: rows put in by plain SQL, a hilly ground, builds, and what came of them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

from cim.city import City
from cim.geoid import Geoid
from cim.store.db import Database
from cim.store.geoid import open_geoid
from cim.types import Bodies
from tests.sample_city import CENTRE
from tests.tileset_walk import Memory, Visited, visit
from tilesets.city.refresh import Yard, refresh
from tilesets.terrain.build import DemSource, build_terrain

TARGET = 24 * 1024
_COLUMNS = (
    "building_id, lod, cim_level, dataset_id, version_id, source_row, name, use, roof_form, storeys, height_m, "
    "height_basis, eaves_m, base_m, footprint, source, is_synthetic, cell, record_from, valid_from, valid_to"
)


def dem(path: Path, *, raised: bool = False, side: int = 260) -> Path:
    """A hilly elevation model of 10 km round the sample city's centre; `raised`: its north-east corner 7 m higher."""
    pixel = 40.0
    y, x = np.mgrid[0:side, 0:side]
    heights = 1040.0 + 12.0 * np.sin(x / 9.0) * np.cos(y / 7.0)
    if raised:
        heights[: side // 3, -side // 3 :] += 7.0
    half = side * pixel / 2.0
    profile: dict[str, Any] = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "float32"}
    place = from_origin(CENTRE[0] - half, CENTRE[1] + half, pixel, pixel)
    with rasterio.open(path, "w", crs="EPSG:4547", transform=place, **profile) as file:
        file.write(heights.astype("float32"), 1)
    return path


def yard_at(database: Database, city: City, data: Path, **stated: Any) -> Yard:
    """A yard over a database, its terrain built."""
    geoid = open_geoid(city)
    if not (data / "terrain" / "layer.json").is_file():
        ground(data, city, geoid, dem(data.parent / f"{data.name}.tif"))
    return Yard(database, city, data, geoid, **{"target_bytes": TARGET, **stated})


def ground(data: Path, city: City, geoid: Geoid, source: Path) -> None:
    """The terrain of one elevation model."""
    data.mkdir(parents=True, exist_ok=True)
    build_terrain([DemSource(source)], data / "terrain", city.crs, geoid)


def insert(database: Database, rows: Bodies, **stated: Any) -> None:
    """Rows into the store as somebody with a SQL prompt would put them there; the triggers leave the change keys."""
    frame = 4547
    values = {"valid_from": None, "valid_to": None, "dataset_id": 1} | stated
    copy = f"COPY cim.body ({_COLUMNS}) FROM STDIN"
    with database.raw() as connection, connection.cursor() as cursor:
        stamp = cursor.execute("SELECT cim.record_time()").fetchone()
        with cursor.copy(copy) as out:
            for k in range(len(rows)):
                shape = shapely.to_wkb(shapely.set_srid(rows.geometry[k], frame), hex=True, include_srid=True)
                eaves = None if np.isnan(rows.eaves_m[k]) else float(rows.eaves_m[k])
                out.write_row((
                    int(rows.id[k]), float(rows.lod[k]), int(rows.cim_level[k]), values["dataset_id"], 1, k + 1,
                    rows.name[k], int(rows.use[k]), int(rows.roof_form[k]), int(rows.storeys[k]),
                    float(rows.height_m[k]), "source", eaves, None, shape, rows.source[k], bool(rows.is_synthetic[k]),
                    int(rows.cell[k]), stamp[0], values["valid_from"], values["valid_to"],
                ))  # fmt: skip


def execute(database: Database, sql: str, values: Sequence[Any] | None = None) -> int:
    """One statement in a transaction of its own; how many rows it touched."""
    with database.raw() as connection:
        return connection.execute(sql.encode(), values).rowcount


def rows_of(yard: Yard, sql: str) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with yard.database.raw() as connection:
        return connection.execute(sql.encode()).fetchall()


def published(yard: Yard, tileset: str = "city") -> dict[str, bytes]:
    """The root and everything it reaches, by name: what a client can see."""
    folder = yard.sink.folder
    found = {"root": (folder / tileset / "tileset.json").read_bytes()}
    for name in _reached(yard, json.loads(found["root"])["root"]):
        found[name] = yard.sink.get(name)
    return found


def _reached(yard: Yard, tile: dict[str, Any]) -> Iterator[str]:
    if "content" in tile:
        name = tile["content"]["uri"].rpartition("/")[2]
        yield name
        if name.endswith(".json"):
            yield from _reached(yard, json.loads(yard.sink.get(name))["root"])
    for child in tile.get("children", ()):
        yield from _reached(yard, child)


def seen(yard: Yard, tileset: str = "city") -> Visited:
    """The tree as a client meets it."""
    return visit(Memory.of(yard.sink.folder, tileset), tileset)


def drawn(yard: Yard, tileset: str = "city") -> dict[int, float]:
    """The buildings at the finest level, and the height of each."""
    found: dict[int, float] = {}
    for tile in seen(yard, tileset).walk():
        if tile.kind() == "building" and not tile.children and tile.glb is not None:
            table = tile.glb.table()
            for i, height in zip(table["id"].tolist(), table["height"].tolist(), strict=True):
                assert i not in found
                found[i] = round(height, 3)
    return found


def fresh(yard: Yard, data: Path) -> dict[str, bytes]:
    """What a build from nothing publishes, in another folder on the same terrain."""
    data.mkdir(parents=True)
    (data / "terrain").symlink_to(yard.data / "terrain")
    other = replace(yard, data=data)
    refresh(other)
    return published(other)
