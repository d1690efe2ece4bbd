"""The commands of `cim`, one file each with a `run`; brought in when called, so that a light one starts at once.

`cim up` where nothing changed must not wait for pandas, rasterio and Alembic: together they take seconds to import.
"""

import importlib
from typing import Any


def command(name: str) -> Any:
    """The module of a command."""
    return importlib.import_module(f"{__name__}.{name}")
