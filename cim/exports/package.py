"""A package: tables and delivered files in a folder or a ZIP, with their manifest and checksums; all of it, or nothing."""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cim import crs as frames
from cim.city import City
from cim.errors import BadInput, Conflict
from cim.exports import manifest, originals, tables
from cim.exports.order import Order, items
from cim.exports.targets import TARGETS
from cim.exports.unfinished import unfinished
from cim.store import records
from cim.store.db import Database
from cim.types import Progress

_ZIPPED_AT = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive


def write(
    database: Database,
    city: City,
    order: Order,
    to: Path,
    progress: Progress,
    *,
    clock: Callable[[], datetime],
    software: str,
) -> manifest.Manifest:
    """Write what is ordered to the new folder `to`, or the new archive if its name ends in `.zip`.

    All tables are of one state of the model. The same state makes the same files; the manifest says when it was written.
    Nothing of that name is there before everything is. Raises Conflict where there is something already, Unknown or
    BadInput for an order that cannot be carried out, BadSource for a delivered file that is gone or another.
    """
    _check(order)
    if to.exists():
        raise Conflict(f"{to}: is there already; give a new name, or remove it first")
    if any(to.name.lower().endswith(target.suffix) for target in TARGETS.values()):
        raise BadInput(f"{to}: a package is a folder or a .zip, whose tables have names of their own; give such a name")
    if not to.parent.is_dir():
        raise BadInput(f"{to}: the folder {to.parent} is not there")
    with unfinished(to.parent, f".{to.name}.unfinished-") as place:
        folder = place / "package"
        folder.mkdir()
        entries, left_out = _fill(database, city, order, folder, progress)
        found = _manifest(city, order, entries, left_out, clock(), software)
        _seal(folder, found)
        if to.suffix.lower() == ".zip":
            folder = _zipped(folder, place / "package.zip")
        os.rename(folder, to)
    return found


def _check(order: Order) -> None:
    for name in order.formats:
        target = TARGETS[name]
        if order.encoding is not None and len(target.encodings) > 1 and order.encoding not in target.encodings:
            known = ", ".join(target.encodings)
            raise BadInput(f"{target.title} is not written in {order.encoding!r}; expected one of {known}")
    if order.crs is not None:
        frames.parse(order.crs)


def _fill(
    database: Database, city: City, order: Order, folder: Path, progress: Progress
) -> tuple[list[manifest.Entry], list[str]]:
    """Write the files. Returns what was written, and the names of tables that hold nothing."""
    entries: list[manifest.Entry] = []
    left_out: list[str] = []
    with records.snapshot(database) as snapshot, database.begin() as connection:
        for item in items(connection, order):
            if item.wanted is None:
                entries.append(originals.copy(connection, item, folder, progress))
                continue
            written = tables.write(snapshot, connection, city, order, item, folder, progress)
            entries += written
            if not written:
                left_out.append(item.name)
    if not entries:
        raise BadInput(f"nothing to write: {', '.join(left_out) or 'the model'} holds no record then and there")
    return entries, left_out


def _manifest(
    city: City, order: Order, entries: list[manifest.Entry], left_out: list[str], at: datetime, software: str
) -> manifest.Manifest:
    known = {"name": city.name, "name_en": city.name_en, "code": city.code}
    return manifest.Manifest(
        software=software,
        created_at=at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        by=order.by,
        city=known | {"crs": city.crs, "height_datum": city.height_datum},
        at=None if order.at is None else order.at.isoformat(),
        as_known_at=None if order.known is None else order.known.isoformat(),
        bbox=None if order.bbox is None else order.bbox.as_tuple(),
        entries=tuple(entries),
        left_out=tuple(left_out),
    )


def _seal(folder: Path, found: manifest.Manifest) -> None:
    """The manifest, and the checksums of everything."""
    data = manifest.encode(found)
    (folder / manifest.NAME).write_bytes(data)
    digests = {file.path: file.sha256 for entry in found.entries for file in entry.files}
    digests |= {entry.losses_file: _digest(folder / entry.losses_file) for entry in found.entries if entry.losses_file}
    digests[manifest.NAME] = hashlib.sha256(data).hexdigest()
    (folder / manifest.SUMS).write_bytes(manifest.sums(digests))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _zipped(folder: Path, path: Path) -> Path:
    """The folder's files as an archive: in the order of their names, without times of their own."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _ZIPPED_AT)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=file.stat().st_size > 1 << 30) as into:
                shutil.copyfileobj(source, into, 1 << 20)
    return path
