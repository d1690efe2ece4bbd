"""Streets, squares and water as columns, by boxes of the city frame; and the cells of the old town."""

import numpy as np
import shapely
from sqlalchemy import Connection, text

from cim.grounds import GROUND_LAYERS, Grounds
from cim.store.frame import srid
from cim.store.sql import statement
from cim.store.told_numbers import told
from cim.types import Box, CimLevel, IntArray


def reaching(connection: Connection, box: Box) -> Grounds:
    """The streets, squares and water that reach into a box of the city frame now, whole; ascending id."""
    values = {"layers": list(GROUND_LAYERS), "srid": srid(connection)}
    sides = dict(zip(("west", "south", "east", "north"), box.as_tuple(), strict=True))
    rows = connection.execute(statement("select_grounds"), {**values, **sides}).all()

    def words(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=object)

    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb([bytes(row.shape) for row in rows])
    return Grounds(
        id=np.array([row.id for row in rows], dtype=np.int64),
        layer=words("layer"),
        kind=words("kind"),
        name=words("name"),
        shape=shapes,
        width_m=np.array([told(row.layer, "width_m", row.width_m) for row in rows], dtype=np.float64),
        source=words("source"),
        is_synthetic=np.array([row.is_synthetic for row in rows], dtype=np.bool_),
        accuracy_m=np.array([row.accuracy_m for row in rows], dtype=np.float64),
    )


def town_cells(connection: Connection, depth: int) -> IntArray:
    """The keys (n,) of the cells of a depth in which buildings of level L3 stand now, rising."""
    sql = "SELECT DISTINCT cell >> :shift AS key FROM cim.current_body WHERE cim_level = :level ORDER BY 1"
    rows = connection.execute(text(sql), {"shift": 2 * depth, "level": int(CimLevel.L3)})
    return np.array([row.key for row in rows], dtype=np.int64)
