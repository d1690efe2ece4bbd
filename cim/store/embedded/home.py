"""Where a private cluster lives and whose it is: its folder, its server's account, the folder of its socket."""

import hashlib
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cim.errors import MissingTool, Unavailable
from cim.store.embedded.command import Account, raise_for_disk
from cim.store.embedded.tuning import socket_folder
from cim.types import Progress

ROLE = "cim"
DATABASE = "cim"
_ELSEWHERE = Path("/var/lib/datong-cim")


@dataclass(frozen=True, slots=True)
class ClusterHome:
    """One cluster's places. account: None when the server runs as the caller."""

    folder: Path
    sockets: Path
    account: Account | None

    def url(self, database: str = DATABASE) -> str:
        """The address of a database in it, good for psycopg and for SQLAlchemy."""
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets), safe='/')}"


def find_home(data: Path) -> ClusterHome:
    """Where the cluster of this data folder lives, or would; makes nothing.

    `data/pg` is the folder itself, or a link to it where the server's account cannot reach `data`.
    """
    folder = (data / "pg").resolve()
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    sockets = socket_folder(folder, digest, Path("/tmp"))  # not TMPDIR: every caller must find the same
    return ClusterHome(folder, sockets, _account() if os.geteuid() == 0 else None)


def make_home(data: Path, progress: Progress) -> ClusterHome:
    """The cluster's folders, made private and given to the account that the server runs under.

    Raises Unavailable for folders that this account may not use, MissingTool where root has no account `postgres`
    to start the server under.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        home = find_home(data)
        if os.geteuid() == 0 and home.account is None:
            raise MissingTool(
                "PostgreSQL refuses to run as root and this machine has no account `postgres`; "
                "run `useradd --system postgres`, or run the command as an ordinary user"
            )
        if home.account is not None and not _can_reach(home.account, home.folder.parent):
            _move_elsewhere(data, home, progress)
            home = find_home(data)
        for folder in dict.fromkeys((home.folder, home.sockets)):
            make_private(folder, home.account)
    except OSError as error:
        raise_for_disk(error, data)
    return home


def _account() -> Account | None:
    """The account for the server when root starts it, None where the machine has none."""
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _can_reach(account: Account, folder: Path) -> bool:
    """Whether the account may pass through every folder down to this one."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    said = subprocess.run(
        ["test", "-x", str(nearest)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return said.returncode == 0


def _move_elsewhere(data: Path, home: ClusterHome, progress: Progress) -> None:
    digest = hashlib.sha256(str(home.folder).encode()).hexdigest()[:16]
    place = _ELSEWHERE / digest / "pg"
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    link = data.absolute() / "pg"
    if link.exists():
        raise Unavailable(f"account postgres cannot reach {link}: let it pass (`chmod o+x`) or choose another CIM_DATA")
    place.mkdir(exist_ok=True, mode=0o700)
    link.unlink(missing_ok=True)
    link.symlink_to(place)
    progress(0, None, f"account postgres cannot reach {data}: the database is kept in {place}, {link} links to it")


def make_private(folder: Path, account: Account | None) -> None:
    """Make a folder that only the server's account (and root) can enter; refuse one that is another's."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    uid = os.geteuid() if account is None else account.uid
    found = folder.lstat()
    if found.st_uid not in (uid, os.geteuid()) or not stat.S_ISDIR(found.st_mode):
        owner = _name_of(found.st_uid)
        raise Unavailable(
            f"{folder} belongs to {owner}, but the server would run as {_name_of(uid)}; "
            f"run the command as {owner if owner != 'postgres' else 'root'}, or choose another CIM_DATA"
        )
    if account is not None and found.st_uid != uid:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
