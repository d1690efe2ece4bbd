"""Pairs of triangles worked by hand: those that touch are no crossings, those that go through each other are."""

import numpy as np
import pytest

from cim.validity.crossing import crossing_pairs

FLOOR = [(0, 0, 0), (4, 0, 0), (0, 4, 0)]
TOUCHING = {
    "one edge, upright": [(0, 0, 0), (4, 0, 0), (0, 0, 3)],
    "one edge, in one plane": [(4, 0, 0), (0, 4, 0), (4, 4, 0)],
    "a part of an edge, in one plane": [(1, 0, 0), (3, 0, 0), (2, -3, 0)],
    "a corner of both, upright": [(0, 0, 0), (-1, -1, 0), (0, 0, 3)],
    "a corner of both, in one plane": [(0, 0, 0), (-3, 0, 0), (0, -3, 0)],
    "a corner on an edge": [(2, 0, 0), (1, -3, 0), (3, -3, 0)],
    "a corner on the face": [(1, 1, 0), (1, 2, 3), (2, 1, 3)],
    "a corner of one on an edge, upright": [(2, 2, 0), (2, 2, 3), (3, 3, 1)],
    "nothing, one above the other": [(0, 0, 1), (4, 0, 1), (0, 4, 1)],
    "nothing, beside in one plane": [(3, 3, 0), (5, 3, 0), (3, 5, 0)],
    "an edge, by less than the tolerance": [(0, 0.0005, 0), (4, 0.0005, 0), (0, -4, 0)],
}
CROSSING = {
    "through the middle": [(1, 1, -1), (1, 1, 1), (2, 2, 1)],
    "through an edge": [(1, -1, -1), (1, -1, 1), (1, 1, 0)],
    "from a corner of both inward": [(0, 0, 0), (1, 1, -1), (1, 1, 1)],
    "along a part of an edge, without a common corner": [(1, 0, 0), (3, 0, 0), (2, 0, 3)],
    "an edge within the face": [(1, 1, 0), (2, 1, 0), (1, 1, 3)],
    "over each other in one plane": [(1, 1, 0), (5, 1, 0), (1, 5, 0)],
    "one within the other in one plane": [(1, 1, 0), (2, 1, 0), (1, 2, 0)],
    "folded back over a common edge": [(0, 0, 0), (4, 0, 0), (1, 3, 0)],
}
SLIVER = [(0, 0, 0), (10, 0, 0), (5, 0.0008, 0)]
"""Thinner than the tolerance: its middle says nothing about which side of an edge it is on."""

BESIDE_SLIVER = [(0, 0, 0), (10, 0, 0), (5, -6, 0)]


def crossings(one, other, *, at=(0.0, 0.0, 0.0), turn=0.0, polygon=(0, 1)):
    """How many pairs of two triangles cross, moved and turned about the z axis and tilted."""
    corner = np.array([one, other], dtype=np.float64)
    cos, sin = np.cos(turn), np.sin(turn)
    corner = (
        corner
        @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    )
    corner += at
    _, point = np.unique(
        np.round(np.array([one, other], dtype=np.float64).reshape(-1, 3), 6), axis=0, return_inverse=True
    )
    group = np.zeros(2, dtype=np.int64)
    return len(crossing_pairs(corner, point.reshape(2, 3), group, np.array(polygon), 0.001))


def orders(triangle):
    """The same triangle begun at each corner, and seen from behind."""
    turned = [triangle[k:] + triangle[:k] for k in range(3)]
    return turned + [one[::-1] for one in turned]


@pytest.mark.parametrize("what", sorted(TOUCHING))
def test_triangles_that_only_touch_do_not_cross(what):
    for other in orders(TOUCHING[what]):
        assert crossings(FLOOR, other) == 0
        assert crossings(other, FLOOR, turn=0.7, at=(300.0, -200.0, 40.0)) == 0


@pytest.mark.parametrize("what", sorted(CROSSING))
def test_triangles_that_share_more_than_a_border_cross(what):
    for other in orders(CROSSING[what]):
        assert crossings(FLOOR, other) == 1
        assert crossings(other, FLOOR, turn=0.7, at=(300.0, -200.0, 40.0)) == 1


def test_a_sliver_beside_its_neighbour_in_one_plane_is_no_crossing():
    for other in orders(BESIDE_SLIVER):
        assert crossings(SLIVER, other) == crossings(other, SLIVER) == 0


def test_a_small_triangle_in_the_plane_of_a_long_one_that_leaves_its_own_is_judged_in_that_plane():
    long = [(0, 0, 0), (1000, 0, 0.9), (0, 1, 0)]
    small = [(0, 0, 0), (0, 1, 0), (-1, 0, 0)]
    for other in orders(small):
        assert crossings(long, other) == crossings(other, long) == 0


def test_triangles_cut_from_one_polygon_do_not_cross_and_those_of_two_do():
    over = CROSSING["over each other in one plane"]
    assert (crossings(FLOOR, over, polygon=(5, 5)), crossings(FLOOR, over, polygon=(5, 6))) == (0, 1)


def test_triangles_of_two_bodies_at_one_place_do_not_cross():
    corner = np.array([FLOOR, CROSSING["through the middle"]], dtype=np.float64)
    point = np.arange(6).reshape(2, 3)
    found = [crossing_pairs(corner, point, np.array(group), np.array([0, 1]), 0.001) for group in ([0, 1], [0, 0])]
    assert [pairs.tolist() for pairs in found] == [[], [[0, 1]]]
