"""The private PostGIS cluster in the data folder: made, started, found again, stopped.

It listens on a unix socket in a private folder and on nothing else. Order of events for a caller without a
database: programs (installed if need be), folders, initdb, start, database `cim` with its extensions.
"""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

from cim.errors import BadSettings, CimError, NoSpace, Unavailable
from cim.store.embedded.binaries import NEEDED_EXTENSIONS, PostgisBinaries
from cim.store.embedded.command import clean_environment, failure, raise_for_disk, run
from cim.store.embedded.home import DATABASE, ROLE, ClusterHome, find_home, make_home, make_private
from cim.store.embedded.install import ensure_binaries
from cim.store.embedded.machine import memory_bytes, shared_memory_bytes
from cim.store.embedded.process import forget_stale_pid, postmaster_pid, was_upgraded
from cim.store.embedded.tuning import server_settings, settings_text
from cim.types import Progress, silent

_START_SECONDS = 300  # recovery after a power cut replays up to max_wal_size
_STOP_SECONDS = 60
_LEAST_FREE = 200 * 1024**2
_SETTINGS_FILE = "datong-cim.conf"


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What is known of a data folder's cluster. `unreachable`: it exists, but not for this account."""

    state: Literal["absent", "stopped", "running", "unreachable"]
    folder: Path
    pid: int | None = None
    version: str | None = None


def ensure_cluster(data: Path, progress: Progress = silent) -> str:
    """The address of the private database of this data folder, which is running when this returns.

    Safe to call at any time and from several processes: a running cluster is found in a few milliseconds, a
    stopped or crashed one is started, a missing one is made, one whose programs were upgraded is restarted.
    Raises MissingTool, NoSpace, Unavailable or BadSettings, each with the mending command.
    """
    home = find_home(data)
    if _answers(home) and not was_upgraded(home.folder):
        return home.url()
    with _alone(data):
        home = find_home(data)
        if postmaster_pid(home.folder) is not None:
            if not was_upgraded(home.folder):
                _await_answer(home)
                return home.url()
            progress(0, None, "database: PostgreSQL was upgraded under the running server; restarting it")
            _stop(home)
        binaries = ensure_binaries(progress, _major(home.folder))
        home = make_home(data, progress)
        if _major(home.folder) is None:
            _initialise(home, binaries, progress)
        _start(home, binaries, progress)
        _prepare_database(home, progress)
    return home.url()


def stop_cluster(data: Path) -> bool:
    """Stop the cluster of this data folder; False when it was not running. Open sessions end, nothing is lost."""
    home = find_home(data)
    if cluster_status(data).state in ("absent", "stopped"):
        return False
    with _alone(data):
        return _stop(home)


def discard_cluster(data: Path) -> None:
    """Stop the cluster of this data folder and delete its files, wherever they lie. There is no way back."""
    stop_cluster(data)
    home, link = find_home(data), data / "pg"
    try:
        for folder in dict.fromkeys((home.folder, home.sockets)):
            shutil.rmtree(folder, ignore_errors=not folder.exists())
        if link.is_symlink():
            link.unlink()
            home.folder.parent.rmdir()
    except OSError as error:
        raise_for_disk(error, home.folder)


def cluster_status(data: Path) -> ClusterStatus:
    """The state of the cluster; starts, makes and mends nothing."""
    home = find_home(data)
    try:
        if _major(home.folder) is None:
            return ClusterStatus("absent", home.folder)
        pid = postmaster_pid(home.folder)
    except CimError:
        return ClusterStatus("unreachable", home.folder)
    if pid is None:
        return ClusterStatus("stopped", home.folder, version=_major(home.folder))
    return ClusterStatus("running", home.folder, pid, _asked_version(home))


