"""What `cim doctor` looks at: what this city needs from the machine, whether it is there, and how to mend it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api import supervisor
from api.ports import port_holder
from cim.errors import CimError
from cim.settings import Settings
from cim.store.db import Database
from cim.store.embedded import cluster_status
from cim.store.embedded.binaries import find_binaries, find_geoid_grid, server_version

_GIB = 1024**3
_LEAST_NODE = 20
_VIEWER = Path(__file__).with_name("viewer") / "dist"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. remedy: what to do, empty when `ok`. optional: the city runs without it."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    optional: bool = False


def examine(settings: Settings) -> list[Check]:
    """Everything, in the order in which it is needed; changes nothing and raises nothing."""
    url = settings.database_url
    looks: list[Callable[[], Check]] = [_python, lambda: _space(settings.data)]
    if url is None:
        looks += [_postgis, lambda: _cluster(settings.data)]
    else:
        looks += [lambda: _database(url)]
    looks += [_geoid, lambda: _port(settings), _node, _viewer, _chromium, _fonts]
    return [look() for look in looks]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 11):
        return Check("Python", False, version, "this release is made for Python 3.11: run `make up` with it")
    return Check("Python", True, version)


def _space(data: Path) -> Check:
    nearest = next(path for path in (data.absolute(), *data.absolute().parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{free / _GIB:.1f} GiB free in {nearest}"
    if free < 2 * _GIB:
        return Check("disk space", False, found, "free 2 GiB there, or set CIM_DATA to a folder on a roomier disk")
    return Check("disk space", True, found)


def _database(url: str) -> Check:
    name = "database (CIM_DATABASE_URL)"
    remedy = "mend the address or start that server; unset the variable for a private database"
    try:
        database = Database(url, pool_size=1)
        try:
            database.ping()
        finally:
            database.close()
    except CimError as error:
        return Check(name, False, str(error), remedy)
    return Check(name, True, "it answers")


def _postgis() -> Check:
    found = find_binaries()
    if found is None:
        remedy = "`make up` installs them (with apt-get, or without root)"
        return Check("PostGIS programs", False, "none", remedy, optional=True)
    if found.environment:
        version = f"PostgreSQL {found.major}, unpacked without root,"
    else:
        version = f"PostgreSQL {server_version(found.folder)}, installed,"
    return Check("PostGIS programs", True, f"{version} in {found.folder}")


def _cluster(data: Path) -> Check:
    name, status = "private database", cluster_status(data)
    if status.state == "absent":
        return Check(name, False, f"none in {status.folder}", "`make up` makes it", optional=True)
    if status.state == "stopped":
        return Check(name, False, f"stopped, in {status.folder}", "`make up` starts it", optional=True)
    if status.state == "unreachable":
        return Check(name, False, f"{status.folder} is another account's", "run this command as its owner")
    where = f"in {status.folder}, process {status.pid}"
    if status.version is None:
        return Check(name, False, f"running {where}, but silent", f"read the log in {status.folder / 'log'}")
    return Check(name, True, f"PostgreSQL {status.version} running {where}")


def _geoid() -> Check:
    found = find_geoid_grid()
    remedy = "" if found else "until then heights use the offset in city.toml: `apt-get install proj-data`"
    return Check("geoid grid", found is not None, str(found or "absent"), remedy, optional=True)


def _port(settings: Settings) -> Check:
    name, holder = f"port {settings.port}", port_holder(settings.port)
    if holder is None:
        return Check(name, True, "free")
    server = supervisor.running(settings)
    if server is not None and server.port == settings.port:
        return Check(name, True, f"this city's server, {holder}")
    return Check(name, False, f"used by {holder}", "stop that program, or set CIM_PORT to another port")


def _node() -> Check:
    program = shutil.which("node")
    version = "absent" if program is None else _said(program, "--version")
    major = version.removeprefix("v").split(".")[0]
    if major.isdigit() and int(major) >= _LEAST_NODE and shutil.which("npm") is not None:
        return Check("Node.js", True, version, optional=True)
    remedy = f"only building the viewer needs it: install Node.js {_LEAST_NODE} or newer with npm"
    return Check("Node.js", False, version, remedy, optional=True)


def _viewer() -> Check:
    if (_VIEWER / "index.html").is_file():
        return Check("viewer", True, f"built in {_VIEWER}", optional=True)
    return Check("viewer", False, "not built", "run tools/viewer.sh", optional=True)


def _chromium() -> Check:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    remedy = "" if found else "only the browser tests need it: `apt-get install chromium`"
    return Check("Chromium", found is not None, found or "absent", remedy, optional=True)


def _fonts() -> Check:
    program = shutil.which("fc-list")
    families = _said(program, ":lang=zh", "family").splitlines() if program else []
    remedy = "" if families else "only the browser tests need them: `apt-get install fonts-noto-cjk`"
    return Check("Chinese fonts", bool(families), families[0] if families else "none", remedy, optional=True)


def _said(*arguments: str) -> str:
    try:
        result = subprocess.run(arguments, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip()
