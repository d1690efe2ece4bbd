"""Rows of the model as somebody may write them in SQL: buildings and features with a shape in the city frame."""

import json
from typing import Any

import shapely
from sqlalchemy import text

from cim import geometry
from cim.store.db import Connection, Database

OLD_TOWN = (439_300.0, 4_439_900.0)
"""A place in the old town, city frame."""

_BODY = {"lod": 1.0, "cim_level": 2, "use": 0, "roof_form": 0, "height_m": 9.0, "height_basis": "source"}
_STATE = {"is_synthetic": True, "source": "test"}


def new_object(connection: Connection, layer: str) -> tuple[int, int, int]:
    """An object of a layer's dataset, which is made where it is missing: (dataset, version, object)."""
    made = (
        "INSERT INTO cim.dataset (name, layer, data_class) VALUES (:layer, :layer, '时空基础') ON CONFLICT DO NOTHING"
    )
    connection.execute(text(made), {"layer": layer})
    dataset = connection.execute(text("SELECT id FROM cim.dataset WHERE name = :layer"), {"layer": layer}).scalar_one()
    object = connection.execute(
        text("INSERT INTO cim.object (dataset_id, source_key) VALUES (:dataset, gen_random_uuid()::text) RETURNING id"),
        {"dataset": dataset},
    ).scalar_one()
    return dataset, 1, object


def put_building(connection: Connection, footprint: shapely.Geometry, *, of: int | None = None, **values: Any) -> int:
    """A current state of a building (of: of one that is there already); the building's id."""
    dataset, version, object = new_object(connection, "buildings")
    known = _BODY | _STATE | values | {"building_id": of or object, "dataset_id": dataset, "version_id": version}
    _insert(connection, "body", "footprint", footprint, known)
    return of or object


def put_feature(
    connection: Connection, layer: str, shape: shapely.Geometry, properties: dict[str, Any] | None = None, **values: Any
) -> int:
    """A current state of a new feature; its id."""
    dataset, version, object = new_object(connection, layer)
    known = _STATE | values | {"object_id": object, "layer": layer, "dataset_id": dataset, "version_id": version}
    _insert(connection, "feature", "geom", shape, known | {"properties": json.dumps(properties or {})})
    return object


def execute(database: Database, sql: str, **values: Any) -> None:
    """One statement in a transaction of its own."""
    with database.begin() as connection:
        connection.execute(text(sql), values)


def _insert(connection: Connection, table: str, column: str, shape: shapely.Geometry, values: dict[str, Any]) -> None:
    anchor = shapely.get_coordinates(shapely.point_on_surface(shape))
    values = values | {"source_row": 1, "cell": int(geometry.cell_keys(anchor)[0]), "shape": shapely.to_wkt(shape)}
    names = [name for name in values if name != "shape"]
    connection.execute(
        text(f"""
            INSERT INTO cim.{table} ({", ".join(names)}, {column}, record_from)
            VALUES ({", ".join(f":{name}" for name in names)}, ST_GeomFromText(:shape, 4547), now())"""),
        values,
    )
