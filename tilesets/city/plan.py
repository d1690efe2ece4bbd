"""What a build has to make: the units whose rows, ground or days have changed since an index was made.

Nothing is guessed: a unit is left alone only where no change key, no ground and no turn of a day touches it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from cim.store import marks
from cim.store.bodies import Moment, Reader
from cim.store.db import Connection
from cim.types import IntArray
from tilesets.city.index import Made
from tilesets.city.making import Job, Order, Wanted
from tilesets.tree import UNIT_DEPTH

JOB_ROWS = 4_000
"""Units are handed out together until they hold about so many buildings: a worker's answer costs a millisecond."""
_WHOLE = 4
"""Where more than one in so many of a unit's cells are dirty, its rows are read once and all of it is made."""
_PER_CELL = 10  # buildings that a cell of 64 m is taken to hold, where nothing better is known


@dataclass(frozen=True, slots=True)
class Plan:
    """wanted: the units to make, and about how many rows each has; kept: those that stand as they are."""

    wanted: dict[int, tuple[Wanted, int]]
    kept: dict[int, Made]

    @property
    def rows(self) -> int:
        """About how many rows are read."""
        return sum(rows for _, rows in self.wanted.values())

    def jobs(self) -> list[Job]:
        """The units to make, in the order of the grid, shared out."""
        jobs: list[Job] = []
        waiting: list[Wanted] = []
        held = 0
        for key in sorted(self.wanted):
            wanted, rows = self.wanted[key]
            waiting.append(wanted)
            held += rows
            if held >= JOB_ROWS:
                jobs.append(tuple(waiting))
                waiting, held = [], 0
        return [*jobs, tuple(waiting)] if waiting else jobs


def whole(reader: Reader, known: dict[int, Made]) -> Plan:
    """Every unit in which something is shown, but those that are known to be as they are."""
    counts = dict(reader.count_by_cell(UNIT_DEPTH))
    wanted = {key: (Wanted(key), rows) for key, rows in counts.items() if key not in known}
    return Plan(wanted, {key: made for key, made in known.items() if key in counts})


def partial(order: Order, units: dict[int, Made], dirty: Iterable[IntArray]) -> Plan:
    """The units that these 64 m cells lie in, made where they are dirty; the others, as of the order's snapshot."""
    cells = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *dirty]))
    by_unit: dict[int, list[int]] = {}
    for cell in cells.tolist():
        by_unit.setdefault(cell >> (2 * UNIT_DEPTH), []).append(cell)
    moment = order.at.isoformat()
    kept = {k: replace(made, change=order.change, moment=moment) for k, made in units.items() if k not in by_unit}
    return Plan({key: _wanted(key, units.get(key), found) for key, found in by_unit.items()}, kept)


def since(connection: Connection, order: Order, units: dict[int, Made]) -> list[IntArray] | None:
    """The dirty cells of units that were made at different times; None where everything may have changed."""
    if not units:
        return []
    changed = marks.changed(connection, min(made.change for made in units.values()))
    if changed is None:
        return None
    cells, ids = changed
    floor = {key: made.change for key, made in units.items()}
    touched = zip((cells >> (2 * UNIT_DEPTH)).tolist(), ids.tolist(), strict=True)
    news = [number > floor.get(unit, -1) for unit, number in touched]
    oldest = min(made.moment for made in units.values())
    turned = marks.turned(connection, Moment(datetime.fromisoformat(oldest)), Moment(order.at))
    return [cells[np.array(news, dtype=bool)], turned]


def _wanted(key: int, made: Made | None, cells: Sequence[int]) -> tuple[Wanted, int]:
    if made is None:
        return Wanted(key), len(cells) * _PER_CELL
    if len(cells) * _WHOLE > made.cells[0]:
        return Wanted(key), made.drawn + made.rejected
    return Wanted(key, made.file, tuple(cells)), len(cells) * _PER_CELL
