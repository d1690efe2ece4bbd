"""The tiles before readers that are not ours: Khronos' validator, loaders.gl, glTF-Transform, three.js and its renderer."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.glb import decompressed, parse
from tests.little_tilesets import WIDTH_M, little
from tests.sample_city import city
from tests.static_host import served
from tests.tile_readers import NEEDED, first_drawn, in_view, looked_down, run
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Folder
from tests.tileset_rules.tile import Link, Tile
from tests.tileset_rules.walk import Walk

pytestmark = NEEDED
ROWS = city(600, width_m=WIDTH_M)


@pytest.fixture(scope="module", params=["compact", "wide"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little city as it lies on disk: with a root that only leads on, and with one that draws."""
    return little(len(ROWS), 32 * 1024, wide=request.param == "wide").laid(tmp_path_factory.mktemp("tiles"))


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The folder over HTTP, as a static host would serve it."""
    with served(folder) as address:
        yield address


def test_the_validator_finds_neither_errors_nor_warnings_packed_or_plain(folder: Path, tmp_path: Path) -> None:
    files = []
    for stored in sorted((folder / "c").glob("*.glb.gz")):
        data = gzip.decompress(stored.read_bytes())
        for kind, content in (("packed", data), ("plain", decompressed(data))):
            files.append(tmp_path / f"{kind}_{stored.name[:-3]}")
            files[-1].write_bytes(content)
    reports = run("validate_glb.mjs", *map(str, files))
    assert len(reports) == len(files) >= 10
    assert [report for report in reports if report["errors"] or report["warnings"]] == []


def names(view: dict[str, Any]) -> set[str]:
    """The models drawn, as the checker names them."""
    return {f"c/{uri.split('/')[-1]}" for uri in view["uris"]}


def test_independent_readers_see_what_was_written(folder: Path, address: str) -> None:
    root, *tiles = run("read_tileset.mjs", f"{address}/city/tileset.json")
    assert root["version"] == "1.1"
    assert len(tiles) >= len(list((folder / "c").glob("*.glb.gz")))
    for tile in tiles:
        glb = parse(gzip.decompress((folder / "c" / f"{tile['uri']}.gz").read_bytes()))
        at, feature, table = glb.ecef(), glb.attribute("_FEATURE_ID_0"), glb.table()
        assert np.allclose(tile["three"]["min"], at.min(axis=0), atol=1e-3)
        assert np.allclose(tile["three"]["max"], at.max(axis=0), atol=1e-3)
        assert tile["three"]["triangles"] == tile["transform"]["triangles"] == len(glb.triangles())
        assert tile["transform"]["vertices"] == len(at)
        assert tile["transform"]["lastFeature"] == int(feature[-1])
        for row, seen in zip((0, int(feature[-1])), tile["three"]["features"], strict=True):
            assert seen["id"] == int(table["id"][row])
            assert seen["height"] == float(table["height"][row])
            assert seen["is_synthetic"] is True
            assert seen["cim_level"] == f"L{table['cim_level'][row]}"
            assert (seen.get("name") or "") == (table["name"][row] if "name" in table else "")


def test_a_camera_is_shown_every_building_in_view_once_and_never_a_tile_with_its_replacement(
    folder: Path, address: str
) -> None:
    far, middle, near, street = looked_down(f"{address}/city/tileset.json", [40_000.0, 3_000.0, 900.0, 150.0])
    root = Walk(Folder(folder), Report()).tileset("city/tileset.json", None)
    assert root is not None
    assert names(far) == {link.uri for tile in first_drawn(root) for link in tile.links}
    for view in (middle, near, street):
        drawn = names(view)
        assert drawn
        for tile in root.walk():
            mine, above = ({link.uri for link in links} & drawn for links in (tile.links, _above(tile)))
            assert not (mine and above)
    for view, height in ((near, 900.0), (street, 150.0)):
        ids = [id for kind, id in view["features"] if kind == "building"]
        assert len(ids) == len(set(ids))
        assert in_view(ROWS, height) <= set(ids)
    assert in_view(ROWS, 900.0)


def _above(tile: Tile) -> list[Link]:
    return [link for above in tile.above() for link in above.links]
