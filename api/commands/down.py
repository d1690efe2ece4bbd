"""`cim down`: stop what `cim up` started: the server, then the private database."""

import argparse

from api import supervisor
from api.terminal import Terminal
from cim.settings import Settings
from cim.store.embedded import stop_cluster


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0, also when nothing was running."""
    stopped = supervisor.stop(settings)
    terminal.line("server stopped" if stopped else "no server was running")
    if settings.database_url is None:
        terminal.line("database stopped" if stop_cluster(settings.data) else "no private database was running")
    return 0
