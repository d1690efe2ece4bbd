"""The command behind `cim bench`: figures on standard output, one JSON line each; all else on standard error.

Exit code 0 when every line has a figure, 1 when one has none.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from api.terminal import Terminal
from cim.errors import CimError
from tests.bench.ground import CHECKOUT, Ground, prepared
from tests.bench.line import Invalid, Line
from tests.bench.lines import LINES


def main(arguments: Sequence[str]) -> int:
    """Run the named lines, or all."""
    parsed = _parsed(arguments)
    if parsed.list:
        for line in LINES.values():
            sys.stdout.write(f"{line.name:<24}{line.goal or '-':<24}{line.what}\n")
        return 0
    terminal = Terminal()
    signal.signal(signal.SIGTERM, _stop)
    try:
        lines = [LINES[name] for name in parsed.line or LINES]
        if parsed.scale != 1.0:
            terminal.line(
                f"scaled to {parsed.scale:g} of the full size: no goal is judged, names end in @{parsed.scale:g}"
            )
        with prepared(parsed.data / "bench", parsed.scale, terminal.line) as ground:
            figures = [_run(line, ground) for line in lines]
    except CimError as error:
        terminal.line(f"cim: {error}")
        return 1
    except KeyboardInterrupt:
        terminal.line("cim: stopped; the lines that were printed stand")
        return 1
    return 0 if all(figures) else 1


def _stop(number: int, frame: FrameType | None) -> None:
    """A kill is a Ctrl-C: the private database must not outlive us."""
    raise KeyboardInterrupt


def _run(line: Line, ground: Ground) -> bool:
    """One line: False where it came to no figure."""
    ground.note(f"{line.name}: {line.what}")
    began = time.monotonic()
    try:
        figure = line.measure(ground)
    except (CimError, Invalid) as error:
        ground.note(f"  no figure: {error}")
        return False
    sys.stdout.write(line.text(figure, ground.scale) + "\n")
    sys.stdout.flush()
    judged = ""
    if line.goal and ground.scale == 1.0:
        judged = f", goal {line.goal} {'reached' if line.reached(figure.value, figure.ratio) else 'MISSED'}"
    ground.note(f"  {figure.value:,.4g} {line.unit}{judged}; {time.monotonic() - began:.0f} s in all")
    return True


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cim bench", description="Benchmarks, one JSON line each.")
    parser.add_argument("line", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--data", type=Path, default=CHECKOUT / "var")
    parsed = parser.parse_args(arguments)
    if not 0.0 < parsed.scale <= 1.0:
        parser.error(f"--scale {parsed.scale:g}: expected a share of the full size, above 0 and at most 1")
    return parsed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
