"""Publishing: readers amid switches, builds that are killed, files nobody names, cities kept by name, other days."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from cim.city import City
from cim.errors import BadInput, Conflict, Unknown
from cim.settings import Settings
from cim.store.bodies import Moment
from cim.store.db import Database
from tests.conftest import CHECKOUT, command_environment
from tests.sample_city import city as sample
from tests.tile_yard import drawn, execute, fresh, insert, published, yard_at
from tilesets.city import clearing, named, past
from tilesets.city.refresh import Yard, refresh
from tilesets.city.shelf import Shelf
from tilesets.tree import TARGET_BYTES

pytestmark = pytest.mark.db


@pytest.fixture
def yard(database: Database, city: City, settings: Settings) -> Yard:
    """300 buildings where the test's own server serves from, built as that would."""
    made = yard_at(database, city, settings.data, target_bytes=TARGET_BYTES)
    insert(database, sample(300, width_m=7000.0))
    refresh(made)
    return made


def test_a_reader_in_the_middle_of_switches_never_misses_a_file(yard: Yard, serve: Callable[[], str]) -> None:
    address, stop, missed, walks = serve(), threading.Event(), [], []

    def read() -> None:
        with httpx.Client(base_url=address) as client:
            while not stop.is_set():
                answer = client.get("/tiles3d/city/tileset.json")
                root = answer.json()["root"]
                time.sleep(0.05)  # a client on a slow line: the root it holds is old by now
                walks.append(_walk(client, root, "/tiles3d/city/", missed))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(12):
        execute(yard.database, "UPDATE cim.body SET height_m = height_m + 1 WHERE id %% 12 = %s", [number])
        refresh(yard)
        clearing.clear(yard.sink.folder, time.time())
    stop.set()
    reader.join()
    assert missed == []
    assert len(walks) >= 3
    assert min(walks) >= 5


def _walk(client: httpx.Client, tile: dict, base: str, missed: list[str]) -> int:
    count = 0
    if "content" in tile:
        url = str(httpx.URL(f"http://x{base}").join(tile["content"]["uri"]).path)
        answer = client.get(url)
        count += 1
        if answer.status_code != 200:
            missed.append(f"{answer.status_code} {url}")
        elif url.endswith(".json"):
            count += _walk(client, answer.json()["root"], url, missed)
    return count + sum(_walk(client, child, base, missed) for child in tile.get("children", ()))


def test_a_build_killed_at_any_moment_leaves_the_old_city_and_goes_on(
    yard: Yard, settings: Settings, tmp_path: Path
) -> None:
    execute(yard.database, "DELETE FROM cim.body")
    insert(yard.database, sample(900, seed=6, width_m=9000.0))
    old, folder = published(yard), yard.sink.folder
    journal = folder / "city" / "journal"
    lines = []
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", _SLOW_BUILD], cwd=CHECKOUT, env=command_environment(settings), stderr=subprocess.PIPE
        )
        wanted, deadline = len(lines) + 1, time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            lines = journal.read_text().splitlines()[1:] if journal.is_file() else []
            if len(lines) >= wanted:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert {name: yard.sink.get(name) for name in old if name != "root"}
        assert published(yard) == old  # what stood stands, whole
    assert len(lines) >= 4
    done = refresh(yard)
    assert done.units <= len(done.report.index.units) - 3  # what was made before was not made again
    assert published(yard) == fresh(yard, tmp_path / "fresh")


_SLOW_BUILD = """
import os, time
from pathlib import Path
from cim.settings import from_environment
from cim.store.db import Database
from cim.store.geoid import open_geoid
from tilesets.city import plan
from tilesets.city.refresh import Yard, refresh
from tilesets.city.shelf import Shelf
plan.JOB_ROWS = 1
settings = from_environment(os.environ, Path.cwd())
slowly = lambda done, total, note: time.sleep(0.15)
city = settings.city()
database, geoid = Database(settings.database_url), open_geoid(city)
refresh(Yard(database, city, settings.data, geoid, 2, progress=slowly))
"""


