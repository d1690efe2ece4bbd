"""FlatGeobuf: one file with a packed spatial index, made for reading a part of it over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyogrio

from cim.exports.batches import GEOMETRY, schema
from cim.exports.losses import milliseconds
from cim.exports.sheet import Loss, Sheet, Written


@dataclass(frozen=True, slots=True)
class FlatGeobuf:
    """The format, by GDAL. Times are held to the millisecond. Its index orders the records along a Hilbert curve."""

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
        if sheet.shape is None:
            form, kept = form.remove(form.get_field_index(GEOMETRY)), (b.drop_columns([GEOMETRY]) for b in kept)
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(form, kept),
            path,
            layer=sheet.name,
            driver="FlatGeobuf",
            geometry_name=None if sheet.shape is None else GEOMETRY,
            geometry_type=sheet.shape,
            crs=sheet.crs if sheet.crs.startswith("EPSG:") else None,
            layer_options={"SPATIAL_INDEX": "YES" if sheet.shape and sheet.records else "NO"},
        )
        return Written((path,))


FLATGEOBUF = FlatGeobuf()
