"""Getting PostgreSQL with PostGIS: what the machine has, else apt, else Debian's packages without root."""

import os
import shutil
import subprocess
from pathlib import Path

from cim.errors import CimError, MissingTool, NoSpace
from cim.store.embedded.binaries import PostgisBinaries, find_binaries
from cim.store.embedded.command import run
from cim.store.embedded.unpack import unpack
from cim.types import Progress

_BY_HAND = "install the package postgresql-15-postgis-3 by hand, or set CIM_DATABASE_URL to a PostGIS database"
_CREATECLUSTER = Path("/etc/postgresql-common/createcluster.conf")
_CREATECLUSTER_SHIPPED = Path("/usr/share/postgresql-common/createcluster.conf")


def ensure_binaries(progress: Progress, major: str | None = None) -> PostgisBinaries:
    """Server programs with PostGIS, installing them where there are none.

    major: the only major version that fits the files of an existing cluster. Raises MissingTool where no way is
    open, NoSpace for a full disk, Unavailable where the package mirror does not answer.
    """
    found = find_binaries(major)
    if found is None:
        become = _root_prefix()
        if become is not None:
            _install_with_apt(become, major or "15", progress)
        else:
            unpack(major, progress)
        found = find_binaries(major)
    if found is None:
        wanted = f"PostgreSQL {major}" if major else "PostgreSQL"
        raise MissingTool(f"no {wanted} with PostGIS, pg_trgm and btree_gist is on this machine; {_BY_HAND}")
    return found


def _root_prefix() -> list[str] | None:
    """What to put before a command so that root runs it: nothing, sudo, or None where neither is possible."""
    if shutil.which("apt-get") is None:
        raise MissingTool(f"no PostGIS is on this machine and it has no apt-get; {_BY_HAND}")
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def _install_with_apt(become: list[str], major: str, progress: Progress) -> None:
    package = f"postgresql-{major}-postgis-3"
    if shutil.disk_usage("/usr").free < 600 * 1024**2:
        raise NoSpace("/usr has less than 600 MB free, which PostGIS needs; free some space, then run it again")
    apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "UCF_FORCE_CONFFOLD=1"]
    apt += ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=120"]
    progress(0, 2, "PostGIS: reading the package lists")
    try:
        run([*apt, "-o", "Acquire::Languages=none", "update"], remedy="check the network, then run it again")
    except CimError as error:  # an unreachable third-party list must not stop an installation that does not need it
        progress(0, 2, f"PostGIS: {error}")
    progress(1, 2, f"PostGIS: installing {package} with apt-get")
    no_main = _forbid_main_cluster(become)
    try:
        run([*apt, "--no-install-recommends", "install", package], remedy=_BY_HAND)
    finally:
        if no_main:
            run([*become, "cp", _CREATECLUSTER_SHIPPED, _CREATECLUSTER], remedy=_BY_HAND)
    progress(2, 2, f"PostGIS: {package} is installed")


def _forbid_main_cluster(become: list[str]) -> bool:
    """Keep Debian from making and starting a cluster of its own, where PostgreSQL was never installed."""
    if _CREATECLUSTER.exists() or _CREATECLUSTER_SHIPPED.exists():
        return False
    script = f"mkdir -p {_CREATECLUSTER.parent} && echo create_main_cluster = false > {_CREATECLUSTER}"
    run([*become, "sh", "-c", script], remedy=_BY_HAND)
    return True
