"""`cim protection`: era and grade of protected buildings, from the loaded tables, as attributes of the buildings."""

import argparse
import json
import time
from dataclasses import asdict

from api.commands.load import summary
from api.connection import connect
from api.terminal import Terminal
from cim.city import City
from cim.errors import BadInput
from cim.settings import Settings
from cim.source_entry import Card, NamedSource
from cim.store import catalogue, features, protected
from cim.store.db import Database
from loaders import pipeline
from loaders.derived import claims_file, protection

LAST = 1_000_002
"""Its place in the city file: behind every other source."""


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0, or 3 where no unit is a building. Raises BadInput where no table of protected buildings is loaded."""
    count = derive(settings, connect(settings, terminal), terminal)
    if count is None:
        raise BadInput("no source of layer protected_buildings is loaded: there is no unit to tie to a building")
    return 0 if count else 3


def derive(settings: Settings, database: Database, terminal: Terminal) -> int | None:
    """The dataset `protection`; how many bodies it speaks of, None where no unit is loaded."""
    city = settings.city()
    with database.begin() as connection:
        units = protected.units(connection)
        if not units:
            return None
        keys = features.building_ids(connection, [unit.building for unit in units if unit.building])
        bodies = protected.bodies(connection, units, set(keys.values()))
        tables = [(v.dataset, v.id) for v in catalogue.published(connection, layer="protected_buildings")]
    found = protection.derive(units, bodies, keys, _names(city), city.crs)
    folder = settings.data / "derived"
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / f"{protection.DATASET}.json"
    told.write_text(json.dumps([asdict(i) for i in found.issues], ensure_ascii=False) + "\n", encoding="utf-8")
    if found.codes:
        counted = ", ".join(f"{code} {n:,}" for code, n in sorted(found.codes.items()))
        terminal.line(f"protected units that are no building, and conflicts: {counted}; one by one in {told}")
    if not len(found.frame):
        terminal.line(f"none of {len(units)} protected units is a building that is held")
        return 0
    path = folder / f"{protection.DATASET}.gpkg"
    claims_file.write(found.frame, path, protection.DATASET)
    entry = protection.source(path, city.crs, tables)
    named = NamedSource(protection.DATASET, entry, Card(title="文物保护级别与年代", priority=LAST))
    terminal.line(summary(pipeline.load(database, named, path, city, terminal.progress, time.monotonic)))
    return len(found.frame)


def _names(city: City) -> list[str]:
    """What may stand before a unit's own name: the city's name, whole and without what kind of a place it is."""
    return [city.name, city.name.rstrip("市县区州盟")]
