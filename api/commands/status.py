"""`cim status`: the datasets with their versions and counts, and the server."""

import argparse
import sys

from api import supervisor
from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.store import catalogue
from cim.store.embedded import cluster_status


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """One line a version, the newest first; starts nothing. Exit code 0."""
    settings.city()
    if settings.database_url is None and cluster_status(settings.data).state != "running":
        sys.stdout.write(f"database: not running in {settings.data} (`cim up` starts it)\nserver: not running\n")
        return 0
    with connect(settings, terminal).begin() as connection:
        for version in catalogue.versions(connection):
            counts = f"{version['accepted'] or 0:,} accepted, {version['rejected'] or 0:,} rejected"
            when = version["started_at"].isoformat(timespec="seconds")
            sys.stdout.write(f"{version['dataset']:<20} {version['state']:<11} {counts:<34} {when}\n")
    server = supervisor.running(settings)
    sys.stdout.write(f"server: {f'port {server.port}, process {server.pid}' if server else 'not running'}\n")
    return 0
