"""What one record says of a building, and how it stands against others: keys and reasons of the rule of fusion. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import inf
from typing import Any

import shapely

BODY = ("height_m", "height_basis", "eaves_m", "base_m", "boundary")
"""Attributes of one body, its surfaces among them: they come from one source."""

ROOF = ("roof_form", "roof_basis", "pitch_deg", "eaves_tiers", "roof_rule", "roof_confidence", "roof_form_inferred")
"""Attributes of one roof: they come from one source."""

PROVENANCE = ("accuracy_m", "survey_date", "source", "is_synthetic")
"""How far to trust the footprint: never decided on its own, and never in conflict."""

BASES = ("source", "dsm", "storeys", "assumed")
"""What a height comes from, best first."""

ROOF_BASES = ("source", "measured", "inferred")
"""What a roof comes from, best first; a form that is not flat and states no basis is its source's."""

TELLS_OF = "tells_of"
"""Names, with blanks between them, of the attributes that a derived record speaks of; what else it carries is no claim."""


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

    @property
    def is_derived(self) -> bool:
        """Whether it speaks of the attributes under `TELLS_OF` alone, and of no building of its own."""
        return self.attributes.get(TELLS_OF) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A claim with what it knows, and its keys in the rule: the smaller wins, and no two records share one."""

    claim: Claim
    known: Mapping[str, Any]
    standing: tuple[Any, ...]
    body_standing: tuple[Any, ...]

    @property
    def tells_roof(self) -> bool:
        """Whether it says what form the roof has: `flat` without a basis is what bodies without a known roof carry."""
        return self.known.get("roof_basis") is not None or self.known.get("roof_form") not in (None, "flat")

    @property
    def roof_rank(self) -> int:
        """Place of what the form rests on among `ROOF_BASES`."""
        basis = self.known.get("roof_basis", ROOF_BASES[0])
        return ROOF_BASES.index(basis) if basis in ROOF_BASES else len(ROOF_BASES)


def side(claim: Claim, *, whole: bool = False) -> Side:
    """Rule 1 as the values that are known; rules 2 and 4 to 7 as a key; for the body rule 3 behind 2, heights first.

    whole: let a derived record speak of all that it carries.
    """
    told = claim.attributes.get(TELLS_OF)
    names = None if told is None or whole else set(str(told).split())
    known = {
        name: value
        for name, value in claim.attributes.items()
        if name != TELLS_OF and is_value(name, value) and (names is None or name in names)
    }
    basis = known.get("height_basis")
    rank = BASES.index(basis) if basis in BASES else len(BASES)
    accuracy, day = claim.accuracy_m, claim.survey_date
    standing = (
        claim.is_synthetic,
        accuracy if accuracy is not None and accuracy == accuracy else inf,
        -day.toordinal() if day is not None and day == day else inf,
        claim.priority,
        claim.dataset,
        -claim.record_from.timestamp(),
        -claim.version_id,
        claim.source_row,
    )
    return Side(
        claim,
        known,
        standing,
        ("height_m" not in known, claim.is_synthetic, "boundary" not in known, rank, *standing[1:]),
    )


def roof_standing(one: Side, body: Side | None) -> tuple[Any, ...]:
    """Key of a roof: told before untold, rule 2, its basis, then the body's own source before others."""
    return (not one.tells_roof, one.claim.is_synthetic, one.roof_rank, one is not body, *one.body_standing)


def is_value(name: str, value: Any) -> bool:
    """Rule 1: whether a value says anything; NaN and NaT are the values that do not equal themselves."""
    if isinstance(value, str):
        return bool(value.strip()) and not (name == "use" and value == "unknown")
    return value is not None and bool(value == value)


_REASONS = (
    *("measured over synthetic", "better stated accuracy", "newer survey", "earlier in the city file"),
    *("first dataset by name", "more recent record", "later version", "earlier row"),
)


@lru_cache(maxsize=64)  # the same few pairs decide every attribute of a building
def why(won: Side, lost: Side) -> str:
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


def why_body(won: Side, lost: Side) -> str:
    """The first rule that tells two bodies apart, in words."""
    ours, theirs = won.body_standing[:4], lost.body_standing[:4]
    if ours[0] != theirs[0]:
        return "the only height"
    if ours[1] == theirs[1] and ours[2] != theirs[2]:
        return "surfaces over numbers alone"
    if ours[1:3] == theirs[1:3] and ours[3] != theirs[3]:
        bases = (one.known.get("height_basis", "nothing stated") for one in (won, lost))
        return "better height basis: {} over {}".format(*bases)
    return why(won, lost)


def why_roof(won: Side, lost: Side, body: Side | None) -> str:
    """The first rule that tells two roofs apart, in words."""
    if won.tells_roof and not lost.tells_roof:
        return "the only roof that is told"
    if won.claim.is_synthetic == lost.claim.is_synthetic and won.roof_rank != lost.roof_rank:
        ranks = (*ROOF_BASES, "another")
        return f"better roof basis: {ranks[won.roof_rank]} over {ranks[lost.roof_rank]}"
    return f"goes with height_m: {why_body(won, lost)}" if won is body else why_body(won, lost)
