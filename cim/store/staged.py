"""What is staged, looked at as a whole: keys that come again, boxes, shapes; and what is held where it lies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection, text

from cim import geometry
from cim.plugins import Layer
from cim.store.db import raw
from cim.store.frame import srid
from cim.types import FloatArray, IntArray, ObjectArray

_PAGE = 20_000
_IN_WINDOW = 5_000


@dataclass(frozen=True, slots=True)
class Repeated:
    """Records that wear one key: their rows (ascending) and shapes (city frame, None without a place).

    whole: a record of them is a body with surfaces, so that none of them is a piece of another.
    """

    key: str
    rows: tuple[int, ...]
    shapes: tuple[shapely.Geometry | None, ...]
    whole: bool = False


def repeated(connection: Connection, *, lods: bool) -> Iterator[Repeated]:
    """Every key that several staged records wear. lods: one record a level of detail may wear it."""
    by = "source_key, lod" if lods else "source_key"
    whole = "bool_or(surfaces IS NOT NULL)" if lods else "false"
    rows = connection.execute(
        text(f"""
            SELECT source_key, array_agg(source_row ORDER BY source_row) AS rows,
                   array_agg(ST_AsBinary(geom) ORDER BY source_row) AS shapes, {whole} AS whole
            FROM staging WHERE (source_key) IN (
                SELECT source_key FROM staging GROUP BY {by} HAVING count(*) > 1)
            GROUP BY {by} HAVING count(*) > 1 ORDER BY min(source_row)""")
    )
    for key, numbers, shapes, is_whole in rows.yield_per(1_000):
        found = tuple(None if shape is None else shapely.from_wkb(bytes(shape)) for shape in shapes)
        yield Repeated(key, tuple(int(n) for n in numbers), found, bool(is_whole))


def remove(connection: Connection, rows: Sequence[int]) -> None:
    """Take records out of what is staged."""
    connection.execute(
        text("DELETE FROM staging WHERE source_row = ANY(CAST(:rows AS bigint[]))"), {"rows": list(rows)}
    )


def reshape(connection: Connection, row: int, shape: shapely.Geometry, srid: int) -> None:
    """Give a staged record another shape."""
    anchor = shapely.get_coordinates(shapely.point_on_surface(shape))
    connection.execute(
        text("UPDATE staging SET geom = CAST(:shape AS geometry), cell = :cell WHERE source_row = :row"),
        {
            "row": row,
            "shape": shapely.to_wkb(shapely.set_srid(shape, srid), hex=True, include_srid=True),
            "cell": int(geometry.cell_keys(anchor)[0]),
        },
    )


def boxes(connection: Connection) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Rows (n,), rising, and boxes (n, 4) of every staged record with a place, read page by page; some 24 bytes a record.

    The boxes are metres from the south-west corner of them all (rounded down), and rounded outward to float32.
    """
    around = text("SELECT count(geom), floor(min(ST_XMin(geom))), floor(min(ST_YMin(geom))) FROM staging")
    count, west, south = connection.execute(around).one()
    rows, values = np.zeros(count, dtype=np.int64), np.zeros((count, 4), dtype=np.float32)
    origin = np.array([west or 0.0, south or 0.0] * 2)
    outward = np.array([-np.inf, -np.inf, np.inf, np.inf], dtype=np.float32)
    done = 0
    with raw(connection).cursor() as cursor:
        # A page is one value: record by record, to take them apart costs more.
        for (page,) in cursor.stream(_BOXES, {"page": _PAGE}, binary=True):
            found = np.frombuffer(page or b"", dtype=_BOX)
            end = done + len(found)
            rows[done:end] = found["row"]
            values[done:end] = np.nextafter((found["box"] - origin).astype(np.float32), outward)
            done = end
    order = np.argsort(rows[:done], kind="stable")  # pages come in any order
    return rows[order], values[order]


_BOX = np.dtype([("row", ">i8"), ("box", ">f8", 4)])
_BOXES = """
    SELECT string_agg(int8send(source_row) || float8send(ST_XMin(geom)) || float8send(ST_YMin(geom))
                      || float8send(ST_XMax(geom)) || float8send(ST_YMax(geom)), '')
    FROM staging WHERE geom IS NOT NULL GROUP BY source_row / %(page)s"""


def index(connection: Connection) -> None:
    """Let staged records be found by their rows."""
    connection.execute(text("CREATE INDEX ON staging (source_row)"))


