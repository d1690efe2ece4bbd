"""Contours: every vertex has its height by linear interpolation, lines meet at shared edges, voids are not crossed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cim.contour_lines import contour_lines
from cim.errors import BadInput
from cim.raster import HeightField, bilinear

VALUES = arrays(np.float64, (6, 7), elements=st.floats(0.0, 60.0, width=32))


@pytest.mark.long
@given(VALUES, st.sampled_from([2.5, 7.0, 20.0]))
def test_every_vertex_has_its_height(values, interval):
    field = HeightField(values, 100.0, 50.0, 10.0, 5.0)
    for level, line in contour_lines(field, interval):
        assert level % interval == pytest.approx(0.0, abs=1e-9) or level % interval == pytest.approx(interval)
        assert np.abs(bilinear(field, np.clip(line, [100, 25], [160, 50])) - level).max() < 1e-6


@pytest.mark.long
@given(VALUES)
def test_lines_of_neighbours_meet_at_their_common_points(values):
    left = HeightField(values[:, :4], 0.0, 5.0, 1.0, 1.0)
    right = HeightField(values[:, 3:], 3.0, 5.0, 1.0, 1.0)
    ends = []
    for field in (left, right):
        lines = contour_lines(field, 7.0)
        points = [(round(level, 6), *p.round(9)) for level, line in lines for p in line if abs(p[0] - 3.0) < 1e-12]
        ends.append({point for point in points if point[2] % 1 > 1e-6})  # a vertex on a grid point may be drawn by one
    assert ends[0] == ends[1]


def test_a_void_ends_a_line_and_an_interval_of_nothing_is_refused():
    values = np.tile(np.linspace(1.0, 9.0, 9), (9, 1))
    values[4, 4] = np.nan
    lines = contour_lines(HeightField(values, 0.0, 8.0, 1.0, 1.0), 4.5)
    assert [round(float(np.ptp(line[:, 1])), 9) for level, line in lines if level == 4.5] == [3.0, 3.0]
    assert contour_lines(HeightField(np.full((3, 3), np.nan), 0.0, 0.0, 1.0, 1.0), 5.0) == []
    with pytest.raises(BadInput, match="expected more than 0"):
        contour_lines(HeightField(values, 0.0, 8.0, 1.0, 1.0), 0.0)
