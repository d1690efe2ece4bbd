"""Web tiles against morecantile's, and which of them a box reaches against looking at every one."""

import morecantile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.types import Box
from cim.web_tiles import HALF_M, MOST_ZOOM, WebTile, reached

GRID = morecantile.tms.get("WebMercatorQuad")
METRES = st.floats(-HALF_M, HALF_M)


@given(st.data(), st.integers(0, MOST_ZOOM))
def test_a_tile_is_where_others_have_it(data, z):
    x, y = (data.draw(st.integers(0, 2**z - 1)) for _ in range(2))
    expected = GRID.xy_bounds(morecantile.Tile(x, y, z))
    assert WebTile(z, x, y).box().as_tuple() == pytest.approx(tuple(expected), abs=1e-6)


def test_a_margin_is_a_share_of_the_side():
    inner, outer = WebTile(3, 2, 5).box(), WebTile(3, 2, 5).box(0.25)
    side = inner.east - inner.west
    assert outer.west == inner.west - side / 4
    assert outer.north == inner.north + side / 4


@pytest.mark.parametrize("place", [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, 8), (0, 0, 1), (5, -1, 0)])
def test_there_is_no_tile_beyond_the_pyramid(place):
    with pytest.raises(BadInput, match="expected"):
        WebTile(*place)


@given(METRES, METRES, st.floats(0.0, HALF_M), st.floats(0.0, HALF_M), st.integers(0, 4), st.floats(0.0, 1e6))
def test_the_tiles_that_a_box_reaches_are_those_that_touch_it(west, south, width, height, z, margin):
    box = Box(west, south, west + width, south + height)
    columns, rows = reached(box, z, margin)
    for x in range(2**z):
        for y in range(2**z):
            tile = WebTile(z, x, y).box()
            apart = max(tile.west - box.east, box.west - tile.east, tile.south - box.north, box.south - tile.north)
            if abs(apart - margin) > 1e-3:  # on the edge itself either is right
                # What lies beyond the map belongs to the tiles at its edge.
                beyond = box.east < -HALF_M or box.west > HALF_M or box.north < -HALF_M or box.south > HALF_M
                assert beyond or (x in columns and y in rows) == (apart <= margin)
