"""Outcomes: what one address of a list came to: a place, several equally good ones, or none and why. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_EQUALLY_GOOD = 0.02  # scores that differ by no more say the same
_SURE = 0.7  # a place that accounts for less is only part of what was asked: its street, its building
_SAME_PLACE_M = 50.0  # candidates that lie no farther apart lead to the same door


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an address came to.

    state: `found`, `partial` (only a part of it, such as its street: score below 0.7), `ambiguous` (several are equally good
    and lie apart), `unplaced` (found, but without a position) or `none`. candidates: how many are equally good. lon, lat
    (degrees), id and matched are None where it is not settled.
    """

    state: str
    lon: float | None
    lat: float | None
    score: float | None
    matched: str | None
    why: tuple[str, ...]
    candidates: int
    id: int | None


def settle(results: Sequence[Mapping[str, Any]], nothing: str | None, *, first: bool = False) -> Outcome:
    """What ranked candidates come to. nothing: the code why there are none. first: take the first of equally good ones."""
    if not results:
        return Outcome("none", None, None, None, None, () if nothing is None else (nothing,), 0, None)
    best = results[0]
    equal = [one for one in results if one["score"] >= best["score"] - _EQUALLY_GOOD]
    apart = any(_distance_m(best, one) > _SAME_PLACE_M for one in equal[1:])
    why = tuple(best["why"])
    if apart and not first:
        return Outcome("ambiguous", None, None, best["score"], None, (*why, "ambiguous"), len(equal), None)
    told = best["address"] or best["name"]
    state = "unplaced" if best["lon"] is None else "found" if best["score"] >= _SURE else "partial"
    why = (*why, "ambiguous") if apart else why
    return Outcome(state, best["lon"], best["lat"], best["score"], told, why, len(equal), best["id"])


def _distance_m(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Metres between two results, near enough for a street; far where one has no position and the other is another thing."""
    if None in (one["lon"], other["lon"]):
        return math.inf
    across = (one["lon"] - other["lon"]) * math.cos(math.radians(one["lat"]))
    return math.hypot(across, one["lat"] - other["lat"]) * 111_195.0
