"""Folders exchanged whole: written beside the one in place, swapped in one step, recovered after a kill."""

import ctypes
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cim.errors import NoSpace

REPORT = "build.json"
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux's renameat2
_HERE = -100  # AT_FDCWD


@contextmanager
def beside(out: Path) -> Iterator[Path]:
    """An empty folder on the same file system as `out`, removed at the end with whatever is still in it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    folder.chmod(0o755)
    try:
        yield folder
    except OSError as error:
        if error.errno == 28:
            raise NoSpace(f"{out.parent}: the disk is full while building {out.name}; free some and repeat") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(path: Path, data: bytes) -> None:
    """Write a new file, making its folder where that is missing."""
    try:
        path.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def swap(folder: Path, out: Path) -> None:
    """Put `folder` in the place of `out`; what was there is removed. Readers find the old or the new, never a mix.

    One step where the file system can exchange two names, else two renames with `recover` for a kill in between.
    """
    if not out.exists():
        folder.rename(out)
        return
    if _exchange(folder, out):
        shutil.rmtree(folder, ignore_errors=True)
        return
    aside = out.with_name(f".{out.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    out.rename(aside)
    folder.rename(out)
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    answer: int = rename(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _EXCHANGE)
    return answer == 0


def recover(out: Path) -> None:
    """Undo a swap that was killed between its two renames."""
    aside = out.with_name(f".{out.name}.old")
    if aside.exists() and not out.exists():
        aside.rename(out)


def read_report(out: Path) -> dict[str, Any] | None:
    """What the build of the pyramid in place noted, or None."""
    try:
        note = json.loads((out / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None
