"""The settings: one frozen value built from the `CIM_*` variables at the edge and passed down as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cim import city as cities
from cim.errors import BadSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are: the data folder, the city file, the database (None: the private one), port, a Dask scheduler's
    address (None: builds use processes of this machine).
    """

    data: Path
    city_file: Path
    database_url: str | None = None
    port: int = 8000
    dask: str | None = None

    def city(self) -> cities.City:
        """The city that the city file describes. Raises BadSettings with the file and the key."""
        try:
            text = self.city_file.read_text(encoding="utf-8")
        except OSError as error:
            raise BadSettings(
                f"{self.city_file}: cannot be read ({error.strerror}); CIM_CITY names a city file"
            ) from error
        except UnicodeDecodeError as error:
            raise BadSettings(f"{self.city_file}: not UTF-8 at byte {error.start}") from error
        return cities.parse(text, str(self.city_file))

    def locate(self, location: str) -> Path:
        """The path that a source's `location` means: `{data}` is the data folder, the rest lies beside the city file."""
        return self.city_file.parent / location.replace("{data}", str(self.data))


def from_environment(environ: Mapping[str, str], cwd: Path) -> Settings:
    """Settings from `CIM_CITY`, `CIM_DATA`, `CIM_DATABASE_URL`, `CIM_PORT`, `CIM_DASK`.

    Without `CIM_CITY` the nearest `city.toml` at or above `cwd` is taken, so that a notebook in a subfolder finds it;
    `CIM_DATA` then defaults to `var` beside it. Raises BadSettings for a port that is no number.
    """
    root = next((p for p in (cwd, *cwd.parents) if (p / "city.toml").is_file()), cwd)
    port = environ.get("CIM_PORT") or "8000"
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise BadSettings(f"CIM_PORT={port!r}: expected a port number, 1 to 65535")
    return Settings(
        data=(cwd / environ["CIM_DATA"] if environ.get("CIM_DATA") else root / "var").resolve(),
        city_file=(cwd / environ["CIM_CITY"] if environ.get("CIM_CITY") else root / "city.toml").resolve(),
        database_url=environ.get("CIM_DATABASE_URL") or None,
        port=int(port),
        dask=environ.get("CIM_DASK") or None,
    )
