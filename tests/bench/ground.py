"""The ground that every line stands on: a throw-away cluster with our settings, databases of their own, kept input files."""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from cim import city as cities
from cim.city import City
from cim.store.db import Database
from cim.store.embedded import discard_cluster, ensure_cluster
from cim.store.migrate import migrate
from cim.types import silent

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Ground:
    """One run's place. scale: the share of the full size that is run. note: one line for whoever watches."""

    cluster: str
    template: str
    files: Path
    scale: float
    note: Callable[[str], None]

    def size(self, full: int) -> int:
        """How many records stand for `full` ones at this scale."""
        return max(200, round(full * self.scale))

    @contextmanager
    def database(self, *, bare: bool = False) -> Iterator[str]:
        """The address of a new database, gone afterwards: with our schema, or (`bare`, for rivals) with PostGIS only."""
        name = f"bench_{uuid.uuid4().hex[:8]}"
        execute(self.cluster, f"CREATE DATABASE {name}" + ("" if bare else f" TEMPLATE {self.template}"))
        try:
            url = _named(self.cluster, name)
            if bare:
                execute(url, "CREATE EXTENSION postgis")
            self.settle()
            yield url
        finally:
            execute(self.cluster, f"DROP DATABASE {name} WITH (FORCE)")

    def settle(self) -> None:
        """Let the server write out what earlier work left, so that nobody pays for another."""
        execute(self.cluster, "CHECKPOINT")


@contextmanager
def prepared(files: Path, scale: float, note: Callable[[str], None]) -> Iterator[Ground]:
    """A private cluster in a temporary folder with the settings of `cim up`; discarded at the end, whatever happens."""
    files.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="cim-bench-"))
    folder.chmod(0o755)  # the server's account must pass through it
    try:
        cluster = ensure_cluster(folder, silent)
        template = "bench_template"
        execute(cluster, f"CREATE DATABASE {template}")
        database = Database(_named(cluster, template))
        migrate(database, city())
        database.close()
        yield Ground(cluster, template, files, scale, note)
    finally:
        discard_cluster(folder)
        shutil.rmtree(folder, ignore_errors=True)


def city() -> City:
    """The sample city's frame and limits: always these, so that figures of two machines are of the same work."""
    return cities.parse((CHECKOUT / "city.toml").read_text(encoding="utf-8"))


def execute(url: str, sql: str) -> None:
    """One statement outside a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def rows(url: str, sql: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql.encode(), values).fetchall()


def _named(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
