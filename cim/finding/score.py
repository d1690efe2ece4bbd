"""Scores: how well a place answers a query, from 0 to 1, with the reasons for and against it. Pure.

The score is the share of the query's letters that the place's names and divisions account for, each by how well it fits,
times a factor for its numbers. All factors are the project's own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cim.address.numerals import value
from cim.finding.query import Query
from cim.finding.reasons import Reason, nearest, reason
from cim.finding.segments import Segment

LEAST = 0.3
"""Below it nothing is shown: it would be a guess."""

_FINER, _ON_IT = 0.9, 0.8
_LACKS = {"number": 0.6, "building": 0.75, "unit": 0.85, "room": 0.85}
_DIFFERS = {"number": 0.5, "building": 0.6, "unit": 0.75, "room": 0.75}
_WRITTEN_OTHERWISE, _NAMED_OTHERWISE = 0.8, 0.97
_AREA_UNKNOWN, _AREA_DIFFERS = 0.9, 0.25
_PARTS = ("number", "building", "unit", "room")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What of a place its score depends on: folded names, numbers, division code, and for a division what became of it.

    around: the nearest numbers of the same street, where the one asked for does not exist.
    """

    folded_name: str
    street: str = ""
    quarter: str = ""
    community: str = ""
    number: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    division: str | None = None
    is_division: bool = False
    successors: tuple[str, ...] = ()
    has_place: bool = True
    around: tuple[str, ...] = ()

    def names(self) -> set[str]:
        """The folded names that it can be asked for by."""
        return {self.folded_name, self.street, self.quarter, self.community} - {""}


@dataclass(frozen=True, slots=True)
class Understood:
    """A query with what its pieces may mean. areas: for each piece that may be a division, the codes that it may be;
    old: the codes of old divisions among them that others took the place of.
    """

    query: Query
    segments: tuple[Segment, ...]
    areas: tuple[tuple[str, ...], ...]


def score(asked: Understood, place: Candidate) -> tuple[float, tuple[Reason, ...]]:
    """How well a place answers a query, 0..1, and why."""
    letters, worth = 0, 0.0
    reasons: list[Reason] = []
    for segment, codes in zip(asked.segments, asked.areas, strict=True):
        fits, why = _segment(segment, codes, place)
        letters += len(segment.text)
        worth += len(segment.text) * fits
        reasons += why
    if not letters:
        return 0.0, ()
    factor, why = _numbers(asked, place)
    if place.is_division:
        why += [reason("old_name", now="、".join(place.successors))] if place.successors else []
        why += [] if place.has_place else [reason("no_place")]
    kept = dict.fromkeys([*reasons, *why])
    return worth / letters * factor, tuple(kept)


def _segment(segment: Segment, codes: Sequence[str], place: Candidate) -> tuple[float, list[Reason]]:
    """How well a piece of the query fits a place: by one of its names, or by the division that it lies in."""
    names = place.names()
    hit = next((hit for hit in segment.hits if hit.folded in names), None)
    lying = _lying(place.division, codes) if codes else "outside"
    if hit is not None and (hit.folded == place.folded_name or lying != "inside"):
        return hit.strength, [reason(hit.how)]
    if lying == "inside":
        return 1.0, []
    if codes and lying == "unknown":
        return _AREA_UNKNOWN, [reason("area_unknown", asked=segment.text)]
    if codes:
        return _AREA_DIFFERS, [reason("area_differs", asked=segment.text)]
    return 0.0, [reason("not_matched", text=segment.text)]


def _lying(division: str | None, codes: Collection[str]) -> str:
    """Whether a place of a division lies in one of some divisions: `inside`, `outside`, or `unknown` where its own is
    coarser than they are, or not told."""
    if not division:
        return "unknown"
    if any(division.startswith(area(code)) for code in codes):
        return "inside"
    return "unknown" if any(code.startswith(area(division)) for code in codes) else "outside"


def area(code: str) -> str:
    """The digits with which the codes of all units in a division begin.

    >>> area("140213"), area("140200"), area("140000")
    ('140213', '1402', '14')
    """
    while len(code) <= 6 and code.endswith("00"):
        code = code[:-2]
    return code


def _numbers(asked: Understood, place: Candidate) -> tuple[float, list[Reason]]:
    """The factor for a place's numbers, and why."""
    hits = {hit.folded for one in asked.segments for hit in one.hits}
    is_named = place.folded_name in hits
    wanted = wanted_numbers(asked.query, is_quarter=place.quarter in hits and place.street not in hits)
    if not wanted:
        return (1.0, []) if is_named else (_ON_IT, [reason("on_it")])
    factor, why = (1.0 if is_named or not place.folded_name else _NAMED_OTHERWISE), list[Reason]()
    finest = max(_PARTS.index(part) for part in wanted)
    for place_in_row, part in enumerate(_PARTS):
        here, sought = getattr(place, part), wanted.get(part, "")
        if sought:
            worth, why_not = _part(part, here, sought, place)
            factor *= worth
            why.append(why_not)
        elif here and place_in_row > finest:
            return factor * _FINER, [*why, reason("inside")]
    return factor, why


def _part(part: str, here: str, sought: str, place: Candidate) -> tuple[float, Reason]:
    """The factor for one numbered part that is asked for, and why."""
    if here == sought:
        return 1.0, reason(part)
    if not here:
        return _LACKS[part], _lacking(part, sought, place)
    if value(here) == value(sought):
        return _WRITTEN_OTHERWISE, reason("number_similar", here=here)
    differs = part == "number"
    told = reason("number_differs", asked=sought, here=here) if differs else _lacking(part, sought, place)
    return _DIFFERS[part], told


def _lacking(part: str, asked: str, place: Candidate) -> Reason:
    if part != "number":
        return reason(f"no_{part}", asked=asked)
    name = place.street or place.folded_name or place.community
    if not place.around:  # whether the number exists is not known of the street alone
        return reason("not_the_number", asked=asked, name=name)
    return reason(
        "no_number", asked=asked, name=name, near_zh=nearest(place.around, 0), near_en=nearest(place.around, 1)
    )


def wanted_numbers(query: Query, *, is_quarter: bool) -> dict[str, str]:
    """The numbered parts that a query asks for. Numbers without a word are a house number behind a street (12-1 is one
    with a sub-number), and building, unit, room behind a quarter.

    >>> from cim.finding.query import read
    >>> wanted_numbers(read("和阳街12"), is_quarter=False), wanted_numbers(read("御河花园3-2-501"), is_quarter=True)
    ({'number': '12'}, {'building': '3', 'unit': '2', 'room': '501'})
    """
    found = {part: getattr(query, part) for part in _PARTS if getattr(query, part)}
    loose = query.loose
    if loose and is_quarter:
        parts = {1: ("building",), 2: ("building", "room"), 3: ("building", "unit", "room")}[min(len(loose), 3)]
        found = dict(zip(parts, loose, strict=False)) | found
    elif loose:
        if len(loose) == 3:
            found = dict(zip(("building", "unit", "room"), loose, strict=True)) | found
        else:
            found = {"number": "-".join(loose)} | found
    if is_quarter and "number" in found and "building" not in found:
        found["building"] = found.pop("number")
    return found
