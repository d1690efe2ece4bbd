"""Building bodies as columns, streamed in the order of the tile grid: what tiles are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from cim.store.db import Database
from cim.types import Bodies

_BATCH = 20_000

_QUERY = """
    SELECT building_id, ST_AsBinary(footprint), base_m, height_m, eaves_m, roof_form, use, cim_level, storeys, name,
           source, lod, is_synthetic, accuracy_m, cell
    FROM cim.current_body b
    WHERE NOT EXISTS (SELECT FROM cim.current_body f WHERE f.building_id = b.building_id AND f.lod > b.lod)
    ORDER BY cell, building_id"""


def stream(database: Database) -> Iterator[Bodies]:
    """Each building's finest current body, ascending (cell, building), in batches of up to 20,000 from one snapshot."""
    with database.raw() as connection, connection.cursor("bodies", binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_QUERY)
        while rows := cursor.fetchmany(_BATCH):
            yield _columns(rows)


@dataclass(frozen=True, slots=True)
class State:
    """What the table of bodies has been through: two equal ones mean that no state has begun or ended between."""

    current: int
    ended: int
    newest: int


def state(connection: Connection) -> State:
    """The table's state, by counting."""
    row = connection.execute(
        text("""
            SELECT count(*) FILTER (WHERE record_to IS NULL) AS current, count(record_to) AS ended,
                   coalesce(max(id), 0) AS newest
            FROM cim.body""")
    ).one()
    return State(int(row.current), int(row.ended), int(row.newest))


def _columns(rows: list[tuple[Any, ...]]) -> Bodies:
    c = list(zip(*rows, strict=True))
    return Bodies(
        id=np.array(c[0], dtype=np.int64),
        geometry=shapely.from_wkb(list(c[1])),
        base_m=np.array(c[2], dtype=np.float64),
        height_m=np.array(c[3], dtype=np.float64),
        eaves_m=np.array(c[4], dtype=np.float64),
        roof_form=np.array(c[5], dtype=np.uint8),
        use=np.array(c[6], dtype=np.uint8),
        cim_level=np.array(c[7], dtype=np.uint8),
        storeys=np.array([v or 0 for v in c[8]], dtype=np.int16),
        name=np.array(c[9], dtype=object),
        source=np.array(c[10], dtype=object),
        lod=np.array(c[11], dtype=np.float32),
        is_synthetic=np.array(c[12], dtype=bool),
        accuracy_m=np.array(c[13], dtype=np.float32),
        cell=np.array(c[14], dtype=np.int64),
    )
