"""`python -m tests.tileset_rules FOLDER TILESET`: prints what is broken; exit code 1 if anything is."""

import argparse
import sys
from pathlib import Path

from tests.tileset_rules.catalogue import RULES
from tests.tileset_rules.check import check_folder


def main() -> int:
    """Checks one tileset."""
    parser = argparse.ArgumentParser(prog="python -m tests.tileset_rules", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of tiles as published, such as var/tiles")
    parser.add_argument("tileset", nargs="?", default="city", help="its name (default: city), or the path of its JSON")
    parser.add_argument("--standard", action="store_true", help="leave out the rules that are this project's own")
    parsed = parser.parse_args()
    report = check_folder(parsed.folder, parsed.tileset, house=not parsed.standard)
    for rule in sorted(report.rules()):
        sys.stderr.write(f"{rule}: {RULES[rule]}\n")
    sys.stdout.write(f"{report}\n")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
