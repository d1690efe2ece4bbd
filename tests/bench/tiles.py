"""Vector tiles under measurement: which ones, read by whom, and what must be in them."""

import gzip
import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import mapbox_vector_tile
import numpy as np
import psycopg
import shapely
from shapely.geometry import shape

from cim.store import vector_tiles
from cim.web_tiles import HALF_M, WebTile, side_m
from tests.bench import footprints, loading
from tests.bench.ground import Ground, execute, rows
from tests.bench.line import Invalid

FULL = 200_000
CLIENTS = 4
"""who ask at the same time: as many as our server makes tiles at once"""

_EACH = 40  # tiles of a zoom
Read = Callable[[WebTile], bytes]
"""Reads a tile over a connection of its own."""


@contextmanager
def loaded(ground: Ground) -> Iterator[str]:
    """The address of a database with the footprints of the full size, indexed and vacuumed."""
    count = ground.size(FULL)
    with ground.database() as url:
        loading.load(url, footprints.kept(ground.files, count))
        loading.validate(url, count)
        execute(url, "VACUUM ANALYZE cim.body")
        ground.settle()
        yield url


def drawn(url: str, zooms: Sequence[int], each: int = _EACH) -> list[WebTile]:
    """Tiles with buildings, drawn by chance: so many of each zoom (all where there are fewer), in mixed order."""
    chance = np.random.default_rng(14)
    xy = np.array(rows(url, "SELECT ST_XMin(mercator), ST_YMin(mercator) FROM cim.body ORDER BY id"))
    found = []
    for z in zooms:
        places = np.unique(np.column_stack([xy[:, 0] + HALF_M, HALF_M - xy[:, 1]]) // side_m(z), axis=0).astype(int)
        found += [WebTile(z, int(x), int(y)) for x, y in chance.permutation(places)[:each]]
    return [found[n] for n in chance.permutation(len(found))]


def drained(tiles: Sequence[WebTile], readers: Sequence[Read]) -> float:
    """Seconds until the readers together have read every tile once. Raises what a reader raised."""
    waiting: queue.SimpleQueue[WebTile] = queue.SimpleQueue()
    for tile in tiles:
        waiting.put(tile)
    failures: list[Exception] = []

    def run(read: Read) -> None:
        try:
            while not failures:
                read(waiting.get_nowait())
        except queue.Empty:
            pass
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=[read]) for read in readers]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - began


@contextmanager
def straight(url: str) -> Iterator[list[Read]]:
    """Readers that ask the database itself: the prepared statement of our tiles, with its generic plan, and nothing else."""
    with ExitStack() as open_connections:
        readers = []
        for _ in range(CLIENTS):
            connection = open_connections.enter_context(psycopg.connect(url, autocommit=True))
            connection.execute("SET plan_cache_mode = force_generic_plan")
            connection.execute("SET jit = off")
            readers.append(_asking(connection))
        yield readers


@dataclass(frozen=True, slots=True)
class Door:
    """Where a server on this machine has its tiles: its port, their path with {z}, {x}, {y}; asked for gzipped."""

    port: int
    path: str

    def read(self, tile: WebTile) -> bytes:
        """One tile as it came."""
        with closing(self._connection()) as connection:
            return self._get(connection, tile)

    def drained(self, wanted: Sequence[WebTile]) -> float:
        """Seconds in which CLIENTS, each with a connection that stays open, read every tile once."""
        with ExitStack() as open_connections:
            connections = [open_connections.enter_context(closing(self._connection())) for _ in range(CLIENTS)]
            return drained(wanted, [partial(self._get, connection) for connection in connections])

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def _get(self, connection: http.client.HTTPConnection, tile: WebTile) -> bytes:
        path = self.path.format(z=tile.z, x=tile.x, y=tile.y)
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Invalid(f"{path} was answered with {answer.status}")
        return body


def inside(data: bytes) -> set[int]:
    """The buildings that come two units or more into the tile, by an independent decoder: no rounding decides there."""
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    features = [f for layer in mapbox_vector_tile.decode(plain).values() for f in layer["features"]]
    shapes = np.array([shape(feature["geometry"]) for feature in features])
    there = shapely.intersects(shapes, shapely.box(2, 2, 4094, 4094))
    return {feature["properties"]["id"] for feature, is_in in zip(features, there, strict=True) if is_in}


def same(tile: WebTile, one: bytes, other: bytes, who: str) -> None:
    """Raise Invalid unless both bring the same buildings."""
    ours, theirs = inside(one), inside(other)
    if not ours or ours != theirs:
        raise Invalid(
            f"{who}, tile {tile.z}/{tile.x}/{tile.y}: {len(theirs):,} buildings where we have {len(ours):,}, not the same"
        )


def _asking(connection: "psycopg.Connection[Any]") -> Read:
    def read(tile: WebTile) -> bytes:
        cursor = connection.cursor(binary=True)
        row = cursor.execute(
            vector_tiles.statement("buildings", whole=True), vector_tiles.values("buildings", tile), prepare=True
        ).fetchone()
        return b"" if row is None else bytes(row[0])

    return read
