"""Bringing the schema up to date, when it is not."""

from cim.store.migrate import migrate as run

__all__ = ["run"]
