"""`cim rollback`: a dataset as an earlier version made it, as one step that is itself remembered."""

import argparse

from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from loaders.rollback import rollback


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0. Raises Unknown or Conflict where there is nothing to go back to."""
    report = rollback(connect(settings, terminal), parsed.dataset, parsed.to, limits=settings.city().limits)
    changes = ", ".join(f"{number:,} {fate}" for fate, number in report.changes.items()) or "nothing differed"
    terminal.line(f"{report.dataset}: version {report.version} is what an earlier one was ({changes})")
    return 0
