"""`cim doctor`: what is here, what is missing, and the command that mends it."""

import argparse
import sys

from api.doctor import examine
from api.terminal import Terminal
from cim.settings import Settings


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0 unless something needed is missing."""
    checks = examine(settings)
    for check in checks:
        sys.stdout.write(f"{'ok ' if check.ok else 'BAD'}  {check.name}: {check.found}\n")
        if not check.ok:
            sys.stdout.write(f"     mend: {check.remedy}\n")
    return 0 if all(check.ok or check.optional for check in checks) else 1
