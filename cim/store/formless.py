"""Buildings whose roof nobody tells: what an inference is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection

from cim.store.sql import statement
from cim.types import BoolArray, CimLevel, FloatArray, IntArray, ObjectArray


@dataclass(frozen=True, slots=True, eq=False)
class Formless:
    """Bodies (n,) of which no source says what form the roof has. footprint: city frame. NaN, None, and 0 in
    integers: unknown. height_is_stated: by a source, not reckoned from anything else.
    """

    building_id: IntArray
    lod: FloatArray
    cim_level: IntArray
    footprint: ObjectArray
    use: IntArray
    year: IntArray
    storeys: IntArray
    height_m: FloatArray
    base_m: FloatArray
    eaves_m: FloatArray
    is_synthetic: BoolArray
    in_protected_ground: BoolArray
    name: ObjectArray
    height_is_stated: BoolArray

    def __len__(self) -> int:
        return len(self.building_id)


_KINDS: dict[str, npt.DTypeLike] = {
    **dict.fromkeys(("lod", "height_m", "base_m", "eaves_m"), np.float64),
    **dict.fromkeys(("is_synthetic", "in_protected_ground", "height_is_stated"), np.bool_),
    "name": object,
}


def formless(connection: Connection, derived: str, levels: Sequence[CimLevel]) -> Formless:
    """The bodies of these levels whose roof no dataset tells, that named `derived` apart; by building and level."""
    values = {"derived": derived, "levels": [int(level) for level in levels]}
    rows = connection.execute(statement("select_formless_bodies"), values).all()
    columns: dict[str, Any] = {
        name: np.array([getattr(row, name) for row in rows], dtype=_KINDS.get(name, np.int64))
        for name in Formless.__slots__
        if name != "footprint"
    }
    shapes = shapely.from_wkb(np.array([bytes(row.footprint) for row in rows], dtype=object))
    return Formless(footprint=shapes, **columns)
