"""Thresholds and states of readings: edges count as reached, silence becomes stale."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.series import STALE_AFTER_PERIODS, ladder, reached, state

# 册田水库, domain facts: flood-season limit, emergency spillway, all gates.
CETIAN = ladder({"flood_limit": 956.00, "emergency_spillway": 956.31, "all_gates": 957.57})
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (955.99, "normal"),
        (956.00, "flood_limit"),
        (956.3099999, "flood_limit"),
        (956.31, "emergency_spillway"),
        (957.57, "all_gates"),
        (999.0, "all_gates"),
    ],
)
def test_a_threshold_is_reached_at_equality(level: float, expected: str) -> None:
    assert reached(level, CETIAN) == expected


def test_the_order_in_which_thresholds_are_stated_does_not_matter() -> None:
    assert ladder({"b": 50, "a": 25}) == ladder([{"name": "a", "value": 25}, {"name": "b", "value": 50.0}])


def test_no_threshold_known_means_normal() -> None:
    assert reached(1e9, ladder(None)) == "normal"


@pytest.mark.parametrize(
    "stated", [[{"name": "a"}], [{"value": 1}], {"a": "high"}, {"a": float("nan")}, {"a": float("inf")}, [7], [None]]
)
def test_a_threshold_without_a_finite_value_is_refused(stated: object) -> None:
    with pytest.raises(BadInput, match="threshold"):
        ladder(stated)  # type: ignore[arg-type]


def test_two_thresholds_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match="share a name"):
        ladder([{"name": "a", "value": 1}, {"name": "a", "value": 2}])


@pytest.mark.parametrize(
    ("age_s", "expected"), [(0, "flood_limit"), (180, "flood_limit"), (180.001, "stale"), (-5, "flood_limit")]
)
def test_three_missed_periods_make_a_reading_stale(age_s: float, expected: str) -> None:
    assert STALE_AFTER_PERIODS == 3
    time = NOON - timedelta(seconds=age_s)
    assert state(956.1, time, CETIAN, period_s=60, now=NOON) == expected


def test_a_sensor_without_a_known_period_never_becomes_stale() -> None:
    assert state(1.0, NOON - timedelta(days=400), (), period_s=None, now=NOON) == "normal"


def test_a_datastream_without_a_reading_is_unknown_not_normal() -> None:
    assert state(None, None, CETIAN, period_s=60, now=NOON) == "unknown"


@given(st.floats(allow_nan=False), st.dictionaries(st.text(min_size=1), st.floats(-1e6, 1e6), max_size=5))
def test_the_state_names_the_highest_threshold_at_or_below_the_value(value: float, stated: dict[str, float]) -> None:
    name = reached(value, ladder(stated))
    below = [v for v in stated.values() if value >= v]
    assert (name == "normal" and not below) or stated[name] == max(below)
