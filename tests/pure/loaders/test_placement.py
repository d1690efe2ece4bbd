"""Placement: the GCJ-02 and BD-09 signatures are found on made-up towns and real footprints, nobody is falsely accused."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from cim import crs
from cim.types import Box, FloatArray
from loaders.judging.placement import astray, judge, outside

pytestmark = pytest.mark.long

FRAME = "EPSG:4547"
OLD_TOWN = np.array([439_300.0, 4_439_900.0])  # a place to put made-up towns, near 113.288 E, 40.091 N
DATONG = Box(112.6, 39.0, 114.6, 40.8)


def town(seed: int, houses: int, m2_each: float) -> FloatArray:
    """Made-up house centres: at most one in each square of 7 m, so as dense as an old town at 100-200 m2 each."""
    rng = np.random.default_rng(seed)
    side = np.sqrt(houses * m2_each)
    points = rng.random((houses * 4, 2)) * side
    _, first = np.unique((points // 7).astype(int), axis=0, return_index=True)
    return OLD_TOWN + points[np.sort(first)[:houses]] - side / 2


def stated_wrongly(xy: FloatArray, as_it_is: str, stated: str) -> FloatArray:
    """Where the loader puts points whose coordinates are in one CRS and are stated to be in another."""
    return crs.transform(crs.transform(xy, FRAME, as_it_is), stated, FRAME)


MISTAKES = [
    ("GCJ-02", "EPSG:4326", "gcj02_signature"),
    ("BD-09", "EPSG:4326", "bd09_signature"),
    ("EPSG:4326", "GCJ-02", "gcj02_undone_twice"),
    ("EPSG:4326", "BD-09", "bd09_undone_twice"),
]


@pytest.mark.parametrize(("as_it_is", "stated", "code"), MISTAKES)
@pytest.mark.parametrize(("m2_each", "scatter"), [(150, 0.0), (150, 1.5), (400, 3.0), (2_000, 4.0)])
def test_each_mistake_is_named_in_a_dense_town_and_in_a_village(as_it_is, stated, code, m2_each, scatter):
    held = town(1, 1_500, m2_each)
    new = held + np.random.default_rng(2).normal(0.0, scatter, held.shape)
    offset = judge(stated_wrongly(new, as_it_is, stated), held, FRAME)
    assert offset is not None
    assert offset.code == code
    assert f'accept = ["{code}"]' in offset.message
    by = np.median(stated_wrongly(held, as_it_is, stated) - held, axis=0)
    assert np.hypot(offset.east_m - by[0], offset.north_m - by[1]) < 1.0


def test_the_offset_at_the_old_town_is_the_published_600_m():
    held = town(3, 400, 150)
    offset = judge(stated_wrongly(held, "GCJ-02", "EPSG:4326"), held, FRAME)
    assert offset is not None
    # XY-02: 596.8 m east, 132.3 m north of true on the ground; the frame's grid north is turned by half a degree
    assert np.hypot(offset.east_m, offset.north_m) == pytest.approx(611.3, abs=2.0)
    assert offset.message.startswith("its records lie 59")
    assert 'crs = "GCJ-02"' in offset.message


@pytest.mark.parametrize("scatter", [0.0, 2.0, 5.0, 15.0])
def test_data_that_fits_as_stated_is_never_accused(scatter):
    held = town(4, 1_500, 150)
    new = held[::2] + np.random.default_rng(5).normal(0.0, scatter, held[::2].shape)
    assert judge(new, held, FRAME) is None


@pytest.mark.parametrize("period", [6.0, 10.0, 12.0, 20.0, 50.0, 100.0, 150.0])
@pytest.mark.parametrize("scatter", [0.0, 0.3])
def test_a_regular_grid_that_fits_as_stated_is_never_accused(period, scatter):
    steps = np.arange(-20, 20) * period
    held = OLD_TOWN + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    new = held + np.random.default_rng(6).normal(0.0, scatter, held.shape)
    assert judge(new, held, FRAME) is None


@pytest.mark.parametrize("away", [(0.0, 900.0), (600.0, 130.0), (-600.0, -130.0), (1_400.0, 600.0), (5_000.0, 0.0)])
def test_a_new_quarter_beside_what_is_held_is_not_accused(away):
    # what lies 600 m beside a dense town is put right onto it by undoing a shift: dense is not the same as fitting
    for seed in range(5):
        assert judge(town(100 + seed, 600, 150) + away, town(7, 3_000, 150), FRAME) is None


def test_what_fits_as_stated_is_not_accused_for_a_wrongly_placed_copy_that_is_held_too():
    # an older delivery was loaded 600 m off; the right one must get in beside it
    right = town(16, 600, 400)
    wrong = stated_wrongly(right, "EPSG:4326", "GCJ-02")
    new = right + np.random.default_rng(17).normal(0.0, 1.5, right.shape)
    assert judge(new, np.vstack([right, stated_wrongly(new, "EPSG:4326", "GCJ-02")]), FRAME) is None
    offset = judge(new, wrong, FRAME)  # where only the wrong one is held, it is said that this may be so
    assert offset is not None
    assert "if it is what is held that lies wrong" in offset.message


def test_where_another_place_fits_no_better_than_the_stated_one_nobody_is_accused():
    # so many houses are held here that the fit is no sharp one, but it is about as good as that of the copy beside
    new = town(18, 400, 400)
    rng = np.random.default_rng(19)
    crowd = town(20, 2_500, 64)
    beside = stated_wrongly(new + rng.normal(0.0, 1.5, new.shape), "EPSG:4326", "GCJ-02")
    assert judge(new, beside, FRAME) is not None
    assert judge(new, np.vstack([crowd, new + rng.normal(0.0, 2.5, new.shape), beside]), FRAME) is None


def test_a_fit_of_tens_of_metres_proves_nothing():
    held = town(21, 400, 10_000)
    for scatter, found in ((5.0, True), (12.0, False)):
        new = held + np.random.default_rng(22).normal(0.0, scatter, held.shape)
        assert (judge(stated_wrongly(new, "GCJ-02", "EPSG:4326"), held, FRAME) is not None) == found


def test_another_kind_of_object_in_the_same_streets_is_not_accused():
    held = town(8, 3_000, 150)
    for seed in range(10):
        assert judge(town(200 + seed, 500, 900), held, FRAME) is None


def test_nothing_is_said_of_few_records_or_where_nothing_is_held():
    held = town(9, 400, 150)
    shifted = stated_wrongly(held, "GCJ-02", "EPSG:4326")
    assert judge(shifted, np.empty((0, 2)), FRAME) is None
    assert judge(shifted[:29], held, FRAME) is None
    assert judge(shifted, held[:29], FRAME) is None
    assert judge(np.full((100, 2), np.nan), held, FRAME) is None
    assert judge(shifted[:100], held, FRAME) is not None


def test_a_source_mostly_of_new_ground_is_judged_by_what_overlaps():
    held = town(10, 300, 150)
    new_ground = town(11, 2_000, 400) + [4_000.0, 4_000.0]
    offset = judge(stated_wrongly(np.vstack([held, new_ground]), "GCJ-02", "EPSG:4326"), held, FRAME)
    assert offset is not None
    assert offset.code == "gcj02_signature"
    assert offset.compared <= 300


def test_the_verdict_is_the_same_each_time():
    held = town(12, 5_000, 150)
    shifted = stated_wrongly(held, "GCJ-02", "EPSG:4326")
    first = judge(shifted, held, FRAME)
    assert first is not None
    assert first == judge(shifted, held, FRAME)
    assert first.compared <= 2_000


@pytest.mark.parametrize(("as_it_is", "stated", "code"), MISTAKES)
def test_real_footprints_are_recognised_under_each_mistake(shared: Path, as_it_is, stated, code):
    features = json.loads((shared / "footprints" / "osm_buildings_wuhan.geojson").read_text("utf-8"))["features"]
    lonlat = np.array([shapely.from_geojson(json.dumps(f["geometry"])).centroid.coords[0] for f in features])
    held = crs.transform(lonlat, "EPSG:4326", FRAME)
    assert judge(held, held, FRAME) is None
    offset = judge(
        stated_wrongly(held + np.random.default_rng(0).normal(0, 3.0, held.shape), as_it_is, stated), held, FRAME
    )
    assert offset is not None
    assert offset.code == code


def test_outside_counts_what_lies_beyond_the_edge_or_nowhere():
    points = np.array([[112.6, 39.0], [113.3, 40.1], [115.0, 40.0], [np.inf, np.inf], [np.nan, 40.0]])
    assert outside(points, DATONG) == pytest.approx(0.6)
    assert outside(np.empty((0, 2)), DATONG) == 0.0


def test_a_source_that_lies_outside_as_stated_is_stopped_with_the_crs_that_would_fit():
    xy = town(13, 50, 150)
    assert astray(xy, FRAME, DATONG, FRAME) is None
    for wrong in ("EPSG:4548", "EPSG:4326", "GCJ-02"):
        message = astray(xy, wrong, DATONG, FRAME)
        assert message is not None
        assert message.startswith(
            f"100% of it lies outside the city (112.6..114.6 E, 39..40.8 N) when read as {wrong}; "
        )
        assert "it would lie inside as EPSG:4547 (CGCS2000 3-degree, central meridian 114E): 113.28" in message


def test_exchanged_columns_are_named_and_another_city_is_not_talked_into_this_one():
    lonlat = crs.transform(town(14, 50, 150), FRAME, "EPSG:4326")
    exchanged = astray(lonlat[:, ::-1], "EPSG:4326", DATONG, FRAME)
    assert exchanged is not None
    assert exchanged.endswith(": exchange the columns")
    wuhan = astray(np.array([[114.39, 30.51]]), "EPSG:4326", DATONG, FRAME)
    assert wuhan is not None
    assert "no usual CRS puts it inside" in wuhan


def test_half_outside_is_no_reason_to_stop_and_more_is():
    half = np.array([[113.3, 40.0], [120.0, 30.0], [np.nan, np.nan]])
    assert astray(half, "EPSG:4326", DATONG, FRAME) is None
    message = astray(np.vstack([half, [[121.0, 30.0]]]), "EPSG:4326", DATONG, FRAME)
    assert message is not None
    assert message.startswith("67% of it")


def test_an_old_datum_with_its_parameters_is_placed_by_them():
    xy = town(15, 50, 150)
    assert astray(xy, "EPSG:2383", DATONG, FRAME, datum_shift=[10.0, -20.0, 30.0, 0.0, 0.0, 0.0, 1.0]) is None
