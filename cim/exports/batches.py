"""Records as Arrow batches: the columns that a sheet names, each of its kind, and geometry as WKB in the frame asked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from cim import crs as frames
from cim.errors import BadInput
from cim.plugins import Column

GEOMETRY = "geometry"

_TYPES = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "time": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}


def schema(columns: Sequence[Column], more: Sequence[str] = ()) -> pa.Schema:
    """The fields of a batch: text and JSON are strings, times are microseconds in UTC; `more` stand last."""
    fields = [(column.name, _TYPES.get(column.kind, pa.string())) for column in columns]
    beyond = [(name, pa.binary() if name == "body_surfaces" else pa.string()) for name in more]
    return pa.schema([*fields, (GEOMETRY, pa.binary()), *beyond])


def batches(
    pages: Iterable[Mapping[str, Sequence[Any]]],
    columns: Sequence[Column],
    source: str,
    target: str,
    more: Sequence[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Pages of the store (columns of equal length, shapes as WKB in `source`) as batches with shapes in `target`.

    more: what else of a page comes behind the geometry, as it is. In the same frame the bytes pass as they are. Raises
    BadInput for a place that the target frame cannot hold.
    """
    form = schema(columns, more)
    for page in pages:
        shapes = page[GEOMETRY] if source == target else _moved(page[GEOMETRY], source, target)
        arrays = [pa.array(page[c.name], type=form.field(c.name).type) for c in columns]
        beyond = [pa.array(page[name], type=form.field(name).type) for name in more]
        yield pa.record_batch([*arrays, pa.array(shapes, type=pa.binary()), *beyond], schema=form)


def shapes_of(batch: pa.RecordBatch) -> "np.ndarray[Any, np.dtype[np.object_]]":
    """The geometries (n,) of a batch, None where a record has no place."""
    found: np.ndarray[Any, np.dtype[np.object_]] = shapely.from_wkb(
        np.array([*batch.column(GEOMETRY).to_pylist(), None], dtype=object)[:-1]
    )
    return found


def _moved(wkb: Sequence[bytes | None], source: str, target: str) -> list[bytes | None]:
    shapes = shapely.from_wkb(np.array([*wkb, None], dtype=object)[:-1])
    z = bool(shapely.has_z(shapes).any())
    moved = frames.transform(shapely.get_coordinates(shapes, include_z=z), source, target)
    if not np.isfinite(moved[:, :2]).all():
        raise BadInput(f"some places cannot be written in {frames.label(target)}; expected a CRS that holds the city")
    flat = ~shapely.has_z(shapes)
    found = shapely.set_coordinates(shapes, moved)
    if z and flat.any():
        found[flat] = shapely.force_2d(found[flat])
    return list(shapely.to_wkb(found, flavor="iso"))
