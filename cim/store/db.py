"""The database: one pool of connections, one translation of its errors."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, cast

import orjson
import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cim.errors import BadInput, BadSettings, CimError, Conflict, NoSpace, Unavailable

__all__ = ["Connection", "Database", "raw"]

# Parallel workers cost more to start than the queries of a service take; builds and loads are processes of their own.
# A loader that was killed must not hold its locks until its statement is at its end: the server looks every second.
_OPTIONS = (
    "-c client_connection_check_interval=1000 -c max_parallel_workers_per_gather=0 -c jit=off "
    "-c timezone=UTC -c search_path=cim,public"
)


def translate(error: Exception) -> CimError:
    """The project's error for one of the driver's, most specific first. An outage is never an empty list."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    first = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    if isinstance(cause, psycopg.errors.DiskFull):
        return NoSpace(f"the database's disk is full ({first}); free some space, then run the same command again")
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return BadSettings(f"the database user may not do this: {first}")
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return Conflict(f"already there: {first}")
    if isinstance(cause, psycopg.errors.CheckViolation):
        return BadInput(f"a value breaks a rule of the store: {first}")
    if isinstance(cause, psycopg.DataError):
        return BadInput(f"a value is not one that the database can hold: {first}")
    if isinstance(cause, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
        return Conflict(f"another run changed the same rows at the same time ({first}); run it again")
    if isinstance(cause, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
        return Unavailable(f"the database broke off a statement that took too long ({first}); try again later")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
        return Unavailable(f"the database is away: {first}; `cim doctor` says why, then run the same command again")
    return CimError(f"the database refused a statement: {first}")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into the project's on the way out."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        raise translate(error) from error


class Database:
    """A pool of connections to one PostGIS database. Threads may share it; processes may not."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        try:
            self._engine: Engine = create_engine(
                _sqlalchemy_url(url),
                pool_size=pool_size,
                max_overflow=14,
                pool_timeout=10,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 5, "options": _OPTIONS},
            )
        except SQLAlchemyError as error:
            raise BadSettings(f"CIM_DATABASE_URL is not a PostgreSQL address: {error}") from error

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error. Driver errors come out as CimError."""
        with translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def statement(self) -> Iterator[Connection]:
        """For one statement that reads: it is its own transaction, which saves two ways to the database."""
        with translated(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def raw(self) -> Iterator[psycopg.Connection[Any]]:
        """A psycopg connection of its own (COPY, LISTEN, named cursors); commits at the end, closes always."""
        with translated(), psycopg.connect(self.url, connect_timeout=5, options=_OPTIONS) as connection:
            yield connection

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        with self.begin() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def raw(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection under a SQLAlchemy one, for COPY within the same transaction."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def json_text(value: Any) -> str:
    """A value as the JSON text that PostgreSQL can hold: without NUL characters, what JSON does not know as text."""
    found = json.dumps(value, ensure_ascii=False, default=_as_text)
    if "\\u0000" in found:  # an escape only after an even number of backslashes
        found = re.sub(r"(?<!\\)((?:\\\\)*)\\u0000", r"\1", found)
    return found.encode("utf-8", "replace").decode("utf-8")


def jsonb(value: Any) -> bytes:
    """A value as a binary COPY sends jsonb: declare the column `bytea`, and PostgreSQL takes it as it is."""
    try:
        quick = orjson.dumps(value, default=_as_text)
    except (TypeError, orjson.JSONEncodeError):  # half surrogate pairs, numbers beyond 64 bits, keys that are no text
        quick = b"\\u0000"
    return b"\x01" + (json_text(value).encode() if b"\\u0000" in quick else quick)


def _as_text(value: Any) -> str:
    """What JSON does not know, as text: times and days as RFC 3339 writes them, anything else as it calls itself."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _sqlalchemy_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url
