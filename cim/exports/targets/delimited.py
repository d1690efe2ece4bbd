"""CSV: text with points in two columns, other shapes as WKT; UTF-8 with its mark, or GBK for the programs that want it."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import shapely

from cim import crs as frames
from cim.exports.batches import GEOMETRY, shapes_of
from cim.exports.sheet import Loss, Sheet, Written

WKT = "wkt"


@dataclass(frozen=True, slots=True)
class Csv:
    """The format (RFC 4180). Unknown is nothing between two commas, an empty text is two quotes."""

    name: str = "csv"
    title: str = "CSV"
    suffix: str = ".csv"
    encodings: tuple[str, ...] = ("utf-8-sig", "gbk", "gb18030")

    def write(
        self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]
    ) -> Written:
        """One file; points as `lon`, `lat` (`x`, `y` in metres), and `z` where there are heights, else WKT."""
        before = 0
        with Path(path).open("wb") as file:
            for batch in batches:
                table = _texts(batch, sheet)
                data = io.BytesIO()
                options = pacsv.WriteOptions(include_header=before == 0, quoting_style="needed")
                pacsv.write_csv(table, data, options)
                file.write(_encoded(data.getvalue(), table, sheet.encoding, before, lose))
                before += batch.num_rows
            if before == 0:
                names = [*(c.name for c in sheet.columns), *places(sheet)]
                file.write((",".join(f'"{name}"' for name in names) + "\n").encode(sheet.encoding))
        return Written((path,))


CSV = Csv()


def places(sheet: Sheet) -> tuple[str, ...]:
    """The columns that hold the place of a record."""
    if sheet.shape is None:
        return ()
    if sheet.shapes != {"Point"}:
        return (WKT,)
    xy = ("lon", "lat") if frames.is_geographic(sheet.crs) else ("x", "y")
    return (*xy, "z") if sheet.has_z else xy


def _texts(batch: pa.RecordBatch, sheet: Sheet) -> pa.Table:
    """The columns as they are written: times in ISO 8601, places in their columns."""
    columns: dict[str, Any] = {}
    for field in batch.schema:
        column = batch.column(field.name)
        if pa.types.is_timestamp(field.type):
            column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
        if field.name != GEOMETRY:
            columns[field.name] = column
    names = places(sheet)
    if names == (WKT,):
        columns[WKT] = pa.array(shapely.to_wkt(shapes_of(batch), rounding_precision=-1), type=pa.string())
    elif names:
        shapes = shapes_of(batch)
        parts = (shapely.get_x(shapes), shapely.get_y(shapes), shapely.get_z(shapes))
        for name, values in zip(names, parts, strict=False):
            columns[name] = pa.array(values, mask=np.isnan(values))
    return pa.table(columns)


def _encoded(data: bytes, table: pa.Table, encoding: str, before: int, lose: Callable[[Loss], None]) -> bytes:
    """The text in its encoding; a character that it does not know is a question mark, and told with its record."""
    if encoding == "utf-8-sig":
        return (b"\xef\xbb\xbf" if before == 0 else b"") + data
    text = data.decode()
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        for name in table.column_names:
            if pa.types.is_string(table.schema.field(name).type):
                for place, value in enumerate(table.column(name).to_pylist()):
                    if value is not None and not _is_held(value, encoding):
                        lose(Loss(before + place + 1, name, "not_encodable", value))
        return text.encode(encoding, "replace")


def _is_held(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
