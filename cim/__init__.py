"""Datong CIM: a city information model. `cim.open()` gives an analyst the twin; importing this costs nothing."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cim.twin import Twin

__version__ = "0.1.0"


def open(url: str | None = None) -> "Twin":
    """The twin of the city whose `city.toml` lies at or above the working folder.

    url: a PostgreSQL address; without it `CIM_DATABASE_URL`, else the private database in `CIM_DATA`, which is started
    if it is not running. Raises BadSettings or Unavailable with what to do.
    """
    from cim.twin import open_twin  # the one import inside a function: `import cim` stays light

    return open_twin(url)
