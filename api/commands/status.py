"""`cim status`: the datasets with their versions and counts, the city tileset and what it leaves out, and the server."""

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from api import supervisor
from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.store import catalogue, quarantine
from cim.store.embedded import cluster_status
from tilesets.city import remarks

_LISTED = 20  # buildings that are left out, named one by one


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """One line a dataset: its stage, what is in and what is out, and when more is due; starts nothing. Exit code 0."""
    city = settings.city()
    if settings.database_url is None and cluster_status(settings.data).state != "running":
        sys.stdout.write(f"database: not running in {settings.data} (`cim up` starts it)\nserver: not running\n")
        return 0
    with connect(settings, terminal).begin() as connection:
        out = quarantine.counts(connection)
        for one in catalogue.datasets(connection, datetime.now(ZoneInfo(city.time_zone)).date()):
            counts = f"{one['accepted'] or 0:,} accepted, {out.get(one['name'], 0):,} in quarantine"
            due = "" if one["due_on"] is None else f"  due {one['due_on']}"
            late = "" if one["overdue_days"] is None else f" ({one['overdue_days']} days overdue)"
            versions = f"{one['versions']:>3} {'version ' if one['versions'] == 1 else 'versions'}"
            sys.stdout.write(f"{one['name']:<20} {one['stage']}  {versions}  {counts:<40}{due}{late}".rstrip() + "\n")
    for line in _city(settings):
        sys.stdout.write(f"{line}\n")
    server = supervisor.running(settings)
    sys.stdout.write(f"server: {f'port {server.port}, process {server.pid}' if server else 'not running'}\n")
    return 0


def _city(settings: Settings) -> Iterator[str]:
    """What the city tileset holds, how often which flaw occurs, and each building that it leaves out, with the reason."""
    found = remarks.of_city(settings.data / "tiles", _LISTED)
    if found is None:
        yield "city: no tileset is built yet (`cim build` makes it)"
        return
    yield f"city: {found.drawn:,} buildings in {found.tiles:,} tiles, {found.rejected:,} left out"
    for code, number in found.codes.items():
        yield f"  {number:>9,}  {code}"
    for flaw in found.left_out:
        yield f"  left out: {flaw.message} ({flaw.code})"
    if found.rejected > len(found.left_out):
        yield f"  ... and {found.rejected - len(found.left_out):,} more left out"
    if found.rejected:
        yield "  `cim build --rejected` tries those that are left out once more"
