"""A source that changes while it is read: refused in one sentence, nothing is published, its new content comes next."""

import itertools
import os

import geopandas as gpd
import numpy as np
import pytest
from sqlalchemy import text

from cim.errors import BadSource
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.db import Database
from loaders import pipeline, run
from tests.faults.small_city import boxes, write_buildings

pytestmark = pytest.mark.db


def load(database: Database, city, path, progress, layer="buildings", **stated):
    named = NamedSource("some", Source(str(path), layer, **stated))
    return pipeline.load(database, named, path, city, progress, itertools.count().__next__)


def state(database: Database):
    """What is current, and the states of the versions; staging schemas that are left."""
    with database.begin() as connection:
        return connection.execute(
            text("""
                SELECT (SELECT count(*) FROM cim.current_body) + (SELECT count(*) FROM cim.current_feature),
                       (SELECT array_agg(state ORDER BY id) FROM cim.dataset_version),
                       (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'load\\_%')""")
        ).one()


def once(change):
    """A progress that does something to the source when the first batch is staged."""
    left = [change]

    def progress(done, total, note):
        if left:
            left.pop()()

    return progress


def silent(done, total, note):
    pass


def test_a_file_that_grows_while_it_is_read_is_refused_and_comes_in_when_it_rests(database, city, tmp_path):
    path = tmp_path / "landmarks.csv"
    lines = [f"m{i},塔{i},{113.0 + i / 1e5:.5f},40.1" for i in range(45_000)]
    path.write_text("id,name,lon,lat\n" + "\n".join(lines[:40_000]) + "\n", encoding="utf-8")

    def grow():
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines[40_000:]) + "\n")

    with pytest.raises(
        BadSource, match=r"landmarks\.csv: changed while it was read .*load it again when it has come to rest"
    ):
        load(database, city, path, once(grow), "landmarks", crs="EPSG:4326")
    assert tuple(state(database)) == (0, ["failed"], 0)
    report = load(database, city, path, silent, "landmarks", crs="EPSG:4326")
    assert (report.read, report.accepted, report.resumed_at) == (45_000, 45_000, 0)
    assert tuple(state(database)) == (45_000, ["failed", "published"], 0)


def test_a_file_that_is_replaced_taken_away_or_written_over_is_refused_and_the_old_version_stands(
    database, city, tmp_path
):
    path, other = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    write_buildings(path, 1_000)
    load(database, city, path, silent)

    def change_after(write, change):
        write()
        with pytest.raises(BadSource, match=r"a\.gpkg") as caught:
            load(database, city, path, once(change))
        assert len(str(caught.value).splitlines()) == 1
        found, states, schemas = state(database)
        assert (found, states[-1], schemas) == (1_000, "failed", 0)

    def written(count):
        write_buildings(other, count)
        return lambda: os.replace(other, path)

    def spoil():
        with path.open("r+b") as file:
            file.seek(file.seek(0, 2) // 2)
            file.write(b"\xa5" * 40_000)

    change_after(lambda: write_buildings(path, 25_000), written(1_500))
    change_after(lambda: write_buildings(path, 26_000), path.unlink)
    change_after(lambda: write_buildings(path, 27_000), spoil)
    change_after(lambda: write_buildings(path, 28_000), lambda: os.truncate(path, 100_000))
    write_buildings(path, 2_000)
    assert load(database, city, path, silent).accepted == 2_000
    found, states, schemas = state(database)
    assert (found, states[-1], states.count("published"), schemas) == (2_000, "published", 1, 0)


def test_a_file_that_changes_while_the_whole_is_judged_is_refused_too(database, city, tmp_path, monkeypatch):
    """Records that only the look at the whole sets aside are read from it once more: they must be the same ones."""
    path, rows = tmp_path / "a.gpkg", np.arange(1_000)
    data = {"id": [f"b{i - 1 if i == 500 else i}" for i in rows], "height_m": 9.0}
    gpd.GeoDataFrame(data, geometry=boxes(rows), crs="EPSG:4547").to_file(path)
    looked = run.refuse_changed
    changes = once(lambda: write_buildings(path, 900))
    monkeypatch.setattr(run, "refuse_changed", lambda files: (looked(files), changes(0, None, "")))
    with pytest.raises(BadSource, match=r"a\.gpkg: changed while it was read"):
        load(database, city, path, silent)
    assert tuple(state(database)) == (0, ["failed"], 0)


def test_a_file_that_was_only_touched_is_the_same_file(database, city, tmp_path):
    path = tmp_path / "a.gpkg"
    write_buildings(path, 100)
    assert load(database, city, path, once(path.touch)).accepted == 100
