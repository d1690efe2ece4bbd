"""Buildings of city models as rows of a batch: one a level of detail, each with its surfaces, footprint and attributes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim.boundary import Boundary
from cim.cityjson.record import Broken, CityRecord
from cim.plugins import Batch
from cim.types import FloatArray, Issue, Rejected, RoofForm, Use
from loaders.formats.city_pictures import pictured
from loaders.formats.footprint import footprint
from loaders.formats.pictures import Album
from loaders.formats.records import bad_text

OWN = ("id", "lod", "boundary", "geometry")
"""Columns that say what a row is; an attribute of that name goes by another."""

OURS = "cim"
"""The attribute in which an export says what only its own model knew of a building: it is not this one's."""

_BATCH_ROWS, _BATCH_FACES, _BATCH_PICTURES = 5_000, 200_000, 64 << 20
_SAMPLE = 200
_MOST_DIGITS = 9  # no count of storeys has more, and Python refuses to read thousands of them

# Words and codes for roofs: words as English files have them; numbers from the code list of German surveyors (AdV),
# of which 1000 alone means the same in the older list of SIG 3D.
_ROOFS: Mapping[str, RoofForm] = {
    "1000": RoofForm.flat,
    "2100": RoofForm.shed,
    "3100": RoofForm.gable,
    "3200": RoofForm.hip,
    "3500": RoofForm.pyramidal,
    "3600": RoofForm.conical,
    "flat": RoofForm.flat,
    "gable": RoofForm.gable,
    "gabled": RoofForm.gable,
    "hip": RoofForm.hip,
    "hipped": RoofForm.hip,
    "shed": RoofForm.shed,
    "monopitch": RoofForm.shed,
    "pyramidal": RoofForm.pyramidal,
    "conical": RoofForm.conical,
}


@dataclass(slots=True)
class Rows:
    """The rows of one batch as they gather; row: the number of the last one; album: where their pictures are from."""

    row: int = 0
    after: int = 0
    index: list[int] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    damaged: list[Rejected] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    album: Album | None = None
    faces: int = 0

    def add(self, record: CityRecord | Broken) -> None:
        """A row for each level of detail, one without place for a building without surfaces, one for what is broken."""
        if isinstance(record, Broken):
            self.refuse(record.code, f"{record.id}: {record.reason}", record.content)
            return
        bodies: Sequence[tuple[float | None, Boundary | None]] = record.bodies or ((None, None),)
        first = self.row + 1
        told = attributes_as_columns(record.attributes)
        texts = [record.id, *(v for v in record.attributes.values() if isinstance(v, str))]
        for code in bad_text(texts).values():
            self.refuse(code, f"{record.id}: text that no database can hold", {"attributes": repr(record.attributes)})
            return
        for level, body in bodies:
            self.row += 1
            if self.row > self.after:
                self.index.append(self.row)
                shape = None if body is None else footprint(body)
                body = body if body is None or self.album is None else pictured(body, self.album)
                self.cells.append({**told, "id": record.id, "lod": level, "boundary": body, "geometry": shape})
                self.faces += 0 if body is None else len(body)
        if first > self.after:
            self.issues += [Issue(code, f"{record.id}: {said}", first, mended) for code, said, mended in record.notes]

    def refuse(self, code: str, reason: str, content: Mapping[str, Any]) -> None:
        """A row that is set aside. content: whatever is left of it, which is no record that could be judged again."""
        self.row += 1
        if self.row > self.after:
            raw = content if "raw" in content else {"raw": content}
            self.damaged.append(Rejected(self.row, (code,), reason, raw))

    def full(self) -> bool:
        """Whether it is time to hand them on."""
        pictures = 0 if self.album is None else self.album.taken_bytes
        rows = len(self.cells) + len(self.damaged)
        return rows >= _BATCH_ROWS or self.faces >= _BATCH_FACES or pictures >= _BATCH_PICTURES

    def batch(self, crs: str, size: int, done: int) -> Batch:
        """What has gathered, as a batch of a file of `size` bytes that is read up to `done`."""
        told = () if self.album is None else self.album.told()
        damaged, issues = tuple(self.damaged), (*self.issues, *told)
        return Batch(self.frame(), crs, damaged, issues, self.row, size_bytes=size, done_bytes=min(done, size))

    def frame(self) -> gpd.GeoDataFrame:
        """The rows as a frame; what a building does not say is None."""
        names = dict.fromkeys([*OWN, *(name for cell in self.cells for name in cell)])
        index = pd.Index(self.index, dtype=np.int64)
        columns = {
            name: _column([cell.get(name) for cell in self.cells], index) for name in names if name != "geometry"
        }
        shapes = np.array([*(cell["geometry"] for cell in self.cells), None], dtype=object)[:-1]
        return gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=gpd.GeoSeries(shapes, index=index))


