"""What lies in the folder of rasters that were made from deliveries, and no version names: found, and cleared away.

Loads that stopped before they published leave such files, and so do rasters that a newer way of making them replaced.
A load holds the folder while it writes and publishes, so that nothing is taken away from under it.
"""

import fcntl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from cim.errors import Conflict

_LOCK = ".lock"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keep the folder from being cleared until what is written there is published; several loads may at a time."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


def find(folder: Path, named: Collection[str]) -> list[Path]:
    """The files that belong to none of the rasters at the paths `named`, by name; what lies beside one belongs to it.

    A raster is known by its name alone, which says what it was made from: the folder may have been moved.
    """
    kept = tuple({Path(path).name for path in named})
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    return [path for path in files if path.name != _LOCK and not path.name.startswith(kept)]


def clear(folder: Path, named: Callable[[], Collection[str]], each: Callable[[Path, int], None]) -> None:
    """Remove what `find` finds, and tell `each` path with its bytes. named: asked while no load can publish.

    Raises Conflict while a load writes there.
    """
    if not folder.is_dir():
        return
    with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for path in find(folder, named()):
            size = path.stat().st_size
            path.unlink()
            each(path, size)


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as handle:
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            raise Conflict(f"{folder}: a load is writing there; run it again when that has ended") from None
        yield
