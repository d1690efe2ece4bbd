"""Which Debian packages the rootless installation takes, and which programs of the machine it accepts."""

from pathlib import Path

import pytest

from cim.errors import MissingTool
from cim.store.embedded import binaries as postgis_binaries
from cim.store.embedded.binaries import find_binaries, find_geoid_grid, unpacked_binaries
from cim.store.embedded.command import failure, run
from cim.store.embedded.unpack import closure, newest_package

URIS = "\n".join(
    f"'http://mirror/pool/{name}.deb' {name}_{version}_{kind}.deb 1000 SHA256:00"
    for name, version, kind in [
        ("libc6", "2.36-9+deb12u14", "amd64"),
        ("perl-base", "5.36.0-7+deb12u4", "amd64"),
        ("libllvm14", "1%3a14.0.6-12", "amd64"),
        ("proj-data", "9.1.1-1", "all"),
        ("libgmp10", "2%3a6.2.1+dfsg1-1.1", "amd64"),
        ("libstdc++6", "12.2.0-14+deb12u1", "amd64"),
        ("libtiff6", "4.5.0-6+deb12u4", "arm64"),
        ("libreadline8", "8.2-1.3", "amd64"),
        ("postgresql-15-postgis-3", "3.3.2+dfsg-1+b1", "amd64"),
    ]
)


def make_programs(root: Path, *extensions: str) -> None:
    programs = root / "usr/lib/postgresql/15/bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (programs / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.9 (test)'\n")
        (programs / name).chmod(0o755)
    controls = root / "usr/share/postgresql/15/extension"
    controls.mkdir(parents=True)
    for name in extensions:
        (controls / f"{name}.control").touch()


def test_libraries_are_taken_and_the_c_library_and_tools_are_not() -> None:
    assert closure(URIS) == {
        "proj-data": "9.1.1",
        "libgmp10": "6.2.1",
        "libstdc++6": "12.2.0",
        "libtiff6": "4.5.0",
        "libreadline8": "8.2",
        "postgresql-15-postgis-3": "3.3.2",
    }


def test_the_version_of_an_existing_cluster_decides() -> None:
    names = "postgresql-15-postgis-3\npostgresql-17-postgis-3\npostgresql-17-postgis-3-scripts\n"
    assert newest_package(names, None) == "postgresql-17-postgis-3"
    assert newest_package(names, "15") == "postgresql-15-postgis-3"
    with pytest.raises(MissingTool, match="postgresql-14-postgis-3"):
        newest_package(names, "14")


def test_a_postgresql_without_postgis_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_programs(tmp_path, "pg_trgm", "btree_gist")
    assert unpacked_binaries(tmp_path) is None
    (tmp_path / "usr/share/postgresql/15/extension/postgis.control").touch()
    found = unpacked_binaries(tmp_path)
    assert found is not None
    assert found.major == "15"


def test_the_cache_serves_where_the_machine_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgis_binaries, "_DEBIAN", tmp_path / "none")
    monkeypatch.setattr(postgis_binaries, "_PROJ_FOLDERS", ())
    assert find_binaries() is None
    assert find_geoid_grid() is None
    root = tmp_path / "datong-cim/postgis-3.3.2-15.9"
    make_programs(root, "postgis", "pg_trgm", "btree_gist")
    (root / "usr/share/proj").mkdir()
    (root / "usr/share/proj/egm96_15.gtx").touch()
    found = find_binaries()
    assert found is not None
    assert found.environment["PROJ_DATA"] == str(root / "usr/share/proj")
    assert find_binaries("14") is None
    assert find_geoid_grid() == root / "usr/share/proj/egm96_15.gtx"


def test_a_missing_program_and_a_full_disk_name_their_remedies() -> None:
    with pytest.raises(MissingTool, match="no-such-program is not on this machine; install it"):
        run(["no-such-program"], remedy="install it")
    error = failure("apt-get", "E: You don't have enough free space in /var/cache/apt/archives/.\n", "x")
    assert error.code == "no_space"
    assert failure("apt-get", "W: old\nE: Unable to fetch\n", "check the network").code == "unavailable"
