"""The imagery layers that are built in the data folder, opened when first asked for and again after a rebuild."""

import threading
from collections.abc import Mapping
from pathlib import Path

from tilesets.imagery.layer import LAYER, ImageryLayer

_ORDER = ("orthophoto", "hillshade", "slope")


class Pictures:
    """All layers under one folder. Threads share it; each layer opens files of its own in every thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._open: dict[str, tuple[tuple[int, int], ImageryLayer]] = {}

    def __call__(self) -> Mapping[str, ImageryLayer]:
        """What is built now, by name."""
        found: dict[str, ImageryLayer] = {}
        names = sorted((path.parent.name for path in self._folder.glob(f"*/{LAYER}")), key=_rank)
        with self._lock:
            for name in names:
                held = (self._folder / name / LAYER).stat()
                mark = (held.st_ino, held.st_mtime_ns)
                if name not in self._open or self._open[name][0] != mark:
                    self._open[name] = (mark, ImageryLayer.open(self._folder / name))
                found[name] = self._open[name][1]
        return found


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)
