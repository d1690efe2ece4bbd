"""Search: what somebody typed, divided into names and numbers, looked up, ranked. One query or many go the same way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from cim.address.spelling import fold
from cim.errors import BadInput
from cim.finding.names import COMMUNITY, DIVISION, QUARTER, STREET
from cim.finding.reasons import Reason, reason, sentence
from cim.finding.score import LEAST, Candidate, Understood, score, wanted_numbers
from cim.finding.segments import Hit, Segment
from cim.store.places import lookup
from cim.store.places.lookup import Asking
from cim.store.places.understanding import understand

_NAMES = 100  # of one piece, so many names are looked up at the most
_HELD = 500_000  # so many spellings a geocoder holds in memory (some 300 bytes each); more are looked up
_MADE = 10  # of so many names of a query streets and quarters are made of their addresses
_SURE = 0.7  # an answer of less is looked for again, less strictly


# A place with its score and the reasons for it.
Ranked = tuple[float, tuple[Reason, ...], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query: its candidates, the best first, and the reason where there are none."""

    results: tuple[dict[str, Any], ...]
    reason: Reason | None = None


def search(connection: Connection, q: str, *, limit: int = 10) -> list[dict[str, Any]]:
    """Ranked candidates for what somebody typed: never one guess where several fit.

    Each: id (None for a street or quarter that only addresses tell of), name, address, kind, layer, division, lon, lat
    (degrees; None for a division known by its code alone), score 0..1, why (codes of `cim.finding.reasons`), says (`zh`,
    `en`). Raises BadInput for a query without a letter or digit.
    """
    return list(answer(connection, q, limit=limit).results)


def answer(connection: Connection, q: str, *, limit: int = 10) -> Found:
    """As `search`, with the reason where nothing is found."""
    if not fold(q):
        raise BadInput(f"places: q={q!r} holds no letter or digit to look for")
    return _answers(connection, understand(connection, [q], completing=True), limit)[0]


class Geocoder:
    """Answers many queries over one connection. It knows the spellings as they were when it was made."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._spelled = lookup.all_spellings(connection, _HELD)

    def answers(self, texts: Sequence[str], *, limit: int = 10) -> list[Found]:
        """The answers in the order of the queries. They are taken as whole: names are not completed as while typing.

        A query without a letter or digit, or one that nothing answers, has no results and a reason.
        """
        asked = understand(self._connection, texts, completing=False, spelled=self._spelled)
        return _answers(self._connection, asked, limit)


def _answers(connection: Connection, asked: Sequence[Understood], limit: int) -> list[Found]:
    strict = [one for number, each in enumerate(asked) for one in _askings(number, each)]
    rows = lookup.places(connection, strict)
    for number, more in lookup.of_addresses(connection, _unnumbered(strict, asked)).items():
        rows[number] = [*rows.get(number, ()), *more]
    best = {number: _ranked(asked[number], rows.get(number, ()), {}) for number in range(len(asked))}
    unsure = [number for number, ranked in best.items() if not ranked or ranked[0][0] < _SURE]
    if unsure:
        _look_again(connection, asked, unsure, strict, rows, best)
    return [_found(asked[number], best[number], limit) for number in range(len(asked))]


def _look_again(
    connection: Connection,
    asked: Sequence[Understood],
    unsure: Sequence[int],
    strict: Sequence[Asking],
    rows: dict[int, list[dict[str, Any]]],
    best: dict[int, list[Ranked]],
) -> None:
    """Less strictly: without the finer numbers, in any division; and the nearest numbers of a street."""
    doubtful = set(unsure)
    again = [one for one in strict if one.query in doubtful and not one.is_exact]
    loose = [other for one in again for other in _relaxed(one)]
    for number, more in lookup.places(connection, loose).items():
        rows[number] = [*rows.get(number, ()), *more]
    streets = [one for one in again if one.number and one.roles & STREET]
    around = lookup.nearest_numbers(connection, streets)
    beside = [
        replace(one, number=number, building="", unit="", room="", most=1)
        for one in streets
        for number in around.get((one.query, one.name), ())
    ]
    for number, more in lookup.places(connection, beside).items():
        rows[number] = [*rows.get(number, ()), *more]
    for number in doubtful:
        known = {street: numbers for (query, street), numbers in around.items() if query == number}
        best[number] = _ranked(asked[number], rows.get(number, ()), known)


def _askings(number: int, asked: Understood) -> list[Asking]:
    """What to look up for a query: the names that are no divisions; the divisions only where there are no others."""
    others = [one for one in asked.segments if any(hit.roles & ~DIVISION for hit in one.hits)]
    divisions = [codes for one, codes in zip(asked.segments, asked.areas, strict=True) if codes and one.is_division]
    areas = max(divisions, key=lambda codes: max(len(code) for code in codes), default=())
    if not others and not asked.query.whole.isdigit():
        areas = ()  # the division itself is looked for, not what lies in it
    targets = others or [one for one in asked.segments if one.hits][-1:]
    found = []
    for segment in targets:
        for hit in segment.hits[:_NAMES]:
            found += _of_name(number, asked, hit, areas)
    return found


def _of_name(number: int, asked: Understood, hit: Hit, areas: tuple[str, ...]) -> list[Asking]:
    """The askings for one name: as a street or village with the query's numbers, as a quarter with its own, and itself."""
    own = hit.roles & ~(STREET | QUARTER | COMMUNITY)
    found = [Asking(number, hit.folded, own, areas=areas)] if own else []
    for role, is_quarter in ((hit.roles & (STREET | COMMUNITY), False), (hit.roles & QUARTER, True)):
        if role:
            parts = wanted_numbers(asked.query, is_quarter=is_quarter)
            one = Asking(number, hit.folded, role, areas=areas)
            asking = replace(one, **parts)  # type: ignore[arg-type]  # parts are the asking's numbered ones
            found.append(asking)
            if asking.number or asking.building:  # 12之27 is not to be lost among all the others of 12
                found.append(replace(asking, is_exact=True))
    return found


