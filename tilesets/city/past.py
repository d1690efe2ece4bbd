"""The city of another day: a root made from the store's history when somebody first asks for it, out of the tiles there are.

Only cells in which the buildings of that day differ from those of the present root are made. The ground is today's.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

from cim.errors import LostRecord
from cim.store import changes, marks
from cim.store.bodies import Moment, reading
from tilesets.city import plan as plans
from tilesets.city.build import finish
from tilesets.city.index import Index
from tilesets.city.making import Order
from tilesets.city.plan import Plan
from tilesets.city.refresh import TILESET, Yard, built, footing_of, index_of, ordered, stamp
from tilesets.city.shelf import Shelf


def root(yard: Yard, moment: Moment) -> Path:
    """The root's file of the city as the world was at a moment, by what was known at it; made where it is not there yet.

    Raises Unavailable without terrain, NoSpace, and what the store raises.
    """
    folder = yard.sink.folder
    with reading(yard.database, moment) as reader:
        footing = footing_of(yard, reader)
    with yard.database.begin() as connection:
        parts = [marks.last_turns(connection, moment), changes.newest(connection), stamp(yard), footing]
    mine = Shelf(folder, f"{TILESET}/at/{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}")
    with mine.locked():
        if not mine.root.is_file():
            _make(yard, moment, Shelf(folder, TILESET), mine)
        mine.root.touch()  # it stays as long as somebody asks for it
    return mine.root


def _make(yard: Yard, moment: Moment, present: Shelf, mine: Shelf) -> None:
    before = index_of(yard, present)
    try:
        _make_from(yard, moment, before, mine)
    except LostRecord:
        _make_from(yard, moment, Index(before.stamp), mine)


def _make_from(yard: Yard, moment: Moment, before: Index, mine: Shelf) -> None:
    with reading(yard.database, moment) as reader:
        footing = footing_of(yard, reader)
        order = ordered(yard, reader)
        near = _different(yard, order, moment, before) if before.footing == footing and before.units else None
        work = near or plans.whole(reader, {})
        units = {**work.kept, **built(yard, order, work)}
        newest = reader.newest_change()
    base = Index(before.stamp, footing, districts=before.districts, top=before.top, newest=newest)
    mine.keep(finish(mine.tileset, units, base, yard.city.crs, yard.sink).index)


def _different(yard: Yard, order: Order, moment: Moment, before: Index) -> Plan | None:
    """What differs between the present root and the day that is asked for; None where nothing can be taken over."""
    with reading(yard.database) as now, yard.database.begin() as connection:
        if not marks.is_of(connection, before.newest):
            return None
        today = replace(order, at=now.moment.at, known=None)
        late = plans.since(connection, today, before.units)
        if late is None:
            return None
        return plans.partial(order, before.units, [*late, marks.differing(connection, moment, now.moment)])
