"""Where addresses and buildings stand, read and written by the hundred thousand, for tying them."""

from collections.abc import Iterator

import numpy as np
import shapely
from sqlalchemy import Connection, text

from cim.store.db import raw
from cim.store.frame import srid
from cim.types import FloatArray, IntArray, ObjectArray

_HEAD = 19  # bytes before the first record of a binary COPY
_RECORD = np.dtype(
    [("fields", ">i2"), ("id_size", ">i4"), ("id", ">i8")]
    + [field for name in "xy" for field in ((f"{name}_size", ">i4"), (name, ">f8"))]
)


def count(connection: Connection) -> int:
    """How many addresses are in `addressed`."""
    return int(connection.execute(text("SELECT count(*) FROM addressed")).scalar_one())


def points(connection: Connection) -> tuple[IntArray, FloatArray]:
    """Ids (n,) and places (n, 2), city frame, of the addresses in `addressed` that are single points; 24 bytes each."""
    query = """
        COPY (SELECT a.object_id, ST_X(a.geom), ST_Y(a.geom)
              FROM addressed t JOIN cim.current_feature a ON a.layer = 'addresses' AND a.object_id = t.address_id
              WHERE GeometryType(a.geom) = 'POINT') TO STDOUT (FORMAT BINARY)"""
    with raw(connection).cursor() as cursor, cursor.copy(query) as stream:
        data = bytearray()
        for part in stream:
            data += part
    found = np.frombuffer(data, dtype=_RECORD, offset=_HEAD, count=(len(data) - _HEAD) // _RECORD.itemsize)
    return found["id"].astype(np.int64), np.column_stack([found["x"], found["y"]]).astype(np.float64)


def footprints(
    connection: Connection, west: float, south: float, east: float, north: float
) -> tuple[IntArray, ObjectArray]:
    """Ids (m,) and footprints (m,) of the bodies of now that meet a box, city frame, by rising id."""
    query = """
        SELECT building_id, ST_AsBinary(footprint) FROM cim.current_body
        WHERE footprint && ST_MakeEnvelope(%s, %s, %s, %s, %s) ORDER BY building_id"""
    with raw(connection).cursor(binary=True) as cursor:
        rows = cursor.execute(query, (west, south, east, north, srid(connection))).fetchall()
    shapes: ObjectArray = shapely.from_wkb(np.array([*(shape for _, shape in rows), None], dtype=object)[:-1])
    return np.array([id for id, _ in rows], dtype=np.int64), shapes


def tie(connection: Connection, ties: Iterator[tuple[int, int, float]]) -> None:
    """Tie addresses to buildings by place: (address's id, building's id, metres; 0 inside)."""
    into = "COPY cim.address_link (address_id, building_id, how, distance_m) FROM STDIN"
    lines = (  # made at once: row by row, the driver takes several times as long
        f"{address}\t{building}\t{'near' if distance else 'inside'}\t{round(distance, 3)}\n"
        for address, building, distance in ties
    )
    with raw(connection).cursor() as cursor, cursor.copy(into) as copy:
        copy.write("".join(lines))
