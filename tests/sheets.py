"""Sheets of a few made-up records, and what third-party readers find in the files that targets make of them."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from cim.exports.batches import GEOMETRY, schema
from cim.exports.sheet import Loss, Sheet
from cim.exports.targets import TABLES as TARGETS
from cim.plugins import Column
from cim.types import Box

COLUMNS = tuple(
    Column(name, kind, name, name)
    for name, kind in (
        ("text", "text"),
        ("whole", "integer"),
        ("real", "real"),
        ("moment", "time"),
        ("day", "date"),
        ("truth", "boolean"),
        ("fields_of_it", "json"),
    )
)
STAMP = datetime(2026, 5, 1, tzinfo=UTC)

Record = Mapping[str, Any]


def sheet(records: Sequence[Record], format: str, encoding: str | None = None, crs: str = "EPSG:4547") -> Sheet:
    """The sheet of these records."""
    shapes = [r[GEOMETRY] for r in records if r[GEOMETRY] is not None]
    texts = {name: [r[name] or "" for r in records] for name in ("text", "fields_of_it")}
    return Sheet(
        name="表",
        columns=COLUMNS,
        shapes=frozenset(shape.geom_type for shape in shapes),
        has_z=any(shape.has_z for shape in shapes),
        crs=crs,
        records=len(records),
        points=sum(shapely.get_num_coordinates(shape) for shape in shapes),
        box=Box(*map(float, shapely.total_bounds(shapes))) if shapes else None,
        encoding=encoding or TARGETS[format].encodings[0],
        widths={name: max(len(text.encode()) for text in held) for name, held in texts.items()},
        stamp=STAMP,
        height_datum="EPSG:5737",
    )


def write(
    records: Sequence[Record], format: str, folder: Path, *, size: int = 2, **told: Any
) -> tuple[Path, list[Loss]]:
    """Write the records, `size` a batch. Returns the file to open first, and what was lost."""
    target, lost = TARGETS[format], list[Loss]()

    def batches() -> Any:
        for first in range(0, len(records), size):
            some = records[first : first + size]
            shapes = [None if r[GEOMETRY] is None else shapely.to_wkb(r[GEOMETRY], flavor="iso") for r in some]
            form = schema(COLUMNS)
            columns = [pa.array([r[c.name] for r in some], form.field(c.name).type) for c in COLUMNS]
            yield pa.record_batch([*columns, pa.array(shapes, pa.binary())], schema=form)

    made = target.write(sheet(records, format, **told), batches(), str(folder / f"out{target.suffix}"), lost.append)
    return Path(made.files[0]), lost


def read(path: Path, encoding: str = "utf-8") -> list[dict[str, Any]]:
    """The records that a reader of others finds: pyarrow, GDAL, or Python's own for text."""
    if path.suffix in (".geojson", ".geojsonl"):
        return _json(path)
    if path.suffix == ".csv":
        return _csv(path, encoding)
    if path.suffix == ".parquet":
        return [_kinds(row, row.get(GEOMETRY)) for row in pq.read_table(path).to_pylist()]
    meta, table = pyogrio.raw.read_arrow(path)
    names = dict(zip(table.column_names, _canonical(table.column_names), strict=True))
    place = meta["geometry_name"] or "wkb_geometry"
    rows = [{names[k]: v for k, v in row.items()} for row in table.to_pylist()]
    return [_kinds(row, row.get(names.get(place, place))) for row in rows]


def _canonical(names: Sequence[str]) -> list[str]:
    long = {"fields_of_": "fields_of_it"}
    return [long.get(name, name) for name in names]


def _kinds(row: Mapping[str, Any], wkb: bytes | None) -> dict[str, Any]:
    found = {c.name: row[c.name] for c in COLUMNS}
    if isinstance(found["moment"], str):
        found["moment"] = datetime.fromisoformat(found["moment"])
    if isinstance(found["day"], datetime):
        found["day"] = found["day"].date()
    moment = found["moment"]
    if moment is not None and moment.tzinfo is None:
        found["moment"] = moment.replace(tzinfo=UTC)
    return found | {GEOMETRY: None if not wkb else shapely.from_wkb(wkb)}


def _json(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    features = [json.loads(line) for line in text.split("\n") if line] if path.suffix == ".geojsonl" else None
    found = []
    for feature in json.loads(text)["features"] if features is None else features:
        told, shape = feature["properties"], feature["geometry"]
        fields = told["fields_of_it"]
        row = told | {
            "moment": None if told["moment"] is None else datetime.fromisoformat(told["moment"]),
            "day": None if told["day"] is None else date.fromisoformat(told["day"]),
            "fields_of_it": None if fields is None else json.dumps(fields),
            GEOMETRY: None if shape is None else shapely.from_geojson(json.dumps(shape)),
        }
        found.append(row)
    return found


def _csv(path: Path, encoding: str) -> list[dict[str, Any]]:
    parse = {"whole": int, "real": float, "moment": datetime.fromisoformat, "day": date.fromisoformat}
    found = []
    with path.open(encoding=encoding, newline="") as file:
        for row in csv.DictReader(file):
            told: dict[str, Any] = {k: parse[k](v) if k in parse and v else v or None for k, v in row.items()}
            told["truth"] = {"true": True, "false": False, None: None}[told["truth"]]
            if "x" in told:
                place = [float(told[k]) for k in ("x", "y", "z") if told.get(k) is not None]
                shape = shapely.Point(place) if place else None
            else:
                shape = shapely.from_wkt(told["wkt"]) if told.get("wkt") else None
            found.append({c.name: told[c.name] for c in COLUMNS} | {GEOMETRY: shape})
    return found
