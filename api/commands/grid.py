"""`cim grid`: the divisions of the store cut into unit grids, written as a GeoPackage and loaded like any other source."""

import argparse
import time

from api.commands.load import summary
from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.source_entry import Card, NamedSource
from cim.store import divisions
from cim.store.db import Database
from cim.unit_grid import SIZE_M
from loaders import pipeline
from loaders.derived import unit_grids

DATASET = "unit_grids"


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; what is not divided this time is no longer in the dataset."""
    derive(settings, connect(settings, terminal), terminal, tuple(parsed.code), parsed.size)
    return 0


def derive(
    settings: Settings,
    database: Database,
    terminal: Terminal,
    codes: tuple[str, ...] = (),
    size_m: float = SIZE_M,
) -> None:
    """The grids of the named divisions, else of all of the finest level, as the dataset `unit_grids`."""
    city = settings.city()
    with database.begin() as connection:
        units = unit_grids.chosen(divisions.outlines(connection), codes)
    path = settings.data / "derived" / "unit_grids.gpkg"
    with terminal.stage(f"unit grids of {size_m:g} m: {len(units)} divisions"):
        unit_grids.write(unit_grids.derive(units, city.crs, size_m, terminal.progress), path)
    named = NamedSource(DATASET, unit_grids.source(path, units, city.crs, size_m), Card(title="单元网格"))
    terminal.line(summary(pipeline.load(database, named, path, city, terminal.progress, time.monotonic)))
