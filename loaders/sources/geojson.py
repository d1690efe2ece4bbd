"""GeoJSON, whole or damaged: collections, single features, bare geometries and sequences, one record after another."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import FloatArray, Issue, Rejected
from loaders.formats.geojson_geometry import Fault, Form, Note, Shapes, is_geometry, judge
from loaders.formats.json_stream import JsonStream
from loaders.formats.json_value import Stretch, is_feature
from loaders.formats.stated_crs import stated_crs

BATCH_ROWS = 20_000
BATCH_BYTES = 32 << 20
_BATCH_CELLS = 4_000_000  # features with ever new property names must not make a table without bounds
_NAMES_KEPT = 1_000
_TAIL_BYTES = 64 << 10
_SAMPLE = 200

_DAMAGE = {
    "not_json": "bytes that are no JSON, up to where the next feature begins",
    "encoding": "text that is not UTF-8",
    "nul_character": "text with a NUL character, which no database can hold",
}


@dataclass(frozen=True, slots=True)
class GeoJson:
    """The format: RFC 7946, the older `crs` member, one feature a line, and RFC 8142 sequences."""

    name: str = "GeoJSON"
    suffixes: tuple[str, ...] = (".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson")

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first byte and the ending: not every JSON is GeoJSON."""
        return head.lstrip(b"\xef\xbb\xbf \t\r\n\x1e").startswith(b"{") and name.lower().endswith(self.suffixes)

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 records (fewer where they are large); every record is numbered from 1.

        A stretch that is no JSON has one number, however long; so has a feature that cannot be made out: both are in
        `damaged`, with the text (16 kB of it). What was mended is in `issues`. Properties become columns; a feature's
        own `id` is column `id` where its properties have none.
        """
        try:
            with Path(source.location).open("rb") as file:
                yield from _read(cast(BinaryIO, _Utf8(file, source)), source, after)
        except (OSError, UnicodeError) as error:
            raise BadSource(f"{source.location}: cannot be read: {error}") from error


GEOJSON = GeoJson()


class _Utf8:
    """A file's bytes as UTF-8, whatever encoding its owner states."""

    def __init__(self, file: BinaryIO, source: Source) -> None:
        self._file = file
        self._text: io.TextIOWrapper | None = None
        encoding = source.encoding
        if encoding and encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
            try:
                self._text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
            except LookupError:
                known = "expected one such as utf-8 or gbk"
                raise BadSource(f"{source.location}: encoding {encoding!r} is not known; {known}") from None

    def read(self, size: int) -> bytes:
        if self._text is None:
            return self._file.read(size)
        return self._text.read(size).encode("utf-8", "surrogateescape")


@dataclass(slots=True)
class _Records:
    """The records of one batch, as they gather."""

    names: dict[str, None]
    rows: list[int] = field(default_factory=list)
    properties: list[dict[str, Any]] = field(default_factory=list)
    shapes: Shapes = field(default_factory=Shapes)
    damaged: list[Rejected] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    size: int = 0

    def add(self, row: int, stretch: Stretch) -> None:
        """Judge one record and keep it, or the reason why not."""
        self.size += min(stretch.length, len(stretch.raw))
        notes: list[Note] = []
        try:
            properties, form = _feature(stretch, notes)
        except Fault as fault:
            self.damaged.append(Rejected(row, (fault.code,), str(fault), {"raw": stretch.text()}))
            return
        self.rows.append(row)
        self.properties.append(properties)
        self.shapes.add(form)
        if not properties.keys() <= self.names.keys():
            self.names.update(dict.fromkeys(properties))
        for code, message, repaired in notes:
            self.issues.append(Issue(code, message, row, repaired))

    def full(self) -> bool:
        """Whether it is time to hand them on."""
        count = len(self.rows) + len(self.damaged)
        return count >= BATCH_ROWS or self.size >= BATCH_BYTES or count * len(self.names) >= _BATCH_CELLS

    def frame(self) -> gpd.GeoDataFrame:
        """One column a property name met so far; what a feature does not have is None."""
        index = pd.Index(self.rows, dtype=np.int64)
        columns = {
            "geometry_property" if name == "geometry" else name: _column([p.get(name) for p in self.properties], index)
            for name in self.names
        }
        table = pd.DataFrame(columns, index=index)
        return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(self.shapes.build(), index=index))


def _column(values: list[Any], index: "pd.Index[int]") -> "pd.Series[Any]":
    """Numbers of one kind as numbers, everything else as it came."""
    kinds = set(map(type, values))
    if kinds == {float} or (kinds == {int} and max(map(abs, values)) < 2**53):
        return pd.Series(values, index=index)
    return pd.Series(values, index=index, dtype=object)


def _read(file: BinaryIO, source: Source, after: int) -> Iterator[Batch]:
    stream = JsonStream(file)
    stretches = iter(stream)
    first = list(islice(stretches, _SAMPLE))
    _refuse_other_json(first, stream, source)
    crs = stated_crs(source, _told(first, stream, source), _sample(first))
    size = Path(source.location).stat().st_size
    records = _Records({})
    row = 0
    for row, stretch in enumerate(chain(first, stretches), start=1):
        if row <= after:
            properties = stretch.value.get("properties") if isinstance(stretch.value, dict) else None
            if isinstance(properties, dict) and len(records.names) <= _NAMES_KEPT:
                # so that a resumed run has the columns of the first
                records.names.update(dict.fromkeys([*properties, *(["id"] if "id" in stretch.value else [])]))
            continue
        records.add(row, stretch)
        if records.full():
            yield _batch(records, crs, row, size, stream)
            records = _Records(records.names if len(records.names) <= _NAMES_KEPT else {})
    if stream.truncated:
        message = "the file ends within the collection: it was cut off, and what followed is not here"
        records.issues.append(Issue("truncated", message))
    if records.rows or records.damaged or records.issues:
        yield _batch(records, crs, row, size, stream)


