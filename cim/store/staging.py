"""Staging: accepted records COPYed as EWKB into tables of the load's own, batch by batch, until all of it is judged.

Each version under way has a schema `load_<id>` with its tables. They are unlogged: they survive a killed loader, and a
database that was shut down; after a crash of the database they are empty, which the next run notices.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import repeat
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
from psycopg.types.string import BytesBinaryDumper
from sqlalchemy import Connection, text

from cim import geometry
from cim.boundary import Boundary
from cim.plugins import Layer
from cim.store.db import jsonb, raw
from cim.store.pictures import Pictures
from cim.store.places.records import SPELLING
from cim.types import CimLevel, ObjectArray, RoofForm, Use

_COMMON = {
    "source_row": "int8",
    "source_key": "text",
    "name": "text",
    "properties": "jsonb",
    "geom": "geometry",
    "source": "text",
    "survey_date": "date",
    "accuracy_m": "float4",
    "is_synthetic": "bool",
    "cell": "int8",
    "valid_from": "timestamptz",
    "valid_to": "timestamptz",
}
_ENDED = ("source_row", "source_key", "valid_from", "valid_to")
_BODY = {
    "lod": "float4",
    "cim_level": "int2",
    "address": "text",
    "use": "int2",
    "roof_form": "int2",
    "storeys": "int2",
    "year": "int2",
    "height_m": "float8",
    "height_basis": "text",
    "eaves_m": "float8",
    "base_m": "float8",
}
_NAMED = {"building": "int8"}
_SURFACES = {"surfaces": "geometry", "semantics": "int2[]", "structure": "jsonb", "appearance": "jsonb"}

_RAISED = {"raised": "geometry"}


def columns(layer: Layer) -> dict[str, str]:
    """Staged columns and their PostgreSQL types for a layer."""
    if layer.name != "buildings":
        return {**_COMMON, **_RAISED}
    return {**_COMMON, **_BODY, **_NAMED, **_SURFACES}


def create(connection: Connection, version_id: int, layer: Layer) -> None:
    """The empty tables of a version's load; those of an earlier try are dropped."""
    drop(connection, version_id)
    schema = _schema(version_id)
    body = ", ".join(f"{name} {kind}" for name, kind in columns(layer).items())
    connection.execute(text(f"CREATE SCHEMA {schema}"))
    connection.execute(text(f"CREATE UNLOGGED TABLE {schema}.staging ({body})"))
    connection.execute(text(f"CREATE UNLOGGED TABLE {schema}.spelling ({SPELLING})"))
    connection.execute(text(f"CREATE UNLOGGED TABLE {schema}.staged_picture (LIKE cim.picture INCLUDING ALL)"))


def use(connection: Connection, version_id: int) -> None:
    """Let `staging`, `spelling` and `staged_picture` mean this version's tables until the transaction ends."""
    connection.execute(text(f"SET LOCAL search_path = {_schema(version_id)}, cim, public"))


def count(connection: Connection, version_id: int) -> int | None:
    """How many records are staged; None where the tables are gone."""
    newest = f"{_schema(version_id)}.staged_picture"  # of the tables: a load that began without it begins anew
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": newest}).scalar() is None:
        return None
    return int(connection.execute(text(f"SELECT count(*) FROM {_schema(version_id)}.staging")).scalar_one())


def drop(connection: Connection, version_id: int) -> None:
    """Remove a version's tables, if they are there."""
    connection.execute(text(f"DROP SCHEMA IF EXISTS {_schema(version_id)} CASCADE"))


def _schema(version_id: int) -> str:
    return f"load_{int(version_id)}"


def copy(connection: Connection, layer: Layer, frame: gpd.GeoDataFrame, srid: int, *, ended: bool = False) -> None:
    """Append a checked batch. frame: canonical columns, geometry in the city frame, index = row in the source.

    ended: the records only name what ends: their keys and days are all that is staged.
    """
    kinds = {name: kind for name, kind in columns(layer).items() if not ended or name in _ENDED}
    if not layer.z:
        kinds.pop("raised", None)
    absent = [*([] if "building" in frame else _NAMED), *([] if "boundary" in frame else _SURFACES)]
    kinds = {name: kind for name, kind in kinds.items() if name not in absent}
    statement = f"COPY staging ({', '.join(kinds)}) FROM STDIN (FORMAT BINARY)"
    with raw(connection).cursor() as cursor:
        cursor.adapters.register_dumper(bytes, BytesBinaryDumper)  # compiled, unlike the one that stands for bytea
        pictures = Pictures()
        rows = _rows(layer, frame, srid, list(kinds), pictures)
        pictures.put(cursor, "staged_picture")
        _fill(cursor, statement, list(kinds.values()), rows)


