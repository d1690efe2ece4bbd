"""The files of a source: found, hashed, and held to be the same when they have been read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cim.errors import BadSource
from cim.plugins import SourceFormat
from loaders.sources import SOURCES

_WILD = set("*?[")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when the load began."""

    path: Path
    checksum: str
    size: int
    mtime_ns: int


def take(path: Path) -> tuple[File, ...]:
    """The file, or every file that a pattern such as `data/buildings_*.gpkg` fits, in the order of their names.

    Raises BadSource for one that is not there or cannot be read, and for a pattern that fits none.
    """
    paths = [path]
    if _WILD & set(str(path)) and not path.exists():
        root = next(parent for parent in path.parents if not _WILD & set(str(parent)))
        paths = sorted(p for p in root.glob(str(path.relative_to(root))) if p.is_file())
        if not paths:
            raise BadSource(f"{path}: no file fits this pattern; the city file names it as a source")
    return tuple(_take(one) for one in paths)


def _take(path: Path) -> File:
    try:
        stat = path.stat()
        with path.open("rb") as file:
            return File(path, hashlib.file_digest(file, "sha256").hexdigest(), stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError as error:
        raise BadSource(f"{path}: no such file; the city file names it as a source") from error
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error


def checksum(files: Sequence[File]) -> str:
    """sha256 of a source's bytes: of its only file, or of the checksums of its files in their order."""
    if len(files) == 1:
        return files[0].checksum
    return hashlib.sha256("\n".join(file.checksum for file in files).encode()).hexdigest()


def refuse_changed(files: Sequence[File]) -> None:
    """Raise BadSource if a file is not what it was when the load began: half of one and half of another is neither."""
    for file in files:
        try:
            stat = file.path.stat()
        except OSError as error:
            raise BadSource(f"{file.path}: was taken away while it was read; load it again when it is there") from error
        same = (stat.st_size, stat.st_mtime_ns) == (file.size, file.mtime_ns)
        if not same and _take(file.path).checksum != file.checksum:
            raise BadSource(
                f"{file.path}: changed while it was read ({file.size:,} bytes, now {stat.st_size:,}); "
                "nothing of it was published: load it again when it has come to rest"
            )


def recognise(path: Path) -> SourceFormat:
    """The format of a file, by its first bytes and name. Raises BadSource if it is absent, empty or of no known one."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error
    if not head:
        raise BadSource(f"{path}: the file is empty; expected one of {', '.join(SOURCES)}")
    for candidate in SOURCES.values():
        if candidate.sniff(head, path.name):
            return candidate
    raise BadSource(f"{path}: not recognised by its first bytes and name; expected one of {', '.join(SOURCES)}")
