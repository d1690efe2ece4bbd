"""Which PostgreSQL with PostGIS this machine offers: Debian's, another on the PATH, or the one in the cache."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

NEEDED_PROGRAMS = ("postgres", "initdb", "pg_ctl")
NEEDED_EXTENSIONS = ("postgis", "pg_trgm", "btree_gist")
GEOID_GRID = "egm96_15.gtx"
_DEBIAN = Path("/usr/lib/postgresql")
_PROJ_FOLDERS = (Path("/usr/share/proj"), Path("/usr/local/share/proj"))


@dataclass(frozen=True, slots=True)
class PostgisBinaries:
    """One usable set of server programs.

    folder: where postgres, initdb and pg_ctl lie. major: PostgreSQL's major version, "15". environment: what
    its programs need beyond a clean environment (LD_LIBRARY_PATH, PROJ_DATA), nothing for an installed one.
    """

    folder: Path
    major: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def program(self, name: str) -> Path:
        """The path of one of its programs."""
        return self.folder / name


def find_binaries(major: str | None = None) -> PostgisBinaries | None:
    """A PostgreSQL on this machine that has PostGIS, pg_trgm and btree_gist; None where there is none.

    Debian's newest first, then one on the PATH, then one in the cache; a PostgreSQL without PostGIS is passed over.
    major: only this major version (a cluster's files fit one only).
    """
    return next((one for one in _candidates() if major in (None, one.major)), None)


def cache_folder() -> Path:
    """Where downloads that any checkout may share are kept: ${XDG_CACHE_HOME:-~/.cache}/datong-cim."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".cache") / "datong-cim"


def find_geoid_grid() -> Path | None:
    """The EGM96 grid of Debian's proj-data (installed or in the cache), None where it is absent."""
    folders = [*_PROJ_FOLDERS, *(root / "usr/share/proj" for root in unpacked_roots())]
    return next((folder / GEOID_GRID for folder in folders if (folder / GEOID_GRID).is_file()), None)


def unpacked_roots() -> list[Path]:
    """The complete rootless installations in the cache, newest first."""
    roots = [path for path in cache_folder().glob("postgis-*") if (path / "usr").is_dir()]
    return sorted(roots, key=lambda path: path.stat().st_mtime, reverse=True)


def unpacked_binaries(root: Path) -> PostgisBinaries | None:
    """The server programs of Debian packages unpacked below `root`, None where they are not whole."""
    for folder in sorted(root.glob("usr/lib/postgresql/*/bin"), reverse=True):
        major = folder.parent.name
        if _is_whole(folder, root / "usr/share/postgresql" / major):
            return PostgisBinaries(folder, major, _unpacked_environment(root))
    return None


def _unpacked_environment(root: Path) -> dict[str, str]:
    # a few packages still use /usr/lib itself; blas and lapack lie where /etc/alternatives would point to
    libraries = [
        str(folder)
        for pattern in ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib")
        for base in sorted(root.glob(pattern))
        for folder in (base, base / "blas", base / "lapack")
        if folder.is_dir()
    ]
    proj = str(root / "usr/share/proj")
    return {
        "LD_LIBRARY_PATH": ":".join(libraries),
        "PROJ_DATA": proj,
        "PROJ_LIB": proj,
        "GDAL_DATA": str(root / "usr/share/gdal"),
    }


def _candidates() -> Iterator[PostgisBinaries]:
    for folder in sorted(_DEBIAN.glob("[0-9]*/bin"), key=lambda path: int(path.parent.name), reverse=True):
        if _is_whole(folder, Path("/usr/share/postgresql") / folder.parent.name):
            yield PostgisBinaries(folder, folder.parent.name)
    for name in ("pg_config", "postgres"):
        program = shutil.which(name)
        asked = Path(program).resolve().with_name("pg_config") if program else None
        if asked is not None and asked.is_file():
            folder, shared = _ask(asked, "--bindir"), _ask(asked, "--sharedir")
            if _is_whole(folder, shared):
                yield PostgisBinaries(folder, server_version(folder).split(".")[0])
    for root in unpacked_roots():
        found = unpacked_binaries(root)
        if found is not None:
            yield found


def _is_whole(folder: Path, shared: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in NEEDED_PROGRAMS) and all(
        (shared / "extension" / f"{name}.control").is_file() for name in NEEDED_EXTENSIONS
    )


def server_version(folder: Path) -> str:
    """The version that an installed `postgres` states: `15.20 (Debian 15.20-0+deb12u1)`; "0" if it fails."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    return said.stdout.strip().removeprefix("postgres (PostgreSQL) ") or "0"


def _ask(pg_config: Path, option: str) -> Path:
    said = subprocess.run([pg_config, option], capture_output=True, text=True, check=False)
    return Path(said.stdout.strip() or "/nonexistent")
