"""Loads that die at any moment: nothing is published by half, and the next run ends with every good record, once."""

import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg
import pytest

from cim.plugins import Source
from cim.settings import Settings
from cim.source_entry import NamedSource
from cim.types import silent
from loaders import pipeline
from tests.faults.deliveries import CITY, Parts, state, wait_for_statement, wait_until, watched
from tests.faults.small_city import (
    HEAD,
    LEFT_BEHIND,
    SOURCE,
    ask,
    boxes,
    cim,
    ended,
    process,
    sentence,
    write_buildings,
)

pytestmark = pytest.mark.db

KILLS = 20
A_DELIVERY = 5
PUBLICATION = (
    "COPY .SELECT source_row",
    "INSERT INTO cim.object",
    "INSERT INTO delivery",
    "(UPDATE cim.body|CREATE INDEX)",
    "INSERT INTO cim.body",
)
"""What the store is asked to do while a load is published, in about this order."""
SIDES = HEAD + "".join(SOURCE.format(name=side, layer="buildings", file=f"{side}.gpkg") for side in ("east", "west"))


@pytest.fixture
def parted(tmp_path: Path, bare: Settings) -> Settings:
    """A city whose only source is one delivery in many files."""
    (tmp_path / "city.toml").write_text(CITY, encoding="utf-8")
    return bare


def load_to_the_end(settings: Settings) -> subprocess.CompletedProcess[str]:
    """The command as somebody uses it after a crash: where the dead run's session lingers, once more a moment later."""
    end = time.monotonic() + 60
    while True:
        done = cim(settings, "load", "buildings")
        if done.returncode == 0 or "is being loaded by another run" not in done.stderr or time.monotonic() > end:
            return done
        time.sleep(0.5)


def kill_at(settings: Settings, moment: float, records: int) -> bool:
    """Start a load and kill it: at a share of the records staged (0 to 1), or (1 to 2) at a step of the publication.

    False where it had ended before.
    """
    running = process(settings, "load", "buildings")
    try:
        there = wait_until(settings, running, round(min(moment, 1.0) * records))
        if there and moment >= 1.0:
            step = PUBLICATION[int((moment - 1.0) * len(PUBLICATION))]
            there = wait_for_statement(settings, running, step)
        time.sleep(random.Random(moment).uniform(0.0, 0.1))
        if there and running.poll() is None:
            return True
        done = ended(settings, running)
        assert done.returncode == 0, done.stderr
        return False
    finally:
        running.kill()
        running.wait()


