"""The files of a source: found, hashed, and held to be the same when they have been read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cim import file_parts
from cim.errors import BadSource
from cim.plugins import SourceFormat
from loaders.delivery import folders
from loaders.formats.model_companions import companions
from loaders.sources import SOURCES

_WILD = set("*?[")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when the load began, together with those beside it that are part of it (a shapefile's table,
    a picture's world file).

    checksum: sha256 of its bytes; with others beside it, of the names and checksums of all. mtime_ns: of the newest.
    """

    path: Path
    checksum: str
    size: int
    mtime_ns: int


def take(path: Path) -> tuple[File, ...]:
    """The file, or every file that a pattern such as `data/buildings_*.gpkg` fits or a folder holds, by their names.

    Raises BadSource for one that is not there or cannot be read, for a pattern that fits none, and for a folder without
    a source.
    """
    paths: Sequence[Path] = [path]
    if _WILD & set(str(path)) and not path.exists():
        root = next(parent for parent in path.parents if not _WILD & set(str(parent)))
        paths = sorted(p for p in root.glob(str(path.relative_to(root))) if p.is_file())
        if not paths:
            raise BadSource(f"{path}: no file fits this pattern")
    elif path.is_dir():
        listing = folders.sources(path)
        paths = listing.sources
        if not paths:
            seen = "; ".join(f"{name.name}: {why}" for name, why in listing.strange[:3]) or "it is empty"
            raise BadSource(
                f"{path}: no file in this folder can be read ({seen}); expected one of {', '.join(SOURCES)}"
            )
    return tuple(_take(one) for one in paths)


def _take(path: Path) -> File:
    try:
        some = _parts(path)
        size, mtime_ns = file_parts.state(some)
        return File(path, file_parts.checksum(some), size, mtime_ns)
    except FileNotFoundError as error:
        raise BadSource(f"{path}: no such file") from error
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error


def _parts(path: Path) -> tuple[Path, ...]:
    """The file and those beside it that its records depend on."""
    return tuple(dict.fromkeys((*file_parts.parts(path), *companions(path))))


def checksum(files: Sequence[File]) -> str:
    """sha256 of a source's bytes: of its only file, or of the checksums of its files in their order."""
    if len(files) == 1:
        return files[0].checksum
    return hashlib.sha256("\n".join(file.checksum for file in files).encode()).hexdigest()


def refuse_changed(files: Sequence[File]) -> None:
    """Raise BadSource if a file is not what it was when the load began: half of one and half of another is neither."""
    for file in files:
        try:
            size, mtime_ns = file_parts.state(_parts(file.path))
        except OSError as error:
            raise BadSource(f"{file.path}: was taken away while it was read; load it again when it is there") from error
        if (size, mtime_ns) != (file.size, file.mtime_ns) and _take(file.path).checksum != file.checksum:
            raise BadSource(
                f"{file.path}: changed while it was read ({file.size:,} bytes, now {size:,}); "
                "nothing of it was published: load it again when it has come to rest"
            )


def recognise(path: Path) -> SourceFormat:
    """The format of a file, by its first bytes and name. Raises BadSource if it is absent, empty or of no known one."""
    try:
        with path.open("rb") as file:
            head = file.read(folders.HEAD_BYTES)
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error
    if not head:
        raise BadSource(f"{path}: the file is empty; expected one of {', '.join(SOURCES)}")
    found = folders.sniffed(head, path.name)
    if found is None:
        known = f"expected one of {', '.join(SOURCES)}"
        raise BadSource(f"{path}: {folders.why_not(head, path.name)}; {known}")
    return found
