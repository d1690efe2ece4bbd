"""Migrations run: a database brought up to date with Alembic. Apart from `schema`, for Alembic is slow to import."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from cim.city import City
from cim.errors import MissingTool
from cim.store import schema
from cim.store.db import Database, translate


def migrate(database: Database, city: City, *, to: str = "head") -> bool:
    """Bring the schema up to date, or up to an older revision `to`; True if anything was done.

    Raises BadSettings where the database holds a city in another frame, MissingTool where PostGIS cannot be made.
    """
    if schema.is_current(database, city):
        return False
    with database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('cim.migrate'))"))
        if schema.revision(connection) == schema.newest():
            return False  # another process has just done it
        _ensure_extensions(connection)
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
        config.attributes.update(
            connection=connection,
            srid=city.srid,
            city={"name": city.name, "code": city.code, "srid": city.srid, "height_datum": city.height_datum},
        )
        command.upgrade(config, to)
    return True


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
