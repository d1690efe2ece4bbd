"""Which buildings a protected unit is, and which unit decides where several name one building. Pure.

**Ties**, of which the first that finds anything decides for a unit:

1. `by_id`: the building that has this id at its source.
2. `by_place`: the one building that the unit's point lies in.
3. `by_name`: buildings of the unit's name, written alike after folding and without the city's name before it; and, for
   names of `COMPOUND_LETTERS` letters or more, those that begin with it and are no shop, school or dwelling: the halls of
   a compound. Only within the unit's division and within `NEAR_M` of its point, where these are given. Buildings further
   apart than `COMPOUND_M` are no one compound: the unit is `ambiguous`, and none of them is taken.
4. `by_address`: the one building at the unit's address.

A unit that finds nothing is told with the reason. **Of several units that name one building** the higher grade wins, then
the one tied by the earlier rule, then the one listed earlier, then the smaller id; where they differ in grade or era, that
is a conflict. Lengths and letters are the project's own defaults.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from cim.address.spelling import fold
from cim.types import IntArray, ObjectArray, Use

GRADES = ("national", "provincial", "county", "registered")
RULES = ("by_id", "by_place", "by_name", "by_address")
COMPOUND_LETTERS = 3
NEAR_M, COMPOUND_M = 300.0, 500.0
_HALLS = (Use.unknown, Use.heritage, Use.religious, Use.public)
REASONS = {
    "protected_id_unknown": "no building has this id at its source, and nothing else ties it",
    "protected_name_unknown": "no building of this name there, and nothing else ties it",
    "protected_ambiguous": "buildings of this name stand too far apart to be one compound",
    "protected_nowhere": "no building at this address or point",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A row of the table of protected buildings. xy: its point, city frame, None: not given. row: its number there."""

    id: str
    row: int
    name: str
    grade: str
    era: str | None = None
    batch: int | None = None
    listed: int | None = None
    building: str | None = None
    address: str | None = None
    division: str | None = None
    xy: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Bodies (n,) that units may be: several levels of detail of one building share an id.

    divisions: the codes of those that hold each.
    """

    building_id: IntArray
    name: ObjectArray
    address: ObjectArray
    use: IntArray
    shape: ObjectArray
    divisions: ObjectArray


@dataclass(frozen=True, slots=True)
class Tie:
    """A unit (its place in the table) and a building, by which rule."""

    unit: int
    building_id: int
    rule: str


@dataclass(frozen=True, slots=True)
class Untied:
    """A unit that is no building that is held, and why: a code of `REASONS`."""

    unit: int
    code: str


@dataclass(frozen=True, slots=True)
class Won:
    """The unit that decides for a building, the others that name it, and what they say otherwise: attribute -> values."""

    building_id: int
    tie: Tie
    others: tuple[Tie, ...]
    conflicts: Mapping[str, tuple[Any, Any]]


def tie(
    units: Sequence[Unit], standing: Standing, keys: Mapping[str, int], before: Sequence[str] = ()
) -> tuple[list[Tie], list[Untied]]:
    """The buildings of every unit, by the rules at the head of this module.

    keys: id at its source -> building. before: names that may stand before a unit's own, such as the city's.
    """
    names = np.array([fold(str(name)) if name else "" for name in standing.name], dtype=object)
    addresses = np.array([fold(str(one)) if one else "" for one in standing.address], dtype=object)
    tree = shapely.STRtree(standing.shape)
    ties: list[Tie] = []
    untied: list[Untied] = []
    for number, unit in enumerate(units):
        found, rule = _found(unit, standing, keys, names, addresses, tree, before)
        if isinstance(found, str):
            untied.append(Untied(number, found))
        ties += [Tie(number, building, rule) for building in found] if not isinstance(found, str) else []
    return ties, untied


def _found(
    unit: Unit,
    standing: Standing,
    keys: Mapping[str, int],
    names: ObjectArray,
    addresses: ObjectArray,
    tree: shapely.STRtree,
    before: Sequence[str],
) -> tuple[list[int] | str, str]:
    """The buildings and the rule; or the code of why there are none."""
    if unit.building is not None and unit.building in keys:
        return [keys[unit.building]], "by_id"
    if unit.xy is not None:
        inside = sorted({int(standing.building_id[n]) for n in tree.query(shapely.Point(unit.xy), predicate="within")})
        if len(inside) == 1:
            return inside, "by_place"
    called = _called(unit, standing, names, before)
    if len(called):
        west, south, east, north = shapely.total_bounds(standing.shape[called])
        if max(east - west, north - south) > COMPOUND_M:
            return "protected_ambiguous", ""
        return sorted(set(standing.building_id[called].tolist())), "by_name"
    if unit.address:
        there = sorted(set(standing.building_id[addresses == fold(unit.address)].tolist()))
        if len(there) == 1:
            return there, "by_address"
    if unit.building is not None:
        return "protected_id_unknown", ""
    return "protected_nowhere" if unit.address or unit.xy is not None else "protected_name_unknown", ""


def _called(unit: Unit, standing: Standing, names: ObjectArray, before: Sequence[str]) -> IntArray:
    """Positions of the bodies of a unit's name, where it may be."""
    name = fold(unit.name)
    spellings = {name, *(name.removeprefix(fold(one)) for one in before)} - {""}
    halls = np.isin(standing.use, _HALLS)
    long = [one for one in spellings if len(one) >= COMPOUND_LETTERS]
    fits = [
        own in spellings or (hall and any(own.startswith(one) for one in long))
        for own, hall in zip(names.tolist(), halls.tolist(), strict=True)
    ]
    found = np.flatnonzero(np.array(fits, dtype=bool))
    if unit.division:
        code = unit.division.rstrip("0")
        found = found[[any(str(d).startswith(code) for d in standing.divisions[n]) for n in found]]
    if unit.xy is not None and len(found):
        found = found[shapely.distance(standing.shape[found], shapely.Point(unit.xy)) <= NEAR_M]
    return np.asarray(found, dtype=np.int64)


def settle(units: Sequence[Unit], ties: Sequence[Tie]) -> list[Won]:
    """For each building that is named, the unit that decides; by building."""
    named: dict[int, list[Tie]] = {}
    for one in ties:
        named.setdefault(one.building_id, []).append(one)
    found = []
    for building, several in sorted(named.items()):
        first, *others = sorted(several, key=lambda one: _rank(units[one.unit], one))
        won = units[first.unit]
        differ: dict[str, tuple[Any, Any]] = {}
        for other in (units[one.unit] for one in others):
            for attribute in ("grade", "era"):
                ours, theirs = getattr(won, attribute), getattr(other, attribute)
                if theirs is not None and ours != theirs:
                    differ.setdefault(attribute, (ours, theirs))
        found.append(Won(building, first, tuple(others), differ))
    return found


def _rank(unit: Unit, one: Tie) -> tuple[Any, ...]:
    listed = unit.listed if unit.listed is not None else 9999
    return (GRADES.index(unit.grade), RULES.index(one.rule), listed, unit.id)
