"""The schema's state: whether a database is up to date, and whether it holds this city."""

from pathlib import Path

from sqlalchemy import Connection, text

from cim.city import City
from cim.errors import BadSettings
from cim.store.db import Database

MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(database: Database, city: City) -> bool:
    """Whether the newest migration has been run. Raises BadSettings where the database holds a city in another frame."""
    with database.begin() as connection:
        if revision(connection) != newest():
            return False
        held = connection.execute(text("SELECT name, srid FROM cim.city")).one()
    if held.srid != city.srid:
        raise BadSettings(
            f"the database holds {held.name} in EPSG:{held.srid}, but the city file says {city.crs}; "
            "use another CIM_DATA (or CIM_DATABASE_URL) for another city"
        )
    return True


def newest() -> str:
    """The revision that the newest migration file brings: files are named by it."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision(connection: Connection) -> str | None:
    """The revision a database is at; None for one without our schema."""
    if connection.execute(text("SELECT to_regclass('cim.alembic_version')")).scalar() is None:
        return None
    return connection.execute(text("SELECT version_num FROM cim.alembic_version")).scalar()
