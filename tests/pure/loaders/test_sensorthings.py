"""SensorThings bodies: what is right is decoded, what is wrong is named, and no bytes break the decoder."""

import contextlib
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.types import Observation
from loaders.protocols import PROTOCOLS

KEYS = ["phenomenonTime", "result", "Datastream", "@iot.id", "FeatureOfInterest"]
KEYS += ["feature", "type", "geometry", "coordinates", "Point"]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
decode = PROTOCOLS["sensorthings"].decode


def body(**changes: object) -> bytes:
    entry = {"phenomenonTime": "2026-01-01T08:00:00+08:00", "result": 12.5, "Datastream": {"@iot.id": 7}}
    return orjson.dumps({k: v for k, v in {**entry, **changes}.items() if v is not ...})


def test_a_time_with_an_offset_becomes_utc() -> None:
    assert decode(body(), NOW) == [Observation(7, datetime(2026, 1, 1, tzinfo=UTC), 12.5)]


def test_an_observation_without_a_time_was_made_when_it_arrived() -> None:
    assert decode(body(phenomenonTime=...), NOW)[0].phenomenon_time == NOW


@pytest.mark.parametrize(
    "feature",
    [
        {"type": "Point", "coordinates": [113.28, 40.09]},
        {"type": "Point", "coordinates": [113.28, 40.09, 1040.0]},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [113.28, 40.09]}},
    ],
)
def test_the_feature_of_interest_says_where(feature: object) -> None:
    assert decode(body(FeatureOfInterest={"feature": feature}), NOW)[0].lonlat == (113.28, 40.09)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"result": "12"}, "result"),
        ({"result": True}, "result"),
        ({"result": None}, "result"),
        ({"result": ...}, "result"),
        ({"Datastream": 7}, "Datastream"),
        ({"Datastream": {"@iot.id": "7"}}, "Datastream"),
        ({"Datastream": {"@iot.id": 2**63}}, "Datastream"),
        ({"Datastream": {"@iot.id": 0}}, "Datastream"),
        ({"phenomenonTime": "2026-01-01T08:00:00"}, "zone"),
        ({"phenomenonTime": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"}, "instant"),
        ({"phenomenonTime": 5}, "instant"),
        ({"phenomenonTime": "0001-01-01T00:00:00+08:00"}, "UTC"),
        ({"FeatureOfInterest": {"feature": {"type": "Point", "coordinates": [40.09, 113.28]}}}, "degrees"),
        ({"FeatureOfInterest": {"feature": {"type": "Point", "coordinates": [None, 1]}}}, "degrees"),
        ({"FeatureOfInterest": {"feature": {"type": "LineString", "coordinates": [[1, 2]]}}}, "Point"),
        ({"FeatureOfInterest": {"@iot.id": 5}}, "Point"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        decode(body(**changes), NOW)


def test_the_wrong_entry_of_an_array_is_counted_from_one() -> None:
    with pytest.raises(BadInput, match=r"Observations\[2\]: result"):
        decode(b"[" + body() + b"," + body(result="x") + b"]", NOW)


def test_an_empty_array_is_no_observation() -> None:
    assert decode(b"[]", NOW) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(frame: bytes) -> None:
    with contextlib.suppress(BadInput):
        decode(frame, NOW)


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "phenomenonTime",
                    "result",
                    "Datastream",
                    "@iot.id",
                    "FeatureOfInterest",
                    "feature",
                    "type",
                    "geometry",
                    "coordinates",
                    "Point",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(json)
def test_any_json_is_decoded_or_refused(value: object) -> None:
    try:
        frame = orjson.dumps(value)
    except TypeError:  # integers that JSON readers do not take
        return
    with contextlib.suppress(BadInput):
        decode(frame, NOW)
