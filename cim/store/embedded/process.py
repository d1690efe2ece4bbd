"""The server process behind a cluster folder: whether it lives, whether it is ours, and what a crash left."""

from pathlib import Path

from cim.errors import Unavailable
from cim.store.embedded.command import raise_for_disk

_DELETED = " (deleted)"


def postmaster_pid(folder: Path) -> int | None:
    """The process id of the live server of this folder; None when none lives (a stale file does not count).

    Raises Unavailable where this account may not look into the folder.
    """
    pid = _stated_pid(folder)
    return pid if pid is not None and _lives_here(pid, folder) else None


def was_upgraded(folder: Path) -> bool:
    """Whether the programs of the running server were replaced or removed since it started.

    Its new sessions would load modules of another version ("undefined symbol"). The kernel tells exactly: the
    file that the process runs from has no name any more.
    """
    pid = _stated_pid(folder)
    try:
        return pid is not None and str(Path(f"/proc/{pid}/exe").readlink()).endswith(_DELETED)
    except OSError:
        return False


def forget_stale_pid(folder: Path, sockets: Path) -> None:
    """Remove what a crashed server left, where its process id now belongs to an unrelated process.

    PostgreSQL recovers from all other cases itself, but refuses to start when that id is alive again. Raises
    Unavailable while sessions of the crashed server still live: starting beside them would corrupt the data.
    """
    pid = _stated_pid(folder)
    if pid is None or not Path(f"/proc/{pid}").exists() or _lives_here(pid, folder):
        return
    orphans = [process.name for process in Path("/proc").glob("[0-9]*") if _lives_here(int(process.name), folder)]
    if orphans:
        raise Unavailable(
            f"sessions of a crashed server still use {folder} (processes {', '.join(orphans)}); try again in a minute"
        )
    for left in (folder / "postmaster.pid", sockets / ".s.PGSQL.5432.lock", sockets / ".s.PGSQL.5432"):
        left.unlink(missing_ok=True)


def _stated_pid(folder: Path) -> int | None:
    try:
        first = (folder / "postmaster.pid").read_text().split("\n", 1)[0].strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise_for_disk(error, folder)
    return abs(int(first)) if first.lstrip("-").isdigit() else None


def _lives_here(pid: int, folder: Path) -> bool:
    """Whether the process is alive and works in the folder, as every process of its server does."""
    process = Path(f"/proc/{pid}")
    try:
        if (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        return (process / "cwd").readlink() == folder and (process / "comm").read_text().startswith("postgres")
    except OSError:
        return False
