"""The city tileset, kept as the store is: only what changed is made, and a build that was broken off goes on."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cim.city import City
from cim.errors import LostRecord
from cim.geoid import Geoid
from cim.store import bus, marks
from cim.store.bodies import Moment, Reader, reading
from cim.store.db import Database
from cim.types import IntArray, Progress, silent
from tilesets.city import plan as plans
from tilesets.city.build import BuildReport, finish, report_of
from tilesets.city.footing import Footing, changed_assemblies, keep_parts
from tilesets.city.index import Index, Made
from tilesets.city.making import ORTHOPHOTO, Order
from tilesets.city.plan import Plan
from tilesets.city.records import decode_unit
from tilesets.city.shelf import Shelf
from tilesets.city.spreading import spread
from tilesets.imagery.photo import version as imagery_version
from tilesets.publish import FolderSink, name_of
from tilesets.terrain import manifest
from tilesets.tree import TARGET_BYTES, UNIT_DEPTH

TILESET = "city"
BUILDER_VERSION = 10
"""Part of the stamp: raise it when the same rows on the same ground would now give other tiles."""
ALONE = 6_000
"""Below so many rows starting workers costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Yard:
    """Where the city tileset is built. workers: local processes; cluster: a Dask scheduler's address to use instead.

    target_bytes: what a tile is meant to weigh at most.
    """

    database: Database
    city: City
    data: Path
    geoid: Geoid
    workers: int = 1
    cluster: str | None = None
    progress: Progress = silent
    target_bytes: int = TARGET_BYTES

    @property
    def sink(self) -> FolderSink:
        """Where tiles are put."""
        return FolderSink(self.data / "tiles")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a build did. units: how many were made; root: the name of the root's bytes; is_new: whether it was another;
    moment: the one that it shows.
    """

    report: BuildReport
    units: int
    root: str
    is_new: bool
    moment: Moment


def refresh(yard: Yard, *, again: bool = False, whole: bool = False) -> Refreshed:
    """Bring the tileset up to the store's present state, and announce a root that was not told yet.

    again: buildings that were left out are tried again, though nothing about them changed. whole: everything is made
    anew, whatever is held. Raises Unavailable without terrain, NoSpace, and what a worker raised; the old root then
    stands, and the next run goes on with what is made.
    """
    shelf = Shelf(yard.sink.folder, TILESET)
    with shelf.locked():
        if whole:
            shelf.forget_journal()
        found = _mended(yard, shelf, again=again, whole=whole)
        if found.root != shelf.announced():
            with yard.database.begin() as connection:
                bus.announce(connection, "tile", {"tileset": TILESET, "root": found.root})
            shelf.note_announced(found.root)
    return found


def _mended(yard: Yard, shelf: Shelf, *, again: bool, whole: bool) -> Refreshed:
    """Where a record that the index names is lost, nothing is taken from it; where the journal names one, nor from that."""
    try:
        return _refreshed(yard, shelf, again=again, whole=whole)
    except LostRecord:
        pass
    try:
        return _refreshed(yard, shelf, again=again, whole=True)
    except LostRecord:
        shelf.forget_journal()
    return _refreshed(yard, shelf, again=again, whole=True)


def _refreshed(yard: Yard, shelf: Shelf, *, again: bool, whole: bool) -> Refreshed:
    old = _name(shelf)
    with reading(yard.database) as reader:
        order, newest = ordered(yard, reader), reader.newest_change()
        footing = footing_of(yard, reader)
        before = Index(stamp(yard), footing) if whole else index_of(yard, shelf)
        work = planned(yard, reader, order, before, footing, shelf, again=again)
        is_as_it_was = not work.wanted and work.kept.keys() == before.units.keys() and before.footing == footing
        if old and is_as_it_was and not whole:
            return Refreshed(report_of(before, None), 0, old, False, reader.moment)
        base = Index(before.stamp, footing, districts=before.districts, top=before.top, newest=newest)
        noted = shelf if len(work.wanted) > 1 else None  # one unit is soon made again
        if noted is not None:
            noted.begin_journal(base.stamp, footing, newest, work.kept)
        units = {**work.kept, **built(yard, order, work, noted)}
        moment = reader.moment
    report = finish(TILESET, units, base, yard.city.crs, yard.sink)
    shelf.keep(report.index)
    root = _name(shelf)
    return Refreshed(report, len(work.wanted), root, root != old, moment)


def ordered(yard: Yard, reader: Reader) -> Order:
    """The order of a build that sees what this reader sees."""
    moment = reader.moment
    return Order(
        url=yard.database.url,
        snapshot=reader.snapshot(),
        at=moment.at,
        known=moment.known,
        change=reader.newest_change()[0],
        city=yard.city,
        data=yard.data,
        target_bytes=yard.target_bytes,
    )


def stamp(yard: Yard) -> str:
    """Of all that decides a tile besides its rows and the ground: another orthophoto gives other roofs."""
    city, photo = yard.city, imagery_version(yard.data / ORTHOPHOTO)
    parts = [BUILDER_VERSION, yard.target_bytes, city.crs, city.frame_box().as_tuple(), city.limits.building_height_m]
    return hashlib.sha256(json.dumps([*parts, yard.geoid.approximate, photo, city.textures]).encode()).hexdigest()


def index_of(yard: Yard, shelf: Shelf) -> Index:
    """The index to start from: an empty one where the present one is of another stamp, or there is none."""
    wanted, held = stamp(yard), shelf.index()
    return held if held is not None and held.stamp == wanted else Index(wanted)


def footing_of(yard: Yard, reader: Reader) -> Footing:
    """The terrain that is served now, and the parts that hold at the reader's moment."""
    served = yard.data / "terrain" / manifest.NAME
    ground = yard.sink.put("ground", served.read_bytes()) if served.is_file() else None
    return Footing(ground, keep_parts(reader.assembly_parts(), yard.sink))


