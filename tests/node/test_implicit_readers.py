"""The implicit export before readers that are not ours: 3d-tiles-tools and 3d-tiles-renderer."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.little_tilesets import WIDTH_M, little
from tests.sample_city import CRS, city
from tests.static_host import served
from tests.tile_readers import NEEDED, first_drawn, in_view, looked_down, run
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Folder
from tests.tileset_rules.tile import Tile
from tests.tileset_rules.walk import Walk
from tilesets.implicit import export

pytestmark = NEEDED
ROWS = city(900, width_m=WIDTH_M)


@pytest.fixture(scope="module", params=["compact", "wide"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little city as published: with a root that only leads on, and with one that draws."""
    sink = little(len(ROWS), 16 * 1024, wide=request.param == "wide")
    return sink.laid(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def exported(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("implicit")
    export(published, "city", out, crs=CRS)
    return out


def tree(folder: Path, uri: str) -> Tile:
    root = Walk(Folder(folder), Report()).tileset(uri, None)
    assert root is not None
    return root


def lines(folder: Path) -> dict[str, dict[str, Any]]:
    """What 3d-tiles-tools says of each tile, by its path."""
    return {line["path"]: line for line in run("traverse_tileset.mjs", str(folder), "tileset.json")}


def test_another_reader_finds_the_regions_and_errors_of_the_published_tiles(published: Path, exported: Path) -> None:
    wanted = {}
    for tile in tree(published, "city/tileset.json").walk():
        if tile.draws:
            assert tile.volume
            model = gzip.decompress((published / f"{tile.links[0].uri}.gz").read_bytes())
            wanted[model] = (list(tile.volume.numbers), tile.error)
    found, told = {}, lines(exported)
    for line in told.values():
        if line["implicitRoot"] or not line["contents"]:
            continue
        (content,) = line["contents"]
        assert line["refine"] == "REPLACE"
        model = (exported / content["uri"]).read_bytes()
        found[model] = (line["boundingVolume"]["region"], line["geometricError"])
        if told[line["parent"]]["implicitRoot"] is False:
            assert line["geometricError"] <= told[line["parent"]]["geometricError"]
    assert found == wanted


def test_the_checker_and_another_reader_divide_a_sample_of_others_alike(shared: Path) -> None:
    folder = shared / "tiles3d/SparseImplicitQuadtree"
    theirs = {
        line["contents"][0]["uri"]: line["boundingVolume"]["box"]
        for line in lines(folder).values()
        if line["contents"] and not line["implicitRoot"]
    }
    ours = {
        tile.links[0].uri: tile.volume.numbers
        for tile in tree(folder, "tileset.json").walk()
        if tile.draws and tile.volume
    }
    assert ours.keys() == theirs.keys()
    for uri, numbers in ours.items():
        assert np.allclose(numbers, theirs[uri], atol=1e-12)


def test_the_root_box_is_divided_alike_by_another_reader(exported: Path) -> None:
    told = lines(exported)
    root = next(line for line in told.values() if line["implicitRoot"])
    box = json.loads((exported / "tileset.json").read_text())["root"]["boundingVolume"]["box"]
    assert root["boundingVolume"]["box"] == box


def test_a_reader_that_ignores_the_metadata_sees_the_whole_city_from_afar_and_every_building_from_near(
    exported: Path,
) -> None:
    """Between the two it may see nothing of a quarter: docs/implicit-tiles.md says where and why."""
    with served(exported) as address:
        far, near, street = looked_down(f"{address}/tileset.json", [150_000.0, 400.0, 150.0])
    whole = {link.uri for tile in first_drawn(tree(exported, "tileset.json")) for link in tile.links}
    assert set(far["uris"]) == whole
    for view, height in ((near, 400.0), (street, 150.0)):
        ids = [id for kind, id in view["features"] if kind == "building"]
        assert len(ids) == len(set(ids))
        assert in_view(ROWS, height) <= set(ids)
