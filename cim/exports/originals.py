"""Delivered files on their way out: rasters and whatever else stays where it lies are copied, byte for byte."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cim import file_parts
from cim.errors import BadSource
from cim.exports import credits
from cim.exports.manifest import Entry, File
from cim.exports.order import Item
from cim.layers import LAYERS
from cim.store import catalogue
from cim.store.db import Connection
from cim.types import Progress

_CHUNK = 4 << 20


def copy(connection: Connection, item: Item, folder: Path, progress: Progress) -> Entry:
    """Copy the files of a version beside each other. Raises BadSource for one that is gone, or not what was delivered."""
    assert item.version is not None
    layer = LAYERS[item.layer]
    held = catalogue.source_files(connection, [int(item.version["id"])])
    files = _all_copied(held, item, folder, progress)
    raster = item.version["raster"] or {}
    return Entry(
        name=item.name,
        layer=layer.name,
        title=layer.title,
        title_en=layer.title_en,
        dataset=item.dataset,
        version=int(item.version["id"]),
        format="original",
        crs=raster.get("crs") or item.version["crs"],
        encoding=None,
        records=None,
        shapes=(),
        has_z=False,
        place=(),
        columns=(),
        files=tuple(files),
        losses={},
        losses_file=None,
        lineage=credits.lineage(connection, [int(item.version["id"])]),
        licences=credits.licences(connection, [str(item.dataset)]),
    )


def _all_copied(held: Sequence[Mapping[str, Any]], item: Item, folder: Path, progress: Progress) -> list[File]:
    """The delivered files, each with those beside it that its pixels depend on."""
    total = sum(int(file["size_bytes"]) for file in held)
    files: list[File] = []
    for file in held:
        source, digests = Path(str(file["location"])), []
        some = file_parts.parts(source)
        first = _free(folder / (item.name + source.suffix if len(held) == 1 else f"{item.name}/{source.name}"))
        first.parent.mkdir(exist_ok=True)
        for part in some:
            target = first.with_name(first.stem + part.name[len(source.stem) :])
            done = sum(one.size_bytes for one in files)
            size, digest = _copied(part, target, partial(_tell, progress, done, total, item.name))
            digests.append(digest)
            files.append(File(target.relative_to(folder).as_posix(), size, digest))
        if file["checksum"] != file_parts.together(some, digests):
            raise BadSource(f"{source}: is not the file that was delivered any more; its version needs it")
    return files


def _free(path: Path) -> Path:
    """The path, or one like it where there is a file already: files of one name may come from several folders."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{number}_{path.name}")
    return found


def _tell(progress: Progress, before: int, total: int, name: str, more: int) -> None:
    progress(before + more, total, f"bytes of {name}")


def _copied(source: Path, target: Path, progress: Callable[[int], None]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as file, target.open("wb") as out:
            while chunk := file.read(_CHUNK):
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                progress(size)
    except FileNotFoundError as error:
        raise BadSource(
            f"{source}: the delivered file is not there any more; without it there is nothing to copy"
        ) from error
    return size, digest.hexdigest()
