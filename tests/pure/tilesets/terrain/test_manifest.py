"""What differs between two pyramids, for those who stand on them: nothing overlooked, little more than what changed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import box, union_all

from cim import crs as frames
from cim.geoid import Geoid
from tilesets.terrain import manifest
from tilesets.terrain.build import DemSource, build_terrain
from tilesets.terrain.foundation import FOUNDATION_LEVEL
from tilesets.terrain.grid import tile_box
from tilesets.terrain.ground import ServedGround
from tilesets.terrain.manifest import Level, Manifest, differing, load, part_digests, parts_of, read, save
from tilesets.terrain.quantized_mesh import HeightScale

FIELD = (430_000.0, 4_450_000.0, 60.0, 400)
GEOID = Geoid.constant(-15.0)


@pytest.fixture(scope="module")
def two(relief: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same ground twice, the second with a mound of 200 m and with water."""
    folder = tmp_path_factory.mktemp("two")
    x, y = relief.centres(FIELD)
    ground = relief.ground(x, y)
    mound = ground + 3.0 * (np.hypot(x - 441_000, y - 4_438_000) < 200)
    lake = box(113.30, 40.05, 113.31, 40.06)
    for name, values, water in (("flat", ground, []), ("mound", mound, []), ("wet", ground, [lake])):
        dem = DemSource(relief.write_dem(folder / f"{name}.tif", values, FIELD))
        build_terrain([dem], folder / name, relief.crs, GEOID, water=water)
    return {name: folder / name for name in ("flat", "mound", "wet")}


@pytest.mark.long
def test_every_place_where_a_building_would_stand_otherwise_lies_in_a_box(relief: Any, two: dict[str, Path]) -> None:
    boxes = differing(read(two["flat"]), read(two["mound"]))
    assert boxes is not None
    west, north = FIELD[:2]
    x, y = np.meshgrid(np.arange(west + 500, west + 23_500, 170.0), np.arange(north - 23_500, north - 500, 170.0))
    houses = np.asarray(box(x - 8, y - 8, x + 8, y + 8)).ravel()
    grounds = [ServedGround.open(two[name], relief.crs, GEOID) for name in ("flat", "mound")]
    before, after = (ground.stand(houses) for ground in grounds)
    moved = (before[0] != after[0]) | (before[1] != after[1])
    lonlat = frames.transform(np.column_stack([x.ravel(), y.ravel()]), relief.crs, frames.LONLAT)
    marked = np.array([any(one.contains(*point) for one in boxes) for point in lonlat])
    assert moved.sum() > 4
    assert marked[moved].all()
    assert marked.mean() < 0.2


def test_a_changed_water_mask_moves_no_building(two: dict[str, Path]) -> None:
    flat, wet = read(two["flat"]), read(two["wet"])
    assert flat is not None
    assert wet is not None
    assert any((a.digests != b.digests).any() for a, b in zip(flat.levels, wet.levels, strict=True))
    assert differing(flat, wet) == []
    assert differing(flat, flat) == []


