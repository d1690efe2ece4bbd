"""Divisions: what their codes say, the tree they form, and what became of old codes.

Codes: 6 digits of GB/T 2260 (province, city, county), 3 more of GB/T 10114 for a town or street, 3 more of the statistics
for a community, 3 more for a unit grid. Which codes are old or statistical is data, never a rule of the code's digits.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cim.errors import BadInput
from cim.types import Issue

LEVELS = ("province", "city", "county", "town", "community", "grid")
LEVEL_TITLES = {
    "province": ("省级", "Province"),
    "city": ("地级市", "City"),
    "county": ("区县", "County or district"),
    "town": ("乡镇街道", "Town or street"),
    "community": ("社区村", "Community or village"),
    "grid": ("单元网格", "Unit grid"),
}

_TRUE = ("1", "true", "yes", "是")


# --- codes -----------------------------------------------------------------------------------------------------------


def normal(code: str) -> str:
    """A code in its shortest form: `000` for a town or community that is not there is left out.

    Raises BadInput in one sentence for what is no division code.

    >>> normal("140213000000"), normal("140213051000"), normal("140213000000001")
    ('140213', '140213051', '140213000000001')
    """
    text = str(code).strip()
    whole = text.isascii() and text.isdigit() and len(text) in (6, 9, 12, 15) and text[0] != "0"
    if not whole or (len(text) == 15 and text.endswith("000")):
        raise BadInput(
            f"division code {text[:40]!r}: expected 6 digits (GB/T 2260), 9 (town or street), 12 (community) or 15 "
            "(unit grid, its sequence from 001), such as 140213"
        )
    while len(text) in (9, 12) and text.endswith("000"):
        text = text[:-3]
    return text


def level(code: str) -> str:
    """One of LEVELS. Raises BadInput for what is no division code.

    >>> [level(c) for c in ("140000", "140200", "140213", "140213051", "140213051001", "140213051001007")]
    ['province', 'city', 'county', 'town', 'community', 'grid']
    """
    code = normal(code)
    if len(code) == 6:
        return "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"
    return {9: "town", 12: "community", 15: "grid"}[len(code)]


def parent(code: str) -> str | None:
    """The code of the unit above, as the code's own digits say it; None above a province. Raises BadInput as `normal`.

    >>> parent("140213051"), parent("140213"), parent("140200"), parent("140000"), parent("140213000000001")
    ('140213', '140200', '140000', None, '140213')
    """
    code = normal(code)
    if len(code) > 6:
        return normal(code[:-3])
    above = {"county": f"{code[:4]}00", "city": f"{code[:2]}0000"}
    return above.get(level(code))


def lineage(code: str) -> tuple[str, ...]:
    """The codes above one, nearest first, by its digits.

    >>> lineage("140213051")
    ('140213', '140200', '140000')
    """
    found: list[str] = []
    above = parent(code)
    while above is not None:
        found.append(above)
        above = parent(above)
    return tuple(found)


def is_under(code: str, above: str) -> bool:
    """Whether a unit is another one or lies below it, by its digits."""
    return normal(above) in (normal(code), *lineage(code))


# --- the tree --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Successor:
    """A unit that an old one went to, wholly or in part, and how far that is to be trusted (P, S, D or K)."""

    code: str
    trust: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A record of the table of divisions.

    successors: best first; of an old unit only. ended_on: the date of the decision that ended it (ISO 8601), None: in force.
    is_statistical: in the statistics' list, but no division of GB/T 2260.
    """

    code: str
    name: str | None = None
    parent: str | None = None
    successors: tuple[Successor, ...] = ()
    ended_on: str | None = None
    is_statistical: bool = False
    source: str | None = None
    trust: str | None = None

    @property
    def is_old(self) -> bool:
        """Whether the unit is no longer in force."""
        return self.ended_on is not None or bool(self.successors)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a code may stand for today: `why` is `current`, `statistical`, `successor` or `place`."""

    code: str
    name: str | None
    why: str
    trust: str | None


def unit(record: Mapping[str, Any]) -> Unit:
    """A record of layer `division_codes` (or `divisions`) as a unit; what it does not have stays unknown.

    `successors` are codes with their trust, best first: `140214:S 140213:K`. Codes are not judged here: `Tree.of` does.
    """
    successors = [part.partition(":") for part in str(record.get("successors") or "").replace(",", " ").split()]
    text = {key: str(record[key]).strip() for key in record if record[key] is not None and str(record[key]).strip()}
    return Unit(
        code=text.get("code", ""),
        name=text.get("name"),
        parent=text.get("parent"),
        successors=tuple(Successor(code, trust or "K") for code, _, trust in successors),
        ended_on=text.get("ended_on"),
        is_statistical=text.get("statistical", "").lower() in _TRUE,
        source=text.get("source"),
        trust=text.get("trust"),
    )


@dataclass(frozen=True, slots=True)
class Tree:
    """Units by code, and what hangs under what. Made by `Tree.of`, which notes what is wrong and never raises."""

    units: Mapping[str, Unit]
    above: Mapping[str, str]
    below: Mapping[str, tuple[str, ...]]
    issues: tuple[Issue, ...] = field(default=())

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "Tree":
        """The tree of these units. Issues (`row` counts them from 1): code_invalid and code_repeated (left out),
        code_parent_mismatch (the stated parent stands), unknown_parent and parent_cycle (the unit becomes a root).

        Units of the coarsest level are roots: their parents need not be there.
        """
        kept: dict[str, Unit] = {}
        rows: dict[str, int] = {}
        issues: list[Issue] = []
        for row, one in enumerate(units, start=1):
            try:
                code = normal(one.code)
            except BadInput as error:
                issues.append(Issue("code_invalid", str(error), row))
                continue
            if code in kept:
                issues.append(Issue("code_repeated", f"{code} stands in row {rows[code]} already", row))
                continue
            kept[code], rows[code] = one, row
        above = _parents(kept, rows, issues)
        below: dict[str, list[str]] = {}
        for code, top in sorted(above.items()):
            below.setdefault(top, []).append(code)
        return cls(kept, above, {top: tuple(codes) for top, codes in below.items()}, tuple(issues))

    def roots(self) -> tuple[str, ...]:
        """The codes that hang under nothing, rising."""
        return tuple(sorted(set(self.units) - set(self.above)))

    def children(self, code: str) -> tuple[str, ...]:
        """The codes directly under one, rising; none for a unit that is not there."""
        return self.below.get(normal(code), ())

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The units above one that are in the tree, nearest first."""
        found: list[str] = []
        at = self.above.get(normal(code))
        while at is not None:
            found.append(at)
            at = self.above.get(at)
        return tuple(found)

    def path_name(self, code: str) -> str:
        """The names from the top down to the unit, without gaps; a unit without a name is called by its code."""
        codes = [*reversed(self.ancestors(code)), normal(code)]
        return "".join((self.units[c].name if c in self.units else None) or c for c in codes)

    def is_statistical(self, code: str) -> bool:
        """Whether the unit, or one above it, is marked as statistical: no division of GB/T 2260."""
        return any(c in self.units and self.units[c].is_statistical for c in (normal(code), *lineage(code)))

    def is_old(self, code: str) -> bool:
        """Whether the unit, or one above it, is no longer in force."""
        return any(c in self.units and self.units[c].is_old for c in (normal(code), *lineage(code)))

    def resolve(self, code: str, place: Collection[str] = ()) -> tuple[Candidate, ...]:
        """What a code stands for today, best first: itself, or the successors of it or of the old unit that it lay in.

        place: the codes of the units that own a place (of all levels): it settles which of several it is. Nothing comes
        back for a code that nobody knows. Raises BadInput for what is no division code.
        """
        code = normal(code)
        found = self._settle(code, frozenset())
        there = [c for c in found if c.code in place]
        if found and not there and found[0].why == "statistical":
            there = [Candidate(c, self._name(c), "place", None) for c in place if level(c) == level(found[0].code)]
            return (*there, *found)
        if there and len(found) > 1:
            return tuple(Candidate(c.code, c.name, "place", c.trust) for c in there)
        return found

    def _settle(self, code: str, seen: frozenset[str]) -> tuple[Candidate, ...]:
        known = next((c for c in (code, *lineage(code)) if c in self.units), None)
        if known is None or code in seen:
            return ()
        one = self.units[known]
        if not one.is_old:
            why = "statistical" if self.is_statistical(known) else "current"
            return (Candidate(code, one.name, why, one.trust),) if known == code else ()
        found: dict[str, Candidate] = {}
        for successor in one.successors:
            for c in self._settle(normal(successor.code), seen | {code}) or (self._stranger(successor),):
                found.setdefault(c.code, Candidate(c.code, c.name, "successor", successor.trust))
        return tuple(found.values())

    def _stranger(self, successor: Successor) -> Candidate:
        return Candidate(normal(successor.code), None, "successor", successor.trust)

    def _name(self, code: str) -> str | None:
        return self.units[code].name if code in self.units else None


def _parents(units: Mapping[str, Unit], rows: Mapping[str, int], issues: list[Issue]) -> dict[str, str]:
    """Each unit's parent in the tree: the stated one, else the nearest above by its digits."""
    above: dict[str, str] = {}
    coarsest = min((LEVELS.index(level(code)) for code in units), default=0)
    for code, one in units.items():
        stated = one.parent
        if stated is None:
            stated = next((c for c in lineage(code) if c in units), None)
        elif stated.isdigit() and len(stated) in (9, 12):
            stated = normal(stated)
        if stated is not None and one.parent is not None and stated != parent(code):
            said = f"{code} lies under {parent(code)} by its digits, but its parent is given as {stated}"
            issues.append(Issue("code_parent_mismatch", said, rows[code]))
        if stated is not None and stated in units:
            above[code] = stated
        elif LEVELS.index(level(code)) > coarsest:
            issues.append(Issue("unknown_parent", f"{code}: its parent {stated} is not there", rows[code]))
    for code in units:
        seen, at = {code}, above.get(code)
        while at is not None and at not in seen:
            seen.add(at)
            at = above.get(at)
        if at == code:
            del above[code]
            issues.append(Issue("parent_cycle", f"{code} lies under itself, by way of its parents", rows[code]))
    return above
