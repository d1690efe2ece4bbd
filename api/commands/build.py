"""`cim build`: terrain, imagery and the city tileset, where their inputs changed; and cities kept under a name."""

import argparse
import os

from api.connection import connect
from api.terminal import Terminal
from cim.errors import BadInput
from cim.settings import Settings
from cim.store.db import Database
from tilesets import named, products
from tilesets.products import How


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; a product whose inputs did not change is left as it is."""
    if parsed.workers is not None and parsed.workers < 1:
        raise BadInput(f"--workers {parsed.workers}: expected 1 or more")
    if parsed.forget:
        named.forget(settings.data / "tiles", parsed.forget)
        terminal.line(f"{parsed.forget} is gone; what only it named is removed a day from now")
        return 0
    how = How(
        changed=parsed.changed or parsed.rejected,
        again=parsed.rejected,
        whole=parsed.whole,
        workers=parsed.workers or os.cpu_count() or 1,
        cluster=settings.dask,
    )
    only = ("city",) if parsed.rejected and not parsed.product else tuple(parsed.product)
    build_all(settings, connect(settings, terminal), terminal, only, how)
    if parsed.keep:
        named.keep(settings.data / "tiles", parsed.keep)
        terminal.line(f"kept as {parsed.keep}: /tiles3d/{parsed.keep}/tileset.json")
    return 0


def build_all(
    settings: Settings, database: Database, terminal: Terminal, only: tuple[str, ...] = (), how: How | None = None
) -> None:
    """Every product, or those named."""
    how = how or How(cluster=settings.dask)
    products.refresh(database, settings.city(), settings.data, terminal.progress, terminal.stage, only, how)
