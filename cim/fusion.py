"""What several sources say of one building, made one: for each attribute a winner, and the reason. Pure.

**The rule**: for each attribute one source wins, whole; values are never mixed or averaged. Of two sources wins, by the
first of these that tells them apart:

1. the one that knows a value (None, NaN, blank text and the use `unknown` are no values);
2. a measured source over a synthetic one;
3. for the body only: one that came with its surfaces over numbers alone; a height from the source over one derived from a
   surface model (dsm) over one reckoned from storeys over one assumed;
4. the better (smaller) stated `accuracy_m`; a stated one over none;
5. the newer `survey_date`; a stated one over none;
6. the place in the city file: the smaller `priority`, so the source that is listed first;
7. the dataset whose name comes first in the alphabet; within one dataset the record kept more recently, then the later
   version, then the earlier row.

Three things travel together. *The body*: height_m, height_basis, eaves_m, base_m, roof_form and its surfaces (`boundary`)
come from the source whose height wins, for they describe one body, even where that source knows no eaves and another does.
*The footprint* brings the accuracy_m, survey_date and source of its claim. *is_synthetic* is true if the winning footprint
or the winning body is. Every other attribute, free properties included, is decided on its own.

Sources that know different values are a *conflict*, told with winner, loser and reason: heights more than 0.5 m apart,
footprints with an IoU under 0.9, texts that differ after folding, other values that are not equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import inf, isclose
from numbers import Real
from operator import attrgetter
from typing import Any, TypedDict

import shapely

from cim.address.spelling import fold
from cim.errors import BadInput

BODY = ("height_m", "height_basis", "eaves_m", "base_m", "roof_form")
"""Attributes of one body: they come from one source, and its surfaces with them."""
_WHOLE_BODY = (*BODY, "boundary")

PROVENANCE = ("accuracy_m", "survey_date", "source", "is_synthetic")
"""How far to trust the footprint: never decided on its own, and never in conflict."""

HEIGHT_TOLERANCE_M = 0.5
"""Heights nearer than this do not contradict each other: so much hides in parapets and in where the ground is taken."""

FOOTPRINT_IOU = 0.9
"""Outlines at least this much alike do not contradict each other: 0.25 m of drawing about a house of 10 m by 10 m."""

BASES = ("source", "dsm", "storeys", "assumed")
"""What a height comes from, best first."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one record of one source says of a building, at one level of detail.

    attributes: canonical names and free properties, flat; those under `PROVENANCE` other than `source` are not read,
    for they have fields here. geometry: the footprint, valid, city frame, metres; None if the source has none.
    accuracy_m: metres. record_from: since when the record is held (UTC-aware). priority: place in the city file,
    smaller first. Dataset, version and row name the record.
    """

    dataset: str
    version_id: int
    source_row: int
    attributes: Mapping[str, Any]
    geometry: shapely.Geometry | None
    accuracy_m: float | None
    survey_date: date | None
    is_synthetic: bool
    record_from: datetime
    priority: int


class Decision(TypedDict):
    """Which record an attribute comes from, and why it and not the next best."""

    dataset: str
    source_row: int
    version_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """A value and the dataset that states it; of a footprint its area, square metres."""

    dataset: str
    value: Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sources know different values of an attribute; `why` the one won."""

    attribute: str
    won: Said
    lost: Said
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


_ORDER = ("name", "address", "use", "storeys", *BODY, "year")
_REASONS = (
    *("measured over synthetic", "better stated accuracy", "newer survey", "earlier in the city file"),
    *("first dataset by name", "more recent record", "later version", "earlier row"),
)
_METRES = ("height_m", "eaves_m", "base_m")


