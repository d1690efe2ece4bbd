"""Whether anything changed since the last `cim up`: files by size and time, the code, the state of the store.

A quick look that reads no file's content and imports nothing heavy; where it sees a change, the loads and builds decide
for themselves what has to be done.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from cim.city import City
from cim.settings import Settings
from cim.store import catalogue, changes
from cim.store.db import Database
from loaders.delivery import locations

_CHECKOUT = Path(__file__).resolve().parents[1]
_CODE = ("cim", "loaders", "tilesets")
_PRODUCTS = (
    "terrain/layer.json",
    "imagery/orthophoto/layer.json",
    "imagery/hillshade/layer.json",
    "imagery/slope/layer.json",
    "tiles/city/tileset.json",
    "tiles/greens/tileset.json",
)


def mark(settings: Settings, city: City, database: Database) -> str:
    """A digest of all that decides what loads and builds would do."""
    with database.begin() as connection:
        state = [str(changes.newest(connection)), *(v.fingerprint for v in catalogue.published(connection))]
    sources = [path for named in city.sources for path in _files(settings, named.source.location)]
    code = (p for folder in _CODE for p in (_CHECKOUT / folder).rglob("*") if p.suffix in (".py", ".sql"))
    files = [settings.city_file, *sources, *(settings.data / name for name in _PRODUCTS), *sorted(code)]
    return hashlib.sha256(json.dumps([list(_facts(files)), state]).encode()).hexdigest()


def is_fresh(settings: Settings, city: City, database: Database) -> bool:
    """Whether the mark is the one that the last complete `cim up` left."""
    try:
        return _note(settings).read_text() == mark(settings, city, database)
    except OSError:
        return False


def remember(settings: Settings, city: City, database: Database) -> None:
    """Leave the mark of now."""
    _note(settings).parent.mkdir(parents=True, exist_ok=True)
    _note(settings).write_text(mark(settings, city, database))


def _files(settings: Settings, location: str) -> list[Path]:
    """The files of a source: those that a pattern fits or a folder holds. What lies elsewhere is not asked after."""
    found = locations.parse(location)
    if found.is_remote:
        return []
    path = settings.locate(found.place)
    if path.is_dir():
        return [path, *sorted(path.rglob("*"))]
    wild = next((parent for parent in reversed(path.parents) if set(parent.name) & set("*?[")), path)
    return [path] if path.exists() else [path, *sorted(wild.parent.glob(str(path.relative_to(wild.parent))))]


def _facts(files: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    for path in files:
        try:
            found = path.stat()
        except OSError:
            yield (str(path), -1, -1)
        else:
            yield (str(path), found.st_size, found.st_mtime_ns)


def _note(settings: Settings) -> Path:
    return settings.data / "run" / "fresh"
