"""What the tests of faults share: a small city over the test's own database, and a disk that is soon full."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cim.settings import Settings
from tests.faults.small_city import CITY, write_buildings, write_dem


@pytest.fixture
def bare(tmp_path: Path, settings: Settings) -> Settings:
    """A small city of its own over the test's database, without any files yet."""
    settings.data.mkdir()
    (tmp_path / "city.toml").write_text(CITY, encoding="utf-8")
    return replace(settings, city_file=tmp_path / "city.toml")


@pytest.fixture
def small(bare: Settings) -> Settings:
    """The small city with 400 buildings on a flat DEM."""
    write_buildings(bare.data / "buildings.gpkg", 400)
    write_dem(bare.data / "dem.tif")
    return bare


@pytest.fixture
def tmpfs() -> Iterator[Path]:
    """A small disk of its own, which the database's account can reach; needs root."""
    folder = Path(tempfile.mkdtemp(prefix="cim-disk-"))
    folder.chmod(0o755)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "none", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()