def _unnumbered(askings: Sequence[Asking], asked: Sequence[Understood]) -> list[Asking]:
    """The askings for a street or quarter itself: the likeliest of each query that has no numbers."""
    found, counts = [], Counter[int]()
    for one in askings:
        if one.roles & (STREET | QUARTER) and not asked[one.query].query.has_numbers and counts[one.query] < _MADE:
            counts[one.query] += 1
            found.append(one)
    return found


def _relaxed(one: Asking) -> list[Asking]:
    """An asking without its finer numbers, and one for anywhere."""
    found = []
    if one.unit or one.room:
        found.append(replace(one, unit="", room=""))
    if one.building and one.number:
        found.append(replace(one, building="", unit="", room=""))
    if one.areas:
        found += [replace(other, areas=()) for other in (one, *found)]
    return found


def _ranked(
    asked: Understood, rows: Sequence[Mapping[str, Any]], around: Mapping[str, tuple[str, ...]]
) -> list[Ranked]:
    """Places with their scores and reasons, the best first; a division known by code and outline once, with its place."""
    scored = []
    for row in {(row["id"] or (row["folded_name"], row["division"], row["kind"])): row for row in rows}.values():
        worth, why = score(asked, _candidate(row, around))
        if row["id"] is None:
            why = (*why, reason("of_addresses", count=f"{row['addresses']:,}"))
        if worth >= LEAST:
            scored.append((round(worth, 3), why, row))
    outlined = {row["division"] for _, _, row in scored if row["layer"] == "divisions"}
    kept = [one for one in scored if one[2]["layer"] != "division_codes" or one[2]["division"] not in outlined]
    return sorted(kept, key=lambda one: _order(asked.query.whole, one))


def _order(whole: str, one: Ranked) -> tuple[Any, ...]:
    """The better score first; among equals what is written just so, then places before streets before numbers."""
    worth, _, row = one
    shown = row["name"] or row["address"] or ""
    return (
        -worth,
        whole not in (fold(row["address"] or ""), row["folded_name"]),
        row["rank"],
        len(shown),
        row["id"] or 0,
    )


def _candidate(row: Mapping[str, Any], around: Mapping[str, tuple[str, ...]]) -> Candidate:
    names = ("folded_name", "street", "quarter", "community", "number", "building", "unit", "room", "division")
    return Candidate(
        **{name: row[name] for name in names},
        is_division=row["layer"] in ("divisions", "division_codes"),
        successors=tuple(row["successors"]),
        has_place=row["lon"] is not None,
        around=around.get(row["street"] or row["folded_name"], ()),
    )


_SHOWN = ("id", "layer", "kind", "name", "address", "division")


def _found(asked: Understood, ranked: Sequence[Ranked], limit: int) -> Found:
    if not ranked:
        return Found((), _nothing(asked.segments))
    results = []
    for worth, why, row in ranked[:limit]:
        shown = {name: row[name] for name in _SHOWN}
        shown |= {name: None if row[name] is None else round(row[name], 7) for name in ("lon", "lat")}
        says = {"zh": sentence(why, 0), "en": sentence(why, 1)}
        results.append(shown | {"score": worth, "why": [one.code for one in why], "says": says})
    return Found(tuple(results))


def _nothing(segments: Sequence[Segment]) -> Reason:
    """Why there is no candidate: the pieces that nobody knows, or that no place carries what is known."""
    unknown = "、".join(one.text for one in segments if not one.hits)
    return reason("unknown_name", text=unknown) if unknown else reason("no_such_place")
