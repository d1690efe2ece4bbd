"""`cim export`: layers, versions of datasets and delivered files, out into a folder or an archive with a manifest."""

import argparse
from pathlib import Path

from api.connection import connect
from api.deps import moment, parse_bbox, utc_now
from api.terminal import Terminal
from cim import __version__
from cim import crs as frames
from cim.exports import package
from cim.exports.manifest import Entry
from cim.exports.order import Order
from cim.settings import Settings


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
    to = Path(parsed.to).absolute()
    with terminal.stage(f"export to {to.name}"):
        found = package.write(
            database, city, order, to, terminal.progress, clock=utc_now, software=f"datong-cim {__version__}"
        )
    for entry in found.entries:
        terminal.line(_told(entry))
    for name in found.left_out:
        terminal.line(f"left out   {name}: no record then and there")
    terminal.line(f"{to}: {len(found.entries)} tables and files, manifest.json, SHA256SUMS")
    return 0


def _told(entry: Entry) -> str:
    size = sum(file.size_bytes for file in entry.files) / 1e6
    count = "as delivered" if entry.records is None else f"{entry.records:,} records"
    lost = ", ".join(f"{code} {number:,}" for code, number in entry.losses.items())
    more = f"; values that {entry.format} cannot hold: {lost} ({entry.losses_file})" if lost else ""
    return f"{size:8.1f} MB  {entry.files[0].path}: {count}{more}"
