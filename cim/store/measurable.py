"""Buildings whose roofs points could measure: their footprints, as other sources tell them."""

from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy import Connection

from cim.store.sql import statement
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray


@dataclass(frozen=True, slots=True, eq=False)
class Measurable:
    """Buildings (n,). footprint: city frame. base_m: NaN where nobody knows it."""

    building_id: IntArray
    footprint: ObjectArray
    base_m: FloatArray
    is_synthetic: BoolArray

    def __len__(self) -> int:
        return len(self.building_id)


def measurable(connection: Connection, derived: str) -> Measurable:
    """The buildings that another dataset than the one named `derived` tells of, by their number."""
    rows = connection.execute(statement("select_measurable_bodies"), {"derived": derived}).all()
    return Measurable(
        building_id=np.array([row.building_id for row in rows], dtype=np.int64),
        footprint=shapely.from_wkb(np.array([bytes(row.footprint) for row in rows], dtype=object)),
        base_m=np.array([row.base_m for row in rows], dtype=np.float64),
        is_synthetic=np.array([row.is_synthetic for row in rows], dtype=bool),
    )
