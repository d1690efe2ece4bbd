"""A database that stops or crashes in the middle of a load: said in one sentence, and the next run ends the work."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cim.store.db import Database
from cim.store.embedded import cluster_status, discard_cluster, ensure_cluster, stop_cluster
from cim.store.migrate import migrate
from cim.types import silent
from tests.faults.deliveries import CITY, Parts, state, wait_for_statement, wait_until
from tests.faults.small_city import LEFT_BEHIND, ask, cim, ended, process, sentence

pytestmark = pytest.mark.db

PARTS, EACH = 10, 2_000


def crash(data: Path) -> None:
    """What a power cut leaves: every process of the server gone at once, nothing written out (pg_ctl -m immediate)."""
    pid = cluster_status(data).pid
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    while cluster_status(data).state == "running":
        time.sleep(0.02)


def report(settings, state="published"):
    return ask(settings, f"SELECT report FROM cim.dataset_version WHERE state = '{state}' ORDER BY id DESC LIMIT 1")


def test_a_database_that_stops_or_crashes_during_a_load_publishes_nothing_and_the_next_run_ends_it(bare, tmp_path):
    data = tmp_path / "own"
    bare.city_file.write_text(CITY, encoding="utf-8")
    parts = Parts(bare.data, PARTS, EACH)
    own = replace(bare, database_url=ensure_cluster(data, silent))
    migrate(Database(str(own.database_url)), own.city())
    rounds = [(stop_cluster, False, True), (crash, False, False), (stop_cluster, True, True), (crash, True, False)]
    try:
        for generation, (halt, publishing, goes_on) in enumerate(rounds, start=1):
            parts.write(generation)
            before = parts.state(generation - 1) if generation > 1 else (0, 0)
            running = process(own, "load", "buildings")
            assert wait_until(own, running, PARTS * EACH if publishing else PARTS * EACH // 2)
            if publishing:
                assert wait_for_statement(own, running, "INSERT INTO (delivery|cim.body)")
            halt(data)
            done = ended(own, running)
            assert done.returncode == 1
            assert "the database is away: " in sentence(done)
            ensure_cluster(data, silent)
            assert state(own) == before
            done = cim(own, "load", "buildings")
            assert done.returncode == 0, done.stderr
            assert state(own) == parts.state(generation)
            assert ask(own, LEFT_BEHIND) == 0
            assert (report(own)["resumed_at"] > 0) is goes_on
            held = (
                "SELECT array_agg(q.source_row ORDER BY q.source_row) FROM cim.quarantine q JOIN cim.dataset_version v"
            )
            assert ask(own, f"{held} ON v.id = q.version_id AND v.state = 'published'") == parts.bad
        states = "SELECT array_agg(state ORDER BY id) FROM cim.dataset_version"
        assert ask(own, states) == ["superseded", "failed", "superseded", "superseded", "failed", "published"]
    finally:
        discard_cluster(data)
