"""`cim bench`: the benchmarks of this checkout, one JSON line each on standard output."""

import argparse
import os
import sys
from pathlib import Path

from api.terminal import Terminal
from cim.errors import MissingTool
from cim.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Hand over to the benchmarks, which live with the tests and are not installed. Raises MissingTool without them."""
    if not (CHECKOUT / "tests" / "bench" / "__main__.py").is_file():
        raise MissingTool(
            "the benchmarks are not installed with the package: run `cim bench` in a checkout of the project"
        )
    options = ["--scale", str(parsed.scale), "--data", str(settings.data), *(["--list"] if parsed.list else [])]
    os.chdir(CHECKOUT)
    # In place of this process: Ctrl-C then reaches the benchmarks alone, and they discard their database themselves.
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *options, *parsed.line])
