"""Look-ups: many askings for names and numbers at once, each by equality in an index."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from cim.address.numerals import value
from cim.finding.names import QUARTER, STREET
from cim.finding.score import area
from cim.finding.segments import Row
from cim.store.sql import statement

_HIGHEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Asking:
    """A name with numbers, asked for a query. areas: codes of the divisions that it should lie in; none: anywhere.

    is_exact: number and building are written just so; else the first number in each is the same (12之1 for 12).
    """

    query: int
    name: str
    roles: int
    number: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    areas: tuple[str, ...] = ()
    most: int = 20
    is_exact: bool = False

    def values(self) -> tuple[Any, ...]:
        """What the statement takes of it, in its order."""
        numbers = (value(self.number),) * 2 if self.number else (-1, _HIGHEST)
        buildings = (value(self.building),) * 2 if self.building else (-1, _HIGHEST)
        return (
            *(self.query, self.name, self.roles, patterns(self.areas), *numbers, *buildings),
            *(self.unit, self.room, self.most),
            *((self.number, self.building) if self.is_exact else ("", "")),
        )


_ARGUMENTS = (
    *("askings", "names", "roles", "areas", "numbers_from", "numbers_to", "buildings_from", "buildings_to"),
    *("units", "rooms", "mosts", "exact_numbers", "exact_buildings"),
)


def patterns(codes: Sequence[str]) -> str | None:
    """Divisions as patterns of the codes that lie in them, or that are coarser and may hold them; None for none."""
    if not codes:
        return None
    found = [f"{area(code)}%" for code in codes]
    for code in codes:
        found += [code[:length] for length in (6, 9, 12) if length < len(code)]
        found += [f"{code[:4]}00", f"{code[:2]}0000"]
    return "|".join(dict.fromkeys(found))


def places(connection: Connection, askings: Sequence[Asking]) -> dict[int, list[dict[str, Any]]]:
    """The places that answer, by query; each once a query."""
    found: dict[int, dict[int, dict[str, Any]]] = {}
    if askings:
        columns = zip(*(one.values() for one in askings), strict=True)
        given = {name: list(column) for name, column in zip(_ARGUMENTS, columns, strict=True)}
        for row in connection.execute(statement("select_places"), given):
            record = dict(row._mapping)
            found.setdefault(record.pop("asking"), {})[record.pop("place")] = record
    return {query: list(records.values()) for query, records in found.items()}


def of_addresses(connection: Connection, askings: Sequence[Asking]) -> dict[int, list[dict[str, Any]]]:
    """Streets and quarters without a record of their own, made of their addresses, by query: each once a county.

    Rows as those of `places`, without an id, with `addresses`: how many there are.
    """
    wanted = [
        (one, sort) for one in askings for role, sort in ((STREET, "street"), (QUARTER, "quarter")) if one.roles & role
    ]
    found: dict[int, list[dict[str, Any]]] = {}
    if wanted:
        given = {
            "askings": [one.query for one, _ in wanted],
            "names": [one.name for one, _ in wanted],
            "sorts": [sort for _, sort in wanted],
            "areas": [patterns(one.areas) for one, _ in wanted],
        }
        for row in connection.execute(statement("select_places_of_addresses"), given):
            record = dict(row._mapping)
            found.setdefault(record.pop("asking"), []).append(record)
    return found


def nearest_numbers(connection: Connection, askings: Sequence[Asking]) -> dict[tuple[int, str], tuple[str, ...]]:
    """The numbers next to those asked for, by query and street: rising, at most two."""
    if not askings:
        return {}
    given = {
        "askings": [one.query for one in askings],
        "streets": [one.name for one in askings],
        "numbers": [value(one.number) for one in askings],
        "areas": [patterns(one.areas) for one in askings],
    }
    found: dict[tuple[int, str], tuple[str, ...]] = {}
    for row in connection.execute(statement("select_nearest_numbers"), given):
        found[row.asking, row.street] = (*found.get((row.asking, row.street), ()), row.number)
    return found


def division_codes(connection: Connection, names: Iterable[str]) -> dict[str, list[str]]:
    """The codes of the divisions that have these folded names; of an old one those of its successors beside its own."""
    rows = connection.execute(
        text("""
            SELECT folded_name, division, successors FROM cim.place
            WHERE folded_name = ANY(CAST(:names AS text[])) AND folded_name <> '' AND division IS NOT NULL
              AND layer IN ('divisions', 'division_codes') ORDER BY division"""),
        {"names": sorted(set(names))},
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.folded_name, []).extend([row.division, *row.successors])
    return found


def names_of_codes(connection: Connection, codes: Iterable[str]) -> dict[str, list[str]]:
    """The folded names of the divisions that have one of these codes, by code."""
    wanted = sorted(set(codes))
    found: dict[str, list[str]] = {}
    if wanted:
        rows = connection.execute(
            text("""
                SELECT DISTINCT division, folded_name FROM cim.place
                WHERE division = ANY(CAST(:codes AS text[])) AND layer IN ('divisions', 'division_codes') ORDER BY 1, 2"""),
            {"codes": wanted},
        )
        for row in rows:
            found.setdefault(row.division, []).append(row.folded_name)
    return found


def spellings(
    connection: Connection, pieces: Iterable[str], sounds: Iterable[str]
) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """The names that are spelled like one of the pieces, and those that sound like one of the sounds, by piece."""
    by_letters: dict[str, list[Row]] = {}
    by_sound: dict[str, list[Row]] = {}
    given = {"pieces": sorted(set(pieces)), "sounds": sorted(set(sounds))}
    for row in connection.execute(statement("select_spellings"), given):
        held = by_sound if row.by_sound else by_letters
        held.setdefault(row.sought, []).append(_row(row._mapping))
    return by_letters, by_sound


def all_spellings(connection: Connection, most: int) -> dict[str, list[Row]] | None:
    """All spellings that there are, by their letters; None where they are more than `most`."""
    counted = text("SELECT count(*) FROM (SELECT FROM cim.place_name LIMIT :most + 1) n")
    if int(connection.execute(counted, {"most": most}).scalar_one()) > most:
        return None
    found: dict[str, list[Row]] = {}
    for row in connection.execute(text("SELECT spelling, folded, is_short, roles, rank, pinyin FROM cim.place_name")):
        found.setdefault(row.spelling, []).append(Row(*row))
    return found


def similar(connection: Connection, name: str, given: Mapping[str, Any]) -> list[Row]:
    """The names that one of the statements for similar ones finds."""
    return [_row(row._mapping) for row in connection.execute(statement(name), dict(given))]


def _row(found: Any) -> Row:
    return Row(
        spelling=found["spelling"],
        folded=found["folded"],
        is_short=found["is_short"],
        roles=int(found["roles"]),
        rank=int(found["rank"]),
        pinyin=found["pinyin"],
        how=found.get("how", "name"),
        likeness=float(found.get("likeness", 0.0)),
    )