def _major(folder: Path) -> str | None:
    """The PostgreSQL version that the cluster's files belong to; None where there is no cluster."""
    try:
        return (folder / "PG_VERSION").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise_for_disk(error, folder)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """No two processes make, start or stop the same cluster at once."""
    try:
        (data / "run").mkdir(parents=True, exist_ok=True)
        lock = (data / "run" / "cluster.lock").open("a")
    except OSError as error:
        raise_for_disk(error, data)
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _connect(home: ClusterHome, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(home.url(database), autocommit=True, connect_timeout=10)


def _answers(home: ClusterHome) -> bool:
    return _asked_version(home) is not None


def _asked_version(home: ClusterHome) -> str | None:
    try:
        with _connect(home, DATABASE) as connection:
            row = connection.execute("SHOW server_version").fetchone()
    except psycopg.Error:
        return None
    return None if row is None else str(row[0])


def _await_answer(home: ClusterHome) -> None:
    """Wait for a server that is starting, recovering, or being prepared by a process that was killed."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            with _connect(home, "postgres"):
                return _prepare_database(home, silent)
        except psycopg.Error:
            time.sleep(0.1)
    raise Unavailable(f"the server in {home.folder} does not answer; its reasons are in {home.folder / 'log'}")


def _initialise(home: ClusterHome, binaries: PostgisBinaries, progress: Progress) -> None:
    """initdb beside the final place, then one rename: a killed run leaves no half-made cluster."""
    progress(0, 3, f"database: making a cluster in {home.folder}")
    if any(home.folder.iterdir()):
        raise BadSettings(f"{home.folder} holds files but no cluster: empty it, or choose another CIM_DATA")
    if shutil.disk_usage(home.folder).free < _LEAST_FREE:
        raise NoSpace(f"the disk of {home.folder} has less than 200 MB free; free some space, then run it again")
    unfinished = home.folder.with_name("pg.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        make_private(unfinished, home.account)
        run(
            [
                binaries.program("initdb"),
                *("--pgdata", unfinished, "--username", ROLE, "--auth", "trust", "--no-sync"),
                *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"),
            ],
            remedy="choose another CIM_DATA, or set CIM_DATABASE_URL",
            environment=clean_environment(binaries.environment),
            account=home.account,
            folder=unfinished,
        )
        with (unfinished / "postgresql.conf").open("a") as configuration:
            configuration.write(f"\ninclude_if_exists = '{_SETTINGS_FILE}'\n")
        unfinished.rename(home.folder)
        os.sync()  # --no-sync left it to one call here: a tenth of the time
    except OSError as error:
        raise_for_disk(error, home.folder)


def _start(home: ClusterHome, binaries: PostgisBinaries, progress: Progress) -> None:
    progress(1, 3, "database: starting")
    try:
        forget_stale_pid(home.folder, home.sockets)
        settings = server_settings(memory_bytes(), shared_memory_bytes(), home.sockets)
        target = home.folder / _SETTINGS_FILE
        target.write_text(settings_text(settings), encoding="utf-8")
        if home.account is not None:
            os.chown(target, home.account.uid, home.account.gid)
        said = home.folder / "start.log"
        said.unlink(missing_ok=True)
    except OSError as error:
        raise_for_disk(error, home.folder)
    try:
        run(
            [
                binaries.program("pg_ctl"),
                *("start", "--silent", "--wait", "--timeout", str(_START_SECONDS)),
                *("--pgdata", home.folder, "--log", said),
            ],
            remedy=f"its log is in {home.folder}",
            environment=clean_environment(binaries.environment),
            account=home.account,
            folder=home.folder,
        )
    except Unavailable as error:
        raise failure("postgres", _last_log(home.folder) or str(error), f"its log is in {home.folder}") from error


def _last_log(folder: Path) -> str:
    logs = sorted((folder / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)[-1:]
    texts = [path.read_text(errors="replace")[-4000:] for path in (*logs, folder / "start.log") if path.exists()]
    return "\n".join(texts)


def _prepare_database(home: ClusterHome, progress: Progress) -> None:
    """The database and its extensions, at the versions of the programs."""
    progress(2, 3, "database: extensions")
    try:
        with _connect(home, "postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        with _connect(home, DATABASE) as connection:
            for name in NEEDED_EXTENSIONS:
                connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
            outdated = connection.execute(
                "SELECT name FROM pg_available_extensions WHERE installed_version <> default_version"
            ).fetchall()
            for (name,) in outdated:
                connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(sql.Identifier(name)))
    except psycopg.errors.DiskFull as error:
        raise NoSpace(f"the disk of {home.folder} is full; free some space, then run the same command again") from error
    except psycopg.Error as error:
        raise Unavailable(f"the database in {home.folder} could not be prepared: {error}") from error
    progress(3, 3, "database: ready")


def _stop(home: ClusterHome) -> bool:
    """A fast shutdown by signal, so that it needs no programs; waits for its end."""
    pid = postmaster_pid(home.folder)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGINT)
    except PermissionError as error:
        raise_for_disk(error, home.folder)
    except ProcessLookupError:
        return False
    end = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < end:
        if postmaster_pid(home.folder) is None:
            return True
        time.sleep(0.02)
    raise Unavailable(f"the server (process {pid}) did not stop within {_STOP_SECONDS} s; try again in a minute")
