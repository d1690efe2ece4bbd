"""What terrain is measured with: the same relief for the same seed, without end, and a check that sees open seams."""

import doctest
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests import terrain_reader
from tests.bench import fractal, terrain, terrain_adaptive

pytestmark = pytest.mark.long


def test_the_examples_in_the_documentation_hold() -> None:
    found = doctest.testmod(fractal)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_relief_continues_itself_and_is_that_of_its_seed() -> None:
    z = fractal.heights(128)
    assert (z == fractal.heights(128)).all()
    assert (z != fractal.heights(128, seed=2)).mean() > 0.9
    inner, round_the_edge = np.abs(np.diff(z, axis=0)), np.abs(z[0] - z[-1])
    assert round_the_edge.max() < 2 * inner.max()


def test_the_dem_is_the_grid(tmp_path: Path) -> None:
    with rasterio.open(fractal.kept_dem(tmp_path, 96)) as dataset:
        assert (dataset.read(1) == np.load(fractal.kept_grid(tmp_path, 96))).all()
        assert dataset.crs.to_epsg() == 4547
        assert dataset.res == (fractal.PIXEL_M, fractal.PIXEL_M)


def test_adaptive_tiles_of_two_blocks_meet_and_keep_their_promise(tmp_path: Path) -> None:
    grid = fractal.kept_grid(tmp_path, 512)
    scale = terrain_adaptive.height_scale(900.0, 1500.0)
    for corner in ((0, 0), (4, 0)):
        terrain_adaptive.write(grid, tmp_path / "t", 40.0, scale, 5, corner)
    tiles = terrain_reader.pyramid(tmp_path / "t")
    found = list(terrain_reader.seams(tiles))
    assert all(equal for _, _, equal in found)
    assert len(found) == 4 * 4 + 3 * 5
    some = {key: tiles[key] for key in list(tiles)[:1]}
    worst, triangles = terrain._worst(some, grid, 256)
    assert worst <= 40.0 + 1 / 64
    assert 100 < triangles < 40_000