def _column(values: list[Any], index: "pd.Index[Any]") -> "pd.Series[Any]":
    kinds = set(map(type, values))
    if kinds == {float} or (kinds == {int} and max(map(abs, values)) < 2**53):
        return pd.Series(values, index=index)
    held = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):  # at once, numpy would take lists apart
        held[place] = value
    return pd.Series(held, index=index, dtype=object)


def attributes_as_columns(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes under their names, and what the layer of buildings knows of them under its own, where it is stated.

    >>> told = attributes_as_columns({"measuredHeight": 22.3, "yearOfConstruction": 1904, "roofType": "gable", "id": 7})
    >>> [told[name] for name in ("height_m", "year", "roof_form", "id_attribute")]
    [22.3, 1904, 'gable', 7]
    >>> [attributes_as_columns({"storeysAboveGround": count}).get("storeys") for count in (2, 3.0, 2.5, "4", True)]
    [2, 3.0, 2.5, 4, None]
    """
    kept = {name: value for name, value in attributes.items() if not (name == OURS and isinstance(value, dict))}
    told = {f"{name}_attribute" if name in OWN else str(name): value for name, value in kept.items()}
    form = _ROOFS.get(str(attributes.get("roofType")).strip().casefold())
    found = {
        "height_m": _height(attributes),
        "storeys": _whole(attributes.get("storeysAboveGround")),
        "year": _whole(str(attributes.get("yearOfConstruction", attributes.get("dateOfConstruction", "")))[:4]),
        "use": _use(attributes.get("function"), attributes.get("usage"), attributes.get("class")),
        "roof_form": None if form is None else form.name,
    }
    return told | {name: value for name, value in found.items() if value is not None and told.get(name) is None}


def _height(attributes: Mapping[str, Any]) -> float | None:
    """As measured; else from the ground to the top of the roof, as 3DBAG says both."""
    measured = _number(attributes.get("measuredHeight"))
    if measured is not None:
        return measured
    top, ground = _number(attributes.get("b3_h_dak_max")), _number(attributes.get("b3_h_maaiveld"))
    return None if top is None or ground is None else round(top - ground, 3)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> int | float | None:
    """A count or a year; a fraction is told by who judges it."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _use(*words: Any) -> str | None:
    """The first of some words (or lists of them) that is one of ours; codes of national lists stay attributes."""
    for word in words:
        for one in word if isinstance(word, list) else [word]:
            if isinstance(one, str) and one.strip().casefold() in Use.__members__:
                return one.strip().casefold()
    return None


def others_told(others: Mapping[str, int]) -> Iterable[Issue]:
    """The note that a model holds more than buildings. others: type -> how many."""
    if others:
        listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(others.items()))
        yield Issue("city_objects_left", f"no buildings, and not read: {listed}")


def extensions_told(extensions: Sequence[str]) -> Iterable[Issue]:
    """The note that a file is made with extensions of its format."""
    if extensions:
        listed = ", ".join(sorted(extensions))
        yield Issue(
            "extension_kept", f"extended by {listed}: attributes are kept, objects of its own types are not read"
        )


def sample(records: Iterable[CityRecord | Broken]) -> FloatArray | None:
    """Some positions (n, 2) of buildings, for a hint at their CRS; None without one."""
    bodies = [r.bodies[0][1] for r in islice(records, _SAMPLE) if isinstance(r, CityRecord) and r.bodies]
    if not bodies:
        return None
    return np.array([shapely.get_coordinates(body.polygons[0])[0] for body in bodies])
