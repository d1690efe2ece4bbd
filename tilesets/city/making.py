"""The making of units: what a worker needs, opened once, and the units that it is told to make."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from cim.assembly import Parts
from cim.city import City
from cim.errors import LostRecord
from cim.store.bodies import Moment, Reader, reading
from cim.store.db import Database
from cim.store.geoid import open_geoid
from tilesets.buildings.site import Site
from tilesets.buildings.textures import packing
from tilesets.buildings.units import Unit, make
from tilesets.city.build import kept
from tilesets.city.index import Made
from tilesets.city.records import decode_unit
from tilesets.imagery.photo import ServedPhoto
from tilesets.publish import PUBLIC, FolderSink
from tilesets.terrain.ground import ServedGround

ORTHOPHOTO = Path("imagery", "orthophoto")
"""Where the orthophoto that is served lies in the data folder."""


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


Job = tuple[Wanted, ...]


class Maker:
    """Makes units of one order."""

    def __init__(self, order: Order, rows: Reader) -> None:
        self._rows, self._order = rows, order
        self._sink = FolderSink(order.data / "tiles")
        self._site = open_site(order, Parts.of(rows.assembly_parts()))

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
        except LostRecord:
            return None

    def _size(self, unit: Unit) -> int:
        names = () if unit.node is None else unit.node.contents()
        return sum(self._sink.path(name).stat().st_size for name in names if name.endswith(PUBLIC))


@contextmanager
def opened(order: Order) -> Iterator[Callable[[Job], list[Done]]]:
    """What does a job, with a connection of its own that sees what the planner saw."""
    database = Database(order.url)
    try:
        with reading(database, Moment(order.at, order.known), order.snapshot) as rows:
            maker = Maker(order, rows)
            yield lambda job: [maker.make(wanted) for wanted in job]
    finally:
        database.close()


def done(order: Order, job: Job) -> list[Done]:
    """One job on its own."""
    with opened(order) as work:
        return work(job)


def open_site(order: Order, parts: Parts) -> Site:
    """The site of a city on the terrain that is served, its roofs in the orthophoto that is.

    parts: what its assemblies are made of. Raises MissingTool where its textures need an encoder that is not installed.
    """
    city = order.city
    geoid = open_geoid(city)
    ground = ServedGround.open(order.data / "terrain", city.crs, geoid)
    extent, highest = city.frame_box(margin_m=1_000.0), city.limits.building_height_m[1]
    photo = ServedPhoto.open(order.data / ORTHOPHOTO, city.crs)
    return Site(
        city.crs, ground, geoid, extent, highest, order.target_bytes, photo, parts, packing.named(city.textures)
    )
