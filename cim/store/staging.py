"""Staging: accepted records COPYed as EWKB into a temporary table of the load's own transaction."""

from collections.abc import Iterator, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, text

from cim import geometry
from cim.plugins import Layer
from cim.store.db import jsonb, raw
from cim.types import CimLevel, RoofForm, Use

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
}
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


def columns(layer: Layer) -> dict[str, str]:
    """Staged columns and their PostgreSQL types for a layer."""
    return {**_COMMON, **_BODY} if layer.name == "buildings" else dict(_COMMON)


def create(connection: Connection, layer: Layer) -> None:
    """An empty staging table that goes with the transaction."""
    body = ", ".join(f"{name} {kind}" for name, kind in columns(layer).items())
    connection.execute(text(f"CREATE TEMPORARY TABLE staging ({body}) ON COMMIT DROP"))


def copy(connection: Connection, layer: Layer, frame: gpd.GeoDataFrame, srid: int) -> None:
    """Append a checked batch. frame: canonical columns, geometry in the city frame, index = row in the source."""
    kinds = columns(layer)
    statement = f"COPY staging ({', '.join(kinds)}) FROM STDIN (FORMAT BINARY)"
    with raw(connection).cursor() as cursor, cursor.copy(statement) as stream:
        # EWKB and binary jsonb are bytes that PostgreSQL takes as they are.
        stream.set_types(["bytea" if kind in ("geometry", "jsonb") else kind for kind in kinds.values()])
        for row in _rows(layer, frame, srid, list(kinds)):
            stream.write_row(row)


def _rows(layer: Layer, frame: gpd.GeoDataFrame, srid: int, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    shapes = frame.geometry.to_numpy()
    anchors = shapely.get_coordinates(shapely.point_on_surface(shapes))
    ready: dict[str, list[Any]] = {
        "source_row": [int(i) for i in frame.index],
        "geom": shapely.to_wkb(shapely.set_srid(shapes, srid), include_srid=True).tolist(),
        "cell": geometry.cell_keys(anchors).tolist(),
        "properties": _properties(layer, frame, staged=set(names)),
        "survey_date": [None if pd.isna(d) else d.date() for d in frame["survey_date"]],
        "accuracy_m": _optional(frame["accuracy_m"], float),
        "is_synthetic": frame["is_synthetic"].astype(bool).tolist(),
        "name": frame["name"].tolist() if "name" in frame else [None] * len(frame),
    }
    if layer.name == "buildings":
        ready |= _body_columns(frame)
    lists = [ready[name] if name in ready else frame[name].tolist() for name in names]
    return zip(*lists, strict=True)


def _body_columns(frame: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    level = [CimLevel[v].value if v else CimLevel.L2.value for v in frame["cim_level"]]
    lod = [1.0 if v is None or np.isnan(v) else float(v) for v in frame["lod"]]
    return {
        "cim_level": level,
        "lod": lod,
        "use": [Use[v].value if v else Use.unknown.value for v in frame["use"]],
        "roof_form": [RoofForm[v].value if v else RoofForm.flat.value for v in frame["roof_form"]],
        "storeys": _optional(frame["storeys"], int),
        "year": _optional(frame["year"], int),
        "height_m": frame["height_m"].astype(float).tolist(),
        "eaves_m": _optional(frame["eaves_m"], float),
        "base_m": _optional(frame["base_m"], float),
    }


def _optional(values: "pd.Series[Any]", kind: type[int] | type[float]) -> list[Any]:
    return [None if v is None or v != v else kind(v) for v in values]


def _properties(layer: Layer, frame: gpd.GeoDataFrame, staged: set[str]) -> list[bytes]:
    """What has no column of its own: the layer's other attributes, then the file's other fields."""
    own = [c.name for c in layer.columns if c.name not in staged]
    records = frame[own].astype(object).where(frame[own].notna(), None).to_dict("records") if own else [{}] * len(frame)
    return [
        jsonb({**{k: v for k, v in record.items() if v is not None}, **extra})
        for record, extra in zip(records, frame["extra"], strict=True)
    ]
