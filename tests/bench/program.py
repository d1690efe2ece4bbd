"""A program run to its end under the clock: how rivals and our own loads are timed alike."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.ground import CHECKOUT
from tests.bench.line import Invalid

_LIMIT_S = 1_200  # of one run: whoever takes longer has no figure


def timed(command: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[float, str]:
    """(seconds from start to end, standard output). Raises Invalid with its last words where it fails or does not end."""
    name = Path(command[0]).name if "-m" not in command else command[command.index("-m") + 1]
    began = time.perf_counter()
    try:
        done = subprocess.run(
            list(command),
            cwd=CHECKOUT,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        raise Invalid(f"{name} had not ended after {_LIMIT_S} s") from None
    seconds = time.perf_counter() - began
    if done.returncode:
        raise Invalid(f"{name}: {(done.stderr.strip().splitlines() or ['it left no word'])[-1]}")
    return seconds, done.stdout
