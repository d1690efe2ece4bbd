"""`cim build`: terrain, imagery and the city tileset, where their inputs changed."""

import argparse
from pathlib import Path

from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.store.db import Database
from tilesets import implicit, products


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; a product whose inputs did not change is left as it is."""
    if parsed.implicit:
        implicit.require_empty(Path(parsed.implicit))
    build_all(settings, connect(settings, terminal), terminal, tuple(parsed.product))
    if parsed.implicit:
        export_implicit(settings, Path(parsed.implicit), terminal)
    return 0


def build_all(settings: Settings, database: Database, terminal: Terminal, only: tuple[str, ...] = ()) -> None:
    """Every product, or those named."""
    products.refresh(database, settings.city(), settings.data, terminal.progress, terminal.stage, only)


def export_implicit(settings: Settings, out: Path, terminal: Terminal) -> None:
    """The city as it is published now, as an implicit tileset in a folder of its own."""
    with terminal.stage("implicit city"):
        report = implicit.export(settings.data / "tiles", "city", out, terminal.progress, crs=settings.city().crs)
        terminal.progress(report.contents, report.contents, f"models, {report.tiles} tiles, {report.subtrees} subtrees")
