"""FlatGeobuf: features as tables of bytes, each read within its own bounds, so that a spoilt one costs no other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import shapely

from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import Issue
from loaders.formats import fgb, fgb_features, placed
from loaders.formats.records import framed
from loaders.formats.stated_crs import needs_place, stated_crs


@dataclass(frozen=True, slots=True)
class FlatGeobuf:
    """The format, version 3, with or without its index.

    Reads points, lines, polygons and their multi-geometries, with heights; measures are dropped. Sets aside features
    whose bytes cannot be made out, collections and curves. Without an index a spoilt length ends the reading.
    """

    name: str = "FlatGeobuf"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first bytes."""
        return head.startswith(fgb.MAGIC)

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 20,000 records, numbered from 1 as they stand in the file."""
        path = Path(source.location)
        try:
            head = fgb.head(path, source.location)
            with path.open("rb") as file, path.open("rb") as index:
                is_indexed = fgb.is_indexed(index, head)
                entries = (fgb.by_index if is_indexed else fgb.by_walking)(index, head, after)
                yield from _batches(file, entries, head, source, after)
        except OSError as error:
            raise BadSource(f"{source.location}: cannot be read: {error}") from error


FLATGEOBUF = FlatGeobuf()


def _batches(
    file: BinaryIO, entries: Iterator[placed.Entries], head: fgb.Head, source: Source, after: int
) -> Iterator[Batch]:
    done, crs = after, ""
    for piece, is_last in placed.marked(placed.pieces(entries)):
        held = placed.held(file, piece, head.features_at, head.size)
        found = fgb_features.decode(held, head)
        crs = crs or stated_crs(source, head.crs, shapely.get_coordinates(found.shapes[:200]))
        faults = _faults(found, held, piece, needs_place=needs_place(source))
        frame, damaged = framed(done + 1, found.columns, found.shapes, faults)
        what, mended = "a ring does not end where it begins", "closed with its first position"
        issues = [Issue("ring_unclosed", what, done + 1 + place, mended) for place in sorted(found.closed)]
        done += len(piece.at)
        if is_last:
            issues += _cut_off(piece, done, head)
        reached = int(np.clip(piece.at[-1] + piece.size[-1], 0, head.size))
        yield Batch(frame, crs, damaged, tuple(issues), done, head.records or None, head.size, reached)
    if not done:
        raise BadSource(f"{source.location}: no records; expected at least one")


def _faults(
    found: fgb_features.Features, held: placed.Held, piece: placed.Entries, *, needs_place: bool
) -> dict[int, tuple[str, str]]:
    faults = {p: f for p, f in found.faults.items() if needs_place or f[0] == "record_unreadable"}
    for place in np.flatnonzero(held.size < piece.size).tolist():
        if place in faults or not held.there[place]:
            faults[place] = ("record_unreadable", "it lies behind the end of the file, in whole or in part")
    return faults


def _cut_off(last: placed.Entries, done: int, head: fgb.Head) -> list[Issue]:
    """The note that the file ends before its last record does, or has fewer than it says."""
    if int(last.at[-1] + last.size[-1]) <= head.size and done >= head.records:
        return []
    told = f", which says that it has {head.records:,}" if head.records else ""
    return [Issue("truncated", f"the file{told}, ends within or before record {done:,}: it was cut off or is damaged")]
