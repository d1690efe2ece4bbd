"""Packages of exports read back: held against their checksums, and turned into sources that any city can load."""

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from cim.errors import BadSource
from cim.exports import manifest
from cim.exports.manifest import Entry, Manifest
from cim.layers import LAYERS, PROVENANCE, VALIDITY
from cim.plugins import Source
from cim.source_entry import Card, NamedSource

_OWN_NAMES = ("original", "cityjson", "cityjsonseq")  # formats that are read with the names that stand in them
_ENCODED = ("csv", "shp")  # formats whose text is in an encoding that only its owner knows


def is_package(folder: Path) -> bool:
    """Whether a folder holds a manifest of exports and checksums; what they say is not looked at."""
    return (folder / manifest.NAME).is_file() and (folder / manifest.SUMS).is_file()


def sources(folder: Path) -> Sequence[NamedSource]:
    """What a package holds, as sources, each table once (in the first format that is read here), divisions first.

    Every file is held against the checksums before. Raises BadSource with the file's name for one that is missing, that
    differs by as much as a byte, or that lies outside; for a manifest that newer software wrote; and for a table that is
    there in no format that is read here.
    """
    told = _verified(folder)
    order = {name: number for number, name in enumerate(LAYERS)}
    chosen: dict[str, Entry] = {}
    for entry in told.entries:
        if entry.layer not in order:
            raise BadSource(f"{folder / manifest.NAME}: no layer {entry.layer!r} here; known: {', '.join(order)}")
        held = chosen.setdefault(entry.name, entry)
        if _unread(held) or held.place == ("wkt",):  # a format that has shapes of its own goes before text
            chosen[entry.name] = entry
    for entry in chosen.values():
        reason = _unread(entry)
        if reason:
            raise BadSource(
                f"{folder / entry.files[0].path}: {reason}, which is not read here; expected this table in another "
                "format too, such as gpkg"
            )
    ordered = sorted(chosen.values(), key=lambda entry: order[entry.layer])
    return [_named(folder, entry, number) for number, entry in enumerate(ordered)]


def _unread(entry: Entry) -> str | None:
    """What a table is written as that no reader here takes; None: it is read."""
    return "a dBASE table without shapes" if entry.format == "shp" and entry.crs is None else None


def _named(folder: Path, entry: Entry, priority: int) -> NamedSource:
    terms = entry.licences[0] if len(entry.licences) == 1 else None
    return NamedSource(
        name=entry.dataset or entry.layer,
        source=Source(
            location=str(_location(folder, entry)),
            layer=entry.layer,
            crs=entry.crs,
            encoding=entry.encoding if entry.format in _ENCODED else None,
            columns={} if entry.format in _OWN_NAMES else _columns(entry),
        ),
        card=Card(
            title=entry.title if terms is None else terms.title,
            owner=None if terms is None else terms.owner,
            licence=None if terms is None else terms.licence,
            priority=priority,
        ),
    )


def _location(folder: Path, entry: Entry) -> Path:
    """What a loader is to open: the first file (others lie beside it), or the folder of those that were delivered as one."""
    first = folder / entry.files[0].path
    return first.parent if entry.format == "original" and "/" in entry.files[0].path else first


def _columns(entry: Entry) -> dict[str, str]:
    """Layer's column -> file's column where the names differ; `extra` always, so that no other column is taken for one."""
    layer = LAYERS[entry.layer]
    known = {c.name for c in layer.columns} | {*PROVENANCE, *VALIDITY, *layer.key.split("+")}
    found = {c.name: c.written_as for c in entry.columns if c.name in known and c.name != c.written_as}
    if entry.place[:2] in (("lon", "lat"), ("x", "y")):
        found |= dict(zip(("lon", "lat"), entry.place, strict=False))
    extra = next((c.written_as for c in entry.columns if c.name == "extra"), None)
    return found if extra is None else {**found, "extra": extra}


def _verified(folder: Path) -> Manifest:
    """The manifest of a folder in which every file is as its checksum says."""
    digests = _sums(folder)
    if manifest.NAME not in digests:
        raise BadSource(f"{folder / manifest.SUMS}: says nothing of {manifest.NAME}")
    _compare(folder, manifest.NAME, digests[manifest.NAME])
    told = manifest.decode((folder / manifest.NAME).read_bytes(), str(folder / manifest.NAME))
    for entry in told.entries:
        for file in entry.files:
            _compare(folder, file.path, file.sha256)
    for name in sorted({*digests} - {file.path for entry in told.entries for file in entry.files}):
        _compare(folder, name, digests[name])
    return told


def _sums(folder: Path) -> dict[str, str]:
    path = folder / manifest.SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise BadSource(f"{path}: cannot be read: {error}; without checksums nothing is known of the files") from error
    found = {}
    for number, line in enumerate(lines, start=1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name:
            raise BadSource(f"{path} line {number}: expected a SHA-256, two blanks and a file's name")
        found[name] = digest
    return found


def _compare(folder: Path, name: str, sha256: str) -> None:
    path = _inside(folder, name)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise BadSource(f"{path}: is missing; the package names it") from error
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error
    if found != sha256:
        raise BadSource(f"{path}: is not as it was written (SHA-256 {found[:12]}..., expected {sha256[:12]}...)")


def _inside(folder: Path, name: str) -> Path:
    """A file of the package. Raises BadSource for a name that leads outside its folder, by whatever way."""
    path = PurePosixPath(name)
    target = folder / name
    plain = not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name
    if not plain or not target.resolve().is_relative_to(folder.resolve()):
        raise BadSource(f"{folder / manifest.NAME}: names {name!r}, which lies outside the package")
    return target
