"""CityJSON 2.0: buildings with their surfaces in one document, written object by object with its vertices behind them."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import isinf
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa

from cim import crs as frames
from cim.boundary import Boundary
from cim.cityjson.exactness import Steps, whole_numbers
from cim.cityjson.writing import VERSION, Paints, Written, write
from cim.exports.sheet import Loss, Sheet
from cim.exports.sheet import Written as Made
from cim.exports.solids import GROUND, SURFACES
from cim.store.records import BODY

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY
_PIECE = 1_000
_SPOOLED = 50_000
_OURS = ("cim_id", "cim_key", "cim_dataset", "cim_version", "cim_row", "cim_record_from", "cim_record_to")
_APART = frozenset({*_OURS, "cim_decisions", "id", "lod", "extra", "geometry", *BODY, SURFACES, GROUND})


@dataclass(frozen=True, slots=True)
class CityJson:
    """The format. Vertices wait in a file beside it; in memory is what looks alike (definitions, texture vertices)."""

    name: str = "cityjson"
    title: str = "CityJSON"
    suffix: str = ".city.json"
    encodings: tuple[str, ...] = ("utf-8",)

    def write(self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]) -> Made:
        """One file; every building is one object with a geometry for each of its levels of detail."""
        paints, names = Paints(), set[str]()
        with Path(path).open("wb") as file, tempfile.TemporaryFile(dir=Path(path).parent) as waiting:
            file.write(orjson.dumps({"type": "CityJSON", "version": VERSION})[:-1])
            file.write(b',"metadata":' + orjson.dumps(metadata(sheet)) + b',"CityObjects":{')
            steps, count = None, 0
            for one in buildings(batches, lose):
                first = not names
                written = one.written(names, paints, count)
                told = orjson.dumps(written.objects, option=OPTIONS)[1:-1]
                file.write((b"\n" if first else b",\n") + told)
                steps = Steps.near(written.vertices, degrees=is_degrees(sheet)) if steps is None else steps
                steps.see(written.vertices)
                waiting.write(np.ascontiguousarray(written.vertices, dtype=np.float64).tobytes())
                count += len(written.vertices)
            steps = Steps.near(np.zeros((0, 3))) if steps is None else steps
            file.write(b'},\n"transform":' + orjson.dumps(transform(steps)))
            if paints.member():
                file.write(b',\n"appearance":' + orjson.dumps(paints.member()))
            file.write(b',\n"vertices":[')
            _copy(waiting, file, steps)
            file.write(b"]}\n")
        return Made((path,))


CITYJSON = CityJson()


def _copy(waiting: BinaryIO, file: BinaryIO, steps: Steps) -> None:
    """The vertices as whole numbers of the steps."""
    waiting.seek(0)
    first, chosen = True, steps.chosen()
    while data := waiting.read(_SPOOLED * 24):
        xyz = np.frombuffer(data, dtype=np.float64).reshape(-1, 3)
        told = orjson.dumps(whole_numbers(xyz, chosen, steps.origin))[1:-1]
        file.write(told if first else b",\n" + told)
        first = False


@dataclass(frozen=True, slots=True)
class Building:
    """A building on its way out. bodies: (level of detail, surfaces), finest first."""

    id: str
    number: int
    attributes: Mapping[str, Any]
    bodies: list[tuple[float | None, Boundary]]

    def written(self, names: set[str], paints: Paints, first: int = 0) -> Written:
        """As city objects under names that the file, whose `names` these are, does not have yet."""
        return write(self.called(names), self.attributes, self.bodies, paints, first, lambda id: self.free(id, names))

    def called(self, names: set[str]) -> str:
        """Its id within a file: the source's, with ours behind it where another source has the same."""
        return self.free(self.id, names)

    def free(self, name: str, names: set[str]) -> str:
        """A name of one of its objects that nothing in the file has; it is taken from then on."""
        while name in names:
            name = f"{name} ({self.number})"
        names.add(name)
        return name


def buildings(batches: Iterator[pa.RecordBatch], lose: Callable[[Loss], None]) -> Iterator[Building]:
    """The buildings of some batches; rows of one building follow each other. What has no surfaces is told as lost."""
    for _, group in groupby(_rows(batches), key=lambda row: (row["cim_dataset"], row["cim_id"])):
        rows = list(group)
        bodies = []
        for row in rows:
            if row["body_surfaces"] is None:
                lose(Loss(row["row"], "geometry", "left_out", "its footprint cannot be raised to a body"))
                continue
            if row[GROUND] == "unknown":
                lose(Loss(row["row"], "base_m", "left_out", "no ground height is known here: it stands at height 0"))
            semantics, structure, appearance = (orjson.loads(row[name]) for name in BODY[1:])
            bodies.append((row["lod"], Boundary.read(row["body_surfaces"], semantics, structure, appearance)))
        yield Building(str(rows[0]["cim_key"]), int(rows[0]["cim_id"]), _attributes(rows[0]), bodies)


def _rows(batches: Iterator[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Records one by one, numbered from 1 as `row`; in pieces, because as Python's values they take far more memory."""
    number = 0
    for batch in batches:
        for first in range(0, batch.num_rows, _PIECE):
            for row in batch.slice(first, _PIECE).to_pylist():
                number += 1
                yield {**row, "row": number}


def _attributes(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the layer knows under its columns' names, what else was delivered under its own; ours in `cim`."""
    told = {name: value for name, value in row.items() if value is not None and name not in _APART and name != "row"}
    more = _more(row["extra"]) if row.get("extra") else {}
    ours = {name.removeprefix("cim_"): row[name] for name in _OURS if row.get(name) is not None}
    if row.get("cim_decisions"):
        ours["decisions"] = orjson.loads(row["cim_decisions"])
    return {**more, **told, "cim": {**ours, "surfaces": row[SURFACES], "ground": row[GROUND]}}


def _more(text: str) -> dict[str, Any]:
    """What else was delivered. A number that is too large for any float goes out as the text that it is."""
    try:
        found: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = json.loads(text, parse_int=_number, parse_float=_number)
    return found


def _number(text: str) -> float | str:
    value = float(text)
    return text if isinf(value) else int(text) if text.lstrip("-").isdigit() and abs(value) < 2.0**63 else value


def metadata(sheet: Sheet) -> dict[str, Any]:
    """The `metadata` member. The frame of the plan is named as such: no code stands for it with the city's heights."""
    told: dict[str, Any] = {"title": f"{sheet.name} (heights: {sheet.height_datum}, metres)"}
    if sheet.crs.startswith("EPSG:"):
        told["referenceSystem"] = f"https://www.opengis.net/def/crs/EPSG/0/{sheet.crs.removeprefix('EPSG:')}"
    return told


def is_degrees(sheet: Sheet) -> bool:
    """Whether the plan of a sheet is in degrees."""
    return frames.is_geographic(sheet.crs)


def transform(steps: Steps) -> dict[str, list[float]]:
    """The `transform` member."""
    return {"scale": steps.chosen().tolist(), "translate": steps.origin.tolist()}