def test_files_go_a_day_after_the_last_root_that_named_them(yard: Yard) -> None:
    folder, now = yard.sink.folder, time.time()
    old = published(yard)
    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 1 WHERE id = 5")
    refresh(yard)
    new = published(yard)
    gone = old.keys() - new.keys() - {"root"}
    assert clearing.clear(folder, now).files == 0
    assert clearing.clear(folder, now + 0.9 * clearing.GRACE_S).files == 0
    assert all(yard.sink.path(name).is_file() for name in gone)
    assert clearing.clear(folder, now + 1.1 * clearing.GRACE_S + 60).files >= len(gone)
    assert not any(yard.sink.path(name).is_file() for name in gone)
    assert published(yard) == new
    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 1 WHERE id = 6")
    assert refresh(yard).units == 1  # its records are there still


def test_a_file_that_is_named_again_stays(yard: Yard) -> None:
    folder, now = yard.sink.folder, time.time()
    old = published(yard)
    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 1 WHERE id = 5")
    refresh(yard)
    clearing.clear(folder, now)
    execute(yard.database, "UPDATE cim.body SET height_m = height_m - 1 WHERE id = 5")
    refresh(yard)
    clearing.clear(folder, now + 2 * clearing.GRACE_S)
    assert published(yard) == old


def test_what_waits_to_be_removed_and_is_put_again_is_spared(yard: Yard) -> None:
    folder = yard.sink.folder
    name = yard.sink.put("json", b"{}")
    path = yard.sink.path(name)
    long_ago = time.time() - 3 * clearing.GRACE_S
    os.utime(path, (long_ago, long_ago))
    clearing.clear(folder, long_ago)
    yard.sink.put("json", b"{}")  # a build that has not published yet
    assert clearing.clear(folder, time.time()).files == 0
    assert path.is_file()


def test_while_a_build_is_under_way_nothing_is_removed(yard: Yard) -> None:
    later = time.time() + 3 * clearing.GRACE_S
    crumb = yard.sink.folder / "c" / ".half.part"
    crumb.write_bytes(b"x")
    with Shelf(yard.sink.folder, "city").locked():
        assert clearing.clear(yard.sink.folder, later).stopped == "a build is under way"
    assert crumb.exists()
    clearing.clear(yard.sink.folder, later)
    assert not crumb.exists()


def test_a_city_kept_under_a_name_keeps_its_tiles_until_it_is_let_go(yard: Yard, client: httpx.Client) -> None:
    folder = yard.sink.folder
    named.keep(folder, "plan-2026")
    old = published(yard)
    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 1")
    refresh(yard)
    clearing.clear(folder, time.time())
    clearing.clear(folder, time.time() + 3 * clearing.GRACE_S)
    assert published(yard, "plan-2026") == old
    assert client.get("/tiles3d/plan-2026/tileset.json").content == old["root"]
    assert client.get("/health").json()["tilesets"] == ["city", "plan-2026"]
    with pytest.raises(Conflict, match="kept as plan-2026 already"):
        named.keep(folder, "plan-2026")
    for bad in ("city", "c", "../x", ""):
        with pytest.raises(BadInput, match="cannot be a name"):
            named.keep(folder, bad)
    named.forget(folder, "plan-2026")
    with pytest.raises(Unknown, match="no city is kept"):
        named.forget(folder, "plan-2026")
    clearing.clear(folder, time.time())
    assert clearing.clear(folder, time.time() + 3 * clearing.GRACE_S).files > 0


def test_a_root_that_cannot_be_read_stops_the_clearing(yard: Yard) -> None:
    folder = yard.sink.folder
    (folder / "other").mkdir()
    (folder / "other" / "tileset.json").write_text("{")
    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 1")
    refresh(yard)
    later = time.time() + 3 * clearing.GRACE_S
    clearing.clear(folder, later)
    stopped = clearing.clear(folder, later + 3 * clearing.GRACE_S)
    assert stopped.files == 0
    assert "other/tileset.json cannot be read" in stopped.stopped


# --- other days --------------------------------------------------------------------------------------------------------


