"""`cim clean`: remove rasters of the data folder that no version names, present or past."""

import argparse
from pathlib import Path

from api.connection import connect
from api.terminal import Terminal
from cim.errors import Conflict
from cim.settings import Settings
from cim.store import catalogue
from loaders.raster import leftovers


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0. Raises Conflict while a load writes rasters, and where the store knows of none: it may be another one."""
    database = connect(settings, terminal)
    folder = settings.data / "rasters"
    found: list[int] = []

    def named() -> set[str]:
        with database.begin() as connection:
            paths = catalogue.pixel_paths(connection)
        if not paths and leftovers.find(folder, ()):
            raise Conflict(
                f"the store names no raster at all: is it the one that goes with {folder}? Nothing was removed"
            )
        return paths

    def tell(path: Path, size: int) -> None:
        found.append(size)
        terminal.line(f"{size / 1e6:8,.1f} MB  {path.name}")

    if parsed.preview:
        for path in leftovers.find(folder, named()):
            tell(path, path.stat().st_size)
    else:
        leftovers.clear(folder, named, tell)
    done = "would be removed" if parsed.preview else "removed"
    terminal.line(f"{len(found):,} files of {sum(found) / 1e6:,.1f} MB that no version names {done} from {folder}")
    return 0
