"""The database: one pool of connections, one translation of its errors, and the migrations."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cim.city import City
from cim.errors import BadSettings, CimError, Conflict, MissingTool, NoSpace, Unavailable

__all__ = ["Connection", "Database", "raw"]

_MIGRATIONS = Path(__file__).parent / "migrations"


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
                max_overflow=8,
                pool_timeout=10,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": 5,
                    "options": "-c jit=off -c timezone=UTC -c search_path=cim,public",
                },
            )
        except SQLAlchemyError as error:
            raise BadSettings(f"CIM_DATABASE_URL is not a PostgreSQL address: {error}") from error

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error. Driver errors come out as CimError."""
        with translated(), self._engine.begin() as connection:
            yield connection

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

    def migrate(self, city: City) -> bool:
        """Bring the schema up to date; True if anything was done.

        Raises BadSettings where the database holds a city in another frame, MissingTool where PostGIS cannot be made.
        """
        with self.begin() as connection:
            if _revision(connection) != _head():
                _ensure_extensions(connection)
                _upgrade(connection, city)
                return True
            held = connection.execute(text("SELECT name, srid FROM cim.city")).one()
            if held.srid != city.srid:
                raise BadSettings(
                    f"the database holds {held.name} in EPSG:{held.srid}, but the city file says {city.crs}; "
                    "use another CIM_DATA (or CIM_DATABASE_URL) for another city"
                )
            return False


_OPTIONS = "-c jit=off -c timezone=UTC -c search_path=cim,public"


def raw(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection under a SQLAlchemy one, for COPY within the same transaction."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def json_text(value: Any) -> str:
    """A value as the JSON text that PostgreSQL can hold: without NUL characters, what JSON does not know as text."""
    found = json.dumps(value, ensure_ascii=False, default=str)
    if "\\u0000" in found:  # an escape only after an even number of backslashes
        found = re.sub(r"(?<!\\)((?:\\\\)*)\\u0000", r"\1", found)
    return found.encode("utf-8", "replace").decode("utf-8")


def jsonb(value: Any) -> bytes:
    """A value as a binary COPY sends jsonb: declare the column `bytea`, and PostgreSQL takes it as it is."""
    return b"\x01" + json_text(value).encode()


def _sqlalchemy_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def _head() -> str | None:
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def _revision(connection: Connection) -> str | None:
    if connection.execute(text("SELECT to_regclass('cim.alembic_version')")).scalar() is None:
        return None
    return connection.execute(text("SELECT version_num FROM cim.alembic_version")).scalar()


def _ensure_extensions(connection: Connection) -> None:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS cim"))
    for extension in ("postgis", "pg_trgm", "btree_gist"):
        try:
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public"))
        except DBAPIError as error:
            raise MissingTool(
                f"extension {extension} cannot be created in this database: {translate(error)}; ask its administrator "
                f"for CREATE EXTENSION {extension}, or unset CIM_DATABASE_URL to use a private database"
            ) from error


def _upgrade(connection: Connection, city: City) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes.update(
        connection=connection,
        srid=city.srid,
        city={"name": city.name, "code": city.code, "srid": city.srid, "height_datum": city.height_datum},
    )
    command.upgrade(config, "head")
