"""Rows of the catalogue as loads leave them, put straight into the tables: datasets, versions, an elevation model."""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from cim.store.db import Database

FOLDER = "/srv/deliveries/2026-11"
HASH = hashlib.sha256(b"dem").hexdigest()
RASTER = {
    **{"location": f"{FOLDER}/dem.tif", "path": f"{FOLDER}/dem.tif", "crs": "EPSG:4547", "pixel_m": 10.0, "size": 3},
    **{"bounds": [430000.0, 4430000.0, 442000.0, 4442000.0], "width": 1200, "height": 1200, "bands": 1},
    **{"dtype": "float32", "nodata": -9999.0, "mtime_ns": 1},
}


def _insert(database: Database, table: str, **values: Any) -> int:
    columns, names = ", ".join(values), ", ".join(f":{name}" for name in values)
    plain = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
    with database.begin() as connection:
        sql = text(f"INSERT INTO cim.{table} ({columns}) VALUES ({names}) RETURNING id")
        return int(connection.execute(sql, plain).scalar_one())


def put_dataset(database: Database, name: str, layer: str, **values: Any) -> int:
    """A dataset; its id."""
    return _insert(database, "dataset", name=name, layer=layer, data_class="时空基础", **values)


def put_version(database: Database, dataset: int, state: str, name: str, **values: Any) -> int:
    """A version of a dataset, read from FOLDER/name; its id."""
    location = f"{FOLDER}/{name}"
    ended = {"published_at": datetime(2026, 11, 1, tzinfo=UTC)} if state in ("published", "superseded") else {}
    plain = {"checksum": HASH, "fingerprint": "f", "mode": "replace", "crs": "EPSG:4547"} | ended | values
    return _insert(database, "dataset_version", dataset_id=dataset, state=state, location=location, **plain)


def published_dem(database: Database) -> int:
    """A dataset with a published elevation model that replaced a coarser one; the id of the published version."""
    dataset = put_dataset(database, "dem", "dem", title="高程", owner="测绘院")
    put_version(database, dataset, "superseded", "old.tif", raster=RASTER | {"pixel_m": 100.0})
    return put_version(database, dataset, "published", "dem.tif", raster=RASTER, survey_date=date(2026, 5, 1))
