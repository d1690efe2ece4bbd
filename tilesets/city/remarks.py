"""What the city tileset says of its buildings: how many are drawn, what was drawn otherwise, what was left out, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cim.errors import LostRecord
from tilesets.buildings.standing import Flaw
from tilesets.city.build import report_of
from tilesets.city.index import Index
from tilesets.city.records import decode_unit
from tilesets.city.refresh import TILESET
from tilesets.city.shelf import Shelf
from tilesets.publish import FolderSink


@dataclass(frozen=True, slots=True)
class Remarks:
    """drawn, rejected: buildings; tiles: with content; codes: how often each flaw occurs; left_out: the first ones."""

    drawn: int
    rejected: int
    tiles: int
    codes: dict[str, int]
    left_out: tuple[Flaw, ...]


def of_city(folder: Path, most: int) -> Remarks | None:
    """The remarks of the tileset under `folder`, naming at most so many that are left out; None where none is built."""
    index = Shelf(folder, TILESET).index()
    if index is None:
        return None
    report = report_of(index, None)
    named = tuple(islice(_left_out(FolderSink(folder), index), most))
    return Remarks(report.buildings, report.rejected, report.tiles, report.flaws, named)


def _left_out(sink: FolderSink, index: Index) -> Iterator[Flaw]:
    for _, made in sorted(index.units.items()):
        if made.rejected:
            try:
                flaws = decode_unit(sink.get(made.file), made.file).flaws
            except LostRecord:
                continue
            yield from (flaw for flaw in flaws if flaw.repaired is None)
