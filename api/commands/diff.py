"""`cim diff`: what changed from one version of a dataset to another."""

import argparse
import json
from pathlib import Path

from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.store import history


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0. Raises Unknown or BadInput for versions that cannot be compared."""
    database = connect(settings, terminal)
    with database.begin() as connection:
        found = history.diff(connection, parsed.first, parsed.second)
        counts = ", ".join(f"{number:,} {kind}" for kind, number in found.counts.items())
        terminal.line(f"{found.dataset} from version {parsed.first} to {parsed.second}: {counts}")
        if parsed.out is not None:
            with Path(parsed.out).open("w", encoding="utf-8") as file:
                file.write('{"type": "FeatureCollection", "features": [\n')
                for number, feature in enumerate(found.features):
                    file.write((",\n" if number else "") + json.dumps(feature, ensure_ascii=False))
                file.write("\n]}\n")
            terminal.line(f"{parsed.out}: the features that differ")
    return 0
