"""`cim geocode`: a CSV file of addresses, once more with positions, scores and reasons."""

import argparse
from pathlib import Path

from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from loaders.addressing.address_list import geocode_file, told


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0, or 3 when rows could not be read. Raises BadSource or BadInput for a file that is no such list."""
    path = Path(parsed.file)
    out = Path(parsed.out) if parsed.out else path.with_name(f"{path.stem}.geocoded.csv")
    database = connect(settings, terminal)
    with terminal.stage(f"geocode {path.name}"):
        counts, wrong = geocode_file(
            database,
            path,
            out,
            terminal.progress,
            column=parsed.address_column,
            encoding=parsed.encoding,
            first=parsed.first,
        )
    for line in wrong:
        terminal.line(f"           {line}")
    if counts["bad"] > len(wrong):
        terminal.line(f"           and {counts['bad'] - len(wrong):,} more such rows")
    terminal.line(f"{out}: {counts.total():,} rows: {told(counts)}")
    return 3 if counts["bad"] else 0
