"""Buildings as py3dtiles reads them: boxes as polyhedral surfaces in earth-centred metres; its export, timed and counted."""

import gzip
import json
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg
import shapely
from psycopg.conninfo import make_conninfo
from pyproj import Transformer

from cim.types import FloatArray
from tests.bench import rivals, town
from tests.bench.ground import CHECKOUT, Ground
from tests.bench.line import Invalid
from tests.bench.program import timed
from tests.bench.relief import PLAIN_M

FULL = 20_000

_PROGRAM = CHECKOUT / "var" / "rivals" / "bin" / "py3dtiles"
_FACES = np.array([[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]])
_SURFACE_Z, _POLYGON_Z = 1015, 1003  # of OGC's Simple Features, table of WKB integer codes
_GZIP_LEVEL = 6  # ours


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    seconds: float
    tiles: int
    raw_bytes: int
    gzip_bytes: int


def py3dtiles(ground: Ground) -> str | None:
    """py3dtiles, where it is installed; says so where it is not."""
    if _PROGRAM.is_file():
        return str(_PROGRAM)
    rivals.missing(ground, "py3dtiles")
    return None


@contextmanager
def stored(ground: Ground, count: int) -> Iterator[str]:
    """A database with the envelopes of the town's first buildings as boxes: table `box`, columns `id` and `geom` (4978)."""
    frame = next(town.chunks(count))
    with ground.database(bare=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE box (id bigint PRIMARY KEY, geom geometry(PolyhedralSurfaceZ, 4978))")
            connection.execute("CREATE TEMP TABLE raw (id bigint, body bytea)")
            with connection.cursor().copy("COPY raw FROM STDIN") as copy:
                for number, body in enumerate(surfaces(corners(frame))):
                    copy.write_row((number, body))
            connection.execute("INSERT INTO box SELECT id, ST_GeomFromWKB(body, 4978) FROM raw")
            connection.execute("CREATE INDEX ON box USING gist (geom gist_geometry_ops_nd)")
            connection.execute("ANALYZE box")
        ground.settle()
        yield url


def corners(frame: gpd.GeoDataFrame) -> FloatArray:
    """Boxes (n, 8, 3), earth-centred metres: four corners at the plain's height, anticlockwise, and four above them."""
    west, south, east, north = shapely.bounds(frame.geometry.to_numpy()).T
    plan = np.stack([west, south, east, south, east, north, west, north], axis=1).reshape(-1, 4, 2)
    lon, lat = Transformer.from_crs(frame.crs, "EPSG:4490", always_xy=True).transform(plan[..., 0], plan[..., 1])
    foot = np.full(lon.shape, PLAIN_M)
    height = np.concatenate([foot, foot + frame["height_m"].to_numpy()[:, None]], axis=1)
    to_ecef = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    return np.stack(to_ecef.transform(np.tile(lon, 2), np.tile(lat, 2), height), axis=2)


def surfaces(boxes: FloatArray) -> Iterator[bytes]:
    """Each box (8, 3) as the WKB of a closed PolyhedralSurfaceZ.

    >>> body = next(surfaces(np.zeros((1, 8, 3))))
    >>> len(body) == 9 + 6 * (9 + 4 + 5 * 24)
    True
    """
    rings = boxes[:, np.column_stack([_FACES, _FACES[:, 0]])]
    head, face = struct.pack("<BII", 1, _SURFACE_Z, len(_FACES)), struct.pack("<BIII", 1, _POLYGON_Z, 1, 5)
    for ring in rings:
        yield head + b"".join(face + points.astype("<f8").tobytes() for points in ring)


def export(program: str, url: str, count: int) -> Exported:
    """py3dtiles over the stored boxes. Raises Invalid unless its tiles tell of every box, once."""
    folder = Path(tempfile.mkdtemp(prefix="cim-bench-py3dtiles-"))
    try:
        options = ["-D", make_conninfo(url), "-t", "box", "-c", "geom", "-i", "id", "-s", str(folder)]
        seconds, _ = timed([program, "export", *options])
        tiles = [path.read_bytes() for path in sorted((folder / "tiles").glob("*.b3dm"))]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = sorted(key for tile in tiles for key in _ids(tile))
    if found != list(range(count)):
        raise Invalid(f"py3dtiles: {count:,} boxes, {len(found):,} in its tiles, or other ones")
    packed = sum(len(gzip.compress(tile, _GZIP_LEVEL)) for tile in tiles)
    return Exported(seconds, len(tiles), sum(map(len, tiles)), packed)


def _ids(tile: bytes) -> list[int]:
    """The ids in the batch table of a b3dm (3D Tiles 1.0, clause 9.3)."""
    magic, _, _, feature_json, feature_binary, batch_json, _ = struct.unpack_from("<4s6I", tile)
    if magic != b"b3dm":
        raise Invalid("py3dtiles: a tile is no b3dm")
    start = 28 + feature_json + feature_binary
    ids: list[int] = json.loads(tile[start : start + batch_json])["id"]
    return ids
