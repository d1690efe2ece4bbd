"""The files that are one file to whoever delivers it: a shapefile's table, a picture's world file, and their checksum."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

# What a shapefile consists of beside its shapes: OGC has no standard for it; the list is that of its maker's paper (ESRI,
# 1998) with the code page and index files that came later. Of a raster: what GDAL reads its place, its frame, its mask or
# its smaller pictures from.
_SHAPEFILE = (".shx", ".dbf", ".prj", ".cpg")
_WORLD = (".wld", ".tfw", ".tifw", ".tiffw")
_RASTERS = {".tif": _WORLD, ".tiff": _WORLD, ".asc": (".prj",), ".hgt": ()}
_SAYING = {".shp": _SHAPEFILE, ".obj": (".mtl",)} | {
    own: (*others, f"{own}.aux.xml", f"{own}.ovr", f"{own}.msk") for own, others in _RASTERS.items()
}
"""Ending of a file -> endings of those beside it that say what its records or pixels are (an OBJ's colours, too)."""

_IDLE = {
    ".shp": (".cst", ".sbn", ".sbx", ".qix", ".qpj", ".fix", ".ain", ".aih", ".shp.xml"),
    ".tif": (".tif.xml",),
    ".tiff": (".tiff.xml",),
}
"""Endings of those that belong to it, but that nothing is read from."""


def companions(path: Path) -> tuple[Path, ...]:
    """The files beside one that belong to it, as far as they are there, whether anything is read from them or not."""
    own = path.suffix.lower()
    return tuple(beside(path, (*_SAYING.get(own, ()), *_IDLE.get(own, ()))).values())


def saying(path: Path) -> Mapping[str, Path]:
    """Those of them that say what the records or pixels are, by their ending in small letters (`.dbf`)."""
    return beside(path, _SAYING.get(path.suffix.lower(), ()))


def parts(path: Path) -> tuple[Path, ...]:
    """The file and those beside it that its records or pixels depend on."""
    return (path, *saying(path).values())


def beside(path: Path, endings: Sequence[str]) -> dict[str, Path]:
    """Files of the same name but for their ending (of `endings`, in small letters), whatever case they are in.

    Where a name is there in two cases, that of the file itself wins.
    """
    if not endings:
        return {}
    stem, found = path.stem.lower(), dict[str, Path]()
    for other in sorted(path.parent.glob(f"{_escaped(path.stem[:1])}*")):
        ending = other.name[len(path.stem) :].lower()
        is_it = other.name[: len(path.stem)].lower() == stem and ending in endings and other.is_file()
        if is_it and (ending not in found or other.name.startswith(path.stem)):
            found[ending] = other
    return found


def _escaped(letter: str) -> str:
    """The first letter of a name, in either case, as a pattern."""
    if letter.isalpha():
        return f"[{letter.lower()}{letter.upper()}]" if len(letter.lower() + letter.upper()) == 2 else letter
    return f"[{letter}]"


def state(some: Sequence[Path]) -> tuple[int, int]:
    """Bytes of all, and when the newest was changed (ns). Raises OSError for one that is not there."""
    stats = [part.stat() for part in some]
    return sum(s.st_size for s in stats), max(s.st_mtime_ns for s in stats)


def checksum(some: Sequence[Path]) -> str:
    """sha256 of a file's bytes; with others beside it, of the endings and checksums of all. Raises OSError."""
    return together(some, [_digest(part) for part in some])


def together(some: Sequence[Path], digests: Sequence[str]) -> str:
    """The checksum of files whose own checksums are known."""
    if len(some) == 1:
        return digests[0]
    told = (f"{part.suffix.lower()} {digest}" for part, digest in zip(some, digests, strict=True))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def is_still(path: Path, noted: str) -> bool:
    """Whether a file, with those beside it, has the checksum that was noted once. Raises OSError where it is gone."""
    return checksum(parts(path)) == noted


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
