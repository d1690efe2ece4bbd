"""What several sources say of one building, made one: for each attribute a winner, and the reason. Pure.

**The rule**: for each attribute one source wins, whole; values are never mixed or averaged. Of two sources wins, by the
first of these that tells them apart:

1. the one that knows a value (None, NaN, blank text and the use `unknown` are no values);
2. a measured source over a synthetic one;
3. for the body only: one that came with its surfaces over numbers alone; a height from the source over one derived from a
   surface model (dsm) over one reckoned from storeys over one assumed; for the roof only: a form from the source over a
   measured one over an inferred one, and before other sources the one whose height wins;
4. the better (smaller) stated `accuracy_m`; a stated one over none;
5. the newer `survey_date`; a stated one over none;
6. the place in the city file: the smaller `priority`, so the source that is listed first;
7. the dataset whose name comes first in the alphabet; within one dataset the record kept more recently, then the later
   version, then the earlier row.

Four things travel together. *The body*: height_m, height_basis, eaves_m, base_m and its surfaces (`boundary`) all come
from the source whose height wins, even where that source knows no base and another does. *The roof*: its form, basis,
pitch, tiers and the rule that inferred it come from the source whose form wins; where the body's source knows no eaves, the
roof brings its own, if its source has the same height (within the tolerance of conflicts) or speaks of no height. *The
footprint* brings the accuracy_m, survey_date and source of its claim. *is_synthetic* is true if the winning footprint or
the winning body is. Every other attribute, free properties included, is decided on its own.

A record that was derived speaks only of the attributes that it names (`tells_of`), while any other record tells of the
building: it brings no footprint, and what it carries besides is no claim.

Sources that know different values are a *conflict* (`conflict.py`), told with winner, loser, reason and a code: heights
more than 0.5 m apart, footprints with an IoU under 0.9, texts that differ after folding, other values that are not equal.
An inferred roof contradicts nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isclose
from numbers import Real
from operator import attrgetter
from typing import Any, TypedDict

import shapely

from cim.address.spelling import fold
from cim.errors import BadInput
from cim.fusion.claims import (
    BODY,
    PROVENANCE,
    ROOF,
    TELLS_OF,
    Claim,
    Side,
    is_value,
    roof_standing,
    side,
    why,
    why_body,
    why_roof,
)
from cim.fusion.conflict import Conflict, Said, code_of

__all__ = ["BODY", "PROVENANCE", "ROOF", "Claim", "Conflict", "Decision", "Fused", "Said", "fuse"]

HEIGHT_TOLERANCE_M = 0.5
"""Heights nearer than this do not contradict each other: so much hides in parapets and in where the ground is taken."""

FOOTPRINT_IOU = 0.9
"""Outlines at least this much alike do not contradict each other: 0.25 m of drawing about a house of 10 m by 10 m."""


class Decision(TypedDict):
    """Which record an attribute comes from, and why it and not the next best."""

    dataset: str
    source_row: int
    version_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Fused:
    """One building out of all that was said of it.

    attributes: every attribute that any claim names (None: nobody knows it) and `PROVENANCE`. geometry: the footprint.
    decisions: by attribute and for `footprint`, where somebody knows it (not to be changed: attributes decided alike
    share one); empty for a single claim. conflicts: by attribute, then by loser, best first.
    """

    attributes: Mapping[str, Any]
    geometry: shapely.Geometry | None
    decisions: Mapping[str, Decision]
    conflicts: tuple[Conflict, ...]


_NEVER = ("height_basis", "boundary", "roof_basis", "roof_rule", "roof_confidence", "roof_form_inferred")
_ORDER = ("name", "address", "use", "storeys", *BODY, *ROOF, "year")
_METRES = ("height_m", "eaves_m", "base_m")


def fuse(claims: Sequence[Claim]) -> Fused:
    """One building out of what each source says of it, by the rule at the head of this module.

    The order of the claims does not matter. Raises BadInput for no claims, and for two of one record.

    >>> from datetime import UTC, datetime
    >>> today = datetime(2026, 1, 1, tzinfo=UTC)
    >>> plan = Claim("plan", 1, 7, {"name": "鼓楼", "storeys": 2}, None, 0.5, None, False, today, 0)
    >>> aerial = Claim("aerial", 2, 9, {"name": None, "storeys": 3}, None, 0.1, None, False, today, 1)
    >>> fused = fuse([plan, aerial])
    >>> fused.attributes["name"], fused.attributes["storeys"], fused.decisions["storeys"]["why"]
    ('鼓楼', 3, 'better stated accuracy: 0.1 m over 0.5 m')
    """
    _refuse(claims)
    alone = all(claim.is_derived for claim in claims)
    ranked = sorted((side(claim, whole=alone) for claim in claims), key=attrgetter("standing"))
    bodies = sorted(
        (one for one in ranked if not one.known.keys().isdisjoint((*BODY, *ROOF))), key=attrgetter("body_standing")
    )
    roofs = sorted(bodies, key=lambda one: roof_standing(one, bodies[0]))
    attributes: dict[str, Any] = {}
    decisions: dict[str, Decision] = {}
    conflicts: list[Conflict] = []
    for name in _names(claims):
        order = _order(name, ranked, bodies, roofs)
        attributes[name] = order[0].known.get(name) if order else None
        if order and len(ranked) > 1:
            decisions[name] = _decided(name, order, bodies[0] if bodies else None)
            conflicts += _conflicts(name, order, bodies[0] if bodies else None)
    outlined = _outlined(ranked, alone)
    if len(ranked) > 1 and outlined:
        decisions["footprint"] = _decision(outlined[0], why(*outlined[:2]) if len(outlined) > 1 else "the only value")
        conflicts += _footprint_conflicts(outlined)
    ground = (outlined or ranked)[0].claim
    attributes |= _provenance(ground)
    attributes["is_synthetic"] = ground.is_synthetic or (bool(bodies) and bodies[0].claim.is_synthetic)
    return Fused(attributes, ground.geometry, decisions, tuple(conflicts))


def _outlined(ranked: Sequence[Side], alone: bool) -> list[Side]:
    """Those that bring a footprint, best first."""
    there = [one for one in ranked if one.claim.geometry is not None and not shapely.is_empty(one.claim.geometry)]
    return [one for one in there if alone or not one.claim.is_derived]


def _order(name: str, ranked: Sequence[Side], bodies: Sequence[Side], roofs: Sequence[Side]) -> Sequence[Side]:
    """Who has a say in an attribute, best first; nobody where nobody knows it."""
    knowing = [one for one in ranked if name in one.known]
    if not knowing or name not in (*BODY, *ROOF):
        return knowing
    if name == "eaves_m" and name not in bodies[0].known and _brings_eaves(roofs[0], bodies[0]):
        return [roofs[0]]
    return roofs if name in ROOF else bodies


def _brings_eaves(roof: Side, body: Side) -> bool:
    """Whether the eaves of the winning roof fit the winning body."""
    eaves, ours, theirs = roof.known.get("eaves_m"), body.known.get("height_m"), roof.known.get("height_m")
    if roof is body or not roof.tells_roof or eaves is None or ours is None or not eaves <= ours:
        return False
    return theirs is None or abs(float(theirs) - float(ours)) <= HEIGHT_TOLERANCE_M + 1e-9


def _decided(name: str, order: Sequence[Side], body: Side | None) -> Decision:
    """Who wins an attribute, and why not the second."""
    won, second = order[0], order[1] if len(order) > 1 else None
    if name in ROOF:
        return _decision(won, "the only value" if second is None else why_roof(won, second, body))
    if name in BODY and won is not body:
        return _decision(won, "goes with the roof: the body's source knows no eaves")
    reason = "the only value" if second is None else (why_body if name in BODY else why)(won, second)
    return _decision(won, f"goes with height_m: {reason}" if name in BODY[1:] else reason)


def _refuse(claims: Sequence[Claim]) -> None:
    if not claims:
        raise BadInput("no claims; expected at least one")
    records = [(claim.dataset, claim.version_id, claim.source_row) for claim in claims]
    if len(set(records)) < len(records):
        twice = next(record for record in records if records.count(record) > 1)
        raise BadInput("two claims of one record: dataset {}, version {}, row {}".format(*twice))


def _names(claims: Sequence[Claim]) -> list[str]:
    """The attributes that any claim names: the layer's own first, then the free ones by name."""
    named = {name for claim in claims for name in claim.attributes}.difference(PROVENANCE, (TELLS_OF,))
    return [name for name in _ORDER if name in named] + sorted(named.difference(_ORDER))