_RAISED = """
    WITH ended AS (UPDATE cim.body SET record_to = cim.record_time() WHERE building_id % 7 = 0 RETURNING *)
    INSERT INTO cim.body (building_id, lod, cim_level, dataset_id, version_id, source_row, name, use, roof_form, storeys,
        height_m, height_basis, eaves_m, base_m, footprint, source, is_synthetic, cell, record_from)
    SELECT building_id, lod, cim_level, dataset_id, version_id, source_row, name, use, roof_form, storeys, height_m + 5,
        height_basis, eaves_m, base_m, footprint, source, is_synthetic, cell, cim.record_time()
    FROM ended"""


def test_the_root_of_a_day_is_that_of_a_build_of_that_day(yard: Yard, tmp_path: Path, client: httpx.Client) -> None:
    first, known, heights = published(yard), _now(yard), drawn(yard)
    execute(yard.database, _RAISED)
    refresh(yard)
    second = published(yard)
    assert second != first
    then = past.root(yard, Moment(datetime.now(UTC), known))
    assert drawn(yard, f"city/at/{then.parent.name}") == heights
    assert then.read_bytes() == first["root"]
    answer = client.get("/tiles3d/city/tileset.json", params={"as_known_at": known.isoformat()})
    assert answer.content == first["root"]
    assert answer.headers["etag"] != client.get("/tiles3d/city/tileset.json").headers["etag"]
    assert client.get("/tiles3d/city/tileset.json", params={"at": "2026-01-01"}).content == second["root"]
    clearing.clear(yard.sink.folder, time.time())
    clearing.clear(yard.sink.folder, time.time() + 2 * clearing.GRACE_S)
    assert published(yard, f"city/at/{then.parent.name}") == first
    clearing.clear(yard.sink.folder, time.time() + 2 * clearing.ASKED_S)
    assert not then.exists()


def test_two_dates_show_two_cities(yard: Yard) -> None:
    with yard.database.begin() as connection:
        connection.execute(text("UPDATE cim.body SET valid_from = '2020-06-01' WHERE building_id % 2 = 0"))
        gone = "UPDATE cim.body SET valid_to = '2015-06-01' WHERE building_id % 5 = 0 AND building_id % 2 = 1"
        connection.execute(text(gone))
    refresh(yard)
    ids = {i for (i,) in _rows(yard, "SELECT building_id FROM cim.body")}
    early, late = (past.root(yard, Moment(datetime(year, 1, 1, tzinfo=UTC))) for year in (2010, 2024))
    place = {moment: f"city/at/{root.parent.name}" for moment, root in (("early", early), ("late", late))}
    assert set(drawn(yard, place["early"])) == {i for i in ids if i % 2}
    assert set(drawn(yard, place["late"])) == {i for i in ids if not (i % 2 and i % 5 == 0)}
    assert past.root(yard, Moment(datetime(2011, 5, 5, tzinfo=UTC))) == early  # the same city: one root
    before_all = past.root(yard, Moment(datetime.now(UTC), datetime.now(UTC) - timedelta(days=900)))
    assert "children" not in json.loads(before_all.read_bytes())["root"]


def test_a_time_that_is_none_is_refused_in_one_sentence(yard: Yard, client: httpx.Client) -> None:
    named.keep(yard.sink.folder, "plan")
    kept = client.get("/tiles3d/plan/tileset.json?at=2020-01-01")
    assert kept.status_code == 400
    assert "takes no query" in kept.json()["detail"]
    for query, word in (("at=yesterday", "expected a day"), ("at=", "expected a day"), ("as_of=2020-01-01", "unknown")):
        answer = client.get(f"/tiles3d/city/tileset.json?{query}")
        assert answer.status_code == 400
        assert re.search(word, answer.json()["detail"])


def test_who_waits_too_long_for_a_day_is_told_to_come_back_and_finds_it_then(
    yard: Yard, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("api.past._WAIT_S", 0.0)
        answer = client.get("/tiles3d/city/tileset.json?at=2020-01-01")
    assert answer.status_code == 503
    assert "being made" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/tiles3d/city/tileset.json?at=2020-01-01").status_code == 200


def _now(yard: Yard) -> datetime:
    return _rows(yard, "SELECT clock_timestamp()")[0][0]


def _rows(yard: Yard, sql: str) -> list[tuple]:
    with yard.database.raw() as connection:
        return connection.execute(sql.encode()).fetchall()
