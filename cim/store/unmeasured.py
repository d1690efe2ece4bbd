"""Buildings whose height nobody measured: what another source of heights is asked for."""

from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy import Connection

from cim.store.sql import statement
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray


@dataclass(frozen=True, slots=True, eq=False)
class Unmeasured:
    """Bodies (n,) whose heights are reckoned from storeys or assumed. footprint: city frame. NaN: nobody knows."""

    building_id: IntArray
    lod: FloatArray
    cim_level: IntArray
    footprint: ObjectArray
    roof_form: IntArray
    base_m: FloatArray
    eaves_m: FloatArray
    is_synthetic: BoolArray


def unmeasured(connection: Connection, derived: str) -> Unmeasured:
    """The bodies that no dataset gives a measured height, that named `derived` apart; by building and level of detail."""
    rows = connection.execute(statement("select_unmeasured_bodies"), {"derived": derived}).all()
    return Unmeasured(
        building_id=np.array([row.building_id for row in rows], dtype=np.int64),
        lod=np.array([row.lod for row in rows], dtype=np.float64),
        cim_level=np.array([row.cim_level for row in rows], dtype=np.int64),
        footprint=shapely.from_wkb(np.array([bytes(row.footprint) for row in rows], dtype=object)),
        roof_form=np.array([row.roof_form for row in rows], dtype=np.int64),
        base_m=np.array([row.base_m for row in rows], dtype=np.float64),
        eaves_m=np.array([row.eaves_m for row in rows], dtype=np.float64),
        is_synthetic=np.array([row.is_synthetic for row in rows], dtype=bool),
    )