def _provenance(claim: Claim) -> dict[str, Any]:
    known = {"accuracy_m": claim.accuracy_m, "survey_date": claim.survey_date, "source": claim.attributes.get("source")}
    return {name: value if is_value(name, value) else None for name, value in known.items()}


@lru_cache(maxsize=64)
def _decision(won: Side, reason: str) -> Decision:
    """Who wins, and why; attributes that are decided alike share one decision."""
    claim = won.claim
    return Decision(dataset=claim.dataset, source_row=claim.source_row, version_id=claim.version_id, why=reason)


# --- conflicts ---------------------------------------------------------------------------------------------------------


def _conflicts(name: str, order: Sequence[Side], body: Side | None) -> list[Conflict]:
    """Where those behind the first of `order` know another value than it does."""
    won = order[0]
    if name in _NEVER or name not in won.known:
        return []
    losers = [lost for lost in order[1:] if name in lost.known]
    if name in ROOF:
        losers = [lost for lost in losers if lost.tells_roof and lost.known.get("roof_basis") != "inferred"]
    value = won.known[name]
    return [
        Conflict(
            name,
            Said(won.claim.dataset, value),
            Said(lost.claim.dataset, lost.known[name]),
            _why(name, won, lost, body),
            code_of(name),
        )
        for lost in losers
        if _differ(name, value, lost.known[name])
    ]


