"""The command `cim`: one subcommand a verb, plain sentences on errors, exit codes that scripts can trust.

Exit codes: 0 done; 1 an error, said in one sentence; 2 wrong usage; 3 some sources were refused, the rest is done.
"""

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from api.arguments import parser
from api.commands import command
from api.terminal import Terminal
from cim.errors import CimError, NoSpace
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
        if error.errno != errno.ENOSPC:
            raise
        terminal.line(
            f"cim: {NoSpace(f'{error.filename or parsed.command}: the disk is full; free some space, then run it again')}"
        )
    except KeyboardInterrupt:
        terminal.line("cim: stopped; what was published stands, run the same command again to go on")
    return 1


if __name__ == "__main__":
    sys.exit(main())
