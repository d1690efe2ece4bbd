"""The table of parts that assemblies are made of, as it held at a moment."""

from datetime import datetime
from typing import Any

import psycopg

from cim.store.sql import script


def assembly_parts(connection: psycopg.Connection[Any], at: datetime, known: datetime | None) -> list[dict[str, Any]]:
    """Column -> value, by assembly and part: as the world was `at`, by what the model held at `known` (None: now)."""
    rows = connection.execute(script("select_assembly_parts").encode(), {"at": at, "known": known}).fetchall()
    return [dict(row[0]) for row in rows]
