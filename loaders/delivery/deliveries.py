"""Deliveries as they come: fetched and unpacked where they need be, and cleared away when nobody reads them any more.

What is fetched or unpacked lies in `deliveries/<checksum>` of the data folder, under the checksum of the bytes delivered,
and is removed when the command ends, except where pixels or points are still read from it.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cim.city import Intake
from cim.errors import BadSource
from cim.types import Progress
from loaders.delivery import archives, downloads
from loaders.delivery.files import File, checksum, take
from loaders.delivery.locations import Location

_NAME = 32  # hex digits of a checksum that name a folder


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery at hand.

    location: as its owner wrote it. files: what is to be read. checksum: sha256 of the bytes delivered (of the archive,
    not of what it holds). folder: where its files lie, if it was fetched or unpacked or is a folder; None: a plain file.
    """

    location: str
    files: tuple[File, ...]
    checksum: str
    folder: Path | None


def beside(path: Path) -> Arrived:
    """A delivery that lies on this machine: a file, those that a pattern fits, or those of a folder.

    Raises BadSource where there is none.
    """
    files = take(path)
    return Arrived(str(path), files, checksum(files), path if path.is_dir() else None)


class Depot:
    """The folder in which deliveries are fetched and unpacked, and what this run has in use of it."""

    def __init__(
        self,
        folder: Path,
        intake: Intake,
        progress: Progress,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder, self._intake, self._progress, self._sleep = folder, intake, progress, sleep
        self._locks: dict[str, int] = {}
        self._fetched: dict[str, downloads.Downloaded] = {}

    def bring(self, location: Location) -> Arrived:
        """The delivery at a location, at hand. Raises BadSource, NoSpace or MissingTool in one sentence."""
        file, folder = self._at_hand(location)
        if not archives.is_archive(file):
            if location.inner is not None:
                raise BadSource(f"{location.place}: not a zip archive, but {location.inner!r} of one is asked for")
            files = take(file)
            return Arrived(str(location), files, checksum(files), folder or (file if file.is_dir() else None))
        (packed,) = take(file)
        unpacked = self._unpacked(packed)
        files = _inside(unpacked, location, file)
        digest = packed.checksum
        if location.inner is not None:  # another part of the same archive is another delivery
            digest = hashlib.sha256("\n".join([digest, *(one.checksum for one in files)]).encode()).hexdigest()
        return Arrived(str(location), files, digest, unpacked)

    def _at_hand(self, location: Location) -> tuple[Path, Path | None]:
        """The file itself, fetched if it lies elsewhere, and the folder that it was fetched to."""
        if not location.is_remote:
            return Path(location.place), None
        if location.place not in self._fetched:
            self._fetched[location.place] = self._fetch(location.place)
        path = self._fetched[location.place].path
        return path, path.parent

    def _fetch(self, address: str) -> downloads.Downloaded:
        name = hashlib.sha256(address.encode()).hexdigest()[:_NAME]
        with self._held(f"{name}.fetch"):
            arriving = self._folder / f"{name}.fetch"
            shutil.rmtree(arriving, ignore_errors=True)
            came = downloads.fetch(address, arriving, self._intake.max_bytes, self._progress, self._sleep)
            folder = self._use(came.checksum[:_NAME])
            folder.mkdir(exist_ok=True)
            path = folder / came.path.name
            came.path.replace(path)
            shutil.rmtree(arriving, ignore_errors=True)
        return downloads.Downloaded(path, came.checksum, came.size)

    def _unpacked(self, packed: File) -> Path:
        folder = self._use(packed.checksum[:_NAME]) / "unpacked"
        if not archives.is_unpacked(packed.path, folder, self._intake):
            archives.unpack(packed.path, folder, self._intake, self._progress)
        return folder

    def _use(self, name: str) -> Path:
        """A folder of the depot, kept from being cleared away by other runs until this one ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if name not in self._locks:
            self._locks[name] = _lock(self._folder / f"{name}.lock", fcntl.LOCK_SH)
        return self._folder / name

    @contextmanager
    def _held(self, name: str) -> Iterator[None]:
        """Keep other runs from fetching the same at the same time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = _lock(self._folder / f"{name}.lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            _unlock(handle)

    def clear(self, kept: Collection[str]) -> None:
        """Let go of everything, and remove what no run uses and no text of `kept` (what versions read) names."""
        for handle in self._locks.values():
            _unlock(handle)
        self._locks, self._fetched = {}, {}
        for lock in sorted(self._folder.glob("*.lock")) if self._folder.is_dir() else ():
            folder = lock.with_suffix("")
            if any(f"/{folder.name}/" in text for text in kept):
                continue
            try:
                handle = _lock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # another run reads from it
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)
            _unlock(handle)


def _inside(folder: Path, location: Location, archive: Path) -> tuple[File, ...]:
    """The files of an unpacked archive that a location means."""
    if location.inner is None:
        return take(folder)
    try:
        return take(folder / location.inner)
    except BadSource as error:
        there = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
        shown = ", ".join(there[:8]) + (" ..." if len(there) > 8 else "")
        raise BadSource(f"{archive}: nothing in it fits {location.inner!r}; it holds {shown or 'nothing'}") from error


def _lock(path: Path, how: int) -> int:
    """A lock on a file that is still there when it is had: a run that clears away may have been quicker."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, how)
            if path.exists() and path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        except OSError:
            os.close(handle)
            raise
        os.close(handle)


def _unlock(handle: int) -> None:
    os.close(handle)
