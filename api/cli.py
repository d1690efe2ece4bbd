"""The command `cim`: one subcommand a verb, plain sentences on errors, exit codes that scripts can trust.

Exit codes: 0 done; 1 an error, said in one sentence; 2 wrong usage; 3 some sources were refused, the rest is done.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from api.arguments import parser
from api.commands import command
from api.terminal import Terminal
from cim.errors import BadInput, CimError, NoSpace
from cim.settings import from_environment


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every CimError becomes one sentence on standard error and exit code 1."""
    parsed = parser().parse_args(arguments)
    terminal = Terminal()
    try:
        return int(command(parsed.command).run(from_environment(os.environ, Path.cwd()), parsed, terminal))
    except CimError as error:
        terminal.line(f"cim: {error}")
    except OSError as error:
        terminal.line(f"cim: {_told(error, parsed)}")
    except KeyboardInterrupt:
        terminal.line("cim: stopped; what was published stands, run the same command again to go on")
    return 1


def _told(error: OSError, parsed: argparse.Namespace) -> CimError:
    """What a full disk, or a file that was asked for and cannot be written, comes to; raises any other error as it is."""
    if error.errno == errno.ENOSPC:
        where = error.filename or parsed.command
        return NoSpace(f"{where}: the disk is full; free some space, then run it again")
    out = getattr(parsed, "out", None)
    if out is not None and error.filename is not None and str(error.filename) == str(Path(out)):
        return BadInput(f"{out}: cannot be written: {error.strerror}")
    raise error


if __name__ == "__main__":
    sys.exit(main())
