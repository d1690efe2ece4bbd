"""Zip archives: looked through before anything is unpacked, then unpacked under a count of the bytes that really come."""

import errno
import os
import shutil
import stat
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cim.city import Intake
from cim.errors import BadSource, NoSpace
from cim.types import Progress

ENDINGS = (".zip",)
MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_BLOCK = 1 << 20
_SMALL_BYTES = 100 << 20  # below it a ratio says nothing: a table of zeros is no bomb
_SPARE_BYTES = 64 << 20
_NAME_BYTES = 255
_PATH_BYTES = 1_000
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of an archive: its path within, in the encoding its names are in, and what the archive says of it."""

    path: str
    info: zipfile.ZipInfo


def is_archive(path: Path) -> bool:
    """Whether a file is a zip by its ending and first bytes (workbooks are zips too, under another name)."""
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) in MAGIC
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error


def unpack(path: Path, folder: Path, intake: Intake, progress: Progress) -> None:
    """Unpack an archive into a folder that does not exist yet; it is there whole, or not at all.

    Raises BadSource for an archive that is damaged, encrypted, leads out of its folder, says a name twice, or is larger
    than `intake` lets in; NoSpace where the disk could not hold it.
    """
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = look_through(archive, path, intake)
            _refuse_no_space(entries, folder.parent, path)
            _write_all(archive, entries, partial, path, progress)
        _settle(partial, folder, entries)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise BadSource(f"{path}: not readable as a zip archive: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def look_through(archive: zipfile.ZipFile, path: Path, intake: Intake) -> list[Entry]:
    """The files of an archive that may be unpacked. Raises BadSource with the first that may not, and why."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > intake.max_entries:
        raise BadSource(
            f"{path}: {len(infos):,} files in it; expected at most {intake.max_entries:,} (limits.max_archive_files)"
        )
    entries = [Entry(name, info) for name, info in zip(_names(infos), infos, strict=True)]
    for entry in entries:
        reason = _fault(entry)
        if reason is not None:
            raise BadSource(f"{path}: its entry {entry.path[:200]!r} {reason}; nothing of it was unpacked")
    _refuse_clashes(entries, path)
    size = sum(entry.info.file_size for entry in entries)
    packed = max(1, path.stat().st_size)
    if size > intake.max_bytes or (size > _SMALL_BYTES and size > packed * intake.max_ratio):
        raise BadSource(
            f"{path}: {packed:,} bytes that say they unpack to {size:,}; expected at most {intake.max_bytes:,} and "
            f"{intake.max_ratio:g} times as much (limits.max_delivery_gib, limits.max_unpack_ratio)"
        )
    return [entry for entry in entries if not _is_litter(entry.path)]


def _names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The paths of entries. Without the UTF-8 flag they are in the encoding of whoever packed them: UTF-8 or GBK."""
    plain = [info.orig_filename.encode("cp437") for info in infos if not info.flag_bits & 0x800]
    encoding = next((e for e in ("utf-8", "gb18030") if _all_decode(plain, e)), "cp437")
    names = []
    for info in infos:
        name = info.orig_filename
        if not info.flag_bits & 0x800:
            name = name.encode("cp437").decode(encoding)
        names.append(name.replace("\\", "/"))
    return names


def _all_decode(names: Sequence[bytes], encoding: str) -> bool:
    try:
        for name in names:
            name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _fault(entry: Entry) -> str | None:
    """Why an entry may not be unpacked, in words that follow its name; None: it may."""
    info, parts = entry.info, entry.path.split("/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if entry.path.startswith("/") or (len(entry.path) > 1 and entry.path[1] == ":"):
        return "has an absolute path"
    if ".." in parts:
        return "leads out of the archive's folder"
    if any(not c.isprintable() for c in entry.path):
        return "has a control character in its name"
    if len(entry.path.encode()) > _PATH_BYTES or any(len(p.encode()) > _NAME_BYTES for p in parts):
        return f"has a name of more than {_NAME_BYTES} bytes"
    if kind not in (0, stat.S_IFREG):
        return "is a link or a device, not a file"
    if info.flag_bits & 0x1 or info.flag_bits & 0x2000:
        return "is encrypted: deliver it without a password"
    if info.compress_type not in _METHODS:
        return f"is packed by method {info.compress_type}; expected stored or deflated"
    return None


def _refuse_clashes(entries: Sequence[Entry], path: Path) -> None:
    """Two entries of one path, or a file that another has as its folder: which of them is meant cannot be known."""
    counts = Counter(str(PurePosixPath(entry.path)) for entry in entries)
    for name, count in counts.items():
        folders = [str(parent) for parent in PurePosixPath(name).parents]
        if count > 1 or any(folder in counts for folder in folders):
            raise BadSource(f"{path}: {name!r} occurs twice in it; nothing of it was unpacked")


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER[0]) or name.rsplit("/", 1)[-1] in _LITTER


def _refuse_no_space(entries: Sequence[Entry], folder: Path, path: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = sum(entry.info.file_size for entry in entries) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpace(f"{path}: unpacks to {needed:,} bytes, {folder} has room for {free:,}; free some, then try again")


def _write_all(
    archive: zipfile.ZipFile, entries: Sequence[Entry], folder: Path, path: Path, progress: Progress
) -> None:
    total, done = sum(entry.info.file_size for entry in entries), 0
    folder.mkdir(parents=True)
    for entry in entries:
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with archive.open(entry.info) as packed, target.open("xb") as file:
                left = entry.info.file_size
                while block := packed.read(_BLOCK):
                    left -= len(block)
                    if left < 0:  # whatever its header says: no more is written than was reckoned with
                        raise BadSource(f"{path}: {entry.path!r} is larger than the archive says it is")
                    file.write(block)
                    done += len(block)
                    progress(done, total, f"unpacking {path.name}")
        except OSError as error:  # of the disk, or of an offset that is none
            if error.errno == errno.ENOSPC:
                raise NoSpace(f"{target}: the disk is full; free some space, then try again") from error
            raise BadSource(f"{path}: {entry.path!r} cannot be unpacked, it is damaged: {error.strerror}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
            raise BadSource(f"{path}: {entry.path!r} cannot be unpacked, the archive is damaged: {error}") from error
        if left:
            raise BadSource(f"{path}: {entry.path!r} breaks off: {left:,} bytes fewer than the archive says")
        _date(target, entry.info)


def _date(target: Path, info: zipfile.ZipInfo) -> None:
    """The time that the archive gives a file, so that unpacking it once more makes the same file."""
    try:
        moment = time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        moment = 0.0
    os.utime(target, (max(0.0, moment), max(0.0, moment)))


def _settle(partial: Path, folder: Path, entries: Sequence[Entry]) -> None:
    """Move what was unpacked to its place; if another run was quicker, its copy is as good."""
    try:
        partial.rename(folder)
    except OSError:
        if not _is_whole(folder, entries):
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)


def _is_whole(folder: Path, entries: Sequence[Entry]) -> bool:
    """Whether every file is there at its size."""
    try:
        return all((folder / entry.path).stat().st_size == entry.info.file_size for entry in entries)
    except OSError:
        return False


def is_unpacked(path: Path, folder: Path, intake: Intake) -> bool:
    """Whether a folder holds all files of the archive already, at their sizes."""
    if not folder.is_dir():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return _is_whole(folder, look_through(archive, path, intake))
    except (zipfile.BadZipFile, BadSource, OSError, ValueError, NotImplementedError):
        return False
