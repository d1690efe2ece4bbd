"""Line `model.l3`: the old town of the sample city from rows to valid solids with roofs and parts, beside flat extrusion."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from cim.assembly import Parts
from cim.geometry import clean, rings, snap, wind
from cim.mesh import extrude
from cim.roofs import Roofs
from cim.solids import Solids, Stood, faults, raise_solids
from cim.types import RoofForm, Use
from data_samples.generate.files import SEED
from data_samples.generate.footprints import Footprints
from data_samples.generate.oldtown import old_town
from tests import landmark_picture
from tests.bench.ground import Ground
from tests.bench.line import Figure, Invalid, Line
from tests.bench.rounds import alternated

FULL = 4_000
_BASE_M = 1040.0
_FLAT = "flat extrusion"


@dataclass(slots=True)
class Town:
    """The buildings, what their assemblies are made of, and the solids that were raised of them last."""

    table: Footprints
    parts: Parts
    made: Solids | None = None

    def raised(self) -> float:
        """CPU seconds from rows to checked solids."""
        return _seconds(self._raise)

    def extruded(self) -> float:
        """CPU seconds of the same footprints as blocks, with floors."""
        return _seconds(self._extrude)

    def _raise(self) -> None:
        table, count = self.table, len(self.table)
        told = Roofs(
            footprint=table.shape,
            form=np.array([RoofForm[form] for form in table.roof_form], dtype=np.uint8),
            use=np.array([Use[use] for use in table.use], dtype=np.uint8),
            eaves_m=table.eaves_m,
            pitch_deg=np.full(count, np.nan),
            tiers=np.zeros(count, dtype=np.uint8),
        )
        stood = Stood.on(told, table.assembly, np.full(count, _BASE_M), table.height_m)
        every = np.ones(count, dtype=np.bool_)
        self.made = raise_solids(stood, every, every, self.parts)

    def _extrude(self) -> None:
        raw, low = rings(self.table.shape), np.full(len(self.table), _BASE_M)
        shape = wind(clean(replace(raw, xy=snap(raw.xy))))
        extrude(shape, low, snap(low + self.table.height_m), ground=True)


def _seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def measure(ground: Ground) -> Figure:
    """CPU seconds. Raises Invalid unless every footprint comes to a valid solid: of its form, or of a stated simpler one."""
    count = ground.size(FULL)
    whole = old_town(SEED).buildings
    table = replace(whole, **{column.name: getattr(whole, column.name)[:count] for column in fields(whole)})
    town = Town(table, landmark_picture.parts())
    seconds = alternated(ground, {"old town": town.raised, _FLAT: town.extruded})
    assert town.made is not None
    _judge(ground, town.made, len(table))
    return Figure(seconds["old town"], _FLAT, seconds[_FLAT])


def _judge(ground: Ground, made: Solids, count: int) -> None:
    bad = faults(made, np.ones(count, dtype=np.bool_))
    if bad:
        codes = dict(Counter(f"{finding.code} {finding.name}" for finding in bad))
        raise Invalid(f"{len({finding.body for finding in bad})} of {count:,} footprints have no valid solid: {codes}")
    fallen = Counter(note.code for note in made.notes)
    roofed = ~made.is_built & (made.roofed.form != RoofForm.flat)
    ground.note(
        f"  {count:,} valid solids: {int(made.is_built.sum())} of parts, {int(roofed.sum())} with roofs; "
        f"{len({note.row for note in made.notes})} not as asked for: {dict(fallen)}"
    )
    for message, times in Counter(f"{note.message}; {note.instead}" for note in made.notes).most_common(8):
        ground.note(f"    {times} x {message}")


LINE = Line(
    name="model.l3",
    unit="s",
    what="4,000 buildings of the sample's old town to valid solids with roofs, parts and semantics; CPU of one process",
    measure=measure,
    at_most=10.0,
)