def check_published(settings: Settings, parts: Parts, generation: int) -> None:
    """Exactly the good records, each once; exactly the bad ones in quarantine, each once; nothing left of dead runs."""
    assert state(settings) == parts.state(generation)
    keys = "SELECT count(DISTINCT o.source_key) FROM cim.body b JOIN cim.object o ON o.id = b.building_id"
    assert ask(settings, f"{keys} WHERE record_to IS NULL") == parts.state(generation)[0]
    version = ask(settings, "SELECT id FROM cim.dataset_version WHERE state = 'published'")
    held = f"SELECT array_agg(source_row ORDER BY source_row) FROM cim.quarantine WHERE version_id = {version}"
    assert ask(settings, held) == parts.bad
    assert ask(settings, "SELECT count(DISTINCT version_id) FROM cim.quarantine") == generation
    assert ask(settings, LEFT_BEHIND) == 0
    assert ask(settings, "SELECT count(*) FROM cim.dataset_version WHERE state = 'superseded'") == generation - 1
    report = ask(settings, f"SELECT report FROM cim.dataset_version WHERE id = {version}")
    records = parts.files * parts.each
    assert (report["read"], report["accepted"], report["rejected"]) == (
        records,
        parts.state(generation)[0],
        len(parts.bad),
    )
    codes = {"height_out_of_range": records // 100, "duplicate_key": records // 1000}
    assert {code: report["by_code"].get(code) for code in codes} == codes


def test_a_load_killed_at_twenty_moments_never_shows_half_and_the_next_run_ends_it(parted):
    parts = Parts(parted.data, files=20, each=3_000)
    chance, kills, generation = random.Random(20_261_123), 0, 0
    while kills < KILLS:
        generation += 1
        parts.write(generation)
        whole = {parts.state(generation - 1) if generation > 1 else (0, 0), parts.state(generation)}
        with watched(parted) as watcher:
            for moment in sorted(chance.uniform(0.0, 2.0) for _ in range(min(A_DELIVERY, KILLS - kills))):
                if not kill_at(parted, moment, 60_000):
                    break
                kills += 1
            done = load_to_the_end(parted)
        assert done.returncode == 0, done.stderr
        assert watcher.seen <= whole
        assert watcher.polls > 10
        check_published(parted, parts, generation)
        assert generation < KILLS


def test_two_datasets_load_at_once_and_one_dataset_only_once(tmp_path, bare):
    (tmp_path / "city.toml").write_text(SIDES, encoding="utf-8")
    for side, rows in (("east", np.arange(22_000)), ("west", np.arange(40_000, 45_000))):
        data = {"id": [f"{side}{i}" for i in rows], "height_m": 9.0}
        gpd.GeoDataFrame(data, geometry=boxes(rows), crs="EPSG:4547").to_file(bare.data / f"{side}.gpkg")
    east = process(bare, "load", "east")
    assert wait_until(bare, east, 1)
    east.send_signal(signal.SIGSTOP)
    try:
        others = [process(bare, "load", side) for side in ("east", "west", "west")]
        again, *west = [ended(bare, run) for run in others]
    finally:
        east.send_signal(signal.SIGCONT)
    assert again.returncode == 1
    busy = "dataset {} is being loaded by another run; wait for it to end, then run it again"
    assert busy.format("east") in sentence(again)
    assert all(one.returncode == 0 or busy.format("west") in sentence(one) for one in west)
    assert any("west: 5,000 read, 5,000 accepted" in one.stderr for one in west)
    assert "east: 22,000 read, 22,000 accepted" in ended(bare, east).stderr
    assert ask(bare, "SELECT count(*) FROM cim.body WHERE record_to IS NULL") == 27_000
    assert ask(bare, "SELECT array_agg(state) FROM cim.dataset_version") == ["published", "published"]
    assert ask(bare, LEFT_BEHIND) == 0


def broken_behind(rows):
    """A progress that breaks a run off when so many records are staged."""

    def progress(done, total, note):
        if done >= rows:
            raise KeyboardInterrupt

    return progress


def test_the_last_word_of_a_killed_run_that_the_database_is_still_at_work_on_is_waited_for(
    database, city, tmp_path, monkeypatch
):
    monkeypatch.setattr("loaders.sources.vector.BATCH_ROWS", 1_000)
    path = tmp_path / "buildings.gpkg"
    write_buildings(path, 5_000)
    named = NamedSource("some", Source(str(path), "buildings"))

    def load(progress):
        return pipeline.load(database, named, path, city, progress, time.monotonic)

    notes = []
    with psycopg.connect(database.url, autocommit=True) as killed:
        for rows in (1_000, 2_000):
            with pytest.raises(KeyboardInterrupt):
                load(broken_behind(rows))
            notes.append(killed.execute("SELECT progress::text FROM cim.dataset_version").fetchone())
        killed.execute("CREATE TEMP TABLE late AS SELECT * FROM load_1.staging WHERE source_row > 1000")
        killed.execute("DELETE FROM load_1.staging WHERE source_row > 1000")
        killed.execute("UPDATE cim.dataset_version SET progress = %s::jsonb", notes[0])
        reports = []
        with killed.transaction():  # the second batch, not yet committed when the next run begins
            killed.execute("INSERT INTO load_1.staging SELECT * FROM late")
            killed.execute("UPDATE cim.dataset_version SET progress = %s::jsonb", notes[1])
            thread = threading.Thread(target=lambda: reports.append(load(silent)))
            thread.start()
            time.sleep(0.7)
        thread.join(60)
    assert [(r.resumed_at, r.read, r.accepted, r.rejected) for r in reports] == [(2_000, 5_000, 5_000, 0)]
