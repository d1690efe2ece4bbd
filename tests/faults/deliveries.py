"""A delivery in many files, in generations that can be told apart, and whoever watches the store while it is loaded."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg

from cim.settings import Settings
from tests.faults.small_city import HEAD, SOURCE, boxes

CITY = HEAD + SOURCE.format(name="buildings", layer="buildings", file="part_*.gpkg")
_STATE = "SELECT count(*), coalesce(sum(storeys), 0) FROM cim.body WHERE record_to IS NULL"
_UNDER_WAY = """
    SELECT v.id, coalesce((v.progress->>'before')::bigint + (v.progress->>'row')::bigint, 0), EXISTS (
        SELECT FROM pg_locks l JOIN pg_database b ON b.oid = l.database
        WHERE l.locktype = 'advisory' AND b.datname = current_database())
    FROM cim.dataset_version v WHERE state = 'loading' ORDER BY id DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Parts:
    """So many files of so many footprints; one in a hundred has a height below the ground, one in a thousand another's key.

    The generation is the number of storeys: each one rewrites every fifth file, so that what is held is a sum of both.
    """

    folder: Path
    files: int
    each: int

    def write(self, generation: int) -> None:
        """The files of a generation; those of the first are all written."""
        for part in range(self.files):
            if generation == 1 or part % 5 == 0:
                self._write(part, generation)

    def _write(self, part: int, generation: int) -> None:
        rows = np.arange(part * self.each, (part + 1) * self.each)
        keys = np.where(rows % 1000 == 500, rows - 1, rows)
        data = {
            "id": [f"b{key}" for key in keys.tolist()],
            "height_m": np.where(rows % 100 == 7, -1.0, 9.0),
            "storeys": np.full(self.each, generation if generation == 1 or part % 5 == 0 else 1),
        }
        path = self.folder / f"part_{part:03d}.gpkg"
        path.unlink(missing_ok=True)
        gpd.GeoDataFrame(data, geometry=boxes(rows), crs="EPSG:4547").to_file(path)

    @property
    def bad(self) -> list[int]:
        """The numbers, within the delivery and from 1, of the records that must not come in."""
        rows = np.arange(self.files * self.each)
        return [int(row) + 1 for row in rows[(rows % 100 == 7) | (rows % 1000 == 500)]]

    def state(self, generation: int) -> tuple[int, int]:
        """What `state` answers when a generation is published: how many are current, and the sum of their storeys."""
        rows = np.arange(self.files * self.each)
        good = rows[~((rows % 100 == 7) | (rows % 1000 == 500))]
        fresh = int(((good // self.each) % 5 == 0).sum())
        return len(good), len(good) + fresh * (generation - 1)


@dataclass(slots=True)
class Watcher:
    """Reads what is current over and over, as anybody may while a load goes on, and keeps every answer."""

    seen: set[tuple[int, int]] = field(default_factory=set)
    polls: int = 0
    trouble: list[Exception] = field(default_factory=list)


@contextmanager
def watched(settings: Settings) -> Iterator[Watcher]:
    """A reader at work in a second thread for as long as this lasts."""
    watcher, over = Watcher(), threading.Event()

    def look() -> None:
        try:
            with psycopg.connect(str(settings.database_url), autocommit=True) as connection:
                while not over.wait(0.05):
                    count, storeys = connection.execute(_STATE).fetchone() or (0, 0)
                    watcher.seen.add((int(count), int(storeys)))
                    watcher.polls += 1
        except psycopg.Error as error:
            watcher.trouble.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watcher
    finally:
        over.set()
        thread.join(60)
    assert not watcher.trouble, watcher.trouble


def state(settings: Settings) -> tuple[int, int]:
    """How many bodies are current, and the sum of their storeys."""
    with psycopg.connect(str(settings.database_url)) as connection:
        count, storeys = connection.execute(_STATE).fetchone() or (0, 0)
    return int(count), int(storeys)


def wait_for_statement(
    settings: Settings, running: "subprocess.Popen[str]", pattern: str, seconds: float = 60.0
) -> bool:
    """Wait until the store works at a statement that the pattern fits, for a run; False where the run ended before."""
    look = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND query ~* %s"
    )
    end = time.monotonic() + seconds
    with psycopg.connect(str(settings.database_url), autocommit=True) as connection:
        while time.monotonic() < end:
            if running.poll() is not None:
                return False
            if connection.execute(f"{look} AND pid <> pg_backend_pid()", [pattern]).fetchone() != (0,):
                return True
    raise AssertionError(f"no statement {pattern} within {seconds} s")


def under_way(settings: Settings) -> tuple[int, int] | None:
    """The version that a living run is loading, and how many records of it are staged; None: no run is at it."""
    with psycopg.connect(str(settings.database_url)) as connection:
        row = connection.execute(_UNDER_WAY).fetchone()
    return (int(row[0]), int(row[1])) if row is not None and row[2] else None


def wait_until(settings: Settings, running: "subprocess.Popen[str]", staged: int, seconds: float = 60.0) -> bool:
    """Wait until a run has staged so many records; False where it ended before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if running.poll() is not None:
            return False
        found = under_way(settings)
        if found is not None and found[1] >= staged:
            return True
        time.sleep(0.01)
    raise AssertionError(f"no run staged {staged} records within {seconds} s")
