"""Water masks: where the polygons are, read by others; and no tile is heavier for water that is not there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from quantized_mesh_tile.terrain import TerrainTile

from cim.errors import BadSource
from cim.geoid import Geoid
from tests import terrain_reader
from tilesets.terrain.build import DemSource, build_terrain
from tilesets.terrain.grid import tile_box
from tilesets.terrain.quantized_mesh import HeightScale, decode, encode, headers
from tilesets.terrain.water import Waters, keys, masks

FIELD = (430_000.0, 4_450_000.0, 100.0, 240)
LAKE = shapely.Polygon([(113.22, 40.02), (113.34, 40.00), (113.37, 40.12), (113.25, 40.15)], [
    [(113.28, 40.06), (113.30, 40.06), (113.30, 40.08), (113.28, 40.08)]
])  # fmt: skip
RIVER = shapely.LineString([(113.20, 40.16), (113.45, 40.05)]).buffer(0.002)
IDS = {"lighting": 1, "water": 2}


@pytest.fixture(scope="module")
def wet(relief: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wet")
    x, y = relief.centres(FIELD)
    dem = DemSource(relief.write_dem(folder / "dem.tif", relief.ground(x, y), FIELD))
    build_terrain([dem], folder / "t", relief.crs, Geoid.constant(-15.0), water=[LAKE, RIVER])
    build_terrain([dem], folder / "dry", relief.crs, Geoid.constant(-15.0))
    return folder / "t"


def _pixels(mask: bytes) -> np.ndarray:
    """The mask as (256, 256), north first."""
    found = np.frombuffer(mask, np.uint8)
    return np.full((256, 256), found[0]) if len(found) == 1 else found.reshape(256, 256)


def test_every_tile_has_the_extension_and_no_byte_too_many(wet: Path) -> None:
    sizes = set()
    for (level, x, y), path in terrain_reader.pyramid(wet).items():
        extensions = terrain_reader.read(path.read_bytes()).extensions
        assert set(extensions) == set(IDS.values())
        mask = extensions[IDS["water"]]
        sizes.add(len(mask))
        box = shapely.box(*tile_box(level, x, y).as_tuple())
        if len(mask) == 1:
            assert mask in (b"\x00", b"\xff")
        else:
            assert set(mask) == {0, 255}
            assert box.intersects(LAKE) or box.intersects(RIVER)
    assert sizes == {1, 256 * 256}
    assert "watermask" in json.loads((wet / "layer.json").read_text(encoding="utf-8"))["extensions"]


def test_a_pixel_is_water_where_its_middle_is(wet: Path) -> None:
    water, checked = shapely.union_all([LAKE, RIVER]), 0
    shapely.prepare(water)
    for (level, x, y), path in terrain_reader.pyramid(wet).items():
        if level < 9:
            continue
        box = tile_box(level, x, y)
        along = (np.arange(256) + 0.5) / 256
        lon, lat = np.meshgrid(box.west + along * (box.east - box.west), box.north - along * (box.north - box.south))
        expected = shapely.contains_xy(water, lon, lat)
        found = _pixels(terrain_reader.read(path.read_bytes()).extensions[IDS["water"]]) == 255
        assert (found != expected).sum() <= 2  # a middle on the very line
        checked += int(expected.sum())
    assert checked > 10_000


def test_an_independent_decoder_reads_the_mask_from_the_north(wet: Path) -> None:
    tiles = terrain_reader.pyramid(wet)
    for level, x, y in [key for key in tiles if key[0] >= 11][::3]:
        box = tile_box(level, x, y)
        tile = TerrainTile(west=box.west, south=box.south, east=box.east, north=box.north)
        tile.fromFile(str(tiles[level, x, y]), hasLighting=True, hasWatermask=True, gzipped=True)
        other = terrain_reader.read(tiles[level, x, y].read_bytes()).extensions[IDS["water"]]
        assert np.array_equal(np.array(tile.watermask, np.uint8).ravel(), np.frombuffer(other, np.uint8))


def test_water_moves_no_vertex(wet: Path) -> None:
    dry = wet.with_name("dry")
    assert json.loads((dry / "layer.json").read_text(encoding="utf-8"))["extensions"] == ["octvertexnormals"]
    for key, path in terrain_reader.pyramid(wet).items():
        one = terrain_reader.read(path.read_bytes())
        other = terrain_reader.read((dry / path.relative_to(wet)).read_bytes())
        assert set(other.extensions) == {IDS["lighting"]}, key
        assert one.extensions[IDS["lighting"]] == other.extensions[IDS["lighting"]]
        assert (one.heights == other.heights).all()
        assert (one.u == other.u).all()
    assert all(equal for _, _, equal in terrain_reader.seams(terrain_reader.pyramid(wet)))


def test_a_tile_within_water_is_one_byte() -> None:
    waters = Waters.of([shapely.box(113, 40, 114, 41)])
    assert waters is not None
    inside = np.array([[int((113.5 + 180) / 180 * 2**12), int((40.5 + 90) / 180 * 2**12)]])
    assert masks(waters, 12, inside) == [b"\xff"]
    assert masks(waters, 12, inside + 1000) == [b"\x00"]


def test_the_key_of_a_tile_changes_with_its_water_and_with_no_other() -> None:
    tiles = np.array([[x, y] for y in range(737, 745) for x in range(1667, 1672)])
    near, far = shapely.box(113.28, 40.05, 113.29, 40.06), shapely.box(113.5, 40.3, 113.52, 40.31)
    (one, both, turned) = (Waters.of(areas) for areas in ([near], [near, far], [far, near, near]))
    assert one is not None
    assert both is not None
    assert turned is not None
    first, second = keys(one, 10, tiles), keys(both, 10, tiles)
    assert (keys(turned, 10, tiles) == second).all()
    touched = [shapely.box(*tile_box(10, x, y).as_tuple()).intersects(far) for x, y in tiles.tolist()]
    assert ((first != second) == touched).all()
    assert any(touched)
    assert one.mark != both.mark == turned.mark


def test_what_has_no_area_is_no_water_and_what_is_crooked_is_mended() -> None:
    bow = shapely.Polygon([(113.0, 40.0), (113.2, 40.2), (113.2, 40.0), (113.0, 40.2)])
    assert Waters.of([]) is None
    assert Waters.of([shapely.Polygon(), None, shapely.LineString([(0, 0), (1, 1)])]) is None
    mended = Waters.of([bow])
    assert mended is not None
    assert shapely.is_valid(mended.areas).all()


def test_a_mask_is_decoded_again_and_a_broken_one_refused() -> None:
    k, normals = np.zeros((1, 9, 9), np.uint16), np.zeros((1, 9, 9, 2), np.uint8)
    where = headers(np.linspace(113, 114, 9)[None], np.linspace(40, 41, 9)[None], np.zeros((1, 9, 9)))
    for mask in (b"\x00", b"\xff", bytes(256 * 256 - 1) + b"\xff"):
        (data,) = encode(HeightScale(0, 1), where, k, normals, water=[mask])
        assert decode(data).water == mask
    (data,) = encode(HeightScale(0, 1), where, k, normals, water=[b"\x00\x00"])
    with pytest.raises(BadSource, match="not a mesh of this server"):
        decode(data)
