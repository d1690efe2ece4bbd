"""Scores and outcomes: what is right counts most, what is wrong is named, what is equal stays open."""

from typing import Any

import pytest

from cim.finding.names import DIVISION, STREET
from cim.finding.outcome import settle
from cim.finding.query import read
from cim.finding.reasons import sentence
from cim.finding.score import Candidate, Understood, score
from cim.finding.segments import Hit, Segment

_STREET = Segment("和阳街", (Hit("和阳街", STREET, 1, 1.0, "name"),))
_COUNTY = Segment("平城区", (Hit("平城区", DIVISION, 0, 1.0, "name"),))


def asked(numbers: str, *, county: bool = False) -> Understood:
    segments = (_COUNTY, _STREET) if county else (_STREET,)
    return Understood(read(f"和阳街{numbers}"), segments, (("140213",), ()) if county else ((),))


def place(number: str = "12", **more: Any) -> Candidate:
    return Candidate(**({"folded_name": "", "street": "和阳街", "number": number, "division": "140213051"} | more))


def test_the_nearer_to_what_was_asked_the_higher_the_score() -> None:
    better = [
        (asked("12号", county=True), place()),
        (asked("12号", county=True), place(division=None)),
        (asked("12号"), place("甲12")),
        (asked("12号"), place("")),
        (asked("12号", county=True), place("14", division="140214018")),
    ]
    scores = [score(*one)[0] for one in better]
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


@pytest.mark.parametrize(
    ("numbers", "there", "code", "words"),
    [
        ("12号", {"number": "14"}, "number_differs", "no number 12: this is 14"),
        ("12号", {"number": "", "around": ("11", "14")}, "no_number", "nearest 11 and 14"),
        ("12号3号楼", {"building": ""}, "no_building", "no building 3 there"),
        ("12号3号楼2单元", {"building": "3"}, "no_unit", "no unit 2 there"),
        ("12号3号楼501室", {"building": "3", "room": "502"}, "no_room", "no room 501 there"),
    ],
)
def test_what_is_wrong_is_named(numbers: str, there: dict[str, Any], code: str, words: str) -> None:
    worth, reasons = score(asked(numbers), place(**there))
    assert worth < 1.0
    assert code in [one.code for one in reasons]
    assert words in sentence(reasons, 1)


def test_a_coarser_division_is_neither_right_nor_wrong() -> None:
    codes = {
        division: [one.code for one in score(asked("12号", county=True), place(division=division))[1]]
        for division in ("140213051", "140200", "140214018")
    }
    assert [[c for c in found if c.startswith("area")] for found in codes.values()] == [
        [],
        ["area_unknown"],
        ["area_differs"],
    ]


def result(id: int, worth: float, lon: float | None) -> dict[str, Any]:
    lat = None if lon is None else 40.0
    return {"id": id, "score": worth, "lon": lon, "lat": lat, "address": f"a{id}", "name": None, "why": ["name"]}


def test_equally_good_places_apart_leave_it_open_unless_the_first_is_asked_for() -> None:
    both = [result(1, 1.0, 113.0), result(2, 0.99, 113.01)]
    assert (settle(both, None).state, settle(both, None).lon, settle(both, None).candidates) == ("ambiguous", None, 2)
    assert (settle(both, None, first=True).id, settle(both, None, first=True).why[-1]) == (1, "ambiguous")
    assert settle([both[0], result(2, 0.9, 113.01)], None).state == "found"
    assert settle([both[0], result(2, 1.0, 113.0001)], None).state == "found"
    assert settle([result(3, 1.0, None)], None).state == "unplaced"
    assert (settle([result(4, 0.6, 113.0)], None).state, settle([result(4, 0.6, 113.0)], None).lon) == (
        "partial",
        113.0,
    )
    assert settle([], "unknown_name").why == ("unknown_name",)
