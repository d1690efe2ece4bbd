"""The watch over a real database: order, reach, outages, doubt, and states that turn by date."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
import shapely
from sqlalchemy import text

from api.deps import utc_now
from api.watch import DOUBT, Watch
from cim.store import changes
from cim.store.changes import Change
from cim.store.db import Database
from tests.model_rows import execute, put_building, put_feature
from tests.mvt_reader import moved, on_map

pytestmark = pytest.mark.db
Editor = psycopg.Connection[tuple[object, ...]]
SQUARE = moved(shapely.box(0, 0, 10, 10))


class Heard:
    """A subscriber that remembers."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def __call__(self, found: list[Change]) -> None:
        self.changes += found


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def watch(database: Database) -> Iterator[Watch]:
    watch = Watch(database, utc_now, wait_s=0.4)
    watch.start()
    until(watch.well)
    yield watch
    watch.close()


@pytest.fixture
def heard(watch: Watch) -> Heard:
    heard = Heard()
    watch.subscribe(heard)
    return heard


def test_followers_get_what_waits_and_then_what_comes_in_order(database: Database) -> None:
    with database.begin() as connection:
        put_building(connection, SQUARE)
    seen: list[int] = []
    stop = threading.Event()

    def run() -> None:
        for position, found in changes.follow(database, 0, stop.is_set):
            seen.extend(change.id for change in found)
            assert not found or position == found[-1].id

    follower = threading.Thread(target=run)
    follower.start()
    until(lambda: len(seen) == 1)
    for n in range(30):
        execute(database, "UPDATE cim.body SET height_m = :n", n=n)
    until(lambda: len(seen) == 31)
    stop.set()
    follower.join(20)
    assert not follower.is_alive()
    assert seen == sorted(seen)


def test_a_follower_without_a_place_begins_behind_the_newest(database: Database) -> None:
    with database.begin() as connection:
        put_building(connection, SQUARE)
        newest = changes.newest(connection)
    assert next(changes.follow(database, None, lambda: False)) == (newest, [])


def test_a_change_reaches_round_all_that_was_touched_before_and_after(
    database: Database, watch: Watch, heard: Heard
) -> None:
    with database.begin() as connection:
        put_building(connection, moved(shapely.box(0, 0, 300, 200)))  # larger than a cell of the grid
    until(lambda: heard.changes)
    execute(database, "UPDATE cim.body SET footprint = ST_GeomFromText(:new, 4547)", new=shapely.to_wkt(SQUARE))
    until(lambda: len(heard.changes) == 2)
    execute(database, "DELETE FROM cim.body")
    until(lambda: len(heard.changes) == 3)
    whole, small = (on_map(shape).bounds for shape in (moved(shapely.box(0, 0, 300, 200)), SQUARE))
    for change, expected in zip(heard.changes, (whole, whole, small), strict=True):
        assert change.layer == "buildings"
        assert change.reach is not None
        assert change.reach.as_tuple() == pytest.approx(expected, abs=1e-3)
        assert not change.everywhere


def test_what_has_no_place_reaches_nowhere_and_an_emptied_table_everywhere(
    database: Database, watch: Watch, heard: Heard
) -> None:
    with database.begin() as connection:
        put_feature(connection, "roads", moved(shapely.LineString([(0, 0), (5, 5)])))
        connection.execute(text("UPDATE cim.feature SET geom = NULL, cell = NULL"))
        connection.execute(text("UPDATE cim.feature SET name = 'x'"))
    execute(database, "TRUNCATE cim.feature")
    until(lambda: len(heard.changes) == 5)
    inserted, left, gone, placeless, emptied = heard.changes
    assert inserted.reach is not None
    assert sorted([left.reach is None, gone.reach is None]) == [False, True]  # with and without a place: two squares
    assert placeless.reach is None
    assert [change.everywhere for change in heard.changes] == [False] * 4 + [True]
    assert (emptied.layer, emptied.cells) == ("*", None)


