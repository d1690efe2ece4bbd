"""Unit grids: laws on any shape (whole, no overlaps, order, codes), hand-made squares, slivers, refusals, neighbours."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.unit_grid import SLIVER_SHARE, divide

X, Y = 439_876.0, 4_439_760.0  # in the city frame, where coordinates are large
TOWN = "140213051"


@st.composite
def units(draw) -> shapely.Geometry:
    """Star-shaped polygons of 5 to 14 corners, some with a hole, some of two parts, anywhere on the lattice."""
    corners = draw(st.integers(5, 14))
    radii = np.array(draw(st.lists(st.floats(120.0, 700.0), min_size=corners, max_size=corners)))
    angle = np.linspace(0.0, 2 * np.pi, corners, endpoint=False)
    centre = np.array([X, Y]) + draw(st.tuples(st.floats(-100.0, 100.0), st.floats(-100.0, 100.0)))
    shape = shapely.Polygon(centre + np.column_stack([np.cos(angle), np.sin(angle)]) * radii[:, None])
    if draw(st.booleans()):
        shape = shape - shapely.Point(centre).buffer(draw(st.floats(5.0, 60.0)), quad_segs=2)
    if draw(st.booleans()):
        shape = shapely.union(shape, shapely.box(*(centre + [900.0, 0.0]), *(centre + [1100.0, 130.0])))
    return shape


@settings(max_examples=40, deadline=None)
@given(units(), st.sampled_from([50.0, 100.0, 133.7]))
def test_the_grids_are_the_unit_without_gaps_or_overlaps_and_share_their_edges(unit, size):
    codes, shapes, areas = divide(unit, TOWN, size)
    assert shapely.symmetric_difference(shapely.union_all(shapes), unit).area < 1e-2
    assert areas.sum() == pytest.approx(unit.area, abs=1e-2)
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    assert set(shapely.get_type_id(shapes).tolist()) == {3}
    assert len(codes) == len(shapes) == len(areas)


@settings(max_examples=25, deadline=None)
@given(units())
def test_codes_count_from_001_rows_from_the_north_and_from_the_west_in_a_row(unit):
    codes, shapes, areas = divide(unit, TOWN)
    assert codes == [f"{TOWN}000{n:03d}" for n in range(1, len(codes) + 1)]
    whole = np.flatnonzero(np.abs(areas - 1e4) < 1e-3)
    boxes = [shapely.bounds(shapes[n]) for n in whole if shapely.box(*shapely.bounds(shapes[n])).area < 1.0001e4]
    order = [(-round(b[1] / 100), round(b[0] / 100)) for b in boxes]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


@settings(max_examples=15, deadline=None)
@given(units())
def test_the_same_unit_gives_the_same_grids_wherever_its_ring_begins(unit):
    first = divide(unit, TOWN)
    assert [shapely.to_wkb(s) for s in divide(unit, TOWN)[1]] == [shapely.to_wkb(s) for s in first[1]]
    turned = divide(shapely.reverse(unit), TOWN)
    assert turned[0] == first[0]
    assert shapely.area(shapely.symmetric_difference(turned[1], first[1])).max() < 1e-2


@settings(max_examples=25, deadline=None)
@given(units())
def test_no_sliver_is_left_that_has_a_neighbour(unit):
    _, shapes, areas = divide(unit, TOWN)
    for n in np.flatnonzero(areas < SLIVER_SHARE * 1e4 - 1e-6):
        touching = shapely.length(shapely.intersection(shapes[n], np.delete(shapes, n)))
        assert not touching.any()


def test_a_town_of_three_squares_and_a_strip_is_numbered_by_hand():
    # squares (0,1) (1,1) in the north, (0,0) in the south, and a strip of 20 m (a fifth) east of (1,1): it joins it
    town = shapely.union_all([shapely.box(0, 0, 100, 100), shapely.box(0, 100, 220, 200)])
    codes, shapes, areas = divide(town, TOWN)
    assert codes == ["140213051000001", "140213051000002", "140213051000003"]
    assert areas.tolist() == [10_000.0, 12_000.0, 10_000.0]
    assert [shapely.bounds(s).tolist() for s in shapes] == [[0, 100, 100, 200], [100, 100, 220, 200], [0, 0, 100, 100]]


def test_a_sliver_joins_the_neighbour_of_the_longest_shared_edge():
    # the corner piece (100..110, 100..140) has 40 m in common with the west and 10 m with the south
    town = shapely.union_all([shapely.box(0, 0, 200, 100), shapely.box(0, 100, 110, 140)])
    _, shapes, areas = divide(town, TOWN)
    assert sorted(areas.tolist()) == [4_400.0, 10_000.0, 10_000.0]
    assert shapely.bounds(shapes[0]).tolist() == [0, 100, 110, 140]


def test_an_island_smaller_than_a_sliver_keeps_a_grid_of_its_own():
    town = shapely.MultiPolygon([shapely.box(0, 0, 100, 100), shapely.box(530, 30, 540, 40)])
    assert divide(town, TOWN)[2].tolist() == [10_000.0, 100.0]


def test_grids_of_neighbours_meet_at_the_same_corners_of_an_absolute_lattice():
    border = [(X + 30, Y - 400), (X + 77, Y - 130), (X - 41, Y + 80), (X + 13, Y + 400)]
    west = shapely.Polygon([(X - 500, Y - 400), *border, (X - 500, Y + 400)])
    east = shapely.Polygon([*border, (X + 500, Y + 400), (X + 500, Y - 400)])
    both = np.concatenate([divide(west, "140213051")[1], divide(east, "140213052")[1]])
    assert shapely.coverage_is_valid(both)
    xy = shapely.get_coordinates(both)
    inner = xy[(np.abs(xy - [X, Y]) < 399).all(axis=1)]
    on_lattice = (inner % 100 == 0).any(axis=1)
    on_border = shapely.distance(shapely.points(inner), shapely.LineString(border)) < 1e-5
    assert (on_lattice | on_border).all()


@pytest.mark.parametrize(
    ("code", "start"), [("140213", "140213000000"), ("140213051", "140213051000"), ("140213051007", "140213051007")]
)
def test_unknown_streets_and_communities_are_three_zeros(code, start):
    assert divide(shapely.box(0, 0, 90, 90), code)[0] == [f"{start}001"]


def test_more_than_999_grids_are_refused_with_a_size_that_fits():
    town = shapely.box(X, Y, X + 3_300, Y + 3_300)
    with pytest.raises(BadInput, match="140213051 has more than 999 unit grids of 100 m") as refused:
        divide(town, TOWN)
    side = float(re.search(r"(\d+) m fits", str(refused.value)).group(1))
    assert len(divide(town, TOWN, side)[0]) <= 999
    with pytest.raises(BadInput, match="fits"):
        divide(town, TOWN, side - 10.0)


def test_999_grids_are_numbered_and_1000_are_refused():
    assert divide(shapely.box(0, 0, 3_700, 2_700), TOWN)[0][-1] == "140213051000999"
    with pytest.raises(BadInput, match="more than 999"):
        divide(shapely.box(0, 0, 4_000, 2_500), TOWN)


@pytest.mark.parametrize(
    ("polygon", "code", "size", "reason"),
    [
        (shapely.box(0, 0, 9, 9), "140200", 100.0, "divide a county, town or community"),
        (shapely.box(0, 0, 9, 9), "140213051000001", 100.0, "divide a county, town or community"),
        (shapely.box(0, 0, 9, 9), "1402", 100.0, "expected 6 digits"),
        (shapely.box(0, 0, 9, 9), TOWN, 0.0, "a side of 1 m or more"),
        (shapely.box(0, 0, 9, 9), TOWN, float("nan"), "a side of 1 m or more"),
        (shapely.Polygon(), TOWN, 100.0, "no valid polygon"),
        (shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), TOWN, 100.0, "no valid polygon"),
        (shapely.Point(0, 0), TOWN, 100.0, "no valid polygon"),
    ],
)
def test_what_cannot_be_divided_is_refused_in_one_sentence(polygon, code, size, reason):
    with pytest.raises(BadInput, match=reason):
        divide(polygon, code, size)


def test_real_counties_divide_into_as_many_grids_as_their_codes_allow(shared):
    counties = gpd.read_file(shared / "admin/datong_counties_wgs84.geojson").to_crs(4547)
    pingcheng = counties[counties["adcode"] == 140213].geometry.iloc[0]
    codes, shapes, areas = divide(pingcheng, "140213", 500.0)
    assert 800 < len(codes) <= 999
    assert areas.sum() == pytest.approx(pingcheng.area, abs=1.0)
    assert shapely.coverage_is_valid(shapes)
