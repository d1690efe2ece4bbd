"""Running another program to its end: its output is kept, its failure becomes an error that names the remedy."""

import errno
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cim.errors import MissingTool, NoSpace, Unavailable

_FULL = ("no space left on device", "enough free space", "disk quota exceeded", "write error: no space")


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system account a program runs as."""

    name: str
    uid: int
    gid: int


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment for PostgreSQL's programs: none of the caller's PG*, PROJ_*, GDAL_*, LD_* reaches them."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", **extra}


def run(
    arguments: Sequence[str | Path],
    *,
    remedy: str,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
    folder: Path | None = None,
    timeout: float = 900.0,
) -> str:
    """Run a program and return what it said (both streams).

    remedy: one clause for the error message, telling what the user can do. account: run as that user (needs
    root). Raises MissingTool when the program is absent, NoSpace when a disk is full, Unavailable when it fails
    otherwise.
    """
    try:
        result = subprocess.run(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ if environment is None else environment),
            cwd=folder,
            timeout=timeout,
            check=False,
            text=True,
            errors="replace",
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
    except FileNotFoundError as error:
        raise MissingTool(f"{arguments[0]} is not on this machine; {remedy}") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{arguments[0]} did not end within {timeout:.0f} s; {remedy}") from error
    except OSError as error:
        raise_for_disk(error, folder or Path(arguments[0]))
    if result.returncode:
        raise failure(str(arguments[0]), result.stdout, remedy)
    return result.stdout


def failure(program: str, output: str, remedy: str) -> NoSpace | Unavailable:
    """The error for a program that ended badly: its own last words, and the remedy.

    >>> str(failure("/usr/bin/initdb", "creating\\ninitdb: error: not empty\\n", "choose another CIM_DATA"))
    'initdb failed: initdb: error: not empty; choose another CIM_DATA'
    >>> type(failure("initdb", "could not write: No space left on device", "")).__name__
    'NoSpace'
    """
    name = Path(program).name
    if any(word in output.lower() for word in _FULL):
        return NoSpace(f"{name} found the disk full; free some space, then run the same command again")
    return Unavailable(f"{name} failed: {last_words(output)}; {remedy}")


def last_words(output: str) -> str:
    """The line of a program's output that tells most: the last that names an error, else the last of all.

    >>> last_words("W: old\\nE: Unable to locate package x\\nReading\\n")
    'E: Unable to locate package x'
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("E: ") or "error" in line.lower() or "FATAL" in line]
    return (telling or lines or ["it said nothing"])[-1]


def raise_for_disk(error: OSError, path: Path) -> NoReturn:
    """Translate an operating system error at `path`: NoSpace for a full disk or quota, else Unavailable."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise NoSpace(f"the disk of {path} is full; free some space, then run the same command again") from error
    if isinstance(error, PermissionError):
        raise Unavailable(
            f"{error.filename or path} may not be used by this account ({error.strerror}); "
            "set CIM_DATA to a folder of yours, or run the command as that folder's owner"
        ) from error
    raise Unavailable(f"{error.filename or path}: {error.strerror}") from error
