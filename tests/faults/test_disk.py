"""Full disks, under the database and under the products: said in one sentence, and the next run ends the work."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cim.store.db import Database
from cim.store.embedded import discard_cluster, ensure_cluster, stop_cluster
from cim.store.migrate import migrate
from cim.types import silent
from tests.faults.small_city import CURRENT, LEFT_BEHIND, ask, cim, sentence, write_buildings

pytestmark = pytest.mark.db


def test_a_full_disk_during_a_build_leaves_the_old_city_and_the_next_run_goes_on(small, tmpfs):
    crowded = replace(small, data=tmpfs)
    for name in ("buildings.gpkg", "dem.tif"):
        shutil.copy(small.data / name, tmpfs / name)
    assert cim(crowded, "load").returncode == 0
    assert cim(crowded, "build").returncode == 0
    root = (tmpfs / "tiles/city/tileset.json").read_bytes()
    with psycopg.connect(str(small.database_url), autocommit=True) as connection:
        connection.execute("UPDATE cim.body SET height_m = height_m + 1, record_to = NULL, id = DEFAULT")
    filler = tmpfs / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    told = sentence(cim(crowded, "build"))
    assert "full" in told
    assert (tmpfs / "tiles/city/tileset.json").read_bytes() == root
    filler.unlink()
    assert cim(crowded, "build").returncode == 0
    assert (tmpfs / "tiles/city/tileset.json").read_bytes() != root


@contextmanager
def crowded(folder: Path, free: int) -> Iterator[None]:
    """A disk with only so many bytes left."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, shutil.disk_usage(folder).free - free))
    try:
        yield
    finally:
        filler.unlink()


@pytest.mark.parametrize(
    ("free", "says"),
    [(3_000_000, "disk is full"), (40_000_000, "disk is full|database is away")],
    ids=["while it is read", "while it is published"],
)
def test_a_full_disk_under_the_database_is_said_so_and_the_next_run_goes_on(small, tmpfs, free, says):
    """The private database of the data folder, which lies on the same disk as all else there."""
    subprocess.run(["mount", "-o", "remount,size=500m", str(tmpfs)], check=True)
    own = replace(small, data=tmpfs, database_url=ensure_cluster(tmpfs, silent))
    try:
        migrate(Database(str(own.database_url)), own.city())
        write_buildings(tmpfs / "buildings.gpkg", 60_000)
        with crowded(tmpfs, free):
            done = cim(own, "load", "buildings")
            assert done.returncode == 1
            assert any(word in sentence(done) for word in says.split("|"))
            assert len(done.stderr.strip().splitlines()) == 1
        stop_cluster(tmpfs)
        ensure_cluster(tmpfs, silent)
        assert ask(own, CURRENT) == 0
        assert cim(own, "load", "buildings").returncode == 0
        assert ask(own, CURRENT) == 60_000
        assert ask(own, LEFT_BEHIND) == 0
    finally:
        discard_cluster(tmpfs)
