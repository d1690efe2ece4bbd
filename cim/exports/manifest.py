"""The manifest of a package, pure: who wrote what, when and from what; the JSON of it, both ways."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cim.errors import BadSource

NAME = "manifest.json"
SUMS = "SHA256SUMS"
TYPE = "datong-cim-export"
SCHEMA = 1
"""Raised when a reader of the one before would misunderstand it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the package: its path within (with slashes), its size in bytes, the SHA-256 of them (hex)."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ColumnNote:
    """A column: its canonical name, the name it goes by in the file, what it holds, and what people call it."""

    name: str
    written_as: str
    kind: str
    unit: str | None
    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What the records come from: a version of a dataset and a file that it was read from (without its folder)."""

    dataset: str
    version: int
    file: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which terms, and whose, a dataset is."""

    dataset: str
    title: str | None
    owner: str | None
    licence: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One table or one delivered file of the package.

    dataset, version: None where the model's layer was written, of whatever datasets. format: an export format, or
    `original` for files that were copied as delivered. files: the one to open first. place: the columns that hold the
    geometry where the format has none of its own. losses: {code: how many values}, kept whole in losses_file.
    """

    name: str
    layer: str
    title: str
    title_en: str
    dataset: str | None
    version: int | None
    format: str
    crs: str | None
    encoding: str | None
    records: int | None
    shapes: tuple[str, ...]
    has_z: bool
    place: tuple[str, ...]
    columns: tuple[ColumnNote, ...]
    files: tuple[File, ...]
    losses: Mapping[str, int]
    losses_file: str | None
    lineage: tuple[Origin, ...]
    licences: tuple[Licence, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole package. Times are ISO 8601; at, as_known_at, bbox: what was asked for, None: now, everything."""

    software: str
    created_at: str
    by: str | None
    city: Mapping[str, str]
    at: str | None
    as_known_at: str | None
    bbox: tuple[float, float, float, float] | None
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...] = field(default=())
    """tables that were asked for and hold nothing then and there"""


def encode(manifest: Manifest) -> bytes:
    """The file: UTF-8, one key a line, in a fixed order."""
    told = {"type": TYPE, "schema": SCHEMA, **asdict(manifest)}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def decode(data: bytes, name: str = NAME) -> Manifest:
    """The manifest in a file's bytes. Raises BadSource with the file's name for what is none, or of a newer schema."""
    try:
        told = json.loads(data)
    except ValueError as error:
        raise BadSource(f"{name}: not JSON: {error}") from error
    if not isinstance(told, dict) or told.pop("type", None) != TYPE:
        raise BadSource(f"{name}: no manifest of an export; expected type {TYPE!r}")
    schema = told.pop("schema", None)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise BadSource(f"{name}: schema {schema!r} is newer than {SCHEMA}, the newest known here: use newer software")
    try:
        entries = tuple(_entry(one) for one in told.pop("entries"))
        box = told.pop("bbox")
        told["left_out"] = tuple(told.get("left_out", ()))
        return Manifest(**told, bbox=None if box is None else tuple(box), entries=entries)
    except (KeyError, TypeError) as error:
        raise BadSource(f"{name}: not as schema {SCHEMA} has it: {error}") from error


def _entry(told: dict[str, Any]) -> Entry:
    parts = {
        "columns": tuple(ColumnNote(**one) for one in told["columns"]),
        "files": tuple(File(**one) for one in told["files"]),
        "lineage": tuple(Origin(**one) for one in told["lineage"]),
        "licences": tuple(Licence(**one) for one in told["licences"]),
        "shapes": tuple(told["shapes"]),
        "place": tuple(told["place"]),
    }
    return Entry(**{**told, **parts})


def sums(files: Mapping[str, str]) -> bytes:
    """`SHA256SUMS`, as `sha256sum -c` takes it. files: path within the package -> SHA-256 (hex).

    >>> sums({"roads.gpkg": "ab"})
    b'ab  roads.gpkg\\n'
    """
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items())).encode()
