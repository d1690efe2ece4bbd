"""PostgreSQL and PostGIS without root: Debian's own packages, verified by apt, unpacked into the user's cache."""

import fcntl
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cim.errors import MissingTool, NoSpace, Unavailable
from cim.store.embedded.binaries import NEEDED_PROGRAMS, cache_folder, unpacked_binaries, unpacked_roots
from cim.store.embedded.command import clean_environment, failure, raise_for_disk, run
from cim.types import Progress

_NEEDED_BYTES = 600 * 1024**2
_NETWORK = "check the network, then run the same command again"

# Left out: the C library (the machine's loader and library must match), maintainers' tools, Perl, fonts, and the
# compiler behind jit, which is off. Every library that a server file needs is proven to be there by _prove.
_LEFT_OUT = re.compile(
    r"libc6|libc-bin|libc-l10n|locales|tzdata|dpkg|tar|usrmerge|init-system-helpers|sysvinit-utils|lsb-base|netbase"
    r"|passwd|adduser|debconf|ucf|sensible-utils|ssl-cert|openssl|perl|perl-.*|libperl.*|lib.*-perl|libgdbm.*"
    r"|libllvm.*|libz3-.*|fonts-.*|fontconfig-config|mysql-common|mariadb-common|postgresql-common"
    r"|postgresql-client-common|libpam-modules.*|gcc-.*-base|libaudit-common|libsemanage.*|libsepol.*|readline-common"
    r"|unixodbc-common|libtirpc-common"
)
_NOT_UNPACKED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug")
_NOT_UNPACKED_GLOBS = ("usr/lib/postgresql/*/lib/bitcode", "usr/lib/postgresql/*/lib/llvmjit*")


def unpack(major: str | None, progress: Progress) -> Path:
    """Download and unpack the server programs; returns the folder. A second process waits for the first.

    Raises MissingTool without apt-get and dpkg-deb, NoSpace for a full disk, Unavailable where the mirror is away.
    """
    for tool in ("apt-get", "apt-cache", "dpkg-deb", "tar", "ldd"):
        if shutil.which(tool) is None:
            raise MissingTool(f"{tool} is not on this machine; set CIM_DATABASE_URL to a PostGIS database")
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(cache).free < _NEEDED_BYTES:
            raise NoSpace(f"{cache} has less than 600 MB free; free some, or set XDG_CACHE_HOME to a roomier disk")
        with (cache / "postgis.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ready = _unpacked(major)
            return ready if ready is not None else _unpack_into(cache, major, progress)
    except OSError as error:
        raise_for_disk(error, cache)


def _unpacked(major: str | None) -> Path | None:
    for root in unpacked_roots():
        found = unpacked_binaries(root)
        if found is not None and major in (None, found.major):
            return root
    return None


def _unpack_into(cache: Path, major: str | None, progress: Progress) -> Path:
    for abandoned in cache.glob("unpacking-*"):  # by a run that was killed: the lock says that it is over
        shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=cache) as name:
        work = Path(name)
        options = _private_apt(work)
        progress(0, None, "PostGIS: reading the package lists into a folder of this account (no root needed)")
        run(["apt-get", *options, "update"], remedy=_NETWORK)
        package = newest_package(run(["apt-cache", *options, "pkgnames", "postgresql-"], remedy=_NETWORK), major)
        said = run(
            ["apt-get", *options, "-y", "--no-install-recommends", "--print-uris", "install", package],
            remedy=_NETWORK,
        )
        wanted = closure(said)
        _download(options, sorted(wanted), work / "debs", progress)
        root = work / "root"
        _extract(sorted((work / "debs").glob("*.deb")), root, progress)
        _finish(root)
        _prove(root)
        home = cache / f"postgis-{wanted[package]}-{wanted[package.removesuffix('-postgis-3')]}"
        shutil.rmtree(home, ignore_errors=True)  # an incomplete one: a whole one would have been found
        root.rename(home)
    progress(len(wanted), len(wanted), f"PostGIS: unpacked into {home}")
    return home