def shapes(connection: Connection, rows: IntArray) -> ObjectArray:
    """The shapes (n,), city frame, of staged records, in the order asked for."""
    wanted, place = np.unique(rows, return_inverse=True)
    found: dict[int, bytes] = {}
    for at in range(0, len(wanted), _PAGE):
        part = connection.execute(
            text("""
                SELECT source_row, ST_AsBinary(geom) FROM staging WHERE source_row = ANY(CAST(:rows AS bigint[]))"""),
            {"rows": wanted[at : at + _PAGE].tolist()},
        )
        found |= {int(row): bytes(shape) for row, shape in part}
    result: ObjectArray = shapely.from_wkb([found[int(row)] for row in wanted])[place]
    return result


def keys(connection: Connection, rows: Sequence[int]) -> dict[int, str]:
    """The keys of these staged records, by their rows."""
    found = connection.execute(
        text("SELECT source_row, source_key FROM staging WHERE source_row = ANY(CAST(:rows AS bigint[]))"),
        {"rows": list(rows)},
    )
    return {int(row): str(key) for row, key in found}


def frame(connection: Connection, crs: str) -> gpd.GeoDataFrame:
    """Everything staged, for layers of some thousand records: columns as staged, properties spread, index = source row."""
    rows = connection.execute(
        text(
            "SELECT source_row, source_key, name, properties, ST_AsBinary(geom) AS shape FROM staging ORDER BY source_row"
        )
    ).all()
    table = pd.DataFrame([{**r.properties, "source_key": r.source_key, "name": r.name} for r in rows])
    table.index = pd.Index([r.source_row for r in rows], name="source_row")
    points = [None if r.shape is None else shapely.from_wkb(bytes(r.shape)) for r in rows]
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, index=table.index), crs=crs)


def beside_held(connection: Connection, layer: Layer, size_m: float, reach_m: float) -> tuple[FloatArray, FloatArray]:
    """Middles (n, 2) of staged records and (m, 2) of what the layer holds now, in five windows of what is staged.

    The windows (squares of `size_m`) lie about records taken evenly by their rows; what is held is looked for up to
    `reach_m` beyond them. City frame; at most some thousands of each; none of either where nothing is held.
    """
    windows = _windows(connection, size_m)
    if not windows:
        return np.zeros((0, 2)), np.zeros((0, 2))
    table, shape = ("current_body", "footprint") if layer.name == "buildings" else ("current_feature", "geom")
    of_layer = "" if layer.name == "buildings" else "AND layer = :layer"
    held = _middles(
        connection,
        f"SELECT {shape} AS shape FROM cim.{table} WHERE {shape} && CAST(:box AS geometry) {of_layer}",
        windows,
        reach_m,
        {"layer": layer.name} if of_layer else {},
    )
    if not len(held):  # as in an empty city: the staged records, which no index helps to find, need not be looked for
        return np.zeros((0, 2)), held
    query = "SELECT geom AS shape FROM staging WHERE geom && CAST(:box AS geometry)"
    return _middles(connection, query, windows, 0.0, {}), held


def _windows(connection: Connection, size_m: float) -> list[tuple[float, float, float, float]]:
    rows = connection.execute(
        text("""
            SELECT ST_XMin(geom) AS x, ST_YMin(geom) AS y FROM staging WHERE source_row = ANY((
                SELECT percentile_disc(ARRAY[0.1, 0.3, 0.5, 0.7, 0.9]) WITHIN GROUP (ORDER BY source_row)
                FROM staging WHERE geom IS NOT NULL)::bigint[])""")
    )
    half = size_m / 2.0
    return [(x - half, y - half, x + half, y + half) for x, y in rows]


def _middles(
    connection: Connection,
    query: str,
    windows: list[tuple[float, float, float, float]],
    grown_m: float,
    values: dict[str, str],
) -> FloatArray:
    number = srid(connection)
    found = [np.zeros((0, 2))]
    for west, south, east, north in windows:
        box = shapely.box(west - grown_m, south - grown_m, east + grown_m, north + grown_m)
        wkb = shapely.to_wkb(shapely.set_srid(box, number), hex=True, include_srid=True)
        rows = connection.execute(
            text(
                f"SELECT ST_X(c), ST_Y(c) FROM (SELECT ST_Centroid(shape) AS c FROM ({query} LIMIT {_IN_WINDOW}) s) m"
            ),
            {"box": wkb, **values},
        )
        found.append(np.array([[x, y] for x, y in rows], dtype=np.float64).reshape(-1, 2))
    return np.unique(np.vstack(found), axis=0)
