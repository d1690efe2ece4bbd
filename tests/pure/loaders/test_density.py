"""The grid of where records lie: nothing is lost when it grows, and it ends up no larger than it must."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.types import Box
from loaders.judging.density import Density

WITHIN = Box(112.0, 39.0, 115.0, 41.0)
places = st.lists(
    st.tuples(st.floats(111.5, 115.5, allow_nan=False), st.floats(38.5, 41.5, allow_nan=False)), min_size=1, max_size=30
)


@pytest.mark.long
@given(st.lists(places, min_size=1, max_size=6))
def test_every_place_within_is_counted_once_however_the_grid_grew(batches):
    density = Density(WITHIN)
    for batch in batches:
        density.add(np.array(batch), rejected=False)
    every = np.array([place for batch in batches for place in batch])
    inside = [WITHIN.contains(x, y) for x, y in every]
    grid = density.grid()
    assert (0 if grid is None else np.sum(grid["accepted"])) == sum(inside)


@given(places)
def test_it_is_taken_up_where_it_was_put_down(batch):
    density = Density(WITHIN)
    density.add(np.array(batch), rejected=True)
    assert Density(WITHIN, density.grid()).grid() == density.grid()


def test_a_small_source_fills_its_grid():
    density = Density(WITHIN)
    xy = np.random.default_rng(1).uniform([113.28, 40.08], [113.30, 40.10], (10_000, 2))
    density.add(xy[:5_000], rejected=False)
    density.add(xy[5_000:], rejected=False)
    grid = density.grid()
    assert np.count_nonzero(grid["accepted"]) > 200
    west, south, east, north = grid["extent"]
    cell = int((113.29 - west) / (east - west) * 32), int((40.09 - south) / (north - south) * 32)
    counted = np.array(grid["accepted"])[cell[1], cell[0]]
    corner = np.array([west, south]) + np.array(cell) / 32 * np.array([east - west, north - south])
    step = np.array([east - west, north - south]) / 32
    expected = ((xy >= corner) & (xy < corner + step)).all(axis=1).sum()
    assert counted == expected