def test_without_a_manifest_everything_may_differ(two: dict[str, Path], tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert differing(None, read(two["flat"])) is None
    assert differing(read(two["flat"]), None) is None
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04")
    assert load(tmp_path / "broken.npz") is None


def test_a_saved_manifest_comes_back_and_has_the_same_bytes(two: dict[str, Path], tmp_path: Path) -> None:
    held = read(two["flat"])
    assert held is not None
    save(held, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == (two["flat"] / manifest.NAME).read_bytes()
    for level, path in ((n, two["flat"] / str(n)) for n in range(len(held.levels))):
        assert len(held.levels[level].tiles) == len(list(path.glob("*/*.terrain")))
        assert held.levels[level].sizes.sum() == sum(p.stat().st_size for p in path.glob("*/*.terrain"))


def _made(levels: list[list[tuple[int, int]]]) -> Manifest:
    """A manifest of these tiles, all flat."""
    made = []
    for number, tiles in enumerate(levels):
        count, parts = len(tiles), parts_of(number)
        zeros = np.zeros(count, np.uint64)
        cut = np.zeros((count, parts, parts), np.uint64)
        made.append(Level(np.array(tiles, np.int64).reshape(-1, 2), zeros, zeros, np.zeros(count, np.int64), cut))
    return Manifest(tuple(made))


def _changed(held: Manifest, level: int, tile: int, part: tuple[int, int]) -> Manifest:
    parts = held.levels[level].parts.copy()
    parts[tile][part] += np.uint64(1)
    digests = held.levels[level].digests.copy()
    digests[tile] += np.uint64(1)
    levels = list(held.levels)
    levels[level] = replace(levels[level], parts=parts, digests=digests)
    return Manifest(tuple(levels))


def test_the_box_of_a_changed_part_is_that_part() -> None:
    held = _made([[(0, 0), (1, 0)]] + [[(2**level, 2 ** (level - 1))] for level in range(1, 12)])
    (found,) = differing(held, _changed(held, FOUNDATION_LEVEL, 0, (3, 5))) or [None]
    side = parts_of(FOUNDATION_LEVEL)
    whole = tile_box(FOUNDATION_LEVEL, 2**FOUNDATION_LEVEL, 2 ** (FOUNDATION_LEVEL - 1))
    width = (whole.east - whole.west) / side
    expected = (whole.west + 5 * width, whole.south + 3 * width, whole.west + 6 * width, whole.south + 4 * width)
    assert found is not None
    assert found.as_tuple() == pytest.approx(expected, abs=2e-7)


def test_a_coarse_mesh_counts_only_where_it_is_the_finest() -> None:
    tiles = [[(0, 0), (1, 0)], [(2, 0)], [(4, 0), (5, 0)]]
    held = _made(tiles)
    side = parts_of(1)
    under = _changed(held, 1, 0, (0, side - 1))  # south-east quarter: tile (5, 0) of level 2 covers it
    bare = _changed(held, 1, 0, (side - 1, 0))  # north-west quarter: nothing finer there
    assert differing(held, under) == []
    assert len(differing(held, bare) or []) == 1


def test_a_tile_more_or_less_is_a_difference() -> None:
    few, more = _made([[(0, 0), (1, 0)], [(2, 0)]]), _made([[(0, 0), (1, 0)], [(2, 0), (3, 0)]])
    for pair in ((few, more), (more, few)):
        (found,) = differing(*pair) or [None]
        assert found is not None
        assert found.as_tuple() == pytest.approx(tile_box(1, 3, 0).as_tuple(), abs=2e-7)


def test_many_changes_become_few_boxes_that_hold_them_all() -> None:
    rng = np.random.default_rng(2)
    level = 13
    tiles = sorted({(int(x), int(y)) for x, y in rng.integers(6000, 6400, (900, 2))}, key=lambda t: (t[1], t[0]))
    empty: list[list[tuple[int, int]]] = [[(0, 0), (1, 0)]] + [[] for _ in range(1, level)]
    boxes = differing(_made([*empty, []]), _made([*empty, tiles]))
    assert boxes is not None
    assert 0 < len(boxes) <= 64
    area = union_all([box(*one.as_tuple()) for one in boxes])
    assert all(area.covers(box(*tile_box(level, *tile).as_tuple())) for tile in tiles)


def test_a_part_knows_its_heights_its_edges_and_its_scale() -> None:
    rng = np.random.default_rng(1)
    k = rng.integers(0, 32767, (1, 65, 65)).astype(np.uint16)
    scale, level = HeightScale(100.0, 0.25), 14
    first = part_digests(k, scale, level)
    assert first.shape == (1, 2, 2)
    k[0, 32, 40] += 1  # on the line between the southern and the northern parts, in the east
    assert (part_digests(k, scale, level) != first).tolist() == [[[False, True], [False, True]]]
    assert (part_digests(k, HeightScale(101.0, 0.25), level) != part_digests(k, scale, level)).all()
    swapped = k.copy()
    swapped[0, 3, 3], swapped[0, 4, 4] = k[0, 4, 4], k[0, 3, 3]
    assert (part_digests(swapped, scale, level) != part_digests(k, scale, level))[0, 0, 0]
