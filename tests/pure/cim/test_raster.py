"""Rasters as values: sampling against numbers worked by hand, filling, distances, relief."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cim.errors import BadInput
from cim.raster import (
    HeightField,
    bilinear,
    close_holes,
    distance,
    fill_voids,
    from_corner,
    halve,
    hillshade,
    steps_inside,
)

FIELD = HeightField(np.array([[1000.0, 1010.0, 1040.0], [1020.0, 1030.0, 1080.0]]), 500.0, 300.0, 100.0, 50.0)


def test_bilinear_equals_the_height_worked_by_hand() -> None:
    # a quarter of the way east between columns 1 and 2, three fifths of the way south between the rows
    north, south = 1010 + 0.25 * 30, 1030 + 0.25 * 50
    by_hand = north + 0.6 * (south - north)
    assert bilinear(FIELD, np.array([[625.0, 270.0]])).tolist() == pytest.approx([by_hand])


def test_pixel_centres_give_their_own_values_to_the_last_row_and_column() -> None:
    points = np.array([[500.0 + 100 * c, 300.0 - 50 * r] for r in range(2) for c in range(3)])
    assert bilinear(FIELD, points).tolist() == FIELD.values.ravel().tolist()


def test_points_beyond_the_outermost_centres_are_nan() -> None:
    points = np.array([[499.9, 300.0], [700.1, 300.0], [600.0, 300.1], [600.0, 249.9], [np.nan, 300.0]])
    assert np.isnan(bilinear(FIELD, points)).all()


def test_a_void_is_nan_wherever_it_has_weight_and_nowhere_else() -> None:
    field = HeightField(np.array([[1.0, 2.0, np.nan]]), 0.0, 0.0, 1.0, 1.0)
    heights = bilinear(field, np.array([[0.5, 0.0], [1.0, 0.0], [1.001, 0.0]]))
    assert heights[:2].tolist() == [1.5, 2.0]
    assert np.isnan(heights[2])


@settings(max_examples=40, deadline=None)
@given(st.floats(-5, 5), st.floats(-5, 5), st.lists(st.tuples(st.floats(0, 9), st.floats(0, 7)), min_size=1))
def test_bilinear_reproduces_every_plane(a: float, b: float, points: list[tuple[float, float]]) -> None:
    rows, cols = np.mgrid[0:8, 0:10]
    field = HeightField(a * cols + b * rows, 0.0, 0.0, 1.0, 1.0)
    xy = np.array([(x, -y) for x, y in points])
    assert np.allclose(bilinear(field, xy), a * xy[:, 0] - b * xy[:, 1], atol=1e-9)


def test_a_field_from_a_geotiff_corner_stands_half_a_pixel_in() -> None:
    field = from_corner(np.zeros((2, 3)), 100.0, 900.0, 10.0, 20.0)
    assert (field.west, field.north, field.east, field.south) == (105.0, 890.0, 125.0, 870.0)


def test_a_field_without_size_is_refused() -> None:
    with pytest.raises(BadInput, match="positive"):
        HeightField(np.zeros((2, 2)), 0.0, 0.0, 1.0, -1.0)
    with pytest.raises(BadInput, match="rows and columns"):
        HeightField(np.zeros(4), 0.0, 0.0, 1.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(0, 99)), st.data())
def test_filling_keeps_what_is_known_and_stays_within_it(values: np.ndarray, data: st.DataObject) -> None:
    holes = data.draw(hnp.arrays(bool, values.shape))
    filled = fill_voids(np.where(holes, np.nan, values))
    assert np.isfinite(filled).all()
    assert (filled[~holes] == values[~holes].astype(np.float32)).all()
    if not holes.all():
        known = values[~holes]
        assert filled.min() >= known.min() - 0.01
        assert filled.max() <= known.max() + 0.01


def test_a_hole_in_a_slope_is_bridged_along_the_slope() -> None:
    slope = np.broadcast_to(np.arange(32.0), (32, 32)).copy()
    holed = slope.copy()
    holed[14:18, 14:18] = np.nan
    assert np.abs(fill_voids(holed) - slope).max() < 1.5


def test_halving_takes_means_and_counts_the_odd_edge_twice() -> None:
    assert halve(np.array([[0.0, 2.0, 8.0], [4.0, 6.0, 8.0], [1.0, 1.0, 5.0]])).tolist() == [[3.0, 8.0], [1.0, 5.0]]


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)), st.integers(1, 6))
def test_steps_inside_count_to_the_nearest_void(mask: np.ndarray, limit: int) -> None:
    voids = np.argwhere(~mask)
    for place in np.ndindex(mask.shape):
        nearest = min((int(np.abs(void - place).sum()) for void in voids), default=limit)
        assert steps_inside(mask, limit)[place] == min(nearest, limit)


def test_closing_fills_narrow_holes_but_not_wide_ones_and_does_not_grow() -> None:
    mask = np.zeros((60, 60), dtype=bool)
    mask[10:50, 10:50] = True
    whole = mask.copy()
    mask[20:23, 20:23] = False
    mask[28:48, 28:48] = False
    closed = close_holes(mask, 3)
    assert closed[20:23, 20:23].all()
    assert not closed[37, 37]
    assert not (closed & ~whole).any()


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(bool, (6, 7)), st.floats(1, 50), st.floats(1, 50))
def test_distance_is_straight_and_exact(mask: np.ndarray, step_x: float, step_y: float) -> None:
    found = distance(mask, step_x, step_y, 60.0)
    targets = np.argwhere(mask) * [step_y, step_x]
    for place in np.ndindex(mask.shape):
        away = np.linalg.norm(targets - np.array(place) * [step_y, step_x], axis=1) if len(targets) else np.array([])
        assert found[place] == pytest.approx(min(60.0, away.min(initial=60.0)))


def test_a_slope_facing_the_light_is_white_and_the_one_behind_black() -> None:
    y, x = np.mgrid[0:5, 0:5].astype(float)
    toward = hillshade((x + y) * 10.0 / np.sqrt(2), 10.0, 10.0)  # rises to the south-east at 45 degrees
    away = hillshade(-(x + y) * 10.0 / np.sqrt(2), 10.0, 10.0)
    assert (toward == 255).all()
    assert (away == 1).all()


def test_shade_of_a_gentle_slope_equals_horn_by_hand() -> None:
    y, _ = np.mgrid[0:3, 0:3].astype(float)
    slope = 0.2  # falls to the north
    up, toward = np.sin(np.radians(45)), np.cos(np.radians(45)) * np.cos(np.radians(315))
    by_hand = (up + slope * toward) / np.sqrt(1 + slope**2)
    assert hillshade(y * 10.0 * slope, 10.0, 10.0).tolist() == [[int(np.floor(1 + 254 * by_hand + 0.5))]]


def test_relief_next_to_a_void_is_zero() -> None:
    heights = np.zeros((4, 4))
    heights[0, 0] = np.nan
    assert hillshade(heights, 1.0, 1.0)[0, 0] == 0
    assert hillshade(heights, 1.0, 1.0)[1, 1] > 0
