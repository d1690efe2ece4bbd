"""Cached tiles and a changing model: exactly the tiles that a change reaches are made anew, in every server."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest
import shapely

from api.deps import utc_now
from api.tile_cache import Key, TileCache
from api.tile_supply import Supply, from_store
from api.watch import Watch
from cim.store import changes
from cim.store.changes import Change
from cim.store.db import Database
from cim.store.vector_tiles import MARGIN
from cim.web_tiles import WebTile
from tests.db.test_watch import until
from tests.model_rows import execute, put_building, put_feature
from tests.mvt_reader import moved, on_map, tile_of

pytestmark = pytest.mark.db
HOUSE = moved(shapely.box(0, 0, 12, 9))
HALL = moved(shapely.box(-150, 40, 250, 240))  # larger than a cell of the grid: it reaches far out of its own


class Server:
    """What one server holds: its watch, its cache, its supply; and which tiles it made."""

    def __init__(self, database: Database) -> None:
        self.made: list[Key] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.watch, self.cache = Watch(database, utc_now, wait_s=0.4), TileCache()
        self._database, self._told = database, 0
        self.watch.subscribe(self.cache.drop)
        self.watch.subscribe(self._hear)
        self._read = from_store(database)
        self.supply = Supply(self.make, self.cache, self.watch.well)
        self.watch.start()
        until(self.watch.well)

    def make(self, key: Key) -> bytes:
        self.made.append(key)
        data = self._read(key)
        self.meanwhile()
        return data

    def _hear(self, found: Sequence[Change]) -> None:
        self._told = found[-1].id

    def settle(self) -> None:
        """Wait until every change that is committed was told."""
        with self._database.begin() as connection:
            newest = changes.newest(connection)
        until(lambda: self._told >= newest)

    def get(self, key: Key) -> str:
        """The tag of a tile."""
        return asyncio.run(self.supply.get(key)).tag


@pytest.fixture
def server(database: Database) -> Iterator[Server]:
    server = Server(database)
    yield server
    server.watch.close()


def round_about(z: int, reach: int = 3) -> list[WebTile]:
    middle = tile_of(HOUSE, z)
    span = range(-reach, reach + 1)
    return [
        WebTile(z, middle.x + x, middle.y + y)
        for x in span
        for y in span
        if max(middle.x + x, middle.y + y) < 2**z and min(middle.x + x, middle.y + y) >= 0
    ]


@pytest.mark.parametrize(
    ("layer", "sql", "was", "becomes"),
    [
        ("buildings", "UPDATE cim.body SET height_m = 99 WHERE building_id = :id", HOUSE, HOUSE),
        (
            "buildings",
            "UPDATE cim.body SET footprint = ST_GeomFromText(:new, 4547) WHERE building_id = :id",
            HALL,
            HOUSE,
        ),
        (
            "buildings",
            "UPDATE cim.body SET footprint = ST_GeomFromText(:new, 4547) WHERE building_id = :id",
            HOUSE,
            HALL,
        ),
        ("buildings", "DELETE FROM cim.body WHERE building_id = :id", HALL, HALL),
        ("roads", "UPDATE cim.feature SET name = :new WHERE object_id = :id", shapely.LineString(HALL.exterior), HALL),
    ],
)
def test_plain_sql_drops_the_tiles_it_reaches_and_no_others(
    database: Database, server: Server, layer: str, sql: str, was: shapely.Geometry, becomes: shapely.Geometry
) -> None:
    with database.begin() as connection:
        for other in range(-4, 5):  # neighbours, so that no tile here is empty
            put_building(connection, moved(shapely.box(0, 0, 5, 5), other * 90, other * 70))
        if layer == "buildings":
            id = put_building(connection, was)
        else:
            id = put_feature(connection, layer, was)
    tiles = [tile for z in (0, 5, 10, 13, 14, 16, 18) for tile in round_about(z)]
    layers = [("buildings",), ("roads",), ("roads", "buildings")]
    keys: list[Key] = [(names, tile.z, tile.x, tile.y) for names in layers for tile in tiles]
    reached = [on_map(shape).bounds for shape in (was, becomes)]
    reach = shapely.box(*(f(*sides) for f, sides in zip((min, min, max, max), zip(*reached, strict=True), strict=True)))
    expected = {
        key
        for key in keys
        if layer in key[0] and shapely.box(*WebTile(*key[1:]).box(MARGIN).as_tuple()).distance(reach) <= 2.0
    }
    server.settle()
    before = {key: server.get(key) for key in keys}
    assert all(server.cache.get(key) for key in keys)
    execute(database, sql, **{"id": id} | ({"new": shapely.to_wkt(becomes)} if ":new" in sql else {}))
    server.settle()
    assert {key for key in keys if server.cache.get(key) is None} == expected
    assert 0 < len(expected) < len(keys) / 2
    shown = [key for key in expected if key[0] == (layer,) and before[key] != "empty" and key[1] >= 14]
    assert any(server.get(key) != before[key] for key in shown)


def test_a_tile_read_before_a_change_and_finished_after_it_is_not_kept(database: Database, server: Server) -> None:
    with database.begin() as connection:
        id = put_building(connection, HOUSE)
    key: Key = (("buildings",), 16, tile_of(HOUSE, 16).x, tile_of(HOUSE, 16).y)
    server.settle()
    old = server.get(key)
    execute(database, "UPDATE cim.body SET height_m = 1 WHERE building_id = :id", id=id)
    server.settle()

    def meanwhile() -> None:
        server.meanwhile = lambda: None
        execute(database, "UPDATE cim.body SET height_m = 2 WHERE building_id = :id", id=id)
        server.settle()

    server.meanwhile = meanwhile
    stale = server.get(key)
    assert server.cache.get(key) is None
    fresh = server.get(key)
    assert len({old, stale, fresh}) == 3
    assert server.get(key) == fresh
    assert server.made.count(key) == 3


def test_a_building_that_ends_by_date_goes_from_the_tile_without_any_commit(database: Database, server: Server) -> None:
    key: Key = (("buildings",), 16, tile_of(HOUSE, 16).x, tile_of(HOUSE, 16).y)
    with database.begin() as connection:
        put_building(connection, HOUSE)
    execute(database, "UPDATE cim.body SET valid_to = now() + interval '2 seconds'")
    server.settle()
    assert server.get(key) != "empty"
    until(lambda: server.get(key) == "empty")
    assert server.cache.get(key) is not None


def test_two_servers_show_a_plain_update(database: Database, serve: Callable[[], str]) -> None:
    servers = [serve(), serve()]
    with database.begin() as connection:
        id = put_building(connection, HOUSE)
    place = tile_of(HOUSE, 16)
    path = f"/vector/buildings/{place.z}/{place.x}/{place.y}.mvt"
    until(lambda: {httpx.get(base + path).status_code for base in servers} == {200})
    tags = {httpx.get(base + path).headers["etag"] for base in servers}
    assert len(tags) == 1
    for n in range(3):
        execute(database, "UPDATE cim.body SET height_m = :n WHERE building_id = :id", n=50 + n, id=id)
        until(lambda: not tags & {httpx.get(base + path).headers["etag"] for base in servers})  # noqa: B023
        found = {httpx.get(base + path).headers["etag"] for base in servers}
        assert len(found) == 1
        tags |= found


def test_edits_under_fire_leave_no_stale_tile(database: Database, server: Server) -> None:
    with database.begin() as connection:
        id = put_building(connection, HOUSE)
    keys: list[Key] = [(("buildings",), z, tile_of(HOUSE, z).x, tile_of(HOUSE, z).y) for z in (12, 15, 17)]
    over = threading.Event()

    def ask() -> None:
        own = Supply(server.make, server.cache, server.watch.well)
        while not over.is_set():
            for key in keys:
                asyncio.run(own.get(key))
            rounds.append(1)

    rounds: list[int] = []
    readers = [threading.Thread(target=ask) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(60):
        execute(database, "UPDATE cim.body SET height_m = :n WHERE building_id = :id", n=n + 1, id=id)
    over.set()
    for reader in readers:
        reader.join(20)
    server.settle()
    assert len(rounds) > 10
    assert len(server.made) > 10
    for key in keys:
        assert server.get(key) == asyncio.run(Supply(from_store(database), TileCache(), lambda: True).get(key)).tag
