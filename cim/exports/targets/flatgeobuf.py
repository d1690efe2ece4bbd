"""FlatGeobuf: one file with a packed spatial index, made for reading a part of it over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely

from cim.exports.batches import GEOMETRY, schema, shapes_of
from cim.exports.losses import milliseconds
from cim.exports.sheet import Loss, Sheet, Written

_MULTI: Mapping[str, Callable[[Any], shapely.Geometry]] = {
    "MultiPoint Z": shapely.MultiPoint,
    "MultiLineString Z": shapely.MultiLineString,
    "MultiPolygon Z": shapely.MultiPolygon,
}
_MULTI_IDS = (4, 5, 6)  # of shapely


@dataclass(frozen=True, slots=True)
class FlatGeobuf:
    """The format, by GDAL. Times are held to the millisecond. Its index orders the records along a Hilbert curve.

    A file has heights only if it says one kind of shape: where some records have heights, those without get NaN, and
    single lines (or points, or polygons) beside multi-part ones become such with one part.
    """

    name: str = "fgb"
    title: str = "FlatGeobuf"
    suffix: str = ".fgb"
    encodings: tuple[str, ...] = ("utf-8",)

    def write(
        self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]
    ) -> Written:
        """One file; GDAL keeps the box and the place of every record in memory (some 60 bytes) to order them."""
        form = schema(sheet.columns)
        kept = milliseconds(batches, lose)
        kind = sheet.shape
        if sheet.has_z:
            single = {name.removeprefix("Multi") for name in sheet.shapes}
            kind = f"Multi{single.pop()} Z" if kind == "Unknown" and len(single) == 1 else kind
            kept = (_even(batch, str(kind)) for batch in kept)
        if kind is None:
            form, kept = form.remove(form.get_field_index(GEOMETRY)), (b.drop_columns([GEOMETRY]) for b in kept)
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(form, kept),
            path,
            layer=sheet.name,
            driver="FlatGeobuf",
            geometry_name=None if kind is None else GEOMETRY,
            geometry_type=kind,
            crs=sheet.crs if sheet.crs.startswith("EPSG:") else None,
            layer_options={"SPATIAL_INDEX": "YES" if kind and sheet.records else "NO"},
        )
        return Written((path,))


def _even(batch: pa.RecordBatch, kind: str) -> pa.RecordBatch:
    """The same records, all shapes with heights and of one kind."""
    shapes = shapes_of(batch)
    flat = ~shapely.has_z(shapes) & ~shapely.is_missing(shapes)
    xy = shapely.get_coordinates(shapes[flat])
    unknown = np.full(len(xy), np.nan)
    shapes[flat] = shapely.set_coordinates(shapely.force_3d(shapes[flat]), np.column_stack([xy, unknown]))
    if kind in _MULTI:
        single = ~np.isin(shapely.get_type_id(shapes), [*_MULTI_IDS, -1])
        shapes[single] = [_MULTI[kind]([one]) for one in shapes[single]]
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns[GEOMETRY] = pa.array(shapely.to_wkb(shapes, flavor="iso"), type=pa.binary())
    return pa.record_batch(list(columns.values()), schema=batch.schema)


FLATGEOBUF = FlatGeobuf()
