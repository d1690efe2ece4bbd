"""`cim export`: layers, versions of datasets and delivered files, out into a folder or an archive with a manifest.

The server writes single tables with it: brought in at the first of them, for GDAL and Arrow take a second to import.
"""

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import BinaryIO

from api.connection import connect
from api.deps import moment, parse_bbox, utc_now
from api.errors import Busy, TooLarge
from api.terminal import Terminal
from cim import __version__
from cim import crs as frames
from cim.city import City
from cim.errors import BadInput, Unavailable
from cim.exports import package
from cim.exports.manifest import Entry
from cim.exports.order import Order, items
from cim.exports.standing import Terrain
from cim.exports.targets import MODELS
from cim.exports.unfinished import unfinished
from cim.settings import Settings
from cim.store import records
from cim.store.db import Database
from cim.store.geoid import open_geoid
from cim.types import silent
from tilesets.terrain import manifest
from tilesets.terrain.ground import ServedGround

_SOFTWARE = f"datong-cim {__version__}"

# Who fetches files must not keep everybody else waiting: so many are written at a time, in this process.
_slots = BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Asked:
    """One version of a dataset as one file, as a client of the server asks for it."""

    dataset: str
    version: int
    format: str
    crs: str | None
    encoding: str | None

    def digest(self, software: str, data: Path) -> str:
        """What the file is known by: a version never changes, so neither does what this software makes of it; bodies stand
        on the terrain that is served from the data folder, too.
        """
        ground = _state_of_terrain(data) if self.format in MODELS else None
        asked = (self.dataset, self.version, self.format, self.crs, self.encoding, software, ground)
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:32]

    def written(
        self, database: Database, city: City, data: Path, clock: Callable[[], datetime], most: int
    ) -> tuple[str, int, BinaryIO]:
        """The name, the size and the open file, which is in no folder any more. A Shapefile is an archive.

        Raises TooLarge for more than `most` records, Busy while others are being written, and what `package.write` raises.
        """
        order = Order(
            datasets=(self.dataset,),
            version=self.version,
            formats=(self.format,),
            crs=self.crs,
            encoding=self.encoding,
            terrain=_terrain(city, data) if self.format in MODELS else None,
        )
        if not _slots.acquire(blocking=False):
            raise Busy("other exports are being written: ask for this one again in a moment")
        try:
            _refuse_large(database, order, most)
            data.mkdir(parents=True, exist_ok=True)
            with unfinished(data, ".export-") as folder:
                to = folder / ("out.zip" if self.format == "shp" else "out")
                found = package.write(database, city, order, to, silent, clock=clock, software=_SOFTWARE)
                entry = found.entries[0]
                path = to if self.format == "shp" else to / entry.files[0].path
                name = f"{entry.name}.zip" if self.format == "shp" else path.name
                return name, path.stat().st_size, path.open("rb")
        finally:
            _slots.release()


def _refuse_large(database: Database, order: Order, most: int) -> None:
    """Raise TooLarge for a table of too many records, BadInput for what is none."""
    with records.snapshot(database) as snapshot, database.begin() as connection:
        (item,) = items(connection, order)
        if item.wanted is None:
            raise BadInput(
                f"{item.name} is kept as the files delivered: `cim export --dataset {item.dataset}` copies it"
            )
        count = snapshot.survey(item.wanted).count
    if count > most:
        raise TooLarge(
            f"{item.name} has {count:,} records, more than the {most:,} that this door writes: "
            f"`cim export --dataset {item.dataset} --version {order.version}` writes them all"
        )


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0. Raises Conflict where the target is there already, Unknown or BadInput for what cannot be written."""
    city = settings.city()
    order = Order(
        layers=tuple(parsed.layer or ()),
        datasets=tuple(parsed.dataset or ()),
        version=parsed.version_id,
        formats=tuple(dict.fromkeys(parsed.format or ("gpkg",))),
        crs=None if parsed.crs is None else frames.parse(parsed.crs),
        encoding=parsed.encoding,
        bbox=None if parsed.bbox is None else parse_bbox(parsed.bbox),
        at=None if parsed.at is None else moment(parsed.at, "--at", city.time_zone),
        known=None if parsed.as_known_at is None else moment(parsed.as_known_at, "--as-known-at", city.time_zone),
        by=parsed.by,
    )
    database = connect(settings, terminal)
    if MODELS.keys() & set(order.formats):
        order = replace(order, terrain=_terrain(city, settings.data))
    to = Path(parsed.to).absolute()
    with terminal.stage(f"export to {to.name}"):
        found = package.write(database, city, order, to, terminal.progress, clock=utc_now, software=_SOFTWARE)
    for entry in found.entries:
        terminal.line(_told(entry))
    for name in found.left_out:
        terminal.line(f"left out   {name}: no record then and there")
    terminal.line(f"{to}: {len(found.entries)} tables and files, manifest.json, SHA256SUMS")
    return 0


def _terrain(city: City, data: Path) -> Terrain | None:
    """The terrain that is served; None where none is built. Raises BadSource where it is broken."""
    try:
        return ServedGround.open(data / "terrain", city.crs, open_geoid(city))
    except Unavailable:
        return None


def _state_of_terrain(data: Path) -> str | None:
    """The digest of what the served terrain consists of; None where it does not say, or none is built."""
    try:
        return hashlib.sha256((data / "terrain" / manifest.NAME).read_bytes()).hexdigest()
    except OSError:
        return None


def _told(entry: Entry) -> str:
    size = sum(file.size_bytes for file in entry.files) / 1e6
    count = "as delivered" if entry.records is None else f"{entry.records:,} records"
    lost = ", ".join(f"{code} {number:,}" for code, number in entry.losses.items())
    more = f"; values that {entry.format} cannot hold: {lost} ({entry.losses_file})" if lost else ""
    return f"{size:8.1f} MB  {entry.files[0].path}: {count}{more}"
