"""The private cluster, really made, crashed, upgraded and stopped in folders of the test's own."""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from cim.errors import BadSettings, NoSpace, Unavailable
from cim.store.embedded import cluster as embedded
from cim.store.embedded import cluster_status, discard_cluster, ensure_cluster, stop_cluster
from cim.store.embedded.binaries import PostgisBinaries
from cim.store.embedded.home import find_home
from cim.store.embedded.install import ensure_binaries
from cim.types import silent

pytestmark = pytest.mark.db
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands folders to other accounts")


@pytest.fixture
def place() -> Iterator[Path]:
    """A data folder that every account can reach (pytest's own are private), emptied of its cluster at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cim-embedded-", dir="/tmp"))
    folder.chmod(0o755)
    data = folder / "var"
    yield data
    for path in [data, *folder.glob("*/**/var"), folder / "other"]:
        discard_cluster(path)
    shutil.rmtree(folder)


def ask(url: str, query: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def pid_of(data: Path) -> int:
    pid = cluster_status(data).pid
    assert pid is not None
    return pid


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def kill_hard(data: Path) -> None:
    """What a power cut leaves: no shutdown checkpoint, and the server's files in place."""
    os.kill(pid_of(data), signal.SIGKILL)
    end = time.monotonic() + 10
    while cluster_status(data).state == "running" and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.3)  # its sessions notice the death and leave


def test_a_cluster_is_made_found_again_and_stopped(place: Path) -> None:
    assert cluster_status(place).state == "absent"
    notes: list[str] = []
    url = ensure_cluster(place, lambda done, total, note: notes.append(note))
    assert any("making a cluster" in note for note in notes)
    assert ask(url, "SELECT postgis_lib_version()") >= "3.3"
    wanted = "SELECT count(*) FROM pg_extension WHERE extname IN ('postgis', 'pg_trgm', 'btree_gist')"
    assert ask(url, wanted) == "3"
    pid = pid_of(place)

    begun = time.perf_counter()
    assert ensure_cluster(place, lambda done, total, note: notes.append("again")) == url
    assert time.perf_counter() - begun < 0.1
    assert pid_of(place) == pid
    assert "again" not in notes

    assert stop_cluster(place) is True
    assert cluster_status(place).state == "stopped"
    assert stop_cluster(place) is False


def test_nobody_else_can_reach_it(place: Path) -> None:
    url = ensure_cluster(place)
    assert ask(url, "SHOW listen_addresses") == ""
    home = find_home(place)
    for folder in (home.folder, home.sockets):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert ask(url, "SHOW fsync") == "on"
    assert ask(url, "SHOW synchronous_commit") == "on"
    assert ask(url, "SHOW jit") == "off"
    assert ask(url, "SHOW server_encoding") == "UTF8"


def test_a_crashed_server_is_started_again_with_its_data(place: Path) -> None:
    url = ensure_cluster(place)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    kill_hard(place)
    assert (find_home(place).folder / "postmaster.pid").exists()
    assert ask(ensure_cluster(place), "SELECT answer FROM kept") == "42"


def test_a_recycled_process_id_does_not_keep_it_down(place: Path) -> None:
    url = ensure_cluster(place)
    folder = find_home(place).folder
    left = (folder / "postmaster.pid").read_text().split("\n", 1)[1]
    kill_hard(place)
    with subprocess.Popen(["sleep", "60"]) as other:  # the crashed server's id, now another program's
        try:
            for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
                (folder / name).write_text(f"{other.pid}\n{left}")
            assert cluster_status(place).state == "stopped"
            assert ensure_cluster(place) == url
            assert other.poll() is None
        finally:
            other.kill()
    assert pid_of(place) != other.pid


def test_two_data_folders_live_side_by_side(place: Path) -> None:
    other = place.with_name("other")
    first, second = ensure_cluster(place), ensure_cluster(other)
    assert first != second
    assert pid_of(place) != pid_of(other)
    ask(first, "SELECT pg_advisory_lock(1)")
    assert ask(second, "SHOW data_directory") == str(find_home(other).folder)
    assert stop_cluster(other)
    assert ask(first, "SHOW data_directory") == str(find_home(place).folder)


