"""The only SQL: the store in PostGIS, and the private cluster it runs in where no other database is given."""

from cim.store.db import Connection, Database

__all__ = ["Connection", "Database"]
