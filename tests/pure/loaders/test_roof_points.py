"""Points of several clouds over one footprint: the fullest one tells, others add what lies beside it, in any order."""

import tracemalloc
from itertools import permutations

import numpy as np
import pytest

from loaders.derived.roof_points import BESIDE_M, nothing_over, together


def grid(west: float, east: float, z: float, step: float = 0.5) -> np.ndarray:
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(0.0, 8.0, step))
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, z)])


SCANS = [
    (grid(0.0, 7.0, 5.0), ("west", 3)),
    (grid(4.0, 9.0, 6.0), ("east", 1)),
    (grid(0.0, 12.0, 7.0, 1.0), ("far", 2)),
]


def put_together(*scans: tuple[np.ndarray, tuple[str, int]]) -> tuple[np.ndarray, tuple[tuple[str, int], ...]]:
    over = nothing_over(1)
    over.scans[0].extend(scans)
    together(over)
    return over.points[0], over.made_from[0]


def test_the_fullest_cloud_tells_and_others_add_what_lies_beside_it() -> None:
    points, made = put_together(*SCANS)
    assert [name for name, _ in made] == ["west", "east", "far"]
    by_height = {z: points[points[:, 2] == z] for z in (5.0, 6.0, 7.0)}
    assert len(by_height[5.0]) == len(SCANS[0][0])
    assert by_height[6.0][:, 0].min() > 6.5 + BESIDE_M
    assert by_height[7.0][:, 0].min() > 8.5 + BESIDE_M


def test_the_order_of_loading_changes_nothing() -> None:
    found = [put_together(*scans) for scans in permutations(SCANS)]
    assert all((points == found[0][0]).all() and made == found[0][1] for points, made in found)


def test_a_cloud_of_a_few_strays_adds_nothing_to_one_that_measures() -> None:
    strays = (np.array([[20.0, 20.0, 9.0]] * 3), ("strays", 1))
    assert put_together(strays, SCANS[0])[1] == (("west", 3),)
    assert put_together(strays)[1] == (("strays", 1),)


def test_a_surface_model_replaces_strays_and_fills_up_what_measures() -> None:
    for there, kept in ((SCANS[0], True), ((SCANS[0][0][:3], ("strays", 1)), False)):
        over = nothing_over(1)
        over.scans[0].append(there)
        together(over)
        over.put(0, grid(0.0, 12.0, 7.0), ("dsm", 4))
        assert (there[1] in over.made_from[0]) == kept
        assert over.made_from[0][-1] == ("dsm", 4)
        assert over.points[0][:, 0].max() == 11.5


@pytest.mark.long
def test_two_dense_clouds_over_one_roof_take_no_memory_for_all_their_neighbours() -> None:
    dense = [(grid(0.0, 4.0, 5.0, 0.05), ("one", 1)), (grid(0.0, 3.9, 5.0, 0.05), ("two", 1))]
    tracemalloc.start()
    points, made = put_together(*dense)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(points), made) == (len(dense[0][0]), (("one", 1),))
    assert peak < 40 * dense[0][0].nbytes  # each point has some 1,200 of the other cloud within a metre
