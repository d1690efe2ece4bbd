"""Whole levels, edge by edge: every two neighbours have the same vertices at the same heights, to the last bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cim import crs as frames
from tests import terrain_reader
from tests.terrain_reader import Key, Tile, pyramid, read, seams
from tilesets.terrain.build import DemSource, build_terrain
from tilesets.terrain.grid import tile_box


@pytest.fixture(scope="module")
def rough(relief: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two DEMs under noise, the finer one inside; a hole; a geoid that slopes."""
    folder, rng = tmp_path_factory.mktemp("seams"), np.random.default_rng(12)
    dems = []
    for name, field in (("coarse.tif", relief.coarse), ("fine.tif", relief.fine)):
        x, y = relief.centres(field)
        values = relief.ground(x, y) + rng.normal(0, 15, x.shape)
        values[30:60, 30:50] = np.nan
        dems.append(DemSource(relief.write_dem(folder / name, values, field)))
    build_terrain(dems, folder / "t", relief.crs, relief.geoid)
    return folder / "t"


def test_every_common_edge_of_every_level_is_one_edge(rough: Path) -> None:
    tiles = pyramid(rough)
    found = list(seams(tiles))
    assert all(equal for _, _, equal in found)
    expected = sum(((z, x + 1, y) in tiles) + ((z, x, y + 1) in tiles) for z, x, y in tiles)
    assert len(found) == expected > 30
    assert max(one[0] for one, _, _ in found) == max(level for level, _, _ in tiles)


def test_the_edges_meet_in_space_too(rough: Path) -> None:
    tiles = pyramid(rough)
    deepest = max(level for level, _, _ in tiles)
    held = {key: read(path.read_bytes()) for key, path in tiles.items() if key[0] == deepest}
    compared = 0
    for (level, x, y), tile in held.items():
        for ours, theirs, right, up in terrain_reader.OPPOSITE:
            other = (level, x + right, y + up)
            if other in held:
                gap = _ecef((level, x, y), tile, ours) - _ecef(other, held[other], theirs)
                assert np.abs(gap).max() < 1e-8
                compared += 1
    assert compared > 10


def _ecef(key: Key, tile: Tile, side: str) -> np.ndarray:
    box, edge = tile_box(*key), tile.edge(side).view(np.float64)
    along, height = edge.T
    lon, lat = np.full(len(along), box.west), np.full(len(along), box.south)
    if side in ("west", "east"):
        lon, lat = np.full(len(along), getattr(box, side)), box.south + along / 32767 * (box.north - box.south)
    else:
        lon, lat = box.west + along / 32767 * (box.east - box.west), np.full(len(along), getattr(box, side))
    return np.asarray(frames.to_ecef(np.column_stack([lon, lat, height])))


def test_the_comparison_sees_a_seam_of_one_step(rough: Path, tmp_path: Path) -> None:
    tiles = {key: path for key, path in pyramid(rough).items() if key[0] == 11}
    pair = next((one, other) for one, other, _ in seams(tiles))
    other = read(tiles[pair[1]].read_bytes())
    edge = other.edge("west" if pair[0][2] == pair[1][2] else "south")
    assert (edge[1:] != edge[:-1]).any()
    swapped = {pair[0]: tiles[pair[0]], pair[1]: tiles[pair[0]]}  # a tile that is its own neighbour
    assert [equal for _, _, equal in seams(swapped)] == [False]
