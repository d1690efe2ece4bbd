"""A folder as one delivery: the sources in it, the files that belong to another one, and what is not read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cim import file_parts
from cim.errors import BadSource
from cim.plugins import SourceFormat
from loaders.delivery import archives
from loaders.sources import SOURCES

HEAD_BYTES = 4096
_MOST_FILES = 100_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds: its sources in the order of their names, and what is no source, each with the reason."""

    sources: tuple[Path, ...]
    strange: tuple[tuple[Path, str], ...]


def sources(folder: Path) -> Listing:
    """The sources of a folder and of the folders in it. Hidden files are passed over.

    Raises BadSource for a folder that cannot be read, or that holds too many files to be a delivery.
    """
    found: list[Path] = []
    strange: list[tuple[Path, str]] = []
    files = list(_walk(folder))
    beside = {companion for path in files for companion in file_parts.companions(path)}
    for path in files:
        if path in beside:
            continue
        if path.is_dir():
            strange.append((path, "a file geodatabase, which is not read: export it as GeoPackage"))
        elif archives.is_archive(path):
            strange.append((path, "an archive within a delivery: unpack it, or deliver it alone"))
        elif (reason := _strange(path)) is not None:
            strange.append((path, reason))
        else:
            found.append(path)
    return Listing(tuple(found), tuple(strange))


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder in the order of the names; a folder that is a database is one thing."""
    count = 0
    try:
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir() and path.suffix.lower() != ".gdb":
                yield from _walk(path)
                continue
            count += 1
            if count > _MOST_FILES:
                raise BadSource(f"{folder}: more than {_MOST_FILES:,} files; expected the folder of one delivery")
            yield path
    except OSError as error:
        raise BadSource(f"{folder}: cannot be read: {error.strerror}") from error


def _strange(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not head:
        return "the file is empty"
    if path.suffix.lower() == ".txt" and not any(sign in head.partition(b"\n")[0] for sign in b",;\t"):
        return "a text without columns, as notes on a delivery are: name it alone if it is a list"
    return None if sniffed(head, path.name) is not None else why_not(head, path.name)


def why_not(head: bytes, name: str) -> str:
    """Why a file of no known format is none, in words that follow its name: what its maker can do, where that is known."""
    if head.startswith(_OLE) and name.lower().endswith((".xls", ".et")):
        return "an Excel workbook of the old binary kind, which is not read: save it as .xlsx"
    if head.startswith(_OLE) and name.lower().endswith((".xlsx", ".xlsm")):
        return "a workbook behind a password, which is not read: save it without one"
    if head.startswith(b"AC10") and name.lower().endswith(".dwg"):
        return "a drawing (DWG), which is not read: export its layers as GeoPackage or Shapefile"
    return "not recognised by its first bytes and name"


def sniffed(head: bytes, name: str) -> SourceFormat | None:
    """The format of a file with these first bytes and this name; None: of none that is known."""
    return next((one for one in SOURCES.values() if one.sniff(head, name)), None)
