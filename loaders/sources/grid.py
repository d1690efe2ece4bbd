"""Plain grids of heights: SRTM tiles (.hgt), which their names place, and ESRI ASCII grids (.asc with a .prj beside)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from pathlib import Path

from cim.errors import BadSource
from cim.plugins import Raster, Source
from loaders.formats import raster_file

_HGT_NAME = re.compile(r"[NS]\d{2}[EW]\d{3}", re.IGNORECASE)
_HEAD_BYTES = 4096
_SIZES = ("ncols", "nrows")


@dataclass(frozen=True, slots=True)
class Hgt:
    """SRTM's tiles of one degree: big-endian 16-bit metres over EGM96, -32768 for a void, WGS 84, no header at all."""

    name: str = "hgt"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the ending: there is nothing else to tell it by."""
        return name.lower().endswith(".hgt")

    def read(self, source: Source, after: int = 0) -> Iterator[Raster]:
        """The one raster of a file. Raises BadSource where its name places it nowhere or its size is that of no square."""
        path = Path(source.location)
        if not _HGT_NAME.match(path.stem):
            raise BadSource(
                f"{path}: its name is all that places it; expected its south-west corner, such as N40E113.hgt"
            )
        size = path.stat().st_size
        side = isqrt(size // 2)
        if side * side * 2 != size or side not in (1201, 3601):
            raise BadSource(f"{path}: {size:,} bytes; expected 1201 or 3601 rows and columns of 2 bytes: is it whole?")
        yield raster_file.read(source, "SRTMHGT")


@dataclass(frozen=True, slots=True)
class AsciiGrid:
    """ESRI's ASCII grid: six lines of header, then rows of numbers from the north."""

    name: str = "ascii_grid"

    def sniff(self, head: bytes, name: str) -> bool:
        """By its first word."""
        return head.lstrip()[:5].lower() == b"ncols"

    def read(self, source: Source, after: int = 0) -> Iterator[Raster]:
        """The one raster of a file. Raises BadSource where the header does not fit the file."""
        _refuse_hollow(Path(source.location))
        yield raster_file.read(source, "AAIGrid")


def _refuse_hollow(path: Path) -> None:
    """A header that declares more numbers than the file can hold, before rows are allocated for it."""
    with path.open("rb") as file:
        words = file.read(_HEAD_BYTES).decode("latin-1").lower().split()
    told: dict[str, str] = {}
    for key, word in pairwise(words):
        if key in _SIZES:
            told.setdefault(key, word)  # of a size that is said twice GDAL takes the first
    try:
        cols, rows = int(told["ncols"]), int(told["nrows"])
    except (KeyError, ValueError):
        raise BadSource(f"{path}: an ASCII grid without whole ncols and nrows at its head") from None
    held = path.stat().st_size
    if cols < 1 or rows < 1 or 2 * cols * rows - 1 > held:  # a digit and what parts it from the next
        raise BadSource(f"{path}: declares {cols} x {rows} numbers, for which its {held:,} bytes have no room")


HGT = Hgt()
ASCII = AsciiGrid()
