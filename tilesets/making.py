"""One worker's share of a build: what it needs, opened once, and the units that it is told to make."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from cim.city import City
from cim.errors import BadSource
from cim.store.bodies import Moment, Reader, reading
from cim.store.db import Database
from cim.store.geoid import open_geoid
from tilesets.build import kept
from tilesets.buildings.site import Site
from tilesets.buildings.units import Unit, make
from tilesets.index import Made
from tilesets.publish import PUBLIC, FolderSink
from tilesets.records import decode_unit
from tilesets.terrain.ground import ServedGround


@dataclass(frozen=True, slots=True)
class Order:
    """What is the same for every job of a build. snapshot: of the reader that planned it; change: the last one it sees."""

    url: str
    snapshot: str | None
    at: datetime
    known: datetime | None
    change: int
    city: City
    data: Path
    target_bytes: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A unit to make. held: its record; dirty: the 64 m cells to make anew. None: all of it."""

    key: int
    held: str | None = None
    dirty: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A unit that is made. made None: it has no row any more. read: rows; size: bytes of its tiles, as stored."""

    key: int
    made: Made | None
    read: int
    size: int


class Maker:
    """Makes units of one order."""

    def __init__(self, order: Order, rows: Reader) -> None:
        self._rows, self._order = rows, order
        self._sink = FolderSink(order.data / "tiles")
        self._site = open_site(order)

    def make(self, wanted: Wanted) -> Done:
        """One unit, its tiles and its record put where they belong."""
        held = self._held(wanted)
        dirty = None if held is None or wanted.dirty is None else np.array(wanted.dirty, dtype=np.int64)
        unit = make(wanted.key, self._rows, self._site, self._sink, held, dirty)
        if unit.read == 0:
            return Done(wanted.key, None, 0, 0)
        made = kept(unit, self._sink, self._order.change, self._order.at.isoformat())
        return Done(wanted.key, made, unit.read, self._size(unit))

    def _held(self, wanted: Wanted) -> Unit | None:
        """The unit as it was made before; None where its record is not there whole: it is made anew then."""
        try:
            return None if wanted.held is None else decode_unit(self._sink.get(wanted.held), wanted.held)
        except BadSource:
            return None

    def _size(self, unit: Unit) -> int:
        names = () if unit.node is None else unit.node.contents()
        return sum(self._sink.path(name).stat().st_size for name in names if name.endswith(PUBLIC))


@contextmanager
def opened(order: Order) -> Iterator[Maker]:
    """A maker with a connection of its own, which sees what the planner saw."""
    database = Database(order.url)
    try:
        with reading(database, Moment(order.at, order.known), order.snapshot) as rows:
            yield Maker(order, rows)
    finally:
        database.close()


def open_site(order: Order) -> Site:
    """The site of a city on the terrain that is served."""
    city = order.city
    geoid = open_geoid(city)
    ground = ServedGround.open(order.data / "terrain", city.crs, geoid)
    extent, highest = city.frame_box(margin_m=1_000.0), city.limits.building_height_m[1]
    return Site(city.crs, ground, geoid, extent, highest, order.target_bytes)
