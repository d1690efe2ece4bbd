"""The city tileset over a real store: made only where rows changed, and then the same bytes as a build from nothing."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from cim.city import City
from cim.errors import Unavailable
from cim.geometry import anchors, cell_keys
from cim.store import bus, changes
from cim.store.db import Database
from cim.types import Bodies
from tests.conftest import other_database
from tests.sample_city import CENTRE
from tests.sample_city import city as sample
from tests.tile_yard import dem, drawn, execute, fresh, ground, insert, published, rows_of, seen, yard_at
from tests.tileset_rules.check import check_folder
from tilesets.city import refresh as cities
from tilesets.city.refresh import Yard, refresh

pytestmark = pytest.mark.db


@pytest.fixture
def yard(database: Database, city: City, tmp_path: Path) -> Yard:
    """900 buildings over two districts, built."""
    made = yard_at(database, city, tmp_path / "var")
    insert(database, sample(900, width_m=6000.0))
    refresh(made)
    return made


def at(rows: Bodies, x: float, y: float, first_id: int) -> Bodies:
    """The rows moved as a whole, so that the first one's anchor lies at a place; new ids."""
    start = anchors(rows.geometry)[0]
    moved = shapely.transform(rows.geometry, lambda xy: xy + [x - start[0], y - start[1]])
    cells = cell_keys(anchors(moved))
    ids = first_id + np.arange(len(rows))
    return replace(rows, geometry=moved, cell=cells, id=ids)


EDITS = {
    "a height": "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17",
    "a footprint": "UPDATE cim.body SET footprint = ST_Translate(footprint, 0.5, 0) WHERE id = 400",
    "a building gone": "DELETE FROM cim.body WHERE id = 30",
    "a record ended": "UPDATE cim.body SET record_to = cim.record_time() WHERE id = 31",
    "many at once": "UPDATE cim.body SET use = 4 WHERE id % 3 = 0",
    "a whole unit gone": "DELETE FROM cim.body WHERE cell >> 12 = (SELECT cell >> 12 FROM cim.body WHERE id = 800)",
    "a bad height": "UPDATE cim.body SET height_m = 'NaN' WHERE id = 50",
    "mended again": "UPDATE cim.body SET height_m = 9 WHERE id = 50",
    "to another district": """UPDATE cim.body SET footprint = ST_Translate(footprint, 3000, 0),
        cell = (SELECT max(cell) FROM cim.body) WHERE id = 60""",
    "all of them gone": "DELETE FROM cim.body",
}


def test_after_every_edit_by_plain_sql_the_tiles_are_those_of_a_build_from_nothing(yard: Yard, tmp_path: Path) -> None:
    for number, (what, sql) in enumerate(EDITS.items()):
        before = published(yard)
        assert execute(yard.database, sql) > 0, what
        done = refresh(yard)
        after = published(yard)
        assert done.is_new, what
        assert after != before, what
        assert after == fresh(yard, tmp_path / f"fresh{number}"), what


def test_after_every_edit_by_plain_sql_the_tileset_breaks_no_rule(yard: Yard) -> None:
    """Though tiles made at different times stand side by side in it."""
    for what, sql in EDITS.items():
        execute(yard.database, sql)
        assert refresh(yard).is_new, what
        assert check_folder(yard.sink.folder).violations == [], what


def test_one_edit_costs_its_path_up_the_tree_and_no_more(yard: Yard) -> None:
    before = published(yard)
    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17")
    assert refresh(yard).units == 1
    new = published(yard).keys() - before.keys()
    depth = max(_depths(seen(yard)))
    assert 4 <= len(new) <= depth + 2


def _depths(tile, depth=1):  # type: ignore[no-untyped-def]
    yield depth
    for child in tile.children:
        yield from _depths(child, depth + (child.glb is not None))


def test_a_cell_that_grows_is_split_and_its_neighbours_stay_as_they_are(yard: Yard, tmp_path: Path) -> None:
    before = published(yard)
    crowd = at(sample(300, seed=5, width_m=200.0, old_share=0.0), CENTRE[0] + 700.0, CENTRE[1] + 700.0, 5_000_000)
    insert(yard.database, crowd.take(np.argsort(crowd.cell, kind="stable")))
    refresh(yard)
    after = published(yard)
    assert after == fresh(yard, tmp_path / "fresh")
    kept = {name for name in before if name.endswith(".glb")} & after.keys()
    assert len(kept) > 0.5 * len(before)


def test_nothing_changed_makes_nothing_and_announces_nothing(yard: Yard) -> None:
    told = "SELECT FROM cim.live_event WHERE kind = 'tile'"
    before = execute(yard.database, told)
    again = refresh(yard)
    assert (again.units, again.is_new) == (0, False)
    assert execute(yard.database, told) == before == 1
    execute(yard.database, "UPDATE cim.body SET address = '和阳街1号' WHERE id = 9")  # tiles do not show it
    quiet = refresh(yard)
    assert (quiet.units, quiet.is_new) == (1, False)
    assert execute(yard.database, told) == 1


def test_workers_in_any_number_come_to_the_same_bytes(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cities, "ALONE", 0)
    monkeypatch.setattr("tilesets.city.plan.JOB_ROWS", 50)
    alone = published(yard)
    for workers in (2, 8):
        assert fresh(replace(yard, workers=workers), tmp_path / f"with{workers}") == alone