def fuse(claims: Sequence[Claim]) -> Fused:
    """One building out of what each source says of it, by the rule at the head of this module.

    The order of the claims does not matter. Raises BadInput for no claims, and for two of one record.

    >>> from datetime import UTC
    >>> today = datetime(2026, 1, 1, tzinfo=UTC)
    >>> plan = Claim("plan", 1, 7, {"name": "鼓楼", "storeys": 2}, None, 0.5, None, False, today, 0)
    >>> aerial = Claim("aerial", 2, 9, {"name": None, "storeys": 3}, None, 0.1, None, False, today, 1)
    >>> fused = fuse([plan, aerial])
    >>> fused.attributes["name"], fused.attributes["storeys"], fused.decisions["storeys"]["why"]
    ('鼓楼', 3, 'better stated accuracy: 0.1 m over 0.5 m')
    """
    _refuse(claims)
    ranked = sorted(map(_side, claims), key=attrgetter("standing"))
    bodies = sorted(
        (side for side in ranked if not side.known.keys().isdisjoint(_WHOLE_BODY)), key=attrgetter("body_standing")
    )
    attributes: dict[str, Any] = {}
    decisions: dict[str, Decision] = {}
    conflicts: list[Conflict] = []
    for name in _names(claims):
        knowing = [side for side in ranked if name in side.known]
        order = bodies if name in _WHOLE_BODY and knowing else knowing
        attributes[name] = order[0].known.get(name) if order else None
        if order and len(ranked) > 1:
            decisions[name] = _decision(
                order[0], order[1] if len(order) > 1 else None, name in _WHOLE_BODY, name in _WHOLE_BODY[1:]
            )
            conflicts += _conflicts(name, order)
    outlined = [s for s in ranked if s.claim.geometry is not None and not shapely.is_empty(s.claim.geometry)]
    if len(ranked) > 1 and outlined:
        decisions["footprint"] = _decision(outlined[0], outlined[1] if len(outlined) > 1 else None, False, False)
        conflicts += _footprint_conflicts(outlined)
    ground = (outlined or ranked)[0].claim
    attributes |= _provenance(ground)
    attributes["is_synthetic"] = ground.is_synthetic or (bool(bodies) and bodies[0].claim.is_synthetic)
    return Fused(attributes, ground.geometry, decisions, tuple(conflicts))


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """A claim with what it knows, and its keys in the rule: the smaller wins, and no two records share one."""

    claim: Claim
    known: Mapping[str, Any]
    standing: tuple[Any, ...]
    body_standing: tuple[Any, ...]


def _side(claim: Claim) -> _Side:
    """Rule 1 as the values that are known; rules 2 and 4 to 7 as a key; for the body rule 3 behind 2, heights first."""
    known = {name: value for name, value in claim.attributes.items() if is_value(name, value)}
    rank = BASES.index(known["height_basis"]) if known.get("height_basis") in BASES else len(BASES)
    accuracy, day = inf if claim.accuracy_m is None else claim.accuracy_m, claim.survey_date
    standing = (
        claim.is_synthetic,
        accuracy if accuracy == accuracy else inf,
        -day.toordinal() if day is not None and day == day else inf,
        claim.priority,
        claim.dataset,
        -claim.record_from.timestamp(),
        -claim.version_id,
        claim.source_row,
    )
    return _Side(
        claim,
        known,
        standing,
        ("height_m" not in known, claim.is_synthetic, "boundary" not in known, rank, *standing[1:]),
    )


def _refuse(claims: Sequence[Claim]) -> None:
    if not claims:
        raise BadInput("no claims; expected at least one")
    records = [(claim.dataset, claim.version_id, claim.source_row) for claim in claims]
    if len(set(records)) < len(records):
        twice = next(record for record in records if records.count(record) > 1)
        raise BadInput("two claims of one record: dataset {}, version {}, row {}".format(*twice))


def _names(claims: Sequence[Claim]) -> list[str]:
    """The attributes that any claim names: the layer's own first, then the free ones by name."""
    named = {name for claim in claims for name in claim.attributes}.difference(PROVENANCE)
    return [name for name in _ORDER if name in named] + sorted(named.difference(_ORDER))


def is_value(name: str, value: Any) -> bool:
    """Rule 1: whether a value says anything; NaN and NaT are the values that do not equal themselves."""
    if isinstance(value, str):
        return bool(value.strip()) and not (name == "use" and value == "unknown")
    return value is not None and bool(value == value)


