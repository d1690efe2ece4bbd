"""What different records say of one building, held against each other: storeys and height, era and year."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from cim.city import Limits
from cim.fusion.claims import Claim
from cim.fusion.conflict import CODES, Conflict, Said, code_of
from cim.fusion.consistency import hold
from cim.fusion.inheritance import inherit
from cim.fusion.rule import Fused, fuse

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
LIMITS = Limits()


def claim(dataset: str, row: int = 1, **said: Any) -> Claim:
    return Claim(dataset, row, row, said, None, None, None, False, NOW, 0)


def held(*claims: Claim, limits: Limits = LIMITS) -> Fused:
    """What the claims come to, whatever their order."""
    found = [hold(fuse(order), order, limits) for order in permutations(claims)]
    assert all(one == found[0] for one in found)
    return found[0]


# --- storeys and height ------------------------------------------------------------------------------------------------


def test_storeys_of_one_source_that_do_not_fit_the_height_of_another_are_told_and_both_stay() -> None:
    plan, scan = claim("plan", storeys=2), claim("scan", 2, height_m=30.0, height_basis="source")
    fused = held(plan, scan)
    why = "30 m up to the eaves over 2 storeys is outside 2.2 to 6 m a storey; both are kept"
    told = Conflict("height_m", Said("scan", 30.0), Said("plan", 2), why, "fused_storeys_against_height", "storeys")
    assert fused.conflicts == (told,)
    before = fuse([plan, scan])
    assert (fused.attributes, fused.decisions) == (before.attributes, before.decisions)


@pytest.mark.parametrize(
    ("storeys", "body", "fits"),
    [
        (5, {"height_m": 15.0}, True),
        (5, {"height_m": 10.9}, False),
        (1, {"height_m": 9.0, "eaves_m": 5.0}, True),  # the roof is no storey
        (1, {"height_m": 9.0, "eaves_m": 6.5}, False),
        (1, {"height_m": 14.0, "use": "religious"}, True),
        (1, {"height_m": 16.0, "use": "religious"}, False),
        (1, {"height_m": 14.0, "roof_form": "hip_and_gable"}, True),
        (1, {"height_m": None}, True),
        (None, {"height_m": 90.0}, True),
    ],
)
def test_the_pair_is_judged_by_the_limits_of_a_single_record(storeys: Any, body: dict[str, Any], fits: bool) -> None:
    fused = held(claim("plan", storeys=storeys), claim("scan", 2, height_basis="dsm", **body))
    assert [c.code for c in fused.conflicts] == ([] if fits else ["fused_storeys_against_height"])


def test_the_limits_are_the_citys() -> None:
    claims = claim("plan", storeys=2), claim("scan", 2, height_m=30.0, height_basis="source")
    assert held(*claims, limits=replace(LIMITS, storey_height_m=(2.2, 15.0))).conflicts == ()


def test_what_one_record_says_itself_is_not_told_again() -> None:
    both = claim("scan", height_m=30.0, height_basis="source", storeys=2)
    made = fuse([both, claim("plan", 2, name="鼓楼")])
    assert hold(made, [both], LIMITS) is made


@pytest.mark.parametrize("basis", ["storeys", "assumed"])
def test_a_height_that_was_only_inferred_gives_way_to_the_storeys_and_the_decision_says_so(basis: str) -> None:
    model = claim("model", height_m=18.0, height_basis=basis, base_m=1040.0)
    fused = held(model, claim("register", 2, storeys=2))
    assert [fused.attributes[n] for n in ("height_m", "height_basis", "base_m", "storeys")] == [
        6.0,
        "storeys",
        1040.0,
        2,
    ]
    decided = fused.decisions["height_m"]
    assert (decided["dataset"], decided["source_row"]) == ("register", 2)
    what = "18 m up to the eaves over 2 storeys is outside 2.2 to 6 m a storey"
    why = f"reckoned from the storeys: {what}, and that height was {basis}"
    assert decided == fused.decisions["height_basis"]
    assert decided["why"] == why
    told = Conflict("height_m", Said("register", 6.0), Said("model", 18.0), why, "fused_height_reckoned")
    assert fused.conflicts == (told,)


def test_heights_that_lost_to_one_that_gave_way_are_held_against_the_new_one() -> None:
    model = claim("a", height_m=18.0, height_basis="storeys")
    register = claim("b", 2, storeys=2, height_m=6.4, height_basis="assumed")
    third = claim("c", 3, height_m=9.0, height_basis="assumed")
    told = [(c.code, c.won.value, c.lost.dataset) for c in held(model, register, third).conflicts]
    assert told == [("sources_differ_height", 6.0, "c"), ("fused_height_reckoned", 6.0, "a")]


@pytest.mark.parametrize("own", [{"boundary": object()}, {"eaves_m": 17.0}])
def test_an_inferred_height_with_surfaces_or_eaves_of_its_own_stays_and_is_told(own: dict[str, Any]) -> None:
    fused = held(claim("model", height_m=18.0, height_basis="assumed", **own), claim("register", 2, storeys=2))
    assert (fused.attributes["height_m"], fused.conflicts[0].code) == (18.0, "fused_storeys_against_height")


def test_a_height_that_no_building_has_is_not_reckoned() -> None:
    limits = replace(LIMITS, building_height_m=(1.0, 100.0))
    fused = held(claim("model", height_m=3.0, height_basis="assumed"), claim("register", 2, storeys=60), limits=limits)
    assert (fused.attributes["height_m"], fused.conflicts[0].code) == (3.0, "fused_storeys_against_height")


@pytest.mark.parametrize(("eaves", "kept"), [(4.0, 4.0), (12.0, None)])
def test_eaves_that_a_roof_brought_save_no_inferred_height_and_go_where_they_lie_above_it(
    eaves: float, kept: float | None
) -> None:
    model, register = claim("model", height_m=18.0, height_basis="assumed"), claim("register", 2, storeys=2)
    roof = claim("roofs", 3, roof_form="gable", eaves_m=eaves, tells_of="roof_form eaves_m")
    assert fuse([model, register, roof]).attributes["eaves_m"] == eaves
    fused = held(model, register, roof)
    assert (fused.attributes["height_m"], fused.attributes["eaves_m"]) == (6.0, kept)
    assert ("eaves_m" in fused.decisions) is (kept is not None)


def test_storeys_that_a_coarser_body_lends_are_held_against_the_finer_height() -> None:
    own, coarse = claim("scan", height_m=30.0, height_basis="source"), claim("plan", 2, storeys=2)
    made = hold(inherit(fuse([own]), [coarse]), [own], LIMITS)
    assert [(c.won.dataset, c.lost.dataset) for c in made.conflicts] == [("scan", "plan")]


# --- era and year ------------------------------------------------------------------------------------------------------


def test_a_year_outside_the_era_of_another_source_is_told_and_both_stay() -> None:
    fused = held(claim("register", year=2012), claim("protection", 2, era="辽、金", tells_of="era"))
    why = "year 2012 lies outside 辽、金 (907 to 1125, 1115 to 1234); both are kept"
    told = Conflict("year", Said("register", 2012), Said("protection", "辽、金"), why, "fused_year_outside_era", "era")
    assert fused.conflicts == (told,)
    assert (fused.attributes["year"], fused.attributes["era"]) == (2012, "辽、金")


@pytest.mark.parametrize(("year", "era"), [(1140, "辽、金"), (2012, "清光绪"), (None, "明"), (2012, None), (2012, 7)])
def test_a_year_within_an_era_or_an_era_without_known_bounds_is_no_conflict(year: Any, era: Any) -> None:
    assert held(claim("register", year=year), claim("protection", 2, era=era)).conflicts == ()


# --- codes -------------------------------------------------------------------------------------------------------------


def test_each_kind_of_attribute_has_its_code() -> None:
    told = {name: code_of(name) for name in ("base_m", "pitch_deg", "protection_grade", "footprint", "owner")}
    assert told == {
        "base_m": "sources_differ_height",
        "pitch_deg": "sources_differ_roof",
        "protection_grade": "sources_differ_protection",
        "footprint": "sources_differ_footprint",
        "owner": "sources_differ_property",
    }
    assert len(set(CODES)) == len(CODES) == 13
    assert set(told.values()) < set(CODES)


def test_conflicts_of_fusion_carry_the_code_of_their_attribute() -> None:
    names = {
        "name": ("甲", "乙"),
        "storeys": (3, 4),
        "roof_form": ("hip", "gable"),
        "eaves_m": (3.0, 5.0),
        "era": ("辽", "明"),
    }
    claims = [claim(d, n + 1, **{k: v[n] for k, v in names.items()}) for n, d in enumerate("ab")]
    assert {c.attribute: c.code for c in fuse(claims).conflicts} == {name: code_of(name) for name in names}