def test_a_dask_cluster_comes_to_the_same_bytes(yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cities, "ALONE", 0)
    monkeypatch.setattr("tilesets.city.plan.JOB_ROWS", 50)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        assert fresh(replace(yard, cluster=address), tmp_path / "dask") == published(yard)


def test_a_worker_that_is_killed_costs_only_its_job(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cities, "ALONE", 0)
    monkeypatch.setattr("tilesets.city.plan.JOB_ROWS", 50)
    killed = []

    def kill_one(done: int, total: int | None, note: str) -> None:
        if not killed:
            for pid in _children():
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)
                break

    assert fresh(replace(yard, workers=2, progress=kill_one), tmp_path / "killed") == published(yard)
    assert killed


def _children() -> list[int]:
    text = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return [pid for pid in map(int, text.split()) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_changed_ground_makes_only_the_buildings_on_it_anew(yard: Yard, city: City, tmp_path: Path) -> None:
    before = published(yard)
    ground(yard.data, city, yard.geoid, dem(tmp_path / "raised.tif", raised=True))
    done = refresh(yard)
    after = published(yard)
    assert done.is_new
    assert 0 < done.units < len(done.report.index.units)
    assert len(before.keys() & after.keys()) > 0
    assert after == fresh(yard, tmp_path / "fresh")


def test_states_that_begin_on_a_day_to_come_are_shown_from_that_day_on(yard: Yard, tmp_path: Path) -> None:
    soon = time.time() + 2.0
    coming = at(sample(1, seed=3, old_share=0.0), CENTRE[0] - 900.0, CENTRE[1] + 350.0, 7_000_000)
    with yard.database.raw() as connection:
        (day,) = connection.execute("SELECT to_timestamp(%s)", [soon]).fetchone()
    insert(yard.database, coming, valid_from=day)
    refresh(yard)
    assert 7_000_000 not in drawn(yard)
    while time.time() < soon + 0.1:
        time.sleep(0.05)
    assert refresh(yard).units == 1
    assert 7_000_000 in drawn(yard)
    assert published(yard) == fresh(yard, tmp_path / "fresh")


def test_a_table_that_was_emptied_is_an_empty_city(yard: Yard) -> None:
    execute(yard.database, "TRUNCATE cim.body")
    assert refresh(yard).is_new
    assert drawn(yard) == {}
    insert(yard.database, sample(40, seed=8, width_m=600.0))
    refresh(yard)
    assert len(drawn(yard)) == 40


def test_another_store_that_counts_as_far_is_not_taken_for_a_later_state_of_this_one(
    yard: Yard, cluster: str, template: str, tmp_path: Path
) -> None:
    with other_database(cluster, template) as database:
        insert(database, sample(50, seed=9, width_m=5000.0))
        for _ in range(3):
            execute(database, "UPDATE cim.body SET height_m = height_m + 1 WHERE id < 20")
        with database.begin() as there, yard.database.begin() as here:
            assert changes.newest(there) >= changes.newest(here)
        elsewhere = replace(yard, database=database)
        refresh(elsewhere)
        assert len(drawn(yard)) == 50
        assert published(elsewhere) == fresh(elsewhere, tmp_path / "fresh")


def test_a_finer_body_in_another_cell_hides_the_coarser_one_and_shows_it_again_when_it_goes(
    yard: Yard, tmp_path: Path
) -> None:
    (coarse,) = rows_of(yard, "SELECT building_id FROM cim.body WHERE lod = 1 ORDER BY cell LIMIT 1")
    finer = at(sample(1, seed=4), CENTRE[0] + 2500.0, CENTRE[1] + 2500.0, coarse[0])
    finer.lod[:] = 3.0
    finer.height_m[:] = 77.0
    insert(yard.database, finer)
    refresh(yard)
    assert drawn(yard)[coarse[0]] == 77.0  # and `drawn` fails where a building is drawn twice
    assert published(yard) == fresh(yard, tmp_path / "with")
    execute(yard.database, "DELETE FROM cim.body WHERE lod = 3")
    refresh(yard)
    assert drawn(yard)[coarse[0]] != 77.0
    assert published(yard) == fresh(yard, tmp_path / "without")


def test_a_root_that_was_not_told_is_told_by_the_next_run(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the database is away")

    execute(yard.database, "UPDATE cim.body SET height_m = height_m + 1 WHERE id = 3")
    with monkeypatch.context() as patch:
        patch.setattr(bus, "announce", away)
        with pytest.raises(Unavailable):
            refresh(yard)
    told = "SELECT FROM cim.live_event WHERE kind = 'tile'"
    before = execute(yard.database, told)
    assert refresh(yard).units == 0
    assert execute(yard.database, told) == before + 1


def test_what_was_left_out_is_tried_again_alone(yard: Yard) -> None:
    execute(yard.database, "UPDATE cim.body SET height_m = -3 WHERE id = 70")
    assert refresh(yard).report.flaws["no_height"] == 1
    done = refresh(yard, again=True)
    assert done.units == 1
    assert done.report.rejected == 1
    assert not done.is_new


def test_rows_in_any_order_of_insertion_come_to_the_same_bytes(
    database: Database, city: City, tmp_path: Path, yard: Yard
) -> None:
    """`yard` inserted them in the order of the grid; here they come shuffled, in pieces, after others that went again."""
    before = published(yard)
    rows = sample(900, width_m=6000.0)
    execute(database, "DELETE FROM cim.body")
    order = np.random.default_rng(4).permutation(len(rows))
    for piece in np.array_split(order, 4):
        insert(database, rows.take(piece))
        refresh(yard)
    assert published(yard) == before
