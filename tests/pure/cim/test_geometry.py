"""The grid and the ragged footprints: keys go there and back, snapping and cleaning are exact."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.geometry import (
    LATTICE_M,
    Rings,
    anchors,
    cell_box,
    cell_keys,
    clean,
    lost_features,
    rings,
    signed_areas,
    snap,
    wind,
)

COORDINATE = st.floats(0.0, 64.0 * 2**24 - 1.0, allow_nan=False)


def shape_of(*polygons: shapely.Geometry | None) -> Rings:
    return rings(np.array(polygons, dtype=object))


@given(COORDINATE, COORDINATE, st.integers(0, 20))
def test_a_point_lies_in_the_box_of_its_cell_at_every_depth(x: float, y: float, depth: int) -> None:
    key = int(cell_keys(np.array([[x, y]]))[0])
    assert cell_box(key >> (2 * depth), depth).contains(x, y)


def test_keys_are_the_interleaved_bits_of_column_and_row() -> None:
    ix, iy = 6873, 69371
    expected = sum(((ix >> k & 1) << 2 * k) | ((iy >> k & 1) << (2 * k + 1)) for k in range(24))
    assert cell_keys(np.array([[ix * 64 + 63.9, iy * 64 + 0.1]])).tolist() == [expected]


@pytest.mark.parametrize("point", [[-0.1, 5.0], [np.nan, 5.0], [5.0, 64.0 * 2**24]])
def test_a_point_off_the_grid_is_refused(point: list[float]) -> None:
    with pytest.raises(BadInput, match="point 1 "):
        cell_keys(np.array([[1.0, 1.0], point]))


def test_rows_sorted_by_key_are_contiguous_in_every_coarser_cell() -> None:
    keys = np.sort(cell_keys(np.random.default_rng(3).uniform(4e5, 4.2e5, (500, 2))))
    for depth in (1, 4, 6, 8):
        cells = keys >> (2 * depth)
        assert len(np.unique(cells)) == 1 + np.count_nonzero(np.diff(cells))


def test_an_anchor_lies_inside_its_footprint_and_is_unknown_without_one() -> None:
    crescent = shapely.Point(0, 0).buffer(10).difference(shapely.Point(5, 0).buffer(9))
    at = anchors(np.array([crescent, None], dtype=object))
    assert crescent.contains(shapely.Point(at[0]))
    assert np.isnan(at[1]).all()


def test_multipolygons_and_holes_keep_their_order_and_owner() -> None:
    ring = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    shape = shape_of(None, shapely.MultiPolygon([ring, shapely.box(20, 0, 25, 5)]), shapely.box(0, 0, 1, 1))
    assert shape.feature.tolist() == [1, 1, 2]
    assert shape.polygon.tolist() == [0, 0, 1, 2]
    assert shape.is_exterior().tolist() == [True, False, True, True]
    assert np.abs(signed_areas(shape)).tolist() == [81.0, 9.0, 25.0, 1.0]


def test_winding_turns_outlines_left_and_holes_right_and_keeps_the_points() -> None:
    ring = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    shape = shape_of(ring, shapely.reverse(ring))
    wound = wind(shape)
    assert signed_areas(wound).tolist() == [81.0, -9.0, 81.0, -9.0]
    for a, b in zip(wound.start[:-1], wound.start[1:], strict=True):
        assert {*map(tuple, wound.xy[a:b])} == {*map(tuple, shape.xy[a:b])}


def test_cleaning_drops_repeats_spikes_and_points_on_a_line() -> None:
    dirty = shapely.Polygon([(0, 0), (0, 0), (2, 0), (4, 0), (4, 3), (9, 3), (4, 3), (4, 4), (0, 4), (0, 2)])
    assert clean(shape_of(dirty)).xy.tolist() == [[0, 0], [4, 0], [4, 4], [0, 4]]


def test_what_collapses_is_told_by_row_and_takes_its_holes_along() -> None:
    sliver = shapely.Polygon([(0, 0), (5, 0.001), (10, 0)], [[(4, 0.0003), (5, 0.0006), (6, 0.0003)]])
    tiny_hole = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (3.001, 3), (3, 3.001)]])
    raw = shape_of(shapely.box(0, 0, 5, 5), sliver, tiny_hole)
    cleaned = clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature))
    assert lost_features(raw, cleaned).tolist() == [1]
    assert cleaned.feature.tolist() == [0, 2]
    assert cleaned.sizes().tolist() == [4, 4]


@pytest.mark.long
@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40)), min_size=3, max_size=12), st.integers(0, 11))
def test_cleaning_is_idempotent_and_keeps_the_area(points: list[tuple[int, int]], turn: int) -> None:
    xy = np.array(points, dtype=np.float64) * LATTICE_M
    shape = Rings(xy, np.array([0, len(xy)]), np.array([0]), np.array([0]))
    once = clean(shape)
    again = clean(once)
    assert again.xy.tolist() == once.xy.tolist()
    kept = signed_areas(once).sum() if len(once.polygon) else 0.0
    assert kept == signed_areas(shape)[0]
