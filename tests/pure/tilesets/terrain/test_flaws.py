"""What is no ground is found and filled; what is ground stays, however steep."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from cim import crs as frames
from cim.dem_flaws import sift
from cim.geoid import Geoid
from cim.raster import spikes
from tests import terrain_reader
from tilesets.terrain.build import DemSource, TerrainReport, build_terrain
from tilesets.terrain.dem import prepare

FIELD = (430_000.0, 4_450_000.0, 30.0, 300)
LEAST = 30.0


def hills() -> np.ndarray:
    y, x = np.mgrid[:300, :300].astype(float)
    return 1000 + 80 * np.sin(x / 25) * np.cos(y / 31)


def cone(slope: float) -> np.ndarray:
    y, x = np.mgrid[:41, :41].astype(float)
    return 2000 - slope * 30.0 * np.hypot(x - 20, y - 20)


@pytest.mark.parametrize(
    ("name", "ground"),
    [
        ("hills", hills()),
        ("a cliff of 300 m", np.where(np.mgrid[:60, :60][1] > 30, 1300.0, 1000.0)),
        ("a slanting cliff", np.where(np.mgrid[:60, :60].sum(axis=0) > 60, 1300.0, 1000.0)),
        ("a ridge one pixel wide", np.where(np.mgrid[:60, :60][0] == 30, 1200.0, 1000.0)),
        ("a slanting wall", np.where(np.mgrid[:60, :60][0] == np.mgrid[:60, :60][1], 1200.0, 1000.0)),
        ("a gorge", np.where(np.mgrid[:60, :60][1] == 30, 800.0, 1000.0)),
        ("a cone of 60 degrees", cone(1.73)),
        ("a cone of 80 degrees", cone(5.7)),
        ("a small peak", np.where(np.hypot(*(np.mgrid[:60, :60] - 30)) < 1.5, 1060.0, 1000.0)),
        ("a pixel 29 m high", np.where(np.hypot(*(np.mgrid[:60, :60] - 30)) < 0.5, 1029.0, 1000.0)),
        ("the foot of a cliff at the border", np.where(np.mgrid[:60, :60][1] > 58, 1300.0, 1000.0)),
    ],
)
def test_ground_stays(name: str, ground: np.ndarray) -> None:
    assert not spikes(ground.astype(np.float32), LEAST).any()


@pytest.mark.parametrize("off", [60.0, -60.0, 5000.0, -900.0])
@pytest.mark.parametrize("place", [(100, 100), (0, 0), (299, 7), (150, 299)])
def test_a_pixel_far_off_all_its_neighbours_is_a_spike(off: float, place: tuple[int, int]) -> None:
    ground = hills().astype(np.float32)
    ground[place] += off
    found = spikes(ground, LEAST)
    assert found[place]
    assert found.sum() == 1


def test_with_fewer_than_three_known_neighbours_nothing_is_proved() -> None:
    ground = np.full((5, 5), np.nan, np.float32)
    ground[2, 2], ground[2, 3], ground[1, 2] = 5000.0, 1000.0, 1000.0
    assert not spikes(ground, LEAST).any()
    ground[3, 3] = 1000.0
    assert spikes(ground, LEAST).sum() == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.4), st.floats(10.0, 200.0))
def test_spikes_are_what_the_rule_says_pixel_by_pixel(seed: int, void: float, least: float) -> None:
    rng = np.random.default_rng(seed)
    ground = (1000 + rng.normal(0, 3, (14, 17)) + 400 * (rng.random((14, 17)) < 0.08)).astype(np.float32)
    ground[rng.random(ground.shape) < void] = np.nan
    expected = np.zeros(ground.shape, bool)
    for r, c in np.argwhere(np.isfinite(ground)):
        around = ground[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2].ravel().tolist()
        around.remove(ground[r, c])
        near = np.array([v for v in around if np.isfinite(v)])
        if len(near) >= 3:
            off = max(ground[r, c] - near.max(), near.min() - ground[r, c])
            expected[r, c] = off > least and off > 3.0 * (near.max() - near.min())
    assert (spikes(ground, least) == expected).all()


def test_zero_is_a_void_only_where_it_cannot_be_a_height() -> None:
    mountain = np.array([[900.0, 0.0], [950.0, 910.0]], np.float32)
    ground, marks, _ = sift(mountain, np.inf, zero_is_a_mark=True)
    assert marks.tolist() == [[False, True], [False, False]]
    assert np.isnan(ground[0, 1])
    assert not sift(mountain, np.inf, zero_is_a_mark=False)[1].any()


def built(relief: Any, folder: Path, values: np.ndarray, **options: Any) -> TerrainReport:
    file = relief.write_dem(folder / "dem.tif", values, FIELD)
    with rasterio.open(file, "r+") as dataset:
        dataset.nodata = None
    return build_terrain([DemSource(file, **options)], folder / "t", relief.crs, Geoid.constant(0.0))


def finest(folder: Path) -> np.ndarray:
    tiles = terrain_reader.pyramid(folder)
    deepest = max(level for level, _, _ in tiles)
    return np.concatenate(
        [terrain_reader.read(p.read_bytes()).heights for key, p in tiles.items() if key[0] == deepest]
    )


def test_flaws_are_filled_counted_and_placed(relief: Any, tmp_path: Path) -> None:
    values = hills()
    values[40, 50], values[200, 220] = 4000.0, -500.0
    values[100:104, 60:63] = -32768.0
    values[150:153, 70] = 0.0
    report = built(relief, tmp_path, values)
    assert {flaw.code: flaw.pixels for flaw in report.flaws} == {"spike": 2, "void": 15}
    assert {flaw.dem for flaw in report.flaws} == {"dem.tif"}
    west, north, pixel, _ = FIELD
    corner = frames.transform(
        np.array([[west + 50 * pixel, north - 40 * pixel], [west + 221 * pixel, north - 201 * pixel]]),
        relief.crs,
        frames.LONLAT,
    )
    spike = next(flaw for flaw in report.flaws if flaw.code == "spike")
    assert spike.box == pytest.approx((corner[0, 0], corner[1, 1], corner[1, 0], corner[0, 1]), abs=5e-4)
    heights = finest(tmp_path / "t")
    assert heights.max() < hills().max() + 1
    assert heights.min() >= 0.0  # beyond the DEM the ground sinks to 0, no further


def test_a_filled_spike_takes_the_height_of_its_neighbours(tmp_path: Path, relief: Any) -> None:
    values = hills()
    values[40, 50] = 4000.0
    file = relief.write_dem(tmp_path / "dem.tif", values, FIELD)
    dem = prepare(DemSource(file), tmp_path, "dem")
    heights, steps = (np.load(path) for path in dem.levels[0])
    assert heights[40, 50] == pytest.approx(hills()[40, 50], abs=5.0)
    assert (heights[:40] == hills()[:40].astype(np.float32)).all()
    assert steps[40, 50] == dem.blend  # a single pixel is no hole to fade into


def test_the_owner_may_state_what_a_spike_is(relief: Any, tmp_path: Path) -> None:
    values = hills()
    values[40, 50] += 25.0
    assert built(relief, tmp_path, values).flaws == ()
    assert [flaw.code for flaw in built(relief, tmp_path, values, spike_m=12.0).flaws] == ["spike"]
    values[40, 50] += 4000.0
    assert built(relief, tmp_path, values, spike_m=np.inf).flaws == ()
    assert finest(tmp_path / "t").max() > 2000


def test_zeros_by_the_sea_are_ground(relief: Any, tmp_path: Path) -> None:
    assert built(relief, tmp_path, np.maximum(hills() - 1000.0, 0.0)).flaws == ()


def test_flaws_are_the_same_whatever_the_strips(relief: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    values = hills()
    values[rng.integers(0, 300, 60), rng.integers(0, 300, 60)] += 900.0
    file = relief.write_dem(tmp_path / "dem.tif", values, FIELD)
    whole = prepare(DemSource(file), tmp_path, "whole")
    monkeypatch.setattr("tilesets.terrain.dem._STRIP", 64)
    strips = prepare(DemSource(file), tmp_path, "strips")
    assert whole.flaws == strips.flaws
    for one, other in zip(whole.levels[0], strips.levels[0], strict=True):
        assert (np.load(one) == np.load(other)).all()


def test_real_mountains_keep_their_summits(shared: Path, tmp_path: Path) -> None:
    tile = prepare(DemSource(shared / "dem" / "N44W072.hgt"), tmp_path, "srtm")
    assert sum(flaw.pixels for flaw in tile.flaws if flaw.code == "spike") <= 3
    raw = np.frombuffer((shared / "dem" / "N44W072.hgt").read_bytes(), ">i2").reshape(1201, 1201)
    assert np.load(tile.levels[0][0]).max() == raw.max()  # the highest summit stands
    park = prepare(DemSource(shared / "dem" / "rmnp-dem.tif"), tmp_path, "park")
    assert park.flaws == ()


def test_the_relief_of_the_prefecture_has_no_flaw(shared: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("datong_relief_approx_3857.tif", "datong_itu_p1511_topo_5min.tif")):
        assert prepare(DemSource(shared / "dem" / name), tmp_path, f"dem{number}").flaws == ()