def _batch(records: _Records, crs: str, row: int, size: int, stream: JsonStream) -> Batch:
    return Batch(
        records.frame(),
        crs,
        damaged=tuple(records.damaged),
        last_row=row,
        size_bytes=size,
        done_bytes=min(size, stream.done_bytes),
        issues=tuple(records.issues),
    )


def _feature(stretch: Stretch, notes: list[Note]) -> tuple[dict[str, Any], Form | None]:
    """A record's properties and geometry. Raises Fault where it has to be set aside."""
    value = stretch.value
    if stretch.fault is not None:
        raise Fault(stretch.fault, f"{_DAMAGE[stretch.fault]} ({stretch.length} bytes)")
    if value is None:
        raise Fault("null_feature", "null where a feature should be")
    if type(value) is not dict or (value.get("type") != "Feature" and not is_feature(value)):
        if is_geometry(value):
            return {}, judge(value, notes)  # a bare geometry is a record of nothing but its place
        kind = value.get("type") if isinstance(value, dict) else type(value).__name__
        raise Fault("not_a_feature", f"{str(kind)[:40]!r} where a feature should be")
    if value.get("type") != "Feature":
        notes.append(("feature_type", f"type {str(value.get('type'))[:40]!r}", "taken for Feature"))
    properties = value.get("properties")
    if properties is None:
        if "properties" not in value:
            notes.append(("properties_missing", "a feature without `properties`", "taken for one with none"))
        properties = {}
    if not isinstance(properties, dict):
        raise Fault("properties_not_object", f"`properties` is a {type(properties).__name__}; expected an object")
    form = judge(value.get("geometry"), notes)
    if "id" in value and "id" not in properties:
        own = value["id"]
        if isinstance(own, str | int | float) and not isinstance(own, bool):
            properties["id"] = own
        elif own is not None:
            notes.append(("id_type", f"`id` is a {type(own).__name__}; expected a text or a number", "left out"))
    return properties, form


def _refuse_other_json(first: list[Stretch], stream: JsonStream, source: Source) -> None:
    """A file that is well-formed but holds no features at all is some other JSON."""
    if not first:
        raise BadSource(f"{source.location}: no records; expected at least one")
    value = first[0].value
    if len(first) > 1 or stream.head is not None or first[0].fault is not None or is_feature(value):
        return
    if isinstance(value, dict) and ("features" in value or str(value.get("type")).casefold() == "featurecollection"):
        found = "it is absent" if "features" not in value else f"it is {_json_kind(value['features'])}"
        kind = "" if value.get("type") == "FeatureCollection" else f" (its type is {str(value.get('type'))[:40]!r})"
        raise BadSource(f"{source.location}: a collection{kind} without a list of `features`: {found}")
    if not is_geometry(value):
        raise BadSource(f"{source.location}: JSON, but no GeoJSON: neither a feature, a collection nor a geometry")


def _json_kind(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number or truth")


def _told(first: list[Stretch], stream: JsonStream, source: Source) -> str | None:
    """What the older `crs` member says: at the head of a collection, in its tail, or in the only object. None: nothing."""
    members = stream.head
    if members is None:
        members = first[0].value if isinstance(first[0].value, dict) else {}
    elif "crs" not in members:
        members = _tail(source)
    crs = members.get("crs")
    if isinstance(crs, dict):
        inner = crs.get("properties")
        inner = inner if isinstance(inner, dict) else {}
        crs = inner.get("name", inner.get("code", crs.get("type")))
    if crs is None:
        return None
    if isinstance(crs, str | int) and not isinstance(crs, bool):
        return str(crs)
    raise BadSource(f"{source.location}: its `crs` member cannot be made out: {str(crs)[:80]}")


def _tail(source: Source) -> dict[str, Any]:
    """The members of a collection that stand behind its features."""
    with Path(source.location).open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
        text = file.read()
    end = text.rfind(b'"crs"')
    for _ in range(20):  # other lists may stand between the features and the `crs` member
        end = text.rfind(b"]", 0, max(0, end))
        if end < 0:
            break
        stream = JsonStream(io.BytesIO(text[end:]))
        if not list(islice(stream, 1)) and not stream.truncated and "crs" in stream.tail:
            return stream.tail
    return {}


def _sample(first: list[Stretch]) -> FloatArray | None:
    """(n, 2) a position of each of the first geometries, for a hint at their CRS."""
    found = []
    for stretch in first:
        try:
            form = _feature(stretch, [])[1]
        except Fault:
            continue
        position: Any = form.coordinates if form is not None and form.kind != "GeometryCollection" else []
        while position and isinstance(position[0], list):
            position = position[0]
        if position:
            found.append(position[:2])
    return np.array(found, dtype=np.float64) if found else None
