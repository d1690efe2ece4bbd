"""Heights along lines: shares of the length, even falls, gaps, and what is raised; against shapely's own measures."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.lines import along, between, filled, raised

coordinate = st.integers(-50, 50).map(float)
line = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=6).map(shapely.LineString)
lines = st.lists(line, min_size=1, max_size=4).map(lambda found: np.array(found, dtype=object))


@settings(max_examples=20, deadline=None)
@given(lines)
def test_each_vertex_lies_as_far_along_as_shapely_measures(shapes) -> None:
    owner, share = along(shapes)
    at = 0
    for k, shape in enumerate(shapes):
        xy = shapely.get_coordinates(shape)
        run = [shapely.LineString(xy[: n + 1]).length if n else 0.0 for n in range(len(xy))]
        expected = np.array(run) / shape.length if shape.length else np.zeros(len(xy))
        assert np.allclose(share[at : at + len(xy)], expected)
        assert (owner[at : at + len(xy)] == k).all()
        at += len(xy)


def test_the_gap_between_the_parts_of_a_multiline_counts_nothing() -> None:
    parts = shapely.MultiLineString([[(0, 0), (5, 0)], [(100, 0), (105, 0)]])
    z = between(np.array([parts]), np.array([10.0]), np.array([8.0]))
    assert z.tolist() == [10.0, 9.0, 9.0, 8.0]
    assert raised(np.array([parts]), z)[0].geoms[1].coords[0] == (100.0, 0.0, 9.0)


@settings(max_examples=15, deadline=None)
@given(lines, st.floats(900, 1100), st.floats(900, 1100))
def test_filling_gaps_of_an_even_fall_gives_the_even_fall(shapes, start, end) -> None:
    n = len(shapes)
    whole = between(shapes, np.full(n, start), np.full(n, end))
    owner, _ = along(shapes)
    first = np.searchsorted(owner, np.arange(n))
    last = np.searchsorted(owner, np.arange(n), side="right") - 1
    holes = np.full(len(whole), np.nan)
    holes[first], holes[last] = whole[first], whole[last]
    some = np.array([shape.length > 0 for shape in shapes])[owner]
    assert np.allclose(filled(shapes, holes)[some], whole[some])


def test_beyond_the_last_known_height_nothing_is_guessed_and_such_a_line_is_not_raised() -> None:
    shapes = np.array([shapely.LineString([(0, 0), (1, 0), (2, 0)]), shapely.LineString([(0, 0), (1, 0)])])
    z = filled(shapes, np.array([np.nan, 5.0, 6.0, np.nan, np.nan]))
    assert np.isnan(z).tolist() == [True, False, False, True, True]
    assert raised(shapes, z).tolist() == [None, None]
    assert raised(shapes, np.array([1.0, 2, 3, 4, 5]))[1].wkt == "LINESTRING Z (0 0 4, 1 0 5)"
