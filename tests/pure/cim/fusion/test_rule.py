"""What several sources say of one building: each step of the rule, what travels together, conflicts, and the laws."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import permutations
from typing import Any

import pytest
import shapely

from cim.errors import BadInput
from cim.fusion.conflict import code_of
from cim.fusion.rule import PROVENANCE, Claim, fuse

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUSE = shapely.box(0, 0, 10, 10)


def claim(dataset: str, attributes: Mapping[str, Any] | None = None, **changes: Any) -> Claim:
    plain = Claim(dataset, 1, 1, attributes or {}, None, None, None, False, NOW, 0)
    return replace(plain, **changes)


def winner(attribute: str, *claims: Claim) -> tuple[str, str]:
    """Who wins, and why, whatever the order the claims come in."""
    told = {(d["dataset"], d["why"]) for p in permutations(claims) for d in [fuse(p).decisions[attribute]]}
    assert len(told) == 1
    return told.pop()


# --- the rule, step by step: the first claim loses every step behind the one under test -----------------------------------


@pytest.mark.parametrize("nothing", [None, float("nan"), "", "  "])
def test_a_known_value_beats_an_unknown_one(nothing: Any) -> None:
    poor = claim("z", {"name": "鼓楼"}, is_synthetic=True, priority=9)
    rich = claim("a", {"name": nothing}, accuracy_m=0.1, survey_date=date(2025, 1, 1))
    assert winner("name", poor, rich) == ("z", "the only value")
    assert fuse([poor, rich]).attributes["name"] == "鼓楼"


def test_an_unknown_use_is_no_use() -> None:
    assert winner("use", claim("a", {"use": "unknown"}), claim("b", {"use": "office"})) == ("b", "the only value")


def test_measured_beats_synthetic() -> None:
    measured = claim("z", {"storeys": 3}, priority=9)
    synthetic = claim("a", {"storeys": 2}, is_synthetic=True, accuracy_m=0.1, survey_date=date(2025, 1, 1))
    assert winner("storeys", measured, synthetic) == ("z", "measured over synthetic")


@pytest.mark.parametrize(
    ("better", "worse"), [("source", "storeys"), ("storeys", "assumed"), ("source", "assumed"), ("assumed", None)]
)
def test_a_height_is_taken_by_its_basis_before_accuracy(better: str, worse: str | None) -> None:
    won = claim("z", {"height_m": 9.0, "height_basis": better}, priority=9)
    lost = claim("a", {"height_m": 12.0, "height_basis": worse}, accuracy_m=0.1)
    over = worse or "nothing stated"
    assert winner("height_m", won, lost) == ("z", f"better height basis: {better} over {over}")


def test_a_measured_building_of_assumed_height_beats_a_synthetic_height() -> None:
    real = claim("z", {"height_m": 6.0, "height_basis": "assumed"})
    made = claim("a", {"height_m": 9.0, "height_basis": "source"}, is_synthetic=True)
    assert winner("height_m", real, made) == ("z", "measured over synthetic")


@pytest.mark.parametrize(("worse", "over"), [(0.5, "0.5 m"), (None, "none stated"), (float("nan"), "none stated")])
def test_the_better_stated_accuracy_wins(worse: float | None, over: str) -> None:
    fine = claim("z", {"storeys": 3}, accuracy_m=0.25, priority=9)
    coarse = claim("a", {"storeys": 2}, accuracy_m=worse, survey_date=date(2025, 1, 1))
    assert winner("storeys", fine, coarse) == ("z", f"better stated accuracy: 0.25 m over {over}")


@pytest.mark.parametrize(("older", "over"), [(date(2024, 12, 31), "2024-12-31"), (None, "none stated")])
def test_the_newer_survey_wins(older: date | None, over: str) -> None:
    new = claim("z", {"storeys": 3}, accuracy_m=1.0, survey_date=date(2025, 1, 1), priority=9)
    old = claim("a", {"storeys": 2}, accuracy_m=1.0, survey_date=older)
    assert winner("storeys", new, old) == ("z", f"newer survey: 2025-01-01 over {over}")


@pytest.mark.parametrize(
    ("won", "lost", "why"),
    [
        ({"dataset": "z", "priority": 0}, {"dataset": "a", "priority": 1}, "earlier in the city file"),
        ({"dataset": "a"}, {"dataset": "z", "record_from": NOW + timedelta(days=1)}, "first dataset by name"),
        ({"record_from": NOW + timedelta(days=1)}, {"version_id": 9}, "more recent record"),
        ({"version_id": 9, "source_row": 5}, {}, "later version"),
        ({"source_row": 1}, {"source_row": 2}, "earlier row"),
    ],
)
def test_equal_sources_are_told_apart_by_their_place(won: dict[str, Any], lost: dict[str, Any], why: str) -> None:
    better, worse = (replace(claim("m", {"storeys": n}), **given) for n, given in ((3, won), (2, lost)))
    assert winner("storeys", better, worse) == (better.dataset, why)
    assert fuse([better, worse]).attributes["storeys"] == 3


def test_records_kept_from_the_same_moment_on_are_equal_in_any_time_zone() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=8)))
    ours, theirs = claim("m", {"storeys": 3}, record_from=local, version_id=2), claim("m", {"storeys": 2})
    assert winner("storeys", ours, theirs) == ("m", "later version")


# --- what travels together ---------------------------------------------------------------------------------------------


def test_a_body_comes_from_one_source_and_is_never_mixed() -> None:
    laser = claim("laser", {"height_m": 9.2, "height_basis": "source", "base_m": 1041.0}, accuracy_m=0.2)
    plan = claim(
        "plan", {"height_m": 9.0, "height_basis": "storeys", "eaves_m": 6.0, "roof_form": "gable", "storeys": 3}
    )
    fused = fuse([plan, laser])
    body = {"height_m": 9.2, "height_basis": "source", "base_m": 1041.0}
    assert {name: fused.attributes[name] for name in body} == body
    assert {fused.decisions[name]["dataset"] for name in body} == {"laser"}
    assert fused.decisions["base_m"]["why"] == "goes with height_m: better height basis: source over storeys"
    assert (fused.attributes["storeys"], fused.decisions["storeys"]["dataset"]) == (3, "plan")
    assert (fused.attributes["roof_form"], fused.decisions["roof_form"]["why"]) == (
        "gable",
        "the only roof that is told",
    )


@pytest.mark.parametrize(
    ("height", "eaves", "brought"), [(9.0, 6.0, 6.0), (None, 6.0, 6.0), (8.6, 6.0, None), (9.2, 9.3, None)]
)
def test_a_roof_brings_its_eaves_to_a_body_of_the_same_height(height: Any, eaves: float, brought: float | None) -> None:
    laser = claim("laser", {"height_m": 9.2, "height_basis": "source"}, accuracy_m=0.2)
    plan = claim("plan", {"height_m": height, "height_basis": "storeys", "eaves_m": eaves, "roof_form": "gable"})
    fused = fuse([plan, laser])
    assert fused.attributes["eaves_m"] == brought
    assert fused.decisions["eaves_m"]["dataset"] == ("laser" if brought is None else "plan")


def inferred(form: str, **more: Any) -> Claim:
    tells = "roof_form roof_basis eaves_m roof_rule"
    said = {"roof_form": form, "roof_basis": "inferred", "eaves_m": 4.0, "roof_rule": "house", "height_m": 3.0}
    return claim("forms", {"tells_of": tells, **said, **more}, geometry=shapely.box(5, 5, 30, 30), priority=99)


def test_an_inferred_roof_fills_what_nobody_tells_and_speaks_of_nothing_else() -> None:
    survey = claim("survey", {"height_m": 6.0, "roof_form": "flat"}, geometry=HOUSE)
    fused = fuse([inferred("gable"), survey])
    assert {n: fused.attributes[n] for n in ("height_m", "eaves_m", "roof_form", "roof_basis", "roof_rule")} == {
        "height_m": 6.0, "eaves_m": 4.0, "roof_form": "gable", "roof_basis": "inferred", "roof_rule": "house"
    }  # fmt: skip
    assert (fused.geometry, fused.conflicts) == (HOUSE, ())
    assert "tells_of" not in fused.attributes


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"roof_form": "hip"}, "better roof basis: source over inferred"),
        ({"roof_form": "flat", "roof_basis": "source"}, "better roof basis: source over inferred"),
        ({"roof_form": "shed", "roof_basis": "measured"}, "better roof basis: measured over inferred"),
    ],
)
def test_an_inferred_roof_loses_to_every_other_without_a_conflict(told: dict[str, Any], why: str) -> None:
    fused = fuse([inferred("gable"), claim("survey", told, geometry=HOUSE), claim("laser", {"height_m": 8.0})])
    assert (fused.attributes["roof_form"], fused.decisions["roof_form"]["why"]) == (told["roof_form"], why)
    assert (fused.attributes["roof_rule"], fused.conflicts) == (None, ())


def test_derived_records_alone_speak_of_all_that_they_carry() -> None:
    assert fuse([inferred("gable")]).attributes["height_m"] == 3.0


def test_a_body_without_any_height_is_still_that_of_one_source() -> None:
    roof, eaves = claim("b", {"roof_form": "hip"}, accuracy_m=0.1), claim("a", {"eaves_m": 4.0, "height_m": None})
    fused = fuse([eaves, roof])
    assert (fused.attributes["roof_form"], fused.attributes["eaves_m"], fused.attributes["height_m"]) == (
        "hip",
        None,
        None,
    )
    assert "height_m" not in fused.decisions


def test_the_only_height_brings_its_body_whatever_else_is_known_of_roofs() -> None:
    high = claim("z", {"height_m": 8.0, "roof_form": "flat", "roof_basis": "source"})
    roof = claim("a", {"roof_form": "hip"}, accuracy_m=0.1)
    fused = fuse([high, roof])
    assert (fused.attributes["roof_form"], fused.decisions["height_m"]["why"]) == ("flat", "the only height")
    assert [(c.attribute, c.won.value, c.lost.value) for c in fused.conflicts] == [("roof_form", "flat", "hip")]


def test_the_footprint_brings_its_provenance() -> None:
    survey = claim("s", {"source": "1:500 survey"}, geometry=HOUSE, accuracy_m=0.25, survey_date=date(2021, 5, 1))
    register = claim("r", {"source": "register", "name": "鼓楼"}, accuracy_m=0.1)
    fused = fuse([register, survey])
    assert fused.geometry is HOUSE
    assert {name: fused.attributes[name] for name in PROVENANCE} == {
        "accuracy_m": 0.25, "survey_date": date(2021, 5, 1), "source": "1:500 survey", "is_synthetic": False
    }  # fmt: skip
    assert set(fused.decisions) == {"name", "footprint"}


@pytest.mark.parametrize(
    ("footprint", "height", "name", "expected"),
    [(True, False, False, True), (False, True, False, True), (False, False, True, False), (True, True, True, True)],
)
def test_a_building_is_synthetic_if_its_footprint_or_its_height_is(
    footprint: bool, height: bool, name: bool, expected: bool
) -> None:
    claims = [
        claim("f", geometry=HOUSE, is_synthetic=footprint),
        claim("h", {"height_m": 9.0}, is_synthetic=height),
        claim("n", {"name": "鼓楼"}, is_synthetic=name),
    ]
    assert fuse(claims).attributes["is_synthetic"] is expected


def test_without_any_footprint_the_best_source_says_how_far_to_trust() -> None:
    fused = fuse([claim("a", accuracy_m=2.0), claim("b", {"name": "甲"}, accuracy_m=1.0, geometry=shapely.Polygon())])
    assert (fused.attributes["accuracy_m"], shapely.is_empty(fused.geometry)) == (1.0, True)
    assert "footprint" not in fused.decisions


# --- conflicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "one", "other", "conflict"),
    [
        ("height_m", 9.0, 9.5, False),
        ("height_m", 1.1, 0.6, False),  # 0.5000000000000001 in floats
        ("height_m", 9.0, 9.51, True),
        ("base_m", 1040.0, 1041.0, True),
        ("storeys", 3, 3.0, False),
        ("storeys", 3, 4, True),
        ("year", 1990, 1991, True),
        ("name", "华严寺", "华 严 寺", False),
        ("name", "华严寺", "上华严寺", True),
        ("address", "和阳街１２号", "和阳街12号", False),
        ("use", "office", "public", True),
        ("roof_form", "hip", "gable", True),
        ("grade", 2, "2", False),
        ("tag", 10**400, 0.5, True),  # no float is as large
        ("tag", 10**400, 10**400 + 1, True),
        ("grade", 2, "二", True),
        ("owners", ["甲"], ["甲", "乙"], True),
        ("listed", True, True, False),
        ("height_basis", "source", "assumed", False),  # says how a height is known, not what it is
        ("name", "华严寺", None, False),
    ],
)
def test_values_conflict_beyond_the_tolerance_and_are_told_with_both_sides(
    attribute: str, one: Any, other: Any, conflict: bool
) -> None:
    fused = fuse([claim("b", {attribute: other}), claim("a", {attribute: one})])
    assert bool(fused.conflicts) is conflict
    if conflict:
        assert asdict(fused.conflicts[0]) == {
            "attribute": attribute,
            "won": {"dataset": "a", "value": one},
            "lost": {"dataset": "b", "value": other},
            "why": "first dataset by name",
            "code": code_of(attribute),
            "against": None,
        }


def test_a_conflict_with_each_loser_says_why_that_one_lost() -> None:
    claims = [
        claim("a", {"name": "甲"}, is_synthetic=True),
        claim("b", {"name": "乙"}, priority=1),
        claim("c", {"name": "丙"}),
    ]
    told = [(c.won.value, c.lost.value, c.why) for c in fuse(claims).conflicts]
    assert told == [("丙", "乙", "earlier in the city file"), ("丙", "甲", "measured over synthetic")]


@pytest.mark.parametrize(("shift", "conflict"), [(0.0, False), (0.5, False), (0.6, True), (30.0, True)])
def test_footprints_conflict_below_an_iou_of_nine_tenths(shift: float, conflict: bool) -> None:
    other = shapely.box(shift, 0, shift + 10, 10)  # IoU (10 - s) / (10 + s): 0.905 at 0.5 m, 0.887 at 0.6 m
    fused = fuse([claim("a", geometry=HOUSE), claim("b", geometry=other)])
    assert [c.attribute for c in fused.conflicts] == ["footprint"] * conflict
    if conflict:
        iou = max(0.0, (10 - shift) / (10 + shift))
        assert fused.conflicts[0].why == f"first dataset by name; IoU {iou:.2f}"
        assert (fused.conflicts[0].won.value, fused.conflicts[0].lost.value) == (100.0, 100.0)


# --- refusals ----------------------------------------------------------------------------------------------------------


def test_no_claims_and_two_of_one_record_are_refused() -> None:
    with pytest.raises(BadInput, match="no claims"):
        fuse([])
    with pytest.raises(BadInput, match="dataset a, version 1, row 1"):
        fuse([claim("b"), claim("a"), claim("a", {"name": "甲"})])