def planned(
    yard: Yard, reader: Reader, order: Order, before: Index, footing: Footing, shelf: Shelf, *, again: bool = False
) -> Plan:
    """What is to be made so that the tileset shows what the reader sees."""
    journal = shelf.journal(before.stamp, footing)
    with yard.database.begin() as connection:
        made_now = journal.units if marks.is_of(connection, journal.newest) else {}
        made_before = before.units if marks.is_of(connection, before.newest) else {}
        risen: list[IntArray] | None = []
        if made_before and before.footing.ground != footing.ground:
            boxes = manifest.differing(_manifest(yard, before.footing.ground), _manifest(yard, footing.ground))
            risen = None if boxes is None else [_beyond(marks.over(connection, boxes), made_now)]
        rebuilt = changed_assemblies(before.footing.parts, footing.parts, yard.sink) if made_before else []
        if rebuilt and risen is not None:
            risen.append(_beyond(marks.assembled(connection, rebuilt), made_now))
        known = made_now if risen is None else {**made_before, **made_now}
        dirty = plans.since(connection, order, known)
    if dirty is None or not known:
        return plans.whole(reader, {})
    if risen is None or not made_before:
        left = plans.partial(order, known, dirty)
        rest = plans.whole(reader, left.kept)
        return Plan({**rest.wanted, **left.wanted}, rest.kept)
    tried = [_left_out(yard, known)] if again else []
    return plans.partial(order, known, [*dirty, *risen, *tried])


def built(yard: Yard, order: Order, work: Plan, shelf: Shelf | None = None) -> dict[int, Made]:
    """The units of a plan, made; noted on the shelf one by one, and told with counts."""
    found: dict[int, Made] = {}
    read = tiles = size = 0
    workers = yard.workers if work.rows > ALONE else 1
    cluster = yard.cluster if work.rows > ALONE else None
    for answers in spread(order, work.jobs(), workers, cluster):
        made = {one.key: one.made for one in answers if one.made is not None}
        found.update(made)
        if shelf is not None:
            shelf.note(made)
        read, size = read + sum(one.read for one in answers), size + sum(one.size for one in answers)
        tiles += sum(one.tiles for one in made.values())
        yard.progress(read, max(work.rows, read), f"buildings, {tiles:,} tiles, {size / 1e6:,.1f} MB")
    return found


def _beyond(cells: IntArray, journal: dict[int, Made]) -> IntArray:
    """These cells, but those of units that a broken-off build has made on the new footing, or found to stand on it."""
    done = np.array(list(journal), dtype=np.int64)
    return cells[~np.isin(cells >> (2 * UNIT_DEPTH), done)]


def _left_out(yard: Yard, units: dict[int, Made]) -> IntArray:
    """The cells of the buildings that are not drawn, as their units' records tell."""
    cells: set[int] = set()
    for made in units.values():
        if made.rejected:
            try:
                flaws = decode_unit(yard.sink.get(made.file), made.file).flaws
            except LostRecord:
                continue  # the record is gone: the unit is made anew when it is next dirty
            cells.update(flaw.cell for flaw in flaws if flaw.repaired is None)
    return np.array(sorted(cells), dtype=np.int64)


def _manifest(yard: Yard, name: str | None) -> manifest.Manifest | None:
    return None if name is None else manifest.load(yard.sink.path(name))


def _name(shelf: Shelf) -> str:
    """The name of the root's bytes; empty where there is no root."""
    try:
        return name_of("json", shelf.root.read_bytes()).removesuffix(".json")
    except OSError:
        return ""