def _private_apt(work: Path) -> list[str]:
    """apt's options for lists, caches and a package status of its own in `work`: nothing counts as installed."""
    for folder in ("lists/partial", "archives/partial", "cache", "debs"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    settings = {
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Dir::Cache::archives": work / "archives",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::CNF::DefaultEnabled": "false",
        "Acquire::Retries": "2",
        "APT::Sandbox::User": "",
    }
    return ["-q", *(f"-o{name}={value}" for name, value in settings.items())]


def newest_package(names: str, major: str | None) -> str:
    r"""The PostGIS package of the newest PostgreSQL (or of `major`) among apt's package names, one a line.

    Raises MissingTool where the distribution has none.

    >>> newest_package("postgresql-15-postgis-3\npostgresql-9-postgis-3\npostgresql-15-postgis-3-x\n", None)
    'postgresql-15-postgis-3'
    """
    majors = re.findall(r"^postgresql-(\d+)-postgis-3$", names, flags=re.MULTILINE)
    fitting = [one for one in majors if major in (None, one)]
    if not fitting:
        raise MissingTool(
            f"this distribution has no package postgresql-{major or 'N'}-postgis-3 "
            f"(it has PostGIS for PostgreSQL {', '.join(majors) or 'no version'}); "
            "set CIM_DATABASE_URL to a PostGIS database"
        )
    return f"postgresql-{max(fitting, key=int)}-postgis-3"


def closure(uris: str) -> dict[str, str]:
    r"""Names and upstream versions of the packages in `apt-get --print-uris install`, without those left out.

    >>> closure("'http://x/libpq5.deb' libpq5_15.20-0+deb12u1_amd64.deb 205248 SHA256:ab\n"
    ...         "'http://x/zlib1g.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 SHA256:ab\n"
    ...         "'http://x/libc6.deb' libc6_2.36-9+deb12u14_amd64.deb 2759320 SHA256:ab\n")
    {'libpq5': '15.20', 'zlib1g': '1.2.13'}
    """
    found = re.findall(r"^'\S+' ([^_\s]+)_(?:\d+%3a)?([0-9.]+[0-9])[^_\s]*_\S+ \d+", uris, flags=re.MULTILINE)
    return {name: version for name, version in found if not _LEFT_OUT.fullmatch(name)}


def _download(options: list[str], names: list[str], folder: Path, progress: Progress) -> None:
    step = 30  # apt reports nothing to a pipe: so in a few calls, each of which checks its packages' hashes
    for start in range(0, len(names), step):
        progress(start, len(names), "PostGIS: downloading Debian's packages")
        run(["apt-get", *options, "download", *names[start : start + step]], remedy=_NETWORK, folder=folder)
    progress(len(names), len(names), "PostGIS: downloading Debian's packages")


def _extract(packages: list[Path], root: Path, progress: Progress) -> None:
    root.mkdir()
    with ThreadPoolExecutor(max_workers=4) as pool:
        for done, _ in enumerate(pool.map(lambda package: _extract_one(package, root), packages), start=1):
            if done % 20 == 0 or done == len(packages):
                progress(done, len(packages), "PostGIS: unpacking")


def _extract_one(package: Path, root: Path) -> None:
    skip = [f"--exclude=./{folder}" for folder in _NOT_UNPACKED]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as archive:
        run_tar = ["tar", "-x", "-C", str(root), "--no-same-owner", *skip]
        result = subprocess.run(run_tar, stdin=archive.stdout, capture_output=True, text=True, check=False)
    package.unlink()
    if result.returncode or archive.returncode:
        raise failure("tar", f"{package.name}: {result.stderr}", "delete the cache folder, then run it again")


def _finish(root: Path) -> None:
    """What the packages' own scripts would do: name each extension's control file, and drop what jit would need."""
    for control in root.glob("usr/share/postgresql/*/extension/*-3.control"):
        plain = control.with_name(control.name.replace("-3.control", ".control"))
        if not plain.exists():
            plain.symlink_to(control.name)
    for pattern in _NOT_UNPACKED_GLOBS:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _prove(root: Path) -> None:
    """Raise Unavailable unless every library that the server and PostGIS load is found."""
    found = unpacked_binaries(root)
    if found is None:
        raise Unavailable("the unpacked packages hold no PostgreSQL with PostGIS; run the same command again")
    modules = (found.folder.parent / "lib").glob("postgis*.so")
    files: Iterable[Path] = [*(found.program(name) for name in NEEDED_PROGRAMS), *modules]
    said = run(["ldd", *files], remedy=_NETWORK, environment=clean_environment(found.environment))
    missing = sorted(set(re.findall(r"(\S+) => not found", said)))
    if missing:
        raise Unavailable(
            f"the unpacked PostGIS lacks {', '.join(missing)}: install these libraries, then run it again"
        )
