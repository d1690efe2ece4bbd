"""Folders in which exports are being written: one each; those that a killed process left go with the next one."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def unfinished(beside: Path, prefix: str) -> Iterator[Path]:
    """A new folder in `beside` whose name begins with `prefix`, removed at the end.

    Before, every folder of this prefix is removed that no living process writes to. A folder is in use as long as its
    lock is held, which ends with the process, however that ends. Where the file system knows no locks, none is removed.
    """
    for left in list(beside.iterdir()):
        if left.name.startswith(prefix):
            _clear_abandoned(left)
    folder, handle = _made(beside, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _made(beside: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and its lock; another one if somebody took it for abandoned between its making and its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
        try:
            handle = _open(folder)
        except FileNotFoundError:
            continue
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder, handle
        os.close(handle)


def _clear_abandoned(folder: Path) -> None:
    try:
        handle = _open(folder)
    except OSError:
        return  # gone already, or no folder
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # somebody writes to it
    finally:
        os.close(handle)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
