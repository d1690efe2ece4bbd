"""Pairs of boxes that overlap: the same as of all pairs, each once, whatever the boxes' sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.judging import overlaps
from loaders.judging.overlaps import pairs


def brute(boxes):
    i, j = np.triu_indices(len(boxes), 1)
    a, b = boxes[i], boxes[j]
    meets = (a[:, 0] < b[:, 2]) & (b[:, 0] < a[:, 2]) & (a[:, 1] < b[:, 3]) & (b[:, 1] < a[:, 3])
    return sorted(zip(i[meets].tolist(), j[meets].tolist(), strict=True))


def found(boxes):
    return sorted(tuple(pair) for portion in pairs(boxes) for pair in portion.tolist())


sizes = st.sampled_from([1.0, 30.0, 500.0, 6_000.0])
box = st.tuples(st.floats(-5_000, 5_000), st.floats(-5_000, 5_000), sizes, sizes)


@settings(max_examples=80, deadline=None)
@given(st.lists(box, max_size=40), st.sampled_from([np.float32, np.float64]))
def test_all_pairs_are_found_once(given_boxes, kind):
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in given_boxes], dtype=kind).reshape(-1, 4)
    assert found(boxes) == brute(boxes)


@pytest.mark.parametrize("portion", [1, 7, 1_000])
def test_the_size_of_a_portion_changes_nothing(monkeypatch, portion):
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 600, (400, 2))
    boxes = np.hstack([corner, corner + rng.uniform(1, 40, (400, 2))])
    monkeypatch.setattr(overlaps, "_PAIRS_AT_ONCE", portion)
    assert found(boxes) == brute(boxes)


@pytest.mark.parametrize("strip", [2, 20, 399])
def test_strips_change_nothing(monkeypatch, strip):
    rng = np.random.default_rng(4)
    corner = rng.uniform(0, 600, (400, 2)).round(-1)
    boxes = np.hstack([corner, corner + rng.uniform(1, 200, (400, 2))]).astype(np.float32)
    monkeypatch.setattr(overlaps, "_STRIP", strip)
    assert found(boxes) == brute(boxes)


def test_neighbours_that_only_touch_are_no_pair():
    assert found(np.array([[0.0, 0, 64, 64], [64, 0, 128, 64], [0, 64, 64, 128]])) == []
