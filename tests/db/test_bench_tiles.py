"""The lines of tiles at a fiftieth of their size, from the town in a store to what other people's readers make of it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.conftest import CHECKOUT

pytestmark = [pytest.mark.db, pytest.mark.node]


@pytest.fixture(autouse=True)
def _readers() -> None:
    if shutil.which("node") is None or not (CHECKOUT / "tests/readers/node_modules").is_dir():
        pytest.skip("Node.js or the readers are missing (tools/readers.sh)")


def test_the_lines_of_tiles_come_to_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scale", "0.02", "--data", str(tmp_path), "tiles.bytes", "tiles.far"]) == 0
    said = capsys.readouterr()
    figures = {found["name"]: found for found in map(json.loads, said.out.splitlines())}
    assert set(figures) == {"tiles.bytes@0.02", "tiles.far@0.02"}
    assert 20.0 < figures["tiles.bytes@0.02"]["value"] < 1_000.0
    assert 0.0 < figures["tiles.far@0.02"]["value"] < 3.0
    assert said.err.count("models drawn") == 2  # both cameras
