"""The parser: a text into the parts of an address, with its division and what is doubtful about it. Pure."""

from dataclasses import dataclass

from cim.address.gazetteer import Gazetteer
from cim.address.mentions import Reason, Settled, settle
from cim.address.parts import Address
from cim.address.reading import Reading
from cim.address.relations import NOTE, is_person
from cim.address.writing import written

LONGEST = 400
"""So many characters are read of a text; no address is longer (the project's own limit). The others are rest."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text says: its parts, the code of the finest division determined (or empty), and what is doubtful."""

    address: Address
    division: str = ""
    reasons: tuple[Reason, ...] = ()


def parse(text: str, gazetteer: Gazetteer) -> Parsed:
    """The parts of an address, after docs/addresses.md. Any text is read; what fits no part is in `rest`.

    The same text and gazetteer always give the same parts; the time grows with the text's length alone.
    """
    plain = written(text)
    reading = Reading(plain[:LONGEST], gazetteer)
    reading.read()
    settled = settle(gazetteer, reading.mentions)
    parts = reading.parts
    name, spans = _names(reading, settled)
    spans += [(one.begin, one.end) for one in settled.rest]
    rest = _joined(reading.text, spans)
    reasons = list(settled.reasons)
    if reading.unread:
        reasons.append(Reason("address_unread", f"not understood: {rest[:80]}"))
    if len(plain) > LONGEST:
        rest = f"{rest} {plain[LONGEST:]}".strip()
        reasons.append(Reason("address_too_long", f"{len(plain)} characters; the first {LONGEST} were read"))
    levels = dict.fromkeys(("province", "city", "county", "town", "community"), "")
    if settled.code:
        for code in gazetteer.places[settled.code].path:
            place = gazetteer.places[code]
            levels[place.level] = place.name
    for part in ("province", "city", "county", "town", "community"):
        if not levels[part] and part in parts:
            levels[part] = parts[part]
        parts.pop(part, None)
    return Parsed(Address(**levels, **parts, name=name, rest=rest), settled.code, tuple(reasons))


def _names(reading: Reading, settled: Settled) -> tuple[str, list[tuple[int, int]]]:
    """The name, and the spans of the rest with those names that are none, or stand behind the first."""
    text = reading.text
    rest = list(reading.rest)
    found = list(reading.names) + [(one.begin, one.end) for one in settled.names]
    found.sort()
    first = min((m.begin for m in reading.mentions), default=0)
    kept: list[tuple[int, int]] = []
    for begin, end in found:
        if _is_aside(reading, begin, end, first):
            rest.append((begin, end))
        else:
            kept.append((begin, end))
    while len(kept) > 1 and kept[0][1] in reading.relations:  # another name follows: the first only says where it is
        rest.append(kept.pop(0))
    rest += kept[1:]
    return (text[kept[0][0] : kept[0][1]] if kept else ""), rest


def _is_aside(reading: Reading, begin: int, end: int, first: int) -> bool:
    """Whether what looks like a name is a person or a remark: by a telephone, before the divisions, or by its words."""
    text = reading.text
    piece = text[begin:end]
    if (begin, end) in reading.certain:
        return False
    before, behind = text[:begin].rstrip(" :,、()"), text[end:].lstrip(" :,、()")
    alone = begin == 0 or text[begin - 1] in " :,、/()"
    if (
        NOTE.search(piece)
        or len(before) in reading.asides_end
        or end + len(text[end:]) - len(behind) in reading.asides_begin
    ):
        return True
    if alone and reading.parts and is_person(piece):
        return True
    return end <= first and bool(reading.mentions) and begin == 0


def _joined(text: str, spans: list[tuple[int, int]]) -> str:
    """Pieces in the order of the text; those that touch are one."""
    out: list[str] = []
    last = -1
    for begin, end in sorted(spans):
        piece = text[begin:end].strip(" ,、/:#~.()-")
        if not piece:
            continue
        if begin == last and out:
            out[-1] += piece
        else:
            out.append(piece)
        last = end
    return " ".join(out)
