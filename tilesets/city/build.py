"""A tileset from its units: made from rows at hand or by workers, put together, the root published last.

The tree: the city as blocks (root), districts of 16 km as finer blocks, units of 4 km as blocks of 64 m cells, then
buildings (L2), and where there are L3 rows the same buildings with their roofs. Every refinement is by replacement, and
a level that would have one child is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from cim.assembly import NO_PARTS, Parts
from cim.errors import BadInput
from cim.types import Bodies, IntArray, Progress, silent
from tilesets import spec
from tilesets.buildings.mass import occupied
from tilesets.buildings.site import Geoid, Ground, Site
from tilesets.buildings.tally import total
from tilesets.buildings.units import Unit, make
from tilesets.city.index import Index, Made
from tilesets.city.records import encode_unit
from tilesets.city.upper import Assembly
from tilesets.publish import Sink
from tilesets.spec import Tileset
from tilesets.tree import TARGET_BYTES, UNIT_DEPTH


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a tileset holds: rows read, buildings drawn and left out, tiles with content, how often what was wrong.

    root: None where nothing could be drawn, or nothing was made anew. index: what the next build starts from.
    """

    read: int
    buildings: int
    rejected: int
    tiles: int
    flaws: dict[str, int]
    root: Tileset | None
    index: Index


def build_city(
    batches: Iterable[Bodies],
    ground: Ground,
    geoid: Geoid,
    crs: str,
    sink: Sink,
    progress: Progress = silent,
    *,
    tileset: str = "city",
    total: int | None = None,
    target_bytes: int = TARGET_BYTES,
    parts: Parts = NO_PARTS,
) -> BuildReport:
    """A whole tileset into a sink, the root last, from rows at hand.

    batches: rows sorted by cell over all batches, of any size: how rows are batched changes no byte. crs: the city
    frame. total: rows to come, for `progress`. parts: what assemblies are made of. A building that cannot be drawn becomes
    a Flaw of its unit's record and never ends the run. Raises BadInput for rows out of order, and what the sink raises;
    the old root then stands.
    """
    site = Site(crs, ground, geoid, target_bytes=target_bytes, parts=parts)
    made: dict[int, Made] = {}
    read = 0
    for key, rows in by_unit(batches):
        unit = make(key, AtHand(rows), site, sink)
        made[key] = kept(unit, sink, 0, "")
        read += unit.read
        progress(read, total, "buildings tiled")
    return finish(tileset, made, Index(""), crs, sink)


def finish(tileset: str, units: dict[int, Made], before: Index, crs: str, sink: Sink) -> BuildReport:
    """The upper tree over units that are made, and the root published.

    before: an index of the same stamp, whose districts are taken where their units are the same.
    """
    upper = Assembly(units, before, crs, sink).made()
    sink.publish(tileset, spec.encode(upper.document or spec.EMPTY))  # the last building gone: nothing is shown
    index = replace(before, units=units, districts=upper.districts, top=upper.top)
    return report_of(index, upper.document)


def report_of(index: Index, root: Tileset | None) -> BuildReport:
    """What an index counts."""
    units = index.units.values()
    tally = total(made.tally for made in units if made.tally is not None)
    drawn, rejected = 0 if tally is None else tally.count, sum(made.rejected for made in units)
    flaws: dict[str, int] = {}
    for made in units:
        for code, number in made.flaws.items():
            flaws[code] = flaws.get(code, 0) + number
    blocks = sum(one.node.uri is not None for one in index.districts.values()) + (index.top is not None)
    tiles = blocks + sum(made.tiles for made in units)
    return BuildReport(drawn + rejected, drawn, rejected, tiles, dict(sorted(flaws.items())), root, index)


def kept(unit: Unit, sink: Sink, change: int, moment: str) -> Made:
    """A unit's record put into the sink, and its entry of the index."""
    flaws: dict[str, int] = {}
    for flaw in unit.every_flaw:
        flaws[flaw.code] = flaws.get(flaw.code, 0) + 1
    return Made(
        file=sink.put("unit", encode_unit(unit)),
        cells=occupied(unit.mass.key, UNIT_DEPTH),
        change=change,
        moment=moment,
        tally=total(leaf.tally for leaf in unit.leaves),
        tiles=unit.tiles,
        rejected=sum(flaw.repaired is None for flaw in unit.flaws),
        flaws=dict(sorted(flaws.items())),
    )


@dataclass(frozen=True, slots=True)
class AtHand:
    """Rows in memory, sorted by cell and id, as a source of a unit's rows."""

    rows: Bodies

    def within(self, low: int, high: int) -> Bodies:
        """Those whose cells lie from `low` up to `high`."""
        return self.rows.take(slice(*np.searchsorted(self.rows.cell, [low, high]).tolist()))

    def of(self, cells: IntArray) -> Bodies:
        """Those of these cells."""
        return self.rows.take(np.isin(self.rows.cell, cells))


def by_unit(batches: Iterable[Bodies]) -> Iterator[tuple[int, Bodies]]:
    """The key and the rows of one unit cell at a time, sorted by cell and id, whatever the batches were.

    Raises BadInput where rows are not sorted by cell.
    """
    waiting: list[Bodies] = []
    last = -1
    for batch in batches:
        if len(batch) == 0:
            continue
        if int(batch.cell[0]) < last or (np.diff(batch.cell) < 0).any():
            raise BadInput("rows for a tileset must come sorted by cell")
        last = int(batch.cell[-1])
        key = batch.cell >> (2 * UNIT_DEPTH)
        cuts = [0, *(np.flatnonzero(np.diff(key)) + 1).tolist(), len(batch)]
        for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
            if waiting and int(waiting[0].cell[0]) >> (2 * UNIT_DEPTH) != int(key[start]):
                yield _united(waiting)
                waiting = []
            waiting.append(batch.take(slice(start, stop)))
    if waiting:
        yield _united(waiting)


def _united(parts: list[Bodies]) -> tuple[int, Bodies]:
    rows = Bodies(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Bodies.__slots__})
    return int(rows.cell[0]) >> (2 * UNIT_DEPTH), rows.take(np.lexsort((rows.id, rows.cell)))