def test_two_runs_at_once_make_one_cluster(place: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        urls = set(pool.map(lambda _: ensure_cluster(place), range(3)))
    assert len(urls) == 1
    assert cluster_status(place).state == "running"


def test_a_long_path_gets_a_short_socket(place: Path) -> None:
    data = place.parent / ("a" * 60) / ("长" * 20) / "var"
    url = ensure_cluster(data)
    sockets = find_home(data).sockets
    assert len(str(sockets / ".s.PGSQL.5432.lock")) < 107
    assert sockets != find_home(data).folder
    assert ask(url, "SHOW data_directory") == str(data / "pg")
    assert ensure_cluster(data) == url


def test_a_path_with_blanks_and_quotes_works(place: Path) -> None:
    data = place.parent / "it's a %20 +plus&" / "var"
    assert ask(ensure_cluster(data), "SHOW data_directory") == str(data / "pg")


@needs_root
def test_a_folder_out_of_the_servers_reach_is_linked(place: Path) -> None:
    closed = place.parent / "closed"
    closed.mkdir(mode=0o700)
    data, notes = closed / "var", []
    url = ensure_cluster(data, lambda done, total, note: notes.append(note))
    assert (data / "pg").is_symlink()
    assert any("links to it" in note for note in notes)
    assert ask(url, "SHOW data_directory") == str((data / "pg").resolve())
    assert ensure_cluster(data) == url
    stop_cluster(data)
    assert ensure_cluster(data) == url
    kept = (data / "pg").resolve()
    discard_cluster(data)
    assert not kept.parent.exists()


@needs_root
def test_a_folder_of_another_account_is_refused_with_its_owner(place: Path) -> None:
    (place / "pg").mkdir(parents=True)
    os.chown(place / "pg", 65534, 65534)
    with pytest.raises(Unavailable, match="belongs to nobody"):
        ensure_cluster(place)
    (place / "pg").rmdir()


def test_a_folder_with_other_files_is_not_overwritten(place: Path) -> None:
    (place / "pg").mkdir(parents=True)
    (place / "pg" / "thesis.txt").write_text("mine")
    with pytest.raises(BadSettings, match="holds files but no cluster"):
        ensure_cluster(place)
    assert (place / "pg" / "thesis.txt").read_text() == "mine"


def test_what_a_killed_run_left_is_made_anew(place: Path) -> None:
    (place / "pg.unfinished" / "base").mkdir(parents=True)
    (place / "pg.unfinished" / "PG_VERSION").write_text("15\n")
    assert ask(ensure_cluster(place), "SELECT 1") == "1"
    assert not (place / "pg.unfinished").exists()


def test_an_upgrade_under_the_running_server_restarts_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ensure_binaries(silent)
    prefix = place.parent / "programs"
    shared = Path("usr/share/postgresql") / real.major
    root = Path(*real.folder.parts[: -len(Path("usr/lib/postgresql/15/bin").parts)])
    for part in (Path("usr/lib/postgresql") / real.major, shared):
        shutil.copytree(root / part, prefix / part, copy_function=link_or_copy)
    copied = PostgisBinaries(prefix / "usr/lib/postgresql" / real.major / "bin", real.major, real.environment)
    monkeypatch.setattr(embedded, "ensure_binaries", lambda progress, major: copied)

    url, notes = ensure_cluster(place), []
    before = pid_of(place)
    program = copied.program("postgres")
    shutil.copy2(program, program.with_suffix(".new"))  # as dpkg does it: a new file takes the name
    program.with_suffix(".new").rename(program)
    assert ensure_cluster(place, lambda done, total, note: notes.append(note)) == url
    assert any("was upgraded" in note for note in notes)
    assert pid_of(place) != before
    assert ask(url, "SELECT ST_AsText(ST_Point(1, 2))") == "POINT(1 2)"


@needs_root
@pytest.mark.parametrize("least", [embedded._LEAST_FREE, 0], ids=["seen before", "met by initdb"])
def test_a_full_disk_is_told_in_one_sentence(place: Path, monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    monkeypatch.setattr(embedded, "_LEAST_FREE", least)
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with pytest.raises(NoSpace, match="free some space, then run"):
            ensure_cluster(place)
        assert cluster_status(place).state == "absent"
    finally:
        subprocess.run(["umount", place], check=True)
