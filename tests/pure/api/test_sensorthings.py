"""SensorThings options and addresses: what is served is understood, everything else refused in a sentence."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.sensorthings import Options, collection, observation_id, options, page
from cim.errors import BadInput
from cim.store.series import Page
from cim.types import Observation


def test_the_options_are_understood() -> None:
    given = [("$top", "5"), ("$skip", "2"), ("$count", "true"), ("$orderby", "phenomenonTime desc")]
    assert options(given, ordered=True) == Options(top=5, skip=2, count=True, newest_first=True)


def test_expand_takes_options_of_its_own() -> None:
    asked = options([("$expand", "Thing,Observations($top=3;$orderby=phenomenonTime desc)")], ("Thing", "Observations"))
    assert asked.expands("Thing") == Options()
    assert asked.expands("Observations") == Options(top=3, newest_first=True)
    assert asked.expands("Locations") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("$filter", "result gt 5"),
        ("$select", "result"),
        ("top", "5"),
        ("$top", "-1"),
        ("$top", "many"),
        ("$top", "٣"),
        ("$skip", "999999999"),
        ("$count", "yes"),
        ("$orderby", "result desc"),
        ("$orderby", "phenomenonTime downwards"),
        ("$expand", "Sensor"),
        ("$expand", "Observations($filter=result gt 5)"),
        ("$expand", "Observations($expand=FeatureOfInterest)"),
        ("$expand", "Observations($top=1"),
    ],
)
def test_an_option_that_is_not_served_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=name.replace("$", r"\$")):
        options([(name, value)], ("Observations",), ordered=True)


def test_things_have_no_order_but_their_own() -> None:
    with pytest.raises(BadInput, match="Observations only"):
        options([("$orderby", "phenomenonTime desc")])


def test_a_next_link_asks_for_the_same_from_where_the_page_ended() -> None:
    given = [("$top", "2"), ("$count", "true"), ("$expand", "Observations($top=1;$orderby=phenomenonTime desc)")]
    asked = options(given, ("Observations",))
    link = collection([], "http://here/Datastreams", asked, "7", None)["@iot.nextLink"]
    again = options(parse_qsl(urlsplit(link).query), ("Observations",))
    assert again == Options(2, 0, True, False, asked.expand, "7")


def test_an_observation_is_found_again_by_its_id() -> None:
    time = datetime(2026, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)
    assert page(observation_id(Observation(12, time, 1.0))) == Page(time, 12)


@pytest.mark.parametrize("token", ["", "12", "x@2026-01-01T00:00:00Z", "12@yesterday", "12@2026-01-01T00:00:00"])
def test_a_token_that_nobody_gave_out_is_refused(token: str) -> None:
    with pytest.raises(BadInput):
        page(token)
