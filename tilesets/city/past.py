"""The city of another day: a root made from the store's history when somebody first asks for it, out of the tiles there are.

Only cells in which the buildings of that day differ from those of the present root are made. The ground is today's.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

from cim.store import changes, marks
from cim.store.bodies import Moment, reading
from cim.store.db import Connection
from tilesets.city import plan as plans
from tilesets.city.build import finish
from tilesets.city.index import Index
from tilesets.city.making import Order
from tilesets.city.plan import Plan
from tilesets.city.refresh import TILESET, Yard, built, foundation, ordered
from tilesets.city.shelf import Shelf


def root(yard: Yard, moment: Moment) -> Path:
    """The root's file of the city as the world was at a moment, by what was known at it; made where it is not there yet.

    Raises Unavailable without terrain, NoSpace, and what the store raises.
    """
    shelf = Shelf(yard.sink.folder, TILESET)
    with yard.database.begin() as connection:
        place = f"{TILESET}/at/{_key(connection, yard, shelf, moment)}"
    found = yard.sink.folder / place / "tileset.json"
    mine = Shelf(yard.sink.folder, place)
    with mine.locked():
        if not found.is_file():
            _make(yard, moment, shelf, mine)
    found.touch()  # it stays as long as somebody asks for it
    return found


def _make(yard: Yard, moment: Moment, present: Shelf, mine: Shelf) -> None:
    with reading(yard.database, moment) as reader:
        order = ordered(yard, reader)
        before, ground = foundation(yard, present)
        near = _different(yard, order, moment, before) if before.ground == ground and before.units else None
        work = near or plans.whole(reader, {})
        units = {**work.kept, **built(yard, order, work)}
    base = Index(before.stamp, ground, districts=before.districts, top=before.top)
    mine.keep(finish(mine.tileset, units, base, yard.city.crs, yard.sink).index)


def _different(yard: Yard, order: Order, moment: Moment, before: Index) -> Plan | None:
    """What differs between the present root and the day that is asked for; None where nothing can be taken over."""
    with reading(yard.database) as now, yard.database.begin() as connection:
        today = replace(order, at=now.moment.at, known=None)
        late = plans.since(connection, today, before.units)
        if late is None:
            return None
        return plans.partial(order, before.units, [*late, marks.differing(connection, moment, now.moment)])


def _key(connection: Connection, yard: Yard, shelf: Shelf, moment: Moment) -> str:
    """What the answer depends on: moments that show the same city share one root."""
    before, ground = foundation(yard, shelf)
    parts = [marks.last_turns(connection, moment), changes.newest(connection), before.stamp, ground]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
