"""The lines of tiles at a fiftieth of their size, from the town in a store to what other people's readers make of it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.bench import inspection, workshop
from tests.bench.__main__ import main
from tests.bench.ground import execute, prepared
from tests.bench.line import Invalid
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


def test_a_tileset_that_is_not_the_stores_has_no_figure(tmp_path: Path) -> None:
    whose = "UPDATE cim.body SET {} WHERE record_to IS NULL AND building_id = (SELECT min(building_id) FROM cim.body)"
    with (
        prepared(tmp_path, 1.0, lambda text: None) as ground,
        workshop.loaded(ground, 300, hilly=True) as shop,
    ):
        shop.cim("build", "city")
        built = inspection.inspect(shop)
        assert built.finest >= 1
        execute(shop.url, whose.format("footprint = ST_Buffer(footprint, 0.5)"))
        with pytest.raises(Invalid, match="areas of their footprints"):
            inspection.inspect(shop)
        execute(shop.url, whose.format("height_m = height_m + 1"))
        with pytest.raises(Invalid, match="heights"):
            inspection.inspect(shop)
        execute(shop.url, whose.format("record_to = record_from + interval '1 s'"))
        with pytest.raises(Invalid, match="300 buildings loaded, 299 are current"):
            inspection.inspect(shop)
        model = max((shop.tiles / "c").glob("*.glb.gz"))
        model.unlink()
        with pytest.raises(Invalid, match="which is not there"):
            inspection.inspect(shop)
