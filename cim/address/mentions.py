"""The divisions that a text mentions, settled against each other: what they determine, and what is left over. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cim.address.gazetteer import Gazetteer


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that a reader of the address should know: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A name of divisions in a text: where it stands, and the units that it may mean there.

    former: marked as an old name (原). begin: of the mark, if there is one.
    """

    begin: int
    end: int
    name: str
    codes: tuple[str, ...]


@dataclass(slots=True)
class Settled:
    """What mentions come to: the finest unit determined, spans that become a name or rest, and why."""

    code: str = ""
    names: list[Mention] = field(default_factory=list)
    rest: list[Mention] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)


def settle(gazetteer: Gazetteer, mentions: Sequence[Mention]) -> Settled:
    """The finest unit that the mentions determine; larger units stand against smaller ones (docs/addresses.md, 2 to 5)."""
    found = Settled()
    lower: list[Mention] = []
    counties: list[Mention] = []
    olds: list[Mention] = []
    for one in mentions:
        level = "old" if one.codes[0] in gazetteer.old else gazetteer.places[one.codes[0]].level
        if level in ("province", "city"):
            found.code = max(found.code, one.codes[0], key=lambda c: len(gazetteer.places[c].path) if c else 0)
        else:
            {"old": olds, "county": counties}.get(level, lower).append(one)
    county = _county(counties, found)
    allowed, pending = _former(gazetteer, olds, county, found)
    if county or (allowed is not None and len(allowed) == 1):
        found.code = county or next(iter(allowed or ()))
    _below(gazetteer, lower, allowed if allowed is not None else {county} if county else None, found)
    if pending and not (found.code and gazetteer.county(found.code)):
        found.rest += pending
    return found


def _county(counties: Iterable[Mention], found: Settled) -> str:
    chosen = ""
    for one in counties:
        if not chosen:
            chosen = one.codes[0]
        elif chosen not in one.codes:
            _contradicts(one, found)
    return chosen


def _former(
    gazetteer: Gazetteer, olds: Sequence[Mention], county: str, found: Settled
) -> tuple[set[str] | None, list[Mention]]:
    """The counties that old names leave open (None: all), and the old names that wait for something to settle them."""
    allowed: set[str] | None = {county} if county else None
    pending: list[Mention] = []
    for one in olds:
        among = set(gazetteer.old[one.codes[0]])
        now = "、".join(gazetteer.places[code].name for code in sorted(among))
        found.reasons.append(Reason("address_old_unit", f"{one.name} is no longer in force; today {now}"))
        if allowed is None or (not county and allowed & among):
            allowed = among if allowed is None else allowed & among
            pending.append(one)
        elif not allowed & among:
            _contradicts(one, found)
    return allowed, [] if allowed is not None and len(allowed) == 1 else pending


def _below(gazetteer: Gazetteer, lower: Sequence[Mention], allowed: set[str] | None, found: Settled) -> None:
    """Towns and communities within the counties that are left."""
    towns: list[tuple[Mention, list[str]]] = []
    communities: list[tuple[Mention, list[str]]] = []
    for one in lower:
        fits = [c for c in one.codes if allowed is None or gazetteer.county(c) in allowed]
        if not fits:
            _contradicts(one, found)
        elif gazetteer.places[one.codes[0]].level == "town":
            towns.append((one, fits))
        else:
            communities.append((one, fits))
    chosen = _towns(gazetteer, towns, communities, found)
    for one, fits in communities:
        if chosen:
            inner = [c for c in fits if chosen in gazetteer.places[c].path]
            if not inner:
                if found.code not in fits:
                    _contradicts(one, found)
                continue
            fits = inner
        if len(fits) > 1:
            _ambiguous(gazetteer, one, fits, found)
        else:
            chosen = found.code = fits[0]


def _towns(
    gazetteer: Gazetteer,
    towns: Sequence[tuple[Mention, list[str]]],
    communities: Sequence[tuple[Mention, list[str]]],
    found: Settled,
) -> str:
    """The town that is told, if one is; one of several where a community below settles which."""
    chosen = ""
    for one, fits in towns:
        if chosen:
            if chosen not in fits:
                _contradicts(one, found)
            continue
        if len(fits) > 1:
            settled = [
                t for t in fits if any(t in gazetteer.places[c].path[:-1] for _, below in communities for c in below)
            ]
            fits = settled if len(settled) == 1 else fits
        if len(fits) > 1:
            _ambiguous(gazetteer, one, fits, found)
        else:
            chosen = found.code = fits[0]
    return chosen


def _ambiguous(gazetteer: Gazetteer, one: Mention, fits: Sequence[str], found: Settled) -> None:
    """The name stays a name; what all that bear it have in common above them is told."""
    common: list[str] = []
    for level in zip(*(gazetteer.places[code].path for code in fits), strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    if common and len(common) > len(gazetteer.places[found.code].path if found.code else ()):
        found.code = common[-1]
    found.names.append(one)
    told = ", ".join(
        f"{code} {''.join(gazetteer.places[c].name for c in gazetteer.places[code].path[2:])}" for code in fits
    )
    found.reasons.append(Reason("address_ambiguous", f"{one.name} may be any of {told}"))


def _contradicts(one: Mention, found: Settled) -> None:
    found.rest.append(one)
    found.reasons.append(Reason("address_contradiction", f"{one.name} does not lie in the larger unit that is told"))