def _why(name: str, won: Side, lost: Side, body: Side | None) -> str:
    if name in ROOF:
        return why_roof(won, lost, body).removeprefix("goes with height_m: ")
    return (why_body if name in BODY else why)(won, lost)


def _differ(name: str, one: Any, other: Any) -> bool:
    """Whether two known values contradict each other."""
    if type(one) is type(other) and one == other:
        return False
    if isinstance(one, Real) and isinstance(other, Real):
        if _is_beyond(one) or _is_beyond(other):
            return bool(one != other)
        allowed = HEIGHT_TOLERANCE_M if name in _METRES else 0.0
        return not isclose(float(one), float(other), abs_tol=allowed + 1e-9)  # 1.1 - 0.6 is a little over 0.5
    if isinstance(one, str) or isinstance(other, str):
        return fold(str(one)) != fold(str(other))
    return bool(one != other)


def _is_beyond(value: Real) -> bool:
    """Whether a whole number is larger than any float: files of text hold such."""
    return isinstance(value, int) and abs(value) >= 2**1023


def _footprint_conflicts(outlined: Sequence[Side]) -> list[Conflict]:
    """Where the outlines of those behind the first are not like its own."""
    won, area, found = outlined[0], float(shapely.area(outlined[0].claim.geometry)), []
    for lost in outlined[1:]:
        theirs = float(shapely.area(lost.claim.geometry))
        common = shapely.area(shapely.intersection(won.claim.geometry, lost.claim.geometry))
        united = area + theirs - common
        iou = common / united if united else 0.0
        if iou < FOOTPRINT_IOU:
            ours, other = Said(won.claim.dataset, round(area, 1)), Said(lost.claim.dataset, round(theirs, 1))
            reason = f"{why(won, lost)}; IoU {iou:.2f}"
            found.append(Conflict("footprint", ours, other, reason, code_of("footprint")))
    return found
