"""`cim forms`: the roof forms that nobody tells, inferred and loaded as claims that every other source wins over."""

import argparse
import time
from collections import Counter
from collections.abc import Sequence

from api.commands.load import summary
from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.source_entry import Card, NamedSource
from cim.store import catalogue, dem
from cim.store.db import Database
from cim.store.formless import formless
from cim.types import CimLevel
from loaders import pipeline
from loaders.derived import claims_file, roof_forms

LAST = 1_000_001
"""Its place in the city file: behind every other source."""


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; a building whose form somebody tells by now is no longer in the dataset."""
    levels = tuple(CimLevel) if parsed.all else (CimLevel.L3,)
    if not derive(settings, connect(settings, terminal), terminal, levels):
        terminal.line("every building of these levels has a roof that its source tells: there is nothing to infer")
    return 0


def derive(
    settings: Settings, database: Database, terminal: Terminal, levels: Sequence[CimLevel] = (CimLevel.L3,)
) -> int:
    """The roofs as the dataset `roofs_inferred`, which fills what nobody tells; how many they are."""
    city = settings.city()
    with database.begin() as connection:
        buildings = formless(connection, roof_forms.DATASET, levels)
        if not len(buildings):
            return 0
        models = [v for layer in ("orthophoto", "dsm") for v in catalogue.published(connection, layer=layer)]
        with terminal.stage(f"roof forms of {len(buildings):,} buildings that nobody tells"):
            frame = roof_forms.derive(
                buildings,
                dem.rasters(connection, "orthophoto"),
                dem.rasters(connection, "dsm"),
                lambda lonlat: dem.heights(connection, lonlat),
                city.crs,
                terminal.progress,
            )
    path = settings.data / "derived" / f"{roof_forms.DATASET}.gpkg"
    claims_file.write(frame, path, roof_forms.DATASET)
    entry = roof_forms.source(path, city.crs, [(v.dataset, v.id) for v in models])
    named = NamedSource(roof_forms.DATASET, entry, Card(title="推断的屋顶形式", priority=LAST))
    terminal.line(summary(pipeline.load(database, named, path, city, terminal.progress, time.monotonic)))
    rules = Counter(frame["roof_rule"])
    terminal.line("           by rule: " + ", ".join(f"{rule} {n:,}" for rule, n in rules.most_common()))
    return len(frame)
