"""ESRI Shapefile: .shp, .shx, .dbf, .prj and .cpg; names of ten bytes, text of 254, for the programs that want it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyproj import CRS

from cim.errors import BadInput
from cim.exports import dbase, esri_shapes
from cim.exports.batches import shapes_of
from cim.exports.sheet import Loss, Sheet, Written
from cim.types import FloatArray

_REMEDY = "write a part of it (--bbox, --dataset), or another format such as gpkg"


@dataclass(frozen=True, slots=True)
class Shapefile:
    """The format. Records without a place are a table (.dbf) alone. GBK unless UTF-8 is asked for."""

    name: str = "shp"
    title: str = "ESRI Shapefile"
    suffix: str = ".shp"
    encodings: tuple[str, ...] = ("gbk", "utf-8")

    def write(
        self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]
    ) -> Written:
        """The files; the one to open first. Raises BadInput where one of them would be larger than 2 GB."""
        fields = dbase.fields(sheet.columns, dict(sheet.widths), sheet.encoding)
        _refuse_large(sheet, fields)
        shp = Path(path)
        table = shp.with_suffix(".dbf")
        kind = esri_shapes.shape_type(sheet.shapes, has_z=sheet.has_z)
        with table.open("wb") as records, _Shapes(shp, kind) as shapes:
            records.write(dbase.header(fields, sheet.records, sheet.encoding, sheet.stamp.date()))
            before = 0
            for batch in batches:
                records.write(dbase.records(batch, fields, sheet.encoding, before, lose))
                if kind:
                    shapes.add(batch, before + 1)
                before += batch.num_rows
            records.write(b"\x1a")
        files = [table, shp.with_suffix(".cpg")]
        files[1].write_text("GBK" if sheet.encoding == "gbk" else "UTF-8", encoding="ascii")
        if kind:
            files = [shp, shp.with_suffix(".shx"), *files]
        if kind and sheet.crs.startswith("EPSG:"):
            files.append(shp.with_suffix(".prj"))
            files[-1].write_text(CRS.from_user_input(sheet.crs).to_wkt("WKT1_ESRI"), encoding="ascii")
        return Written(tuple(map(str, files)), {f.column.name: f.name for f in fields if f.column.name != f.name})


SHAPEFILE = Shapefile()


def _refuse_large(sheet: Sheet, fields: tuple[dbase.Field, ...]) -> None:
    table = sheet.records * dbase.record_bytes(fields)
    shapes = sheet.points * (24 if sheet.has_z else 16) + sheet.records * 12
    if max(table, shapes) > dbase.MOST_BYTES:
        size = max(table, shapes) / 1e9
        raise BadInput(f"{sheet.name}: a Shapefile holds 2 GB in a file, and this would be {size:.1f} GB: {_REMEDY}")


class _Shapes:
    """The .shp and .shx as they grow; their headers are written again when the size and the box are known."""

    def __init__(self, path: Path, kind: int) -> None:
        self._path, self._kind = path, kind
        self._size = esri_shapes.HEADER_BYTES
        self._count = 0
        self._box: FloatArray = np.array([np.inf, np.inf, -np.inf, -np.inf, np.inf, -np.inf])

    def __enter__(self) -> "_Shapes":
        if self._kind:
            self._shapes = self._path.open("wb")
            self._index = self._path.with_suffix(".shx").open("wb")
            for file in (self._shapes, self._index):
                file.write(bytes(esri_shapes.HEADER_BYTES))
        return self

    def add(self, batch: pa.RecordBatch, first: int) -> None:
        """The shapes of a batch whose first record has the number `first`."""
        found = esri_shapes.encode(shapes_of(batch), self._kind, first)
        self._shapes.write(found.data)
        self._index.write(esri_shapes.index(found.lengths, self._size))
        self._size += len(found.data)
        self._count += len(found.lengths)
        if self._size > dbase.MOST_BYTES:
            raise BadInput(f"{self._path.stem}: a Shapefile holds 2 GB in a file, and this is more: {_REMEDY}")
        low, high = np.minimum(self._box, found.box), np.maximum(self._box, found.box)
        self._box = np.array([low[0], low[1], high[2], high[3], low[4], high[5]])

    def __exit__(self, *exc: object) -> None:
        if not self._kind:
            return
        box = np.where(np.isfinite(self._box), self._box, 0.0)
        with self._shapes, self._index:
            for file, size in (
                (self._shapes, self._size),
                (self._index, esri_shapes.HEADER_BYTES + 8 * self._count),
            ):
                file.seek(0)
                file.write(esri_shapes.header(self._kind, size, box))
