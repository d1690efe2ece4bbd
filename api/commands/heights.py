"""`cim heights`: heights that nobody measured, from a loaded surface model over the ground, loaded as claims."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from api.commands.load import summary
from api.connection import connect
from api.terminal import Terminal
from cim.errors import BadInput
from cim.inference.surface_heights import PERCENTILE
from cim.settings import Settings
from cim.source_entry import Card, NamedSource
from cim.store import catalogue, dem
from cim.store.db import Database
from cim.store.unmeasured import unmeasured
from cim.types import Issue
from loaders import pipeline
from loaders.derived import claims_file, surface_heights

LAST = 1_000_000
"""Its place in the city file: behind every other source, so that it decides nothing but the height."""


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; what is measured otherwise by now is no longer in the dataset."""
    derive(settings, connect(settings, terminal), terminal, parsed.percentile)
    return 0


def derive(settings: Settings, database: Database, terminal: Terminal, percentile: float = PERCENTILE) -> None:
    """The heights as the dataset `heights_dsm`, in which a measured height of another source always wins.

    Raises BadInput where no surface or no elevation model is loaded, and where every building is measured.
    """
    city = settings.city()
    with database.begin() as connection:
        surfaces = dem.rasters(connection, "dsm")
        models = [v for layer in ("dsm", "dem") for v in catalogue.published(connection, layer=layer)]
        buildings = unmeasured(connection, surface_heights.DATASET)
        for layer in ("dsm", "dem"):
            if not any(v.layer == layer for v in models):
                raise BadInput(
                    f"no source of layer {layer} is loaded: heights are a surface (dsm) over the ground (dem)"
                )
        if not len(buildings.building_id):
            raise BadInput("every building that is loaded has a measured height: there is nothing to derive")
        with terminal.stage(f"heights from {len(surfaces)} surface models: {len(buildings.building_id):,} buildings"):
            found = surface_heights.derive(
                *(
                    buildings,
                    surfaces,
                    lambda lonlat: dem.heights(connection, lonlat),
                    city,
                    terminal.progress,
                    percentile,
                )
            )
    folder = settings.data / "derived"
    _tell(found.issues, folder / "heights_dsm.json", terminal)
    if not len(found.frame):
        raise BadInput(
            f"no building got a height: {found.codes}; the reasons, one by one: {folder / 'heights_dsm.json'}"
        )
    path = folder / "heights_dsm.gpkg"
    claims_file.write(found.frame, path, surface_heights.DATASET)
    made_from = [(v.dataset, v.id) for v in models]
    entry = surface_heights.source(path, city.crs, made_from, percentile)
    named = NamedSource(surface_heights.DATASET, entry, Card(title="表面模型推算的建筑高度", priority=LAST))
    terminal.line(summary(pipeline.load(database, named, path, city, terminal.progress, time.monotonic)))
    if found.codes:
        told = ", ".join(f"{code} {n:,}" for code, n in sorted(found.codes.items()))
        terminal.line(f"           no height: {told}; one by one in {folder / 'heights_dsm.json'}")


def _tell(issues: Sequence[Issue], path: Path, terminal: Terminal) -> None:
    """Which buildings got no height, why and where, for whoever wants to look."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(issue) for issue in issues], ensure_ascii=False) + "\n", encoding="utf-8")
