"""GeoJSON: one collection (RFC 7946), or one feature a line; other frames than WGS 84 are said in the older `crs` member."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import shapely

from cim import crs as frames
from cim.exports.batches import shapes_of
from cim.exports.sheet import Loss, Sheet, Written

_PIECE = 1_000
_OPTIONS = orjson.OPT_UTC_Z


@dataclass(frozen=True, slots=True)
class GeoJson:
    """The format; `lines`: a feature a line, without a collection around them, and so without a frame."""

    name: str = "geojson"
    title: str = "GeoJSON"
    suffix: str = ".geojson"
    encodings: tuple[str, ...] = ("utf-8",)
    lines: bool = False

    def write(
        self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]
    ) -> Written:
        """One file. Numbers are written so that they read back as they are; what is JSON in a record stays JSON."""
        json_columns = frozenset(c.name for c in sheet.columns if c.kind == "json")
        with Path(path).open("wb") as file:
            if not self.lines:
                file.write(_head(sheet))
            first = True
            for batch in (piece for whole in batches for piece in _pieces(whole)):
                features = _features(batch, json_columns)
                if self.lines:
                    file.write(b"".join(one + b"\n" for one in features))
                else:
                    file.write((b"" if first else b",\n") + b",\n".join(features))
                first = False
            if not self.lines:
                file.write(b"\n]}\n")
        return Written((path,))


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in smaller ones: records as Python's own values take many times the memory that they take in Arrow."""
    return (batch.slice(first, _PIECE) for first in range(0, batch.num_rows, _PIECE))


def _head(sheet: Sheet) -> bytes:
    told: dict[str, Any] = {"type": "FeatureCollection", "name": sheet.name}
    if sheet.crs != frames.LONLAT and sheet.crs.startswith("EPSG:"):
        urn = f"urn:ogc:def:crs:EPSG::{sheet.crs.removeprefix('EPSG:')}"
        told["crs"] = {"type": "name", "properties": {"name": urn}}
    return orjson.dumps(told)[:-1] + b',"features":[\n'


def _features(batch: pa.RecordBatch, json_columns: frozenset[str]) -> list[bytes]:
    names = batch.schema.names[:-1]
    columns = [
        [None if text is None else orjson.Fragment(text) for text in column] if name in json_columns else column
        for name, column in zip(names, (batch.column(name).to_pylist() for name in names), strict=True)
    ]
    ids = batch.column("cim_id").to_pylist() if "cim_id" in names else [None] * batch.num_rows
    drawn = shapely.to_geojson(shapes_of(batch))
    return [
        orjson.dumps(
            {
                "type": "Feature",
                **({} if id is None else {"id": id}),
                "geometry": None if shape is None else orjson.Fragment(shape),
                "properties": dict(zip(names, values, strict=True)),
            },
            option=_OPTIONS,
        )
        for id, shape, *values in zip(ids, drawn, *columns, strict=True)
    ]


GEOJSON = GeoJson()
GEOJSONSEQ = GeoJson(name="geojsonseq", title="GeoJSONSeq", suffix=".geojsonl", lines=True)
