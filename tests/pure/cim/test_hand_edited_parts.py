"""Parts that somebody wrote into the store by hand: whatever JSON holds, a row is built or has a reason."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.assembly import Parts, fault
from cim.store.told_numbers import told

SOUND = {"assembly": "wall", "part": "body", "kind": "block", "high_m": 6.0}
STRANGE = (True, 10**400, -(10**400), 1e300, math.inf, math.nan, "6", [6], {"m": 6}, "", 2.5)
NAMES = (
    *(
        "assembly",
        "part",
        "kind",
        "u_from",
        "u_to_m",
        "v_from_m",
        "low",
        "high_m",
        "edges",
        "sides",
        "lean_m",
        "repeat",
    ),
    *("piece_m", "gap_m", "thick_m", "rise_m", "overhang_m", "roof_form", "ground", "material"),
)
JSON = st.one_of(st.none(), st.sampled_from([*STRANGE, "wall", "hall", "steps", "tile", "gable", "sloping", 4, 0, -1]))


@pytest.mark.long
@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_no_row_of_parts_stops_the_others(edited: dict[str, object]) -> None:
    row = SOUND | edited
    parts = Parts.of([row, SOUND | {"assembly": "tower"}])
    assert "tower" in parts.assembly
    assert (fault(row) is None) == (len(parts) == 2)
    assert math.isfinite(float(abs(parts.metres).max()))


@pytest.mark.parametrize(
    "edited", [{"high_m": 10**400}, {"sides": 4.5}, {"repeat": True}, {"kind": ["block"]}, {"part": 7}]
)
def test_a_value_that_no_load_would_let_in_breaks_its_assembly_alone(edited: dict[str, object]) -> None:
    assert fault(SOUND | edited) is not None


@pytest.mark.parametrize(
    ("name", "low", "high"), [("pitch_deg", 0.0, 89.0), ("front_deg", 0.0, 360.0), ("eaves_tiers", 1, 5)]
)
def test_a_number_of_a_building_counts_within_its_column_bounds_only(name: str, low: float, high: float) -> None:
    assert (told("buildings", name, low), told("buildings", name, high)) == (low, high)
    beyond = (low - 1, high + 1, *STRANGE[:-1], None)
    assert [told("buildings", name, value) for value in beyond] == [None] * len(beyond)
