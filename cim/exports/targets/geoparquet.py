"""GeoParquet 1.1: columns as they are, geometry as WKB, the frame in full beside it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS

from cim.exports.batches import GEOMETRY, schema
from cim.exports.sheet import Loss, Sheet, Written


@dataclass(frozen=True, slots=True)
class GeoParquet:
    """The format. A batch is a row group; without a place the file is plain Parquet."""

    name: str = "parquet"
    title: str = "GeoParquet"
    suffix: str = ".parquet"
    encodings: tuple[str, ...] = ("utf-8",)

    def write(
        self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]
    ) -> Written:
        """One file; it holds every value that a record can have."""
        form = schema(sheet.columns)
        if sheet.shape is None:
            form = form.remove(form.get_field_index(GEOMETRY))
        else:
            form = form.with_metadata({"geo": json.dumps(_geo(sheet), sort_keys=True)})
        with pq.ParquetWriter(path, form, compression="zstd") as writer:
            for batch in batches:
                kept = batch if sheet.shape else batch.drop_columns([GEOMETRY])
                writer.write_batch(kept.replace_schema_metadata(form.metadata))
        return Written((path,))


def _geo(sheet: Sheet) -> dict[str, Any]:
    """The `geo` key of the file's metadata. A frame that PROJ cannot name (GCJ-02) is null: unknown, not WGS 84."""
    kinds = sorted(sheet.shapes)
    column: dict[str, Any] = {
        "encoding": "WKB",
        # With heights on some only, both kinds occur.
        "geometry_types": [*kinds, *(f"{kind} Z" for kind in kinds)] if sheet.has_z else kinds,
        "crs": CRS.from_user_input(sheet.crs).to_json_dict() if sheet.crs.startswith("EPSG:") else None,
    }
    if sheet.box is not None:
        column["bbox"] = list(sheet.box.as_tuple())
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


GEOPARQUET = GeoParquet()
