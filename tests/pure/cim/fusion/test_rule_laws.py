"""Laws of fusion: order, single claims, fusing again, what decisions name; and how long a city takes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.fusion.rule import BODY, PROVENANCE, ROOF, Claim, Fused, fuse

pytestmark = pytest.mark.long

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUSE = shapely.box(0, 0, 10, 10)
PLAIN = Claim("plain", 1, 1, {}, None, None, None, False, NOW, 0)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from([None, "", "鼓楼", "鼓 楼", "钟楼"]),
    "use": st.sampled_from(["unknown", "office", "public"]),
    "storeys": st.sampled_from([None, float("nan"), 2, 3]),
    "height_m": st.sampled_from([None, 6.0, 6.4, 9.0]),
    "height_basis": st.sampled_from([None, "source", "storeys", "assumed"]),
    "eaves_m": st.sampled_from([None, 4.0, 5.0]),
    "roof_form": st.sampled_from([None, "flat", "hip"]),
    "roof_basis": st.sampled_from([None, "source", "measured", "inferred"]),
    "source": st.sampled_from([None, "survey", "register"]),
    "owner": st.sampled_from([None, "甲", "乙"]),
}
_CLAIM = st.builds(
    Claim,
    dataset=st.sampled_from("abc"),
    version_id=st.integers(1, 2),
    source_row=st.integers(1, 3),
    attributes=st.fixed_dictionaries({}, optional=_VALUES),
    geometry=st.sampled_from([None, HOUSE, shapely.box(0, 0, 10, 8), shapely.Polygon()]),
    accuracy_m=st.sampled_from([None, float("nan"), 0.1, 0.5]),
    survey_date=st.sampled_from([None, date(2020, 1, 1), date(2024, 6, 1)]),
    is_synthetic=st.booleans(),
    record_from=st.sampled_from([NOW, NOW + timedelta(days=3)]),
    priority=st.integers(0, 1),
)
_CLAIMS = st.lists(_CLAIM, min_size=1, max_size=5, unique_by=lambda c: (c.dataset, c.version_id, c.source_row))


def as_claim(fused: Fused) -> Claim:
    """What a source would say that delivers the fused building."""
    trust = {name: fused.attributes[name] for name in ("accuracy_m", "survey_date", "is_synthetic")}
    return replace(PLAIN, attributes=fused.attributes, geometry=fused.geometry, **trust)


@pytest.mark.long
@settings(max_examples=80, deadline=None)
@given(_CLAIMS, st.randoms(use_true_random=False))
def test_the_order_of_the_claims_does_not_matter(claims: list[Claim], random: Random) -> None:
    assert fuse(random.sample(claims, len(claims))) == fuse(claims)


@settings(max_examples=80, deadline=None)
@given(_CLAIM)
def test_a_single_claim_is_given_back_and_nothing_is_decided(only: Claim) -> None:
    fused = fuse([only])
    for name, value in only.attributes.items():
        known = value is not None and value == value and value not in ("", "unknown")
        assert fused.attributes[name] == (value if known else None)
    assert set(fused.attributes) == set(only.attributes) | set(PROVENANCE)
    assert (fused.geometry, fused.attributes["is_synthetic"]) == (only.geometry, only.is_synthetic)
    assert (dict(fused.decisions), fused.conflicts) == ({}, ())


@settings(max_examples=80, deadline=None)
@given(_CLAIMS)
def test_fusing_what_is_fused_changes_nothing(claims: list[Claim]) -> None:
    fused = fuse(claims)
    again = fuse([as_claim(fused)])
    assert (dict(again.attributes), again.geometry) == (dict(fused.attributes), fused.geometry)


@settings(max_examples=80, deadline=None)
@given(_CLAIMS)
def test_every_decision_names_a_claim_that_says_just_that(claims: list[Claim]) -> None:
    fused = fuse(claims)
    records = {(c.dataset, c.version_id, c.source_row): c for c in claims}
    for attribute, decision in fused.decisions.items():
        named = records[decision["dataset"], decision["version_id"], decision["source_row"]]
        if attribute == "footprint":
            assert fused.geometry is named.geometry
        elif fused.attributes[attribute] is not None:
            assert named.attributes[attribute] == fused.attributes[attribute]
        else:
            assert attribute in (
                *BODY[1:],
                *ROOF,
            )  # goes with the height or the form, though this source does not know it
    if len(claims) > 1:
        assert {n for n, v in fused.attributes.items() if v is not None} - set(PROVENANCE) <= set(fused.decisions)


@settings(max_examples=80, deadline=None)
@given(_CLAIMS, st.integers(0, 4))
def test_a_claim_that_wins_nothing_can_be_left_out(claims: list[Claim], at: int) -> None:
    fused = fuse(claims)
    record = claims[at % len(claims)]
    rest = [c for c in claims if c is not record]
    won = {(d["dataset"], d["version_id"], d["source_row"]) for d in fused.decisions.values()}
    if not rest or "footprint" not in fused.decisions or (record.dataset, record.version_id, record.source_row) in won:
        return
    fewer = fuse(rest)
    assert {
        **dict.fromkeys(record.attributes),
        **fewer.attributes,
        "source": fused.attributes["source"],
    } == fused.attributes


def test_every_building_of_a_town_of_two_sources_is_fused() -> None:
    rng = np.random.default_rng(3)
    at, size = rng.uniform(0, 9000, (500, 2)), rng.uniform(6, 20, (500, 2))
    cities = []
    for n, (dataset, noise) in enumerate((("plan", 0.0), ("aerial", 0.6))):
        shapes = shapely.box(*(at + noise).T, *(at + size).T)
        cities.append([
            replace(PLAIN, dataset=dataset, attributes={
                "name": f"楼{k}", "address": f"甲街{k}号", "use": "office", "storeys": 3 + n, "height_m": 9.0 + n,
                "height_basis": "source", "eaves_m": 7.0, "roof_form": "hip", "year": 1990, "source": dataset, "owner": "甲",
            }, geometry=shape, accuracy_m=0.5 + n, source_row=k)
            for k, shape in enumerate(shapes)
        ])  # fmt: skip
    fused = [fuse(pair) for pair in zip(*cities, strict=True)]
    assert all(one.decisions["footprint"]["dataset"] == "plan" for one in fused)
    assert min(len(one.conflicts) for one in fused) >= 2