class Outage:
    """Nobody but the editor, who is connected already, reaches the database for as long as it lasts."""

    def __init__(self, cluster: str, editor: Editor, watch: Watch) -> None:
        self._cluster, self._editor, self._watch = cluster, editor, watch

    def __enter__(self) -> None:
        self._allow(False)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        self._editor.execute(f"{others} AND pid <> pg_backend_pid()".encode())
        until(lambda: not self._watch.well())

    def __exit__(self, *error: object) -> None:
        self._allow(True)
        until(self._watch.well)

    def _allow(self, allowed: bool) -> None:
        with psycopg.connect(self._cluster, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {self._editor.info.dbname} ALLOW_CONNECTIONS {allowed}".encode())


@pytest.fixture
def editor(database: Database) -> Iterator[Editor]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        yield connection


def test_an_outage_loses_no_change_and_leaves_no_doubt(
    database: Database, cluster: str, watch: Watch, heard: Heard, editor: Editor
) -> None:
    with database.begin() as connection:
        put_building(connection, SQUARE)
    until(lambda: heard.changes)
    with Outage(cluster, editor, watch):
        for _ in range(3):
            editor.execute("UPDATE cim.body SET height_m = height_m + 1")
        assert len(heard.changes) == 1
    until(lambda: len(heard.changes) == 4)
    assert [change.operation for change in heard.changes] == ["insert", "update", "update", "update"]
    editor.execute("DELETE FROM cim.body")
    until(lambda: len(heard.changes) == 5)


def test_after_an_outage_that_forgot_where_we_were_everything_may_have_changed(
    database: Database, cluster: str, watch: Watch, heard: Heard, editor: Editor
) -> None:
    with database.begin() as connection:
        put_building(connection, SQUARE)
    until(lambda: heard.changes)
    with Outage(cluster, editor, watch):
        editor.execute("UPDATE cim.body SET height_m = height_m + 1")
        editor.execute(
            "UPDATE cim.change SET at = at + interval '1 s'"
        )  # as another copy of the database would have it
    until(lambda: len(heard.changes) == 2)
    doubt = heard.changes[1]
    assert (doubt.operation, doubt.layer, doubt.cells, doubt.everywhere) == (DOUBT, "*", None, True)
    editor.execute("DELETE FROM cim.body")
    until(lambda: len(heard.changes) == 3)


def test_one_subscriber_that_fails_is_told_to_doubt_and_the_others_hear_all(
    database: Database, watch: Watch, heard: Heard
) -> None:
    told: list[Change] = []

    def fails_once(found: list[Change]) -> None:
        told.extend(found)
        if len(told) == 1:
            raise ValueError("it happens")

    watch.subscribe(fails_once)  # type: ignore[arg-type]
    later = Heard()
    watch.subscribe(later)
    with database.begin() as connection:
        put_building(connection, SQUARE)
    until(lambda: later.changes)
    assert [change.operation for change in told] == ["insert", DOUBT]
    assert heard.changes == later.changes
    assert watch.well()


def test_states_that_begin_or_end_by_date_are_told_when_their_time_has_come(
    database: Database, watch: Watch, heard: Heard
) -> None:
    with database.begin() as connection:
        soon = connection.execute(text("SELECT now() + interval '1.5 seconds'")).scalar_one()
        begins = put_building(connection, SQUARE, valid_from=soon)
        ends = put_feature(connection, "roads", moved(shapely.LineString([(0, 0), (50, 5)])), valid_to=soon)
        put_building(connection, SQUARE, valid_from="2001-01-01T00:00:00Z", valid_to="2999-01-01T00:00:00Z")
    until(lambda: len([change for change in heard.changes if change.operation == "turn"]) == 2)
    turned = {change.layer: change for change in heard.changes if change.operation == "turn"}
    assert (turned["buildings"].features, turned["roads"].features) == ((begins,), (ends,))
    for change in turned.values():
        assert change.reach is not None
        assert change.cells
        assert change.at >= soon
    until(lambda: watch.well())
    assert len(heard.changes) == 5


def test_the_watch_is_not_well_until_all_that_waited_was_told(database: Database) -> None:
    with database.begin() as connection:
        put_building(connection, SQUARE)
    watch = Watch(database, utc_now, wait_s=0.4)
    seen: list[tuple[int, bool]] = []
    watch.subscribe(lambda found: seen.append((len(found), watch.well())))
    watch.start()
    until(watch.well)
    insert = "INSERT INTO cim.change (at, layer, operation, features) SELECT now(), 'roads', 'update', '{}' FROM "
    execute(database, f"{insert} generate_series(1, {changes.AT_ONCE + 5})")
    execute(database, "NOTIFY cim_change")
    until(lambda: len(seen) == 2)
    until(watch.well)
    watch.close()
    assert seen == [(changes.AT_ONCE, True), (5, False)]
