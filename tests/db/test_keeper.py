"""The server keeps its tileset fresh by itself: whoever edits, a new root is told on /live; its keeper outlives faults."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cim.city import City
from cim.settings import Settings
from cim.store.db import Database
from tests.sample_city import city as sample
from tests.sse_client import Stream, listening
from tests.tile_yard import dem, drawn, execute, fresh, ground, insert, published, yard_at
from tilesets.city.refresh import Yard, refresh
from tilesets.tree import TARGET_BYTES

pytestmark = pytest.mark.db
WAIT_S = 120.0


@pytest.fixture
def yard(database: Database, city: City, settings: Settings) -> Yard:
    """300 buildings where the test's own server serves from, built."""
    made = yard_at(database, city, settings.data, target_bytes=TARGET_BYTES)
    insert(database, sample(300, width_m=7000.0))
    refresh(made)
    return made


def _next_root(stream: Stream, other_than: str = "") -> str:
    """The root that the next `tile` event names."""
    deadline = time.monotonic() + WAIT_S
    while True:
        event = stream.next(max(0.1, deadline - time.monotonic()))
        if event.kind == "tile" and event.data["root"] != other_than:
            return str(event.data["root"])


def _keepers() -> list[int]:
    text = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    found = [pid for pid in map(int, text.split()) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found or [
        pid
        for task in Path(f"/proc/{os.getpid()}/task").iterdir()
        for pid in map(int, (task / "children").read_text().split())
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_an_edit_by_plain_sql_reaches_a_second_client_who_fetches_only_what_is_new(
    yard: Yard, serve: Callable[[], str], tmp_path: Path
) -> None:
    address = serve()
    before = published(yard)
    with listening(address, "?layers=tiles") as stream, httpx.Client(base_url=address) as client:
        execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17")
        root = _next_root(stream)
        answer = client.get("/tiles3d/city/tileset.json")
    after = published(yard)
    assert answer.content == after["root"]
    assert answer.headers["etag"].strip('"') == root
    new = after.keys() - before.keys()
    assert 1 <= len(new) <= 6
    assert after == fresh(yard, tmp_path / "fresh")


def test_an_added_and_a_removed_building_and_a_changed_ground_are_followed_too(
    yard: Yard, serve: Callable[[], str], city: City, tmp_path: Path
) -> None:
    address = serve()
    with listening(address, "?layers=tiles") as stream:
        execute(yard.database, "DELETE FROM cim.body WHERE id = 40")
        first = _next_root(stream)
        gone = drawn(yard)
        extra = sample(400, width_m=7000.0).take(slice(300, 400))
        extra.id[:] += 10**7
        insert(yard.database, extra)
        second = _next_root(stream, first)
        assert len(drawn(yard)) == len(gone) + 100
        ground(yard.data, city, yard.geoid, dem(tmp_path / "raised.tif", raised=True))
        _next_root(stream, second)
    assert published(yard) == fresh(yard, tmp_path / "fresh")


def test_a_keeper_that_dies_is_started_again_and_catches_up(yard: Yard, serve: Callable[[], str]) -> None:
    address = serve()
    with listening(address, "?layers=tiles") as stream:
        execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17")
        root = _next_root(stream)
        assert httpx.get(f"{address}/health").json()["keeper"] == "ok"
        (keeper,) = _keepers()
        os.kill(keeper, signal.SIGKILL)
        execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 18")
        _next_root(stream, root)
        assert _keepers() not in ([], [keeper])


def test_two_servers_of_one_folder_tell_a_new_root_once(yard: Yard, serve: Callable[[], str], tmp_path: Path) -> None:
    addresses = [serve(), serve()]
    with listening(addresses[1], "?layers=tiles") as stream:
        execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17")
        _next_root(stream)
        time.sleep(2.0)
    assert (
        execute(yard.database, "SELECT FROM cim.live_event WHERE kind = 'tile'") == 2
    )  # the first build, and this one
    assert published(yard) == fresh(yard, tmp_path / "fresh")


def test_a_build_that_fails_is_told_by_health_and_tried_again(yard: Yard, serve: Callable[[], str]) -> None:
    address = serve()
    with listening(address, "?layers=tiles") as stream:
        execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17")
        root = _next_root(stream)
        aside = yard.data / "terrain-aside"
        (yard.data / "terrain").rename(aside)
        execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 18")
        deadline = time.monotonic() + WAIT_S
        while httpx.get(f"{address}/health").json()["keeper"] == "ok" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert httpx.get(f"{address}/health").json()["keeper"] == "down"
        aside.rename(yard.data / "terrain")
        _next_root(stream, root)
        while httpx.get(f"{address}/health").json()["keeper"] == "down" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert httpx.get(f"{address}/health").json()["keeper"] == "ok"


def test_a_tileset_of_other_rules_is_left_alone_and_health_says_so(yard: Yard, serve: Callable[[], str]) -> None:
    refresh(replace(yard, target_bytes=TARGET_BYTES // 2))
    other = published(yard)
    address = serve()
    deadline = time.monotonic() + WAIT_S
    while httpx.get(f"{address}/health").json()["keeper"] == "ok" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert httpx.get(f"{address}/health").json()["keeper"] == "down"
    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17")
    time.sleep(2.0)
    assert published(yard) == other
    refresh(yard)  # by this server's rules again: it goes on from there
    while httpx.get(f"{address}/health").json()["keeper"] == "down" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert httpx.get(f"{address}/health").json()["keeper"] == "ok"
