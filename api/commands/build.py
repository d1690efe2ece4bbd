"""`cim build`: terrain, imagery and the city tileset, where their inputs changed."""

import argparse

from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.store.db import Database
from tilesets import products


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; a product whose inputs did not change is left as it is."""
    build_all(settings, connect(settings, terminal), terminal, tuple(parsed.product))
    return 0


def build_all(settings: Settings, database: Database, terminal: Terminal, only: tuple[str, ...] = ()) -> None:
    """Every product, or those named."""
    products.refresh(database, settings.city(), settings.data, terminal.progress, terminal.stage, only)
