"""Where tiles are put: content-addressed files, written once, and the small root that is replaced last.

{tileset}/tileset.json     the root, replaced in one step
c/{hash}.glb.gz, .json.gz  what clients fetch
u/{hash}.unit, .mass ...   what the next build starts from
"""

import errno
import gzip
import hashlib
import os
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast

import deflate

from cim.errors import LostRecord, NoSpace

Kind = Literal["glb", "json", "unit", "mass", "ground", "parts"]
PUBLIC: tuple[Kind, ...] = ("glb", "json")
"""What clients fetch; the other kinds are the builder's own."""
GZIP_LEVEL = 6
"""Of libdeflate: less than half of zlib's time at its level 6, and a little smaller; names are of the bytes before it."""
FROM_ROOT = "../c/"
"""How a root tileset names its contents: roots are at {tileset}/tileset.json, everything else at c/{hash}.{kind}."""


class Sink(Protocol):
    """Takes finished tiles."""

    def put(self, kind: Kind, data: bytes) -> str:
        """Keeps a content and returns its name, which is a function of its bytes alone."""
        ...

    def get(self, name: str) -> bytes:
        """What was put under a name. Raises LostRecord where it is not there (any more), or not whole."""
        ...

    def publish(self, tileset: str, data: bytes) -> None:
        """Makes this the root of a tileset, whole or not at all."""
        ...


def name_of(kind: Kind, data: bytes) -> str:
    """The name of a content: half of the SHA-256 of its bytes, and its kind.

    >>> name_of("json", b"{}")
    '44136fa355b3678a1146ad16f7e8649e.json'
    """
    return f"{hashlib.sha256(data).hexdigest()[:32]}.{kind}"


@dataclass(frozen=True, slots=True)
class FolderSink:
    """Tiles in a folder: c/{hash}.{kind}.gz, gzip without a clock, and {tileset}/tileset.json as it is.

    Several processes may put into one folder at a time: equal names mean equal bytes.
    """

    folder: Path

    def put(self, kind: Kind, data: bytes) -> str:
        """Writes the content unless it is there, whole. Raises NoSpace on a full disk, and leaves nothing half written."""
        name = name_of(kind, data)
        target = self.path(name)
        packed = kind in PUBLIC
        if _is_whole(target, len(data)) if packed else _has_size(target, len(data)):
            os.utime(target)  # it is wanted from now on, however long nobody has named it: see `clearing`
        else:
            write_whole(target, bytes(deflate.gzip_compress(data, GZIP_LEVEL)) if packed else data)
        return name

    def get(self, name: str) -> bytes:
        """What was put under a name. Raises LostRecord where it is not there (any more), or not whole."""
        target = self.path(name)
        try:
            stored = target.read_bytes()
            data = gzip.decompress(stored) if target.suffix == ".gz" else stored
        except (OSError, EOFError, zlib.error) as error:
            raise LostRecord(f"{target}: cannot be read back ({error})") from error
        if name_of(_kind_of(name), data) != name:
            raise LostRecord(f"{target}: not what its name says")
        return data

    def path(self, name: str) -> Path:
        """Where a content lies."""
        return self.folder / "c" / f"{name}.gz" if _kind_of(name) in PUBLIC else self.folder / "u" / name

    def publish(self, tileset: str, data: bytes) -> None:
        """Replaces the root in one step, after everything it names is on the disk, so that a power cut cannot leave a root
        whose tiles are empty. Raises NoSpace on a full disk; the old root then stands.
        """
        for place in (self.folder / "c", self.folder / "u"):
            if place.is_dir():
                _settle(place)
        write_whole(self.folder / tileset / "tileset.json", data)
        _settle(self.folder / tileset)


def _kind_of(name: str) -> Kind:
    return cast(Kind, name.rpartition(".")[2])


def _is_whole(target: Path, size: int) -> bool:
    """Whether a stored content is there to its end: gzip closes with the size of what it packs."""
    try:
        with target.open("rb") as file:
            file.seek(-4, os.SEEK_END)
            return int.from_bytes(file.read(4), "little") == size & 0xFFFFFFFF
    except OSError:
        return False


def _has_size(target: Path, size: int) -> bool:
    try:
        return target.stat().st_size == size
    except OSError:
        return False


def write_whole(target: Path, data: bytes) -> None:
    """The whole file or none, on the disk: written beside its place, then renamed."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    except OSError as error:
        _tell_full(error, target)
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        _tell_full(error, target)
        raise


def _settle(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _tell_full(error: OSError, target: Path) -> None:
    """Raises NoSpace if the disk is what failed."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = f"the disk of {target.parent} is full: free some space, then run the same build again"
        raise NoSpace(message) from error