def _fill(cursor: "psycopg.Cursor[Any]", statement: str, kinds: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    with cursor.copy(statement.encode()) as stream:
        # EWKB and binary jsonb are bytes that PostgreSQL takes as they are.
        stream.set_types(["bytea" if kind in ("geometry", "jsonb") else kind for kind in kinds])
        for row in rows:
            stream.write_row(row)


def _rows(
    layer: Layer, frame: gpd.GeoDataFrame, srid: int, names: Sequence[str], pictures: Pictures
) -> Iterator[tuple[Any, ...]]:
    ready: dict[str, list[Any]] = {
        "source_row": frame.index.tolist(),
        "valid_from": _moments(frame["valid_from"]),
        "valid_to": _moments(frame["valid_to"]),
    }
    if "geom" in names:
        ready |= _placed(frame, srid)
        ready |= {
            "properties": _properties(layer, frame, staged=set(names)),
            "survey_date": _days(frame["survey_date"]),
            "accuracy_m": _optional(frame["accuracy_m"], float),
            "is_synthetic": frame["is_synthetic"].astype(bool).tolist(),
            "name": frame["name"].tolist() if "name" in frame else [None] * len(frame),
        }
    if "raised" in names:
        ready["raised"] = _ewkb(frame["raised"].to_numpy(), srid)
    if "lod" in names:
        ready |= _body_columns(frame)
    if "building" in names:
        ready["building"] = [None if name is None else int(name) for name in frame["building"].tolist()]
    if "surfaces" in names:
        ready |= _surfaces(frame["boundary"].tolist(), srid, pictures)
    lists = [ready[name] if name in ready else frame[name].tolist() for name in names]
    return zip(*lists, strict=True)


def _placed(frame: gpd.GeoDataFrame, srid: int) -> dict[str, list[Any]]:
    """Shapes as EWKB and the grid cells of their anchors; None for records without a place."""
    shapes = frame.geometry.to_numpy()
    there = ~shapely.is_missing(shapes)
    if not there.any():
        return {"geom": [None] * len(frame), "cell": [None] * len(frame)}
    anchors = shapely.get_coordinates(shapely.point_on_surface(shapes[there]))
    cells = np.full(len(frame), None, dtype=object)
    cells[there] = geometry.cell_keys(anchors)
    return {"geom": _ewkb(shapes, srid), "cell": cells.tolist()}


def _ewkb(shapes: ObjectArray, srid: int) -> list[bytes | None]:
    found: list[bytes | None] = shapely.to_wkb(shapely.set_srid(shapes, srid), include_srid=True).tolist()
    return found


def _moments(values: "pd.Series[Any]") -> list[Any]:
    if values.isna().all():
        return [None] * len(values)
    return [None if pd.isna(value) else value.to_pydatetime() for value in values]


def _days(values: "pd.Series[Any]") -> list[Any]:
    if values.isna().all():
        return [None] * len(values)
    days = values.astype("datetime64[s]").to_numpy().astype("datetime64[D]")
    return [None if np.isnat(day) else day.item() for day in days]


def _body_columns(frame: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    return {
        "cim_level": _codes(frame["cim_level"], CimLevel, CimLevel.L2),
        "lod": frame["lod"].astype(float).fillna(1.0).tolist(),
        "use": _codes(frame["use"], Use, Use.unknown),
        "roof_form": _codes(frame["roof_form"], RoofForm, RoofForm.flat),
        "storeys": _optional(frame["storeys"], int),
        "year": _optional(frame["year"], int),
        "height_m": frame["height_m"].astype(float).tolist(),
        "eaves_m": _optional(frame["eaves_m"], float),
        "base_m": _optional(frame["base_m"], float),
    }


def _surfaces(bodies: Sequence[Boundary | None], srid: int, pictures: Pictures) -> dict[str, list[Any]]:
    """Surfaces as the store keeps them; None for bodies without. Their pictures gather apart."""
    return {
        "surfaces": [None if body is None else body.wkb(srid) for body in bodies],
        "semantics": [None if body is None else body.surface.tolist() for body in bodies],
        "structure": [None if body is None else jsonb(body.structure()) for body in bodies],
        "appearance": [
            jsonb(pictures.named(body.appearance)) if body is not None and body.appearance else None for body in bodies
        ],
    }


def _codes(names: "pd.Series[Any]", kind: type[IntEnum], unknown: IntEnum) -> list[int]:
    numbers: dict[Any, int] = {member.name: member.value for member in kind}
    other = int(unknown.value)
    place, known = pd.factorize(names)  # -1: no name
    codes: list[int] = np.array([*(numbers.get(name, other) for name in known), other])[place].tolist()
    return codes


def _optional(values: "pd.Series[Any]", kind: type[int] | type[float]) -> list[Any]:
    return [None if v is None or v != v else kind(v) for v in values.tolist()]


def _properties(layer: Layer, frame: gpd.GeoDataFrame, staged: set[str]) -> list[bytes]:
    """What has no column of its own: the layer's other attributes, then the file's other fields."""
    own = [c.name for c in layer.columns if c.name not in staged and frame[c.name].notna().any()]
    extras = frame["extra"].tolist()
    if not own and not any(extras):
        return [jsonb({})] * len(frame)
    whole = {c.name for c in layer.columns if c.kind == "integer"}
    columns = [
        _optional(frame[name], int)
        if name in whole
        else frame[name].astype(object).where(frame[name].notna(), None).tolist()
        for name in own
    ]
    rows = zip(*columns, strict=True) if own else repeat((), len(frame))
    told = [{k: v for k, v in zip(own, values, strict=True) if v is not None} for values in rows]
    return [jsonb(known | extra if extra else known) for known, extra in zip(told, extras, strict=True)]
