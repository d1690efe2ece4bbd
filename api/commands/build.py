"""`cim build`: terrain, imagery, the city and its greens, where their inputs changed; cities kept by name or exported."""

import argparse
from pathlib import Path

from api.connection import connect
from api.terminal import Terminal
from cim.errors import BadInput
from cim.settings import Settings
from cim.store.db import Database
from tilesets import implicit, products
from tilesets.city import named
from tilesets.crew import processors
from tilesets.products import How


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; a product whose inputs did not change is left as it is."""
    tiles = settings.data / "tiles"
    if parsed.workers is not None and parsed.workers < 1:
        raise BadInput(f"--workers {parsed.workers}: expected 1 or more")
    if parsed.implicit:
        implicit.require_empty(Path(parsed.implicit))
    if parsed.forget and (parsed.product or parsed.keep or parsed.implicit or parsed.rejected or parsed.whole):
        raise BadInput("--forget stands alone, for it builds nothing: `cim build --forget NAME`")
    if parsed.keep:
        named.require_free(tiles, parsed.keep)
    if parsed.forget:
        named.forget(tiles, parsed.forget)
        terminal.line(f"{parsed.forget} is gone; what only it named is removed a day from now")
        return 0
    how = How(
        changed=parsed.changed or parsed.rejected,
        again=parsed.rejected,
        whole=parsed.whole,
        workers=parsed.workers or processors(),
        cluster=settings.dask,
    )
    only = ("city",) if parsed.rejected and not parsed.product else tuple(parsed.product)
    build_all(settings, connect(settings, terminal), terminal, only, how)
    if parsed.keep:
        named.keep(tiles, parsed.keep)
        terminal.line(f"kept as {parsed.keep}: /tiles3d/{parsed.keep}/tileset.json")
    if parsed.implicit:
        export_implicit(settings, Path(parsed.implicit), terminal)
    return 0


def build_all(
    settings: Settings, database: Database, terminal: Terminal, only: tuple[str, ...] = (), how: How | None = None
) -> None:
    """Every product, or those named."""
    how = how or How(cluster=settings.dask)
    products.refresh(database, settings.city(), settings.data, terminal.progress, terminal.stage, only, how)


def export_implicit(settings: Settings, out: Path, terminal: Terminal) -> None:
    """The city as it is published now, as an implicit tileset in a folder of its own."""
    with terminal.stage("implicit city"):
        report = implicit.export(settings.data / "tiles", "city", out, terminal.progress, crs=settings.city().crs)
        terminal.progress(report.contents, report.contents, f"models, {report.tiles} tiles, {report.subtrees} subtrees")