def _provenance(claim: Claim) -> dict[str, Any]:
    told = {"accuracy_m": claim.accuracy_m, "survey_date": claim.survey_date, "source": claim.attributes.get("source")}
    return {name: value if is_value(name, value) else None for name, value in told.items()}


@lru_cache(maxsize=64)  # the same few pairs decide every attribute of a building
def _why(won: _Side, lost: _Side) -> str:
    """The first of rules 2 and 4 to 7 that tells two claims apart, in words."""
    ours, theirs = won.standing, lost.standing
    first = next(at for at, (one, other) in enumerate(zip(ours, theirs, strict=True)) if one != other)
    if first == 1:
        over = f"{theirs[1]:g} m" if theirs[1] < inf else "none stated"
        return f"better stated accuracy: {ours[1]:g} m over {over}"
    if first == 2:
        over = f"{lost.claim.survey_date:%Y-%m-%d}" if theirs[2] < inf else "none stated"
        return f"newer survey: {won.claim.survey_date:%Y-%m-%d} over {over}"
    return _REASONS[first]


def _why_body(won: _Side, lost: _Side) -> str:
    """The first rule that tells two bodies apart, in words."""
    ours, theirs = won.body_standing[:4], lost.body_standing[:4]
    if ours[0] != theirs[0]:
        return "the only height"
    if ours[1] == theirs[1] and ours[2] != theirs[2]:
        return "surfaces over numbers alone"
    if ours[1:3] == theirs[1:3] and ours[3] != theirs[3]:
        bases = (side.known.get("height_basis", "nothing stated") for side in (won, lost))
        return "better height basis: {} over {}".format(*bases)
    return _why(won, lost)


@lru_cache(maxsize=64)
def _decision(won: _Side, second: _Side | None, of_body: bool, with_height: bool) -> Decision:
    """Who wins, and why not the second; attributes that are decided alike share one decision."""
    why = "the only value" if second is None else (_why_body if of_body else _why)(won, second)
    why = f"goes with height_m: {why}" if with_height else why
    claim = won.claim
    return Decision(dataset=claim.dataset, source_row=claim.source_row, version_id=claim.version_id, why=why)


def _conflicts(name: str, order: Sequence[_Side]) -> list[Conflict]:
    """Where those behind the first of `order` know another value than it does."""
    won = order[0]
    if name in ("height_basis", "boundary") or name not in won.known:
        return []
    value, why = won.known[name], _why_body if name in BODY else _why
    return [
        Conflict(name, Said(won.claim.dataset, value), Said(lost.claim.dataset, lost.known[name]), why(won, lost))
        for lost in order[1:]
        if name in lost.known and _differ(name, value, lost.known[name])
    ]


def _differ(name: str, one: Any, other: Any) -> bool:
    """Whether two known values contradict each other."""
    if type(one) is type(other) and one == other:
        return False
    if isinstance(one, Real) and isinstance(other, Real):
        allowed = HEIGHT_TOLERANCE_M if name in _METRES else 0.0
        return not isclose(float(one), float(other), abs_tol=allowed + 1e-9)  # 1.1 - 0.6 is a little over 0.5
    if isinstance(one, str) or isinstance(other, str):
        return fold(str(one)) != fold(str(other))
    return bool(one != other)


def _footprint_conflicts(outlined: Sequence[_Side]) -> list[Conflict]:
    """Where the outlines of those behind the first are not like its own."""
    won, area, found = outlined[0], float(shapely.area(outlined[0].claim.geometry)), []
    for lost in outlined[1:]:
        theirs = float(shapely.area(lost.claim.geometry))
        common = shapely.area(shapely.intersection(won.claim.geometry, lost.claim.geometry))
        united = area + theirs - common
        iou = common / united if united else 0.0
        if iou < FOOTPRINT_IOU:
            ours, other = Said(won.claim.dataset, round(area, 1)), Said(lost.claim.dataset, round(theirs, 1))
            found.append(Conflict("footprint", ours, other, f"{_why(won, lost)}; IoU {iou:.2f}"))
    return found
