"""Where a text mentions a division: names in full, short forms where they may stand, villages behind their town. Pure."""

import re
from collections.abc import Sequence

from cim.address import endings, numbered, relations
from cim.address.absent import BEFORE
from cim.address.gazetteer import Gazetteer, Name
from cim.address.mentions import Mention
from cim.address.numerals import CHINESE, STEMS

SIGNS = frozenset(" ,、:/~#-.()")
"""What may part the elements of a written text."""

_WORDS = "|".join(numbered.WORDS.values())
STOP = re.compile(
    f"[ ,、:/~#().-]|[0-9]|第?[{CHINESE}]+(?:{_WORDS})|[{STEMS}](?=[0-9{CHINESE}]+(?:号|幢|栋|座|单元)|单元|幢|栋|座|号楼)"
    f"|[A-Z](?=座|栋|幢|号楼|单元|[0-9]|[、,/][A-Z][座栋幢])|NO(?=[. ]?[0-9])|[东西南北中](?=[0-9]+(?:号楼|幢|栋|#))"
    f"|(?:地下|负)(?=[0-9{CHINESE}])|[东西中南北]{{1,2}}户(?=$|[ ,()])|底商|商铺(?=[0-9])|村民(?=第?[0-9{CHINESE}])|"
    + re.sub(r"\?P<\w+>", "?:", f"{BEFORE.pattern}|(?:{relations.RELATION.pattern})")
)
"""Where a name ends: a sign, a number with its word, a relation, or an element that does not exist."""

_FORMER = "原今现"
_SMALL = ("town", "community")
_DEEPEST = 6


def mention_at(text: str, at: int, gazetteer: Gazetteer, told: Sequence[Mention]) -> Mention | None:
    """The division that is mentioned at this place of a text, if one is. told: those mentioned before it."""
    begin = at
    if text[at] in _FORMER and at + 1 < len(text):
        at += 1
    found = _full(text, at, gazetteer)
    if found is None and told:
        found = _village(text, at, gazetteer, told[-1])
    if found is None:
        found = _bare(text, at, gazetteer, told)
    if found is None and begin < at:
        return None if (found := mention_at_plain(text, begin, gazetteer, told)) is None else found
    return None if found is None else Mention(begin, found.end, found.name, found.codes)


def mention_at_plain(text: str, at: int, gazetteer: Gazetteer, told: Sequence[Mention]) -> Mention | None:
    """As `mention_at`, where the first character is taken as part of the name."""
    return _full(text, at, gazetteer) or _bare(text, at, gazetteer, told)


def _full(text: str, at: int, gazetteer: Gazetteer) -> Mention | None:
    for length in gazetteer.lengths.get(text[at : at + 2], ()):
        key = text[at : at + length]
        name = gazetteer.names.get(key)
        if name is None or not name.full:
            continue
        end = at + len(key)
        if endings.STREETS.match(text, end) is None or _full(text, end, gazetteer) is not None:
            return Mention(at, end, key, name.full)
    return None


def _village(text: str, at: int, gazetteer: Gazetteer, last: Mention) -> Mention | None:
    """A village without 村, only directly behind its town and where nothing makes it part of a longer name."""
    if last.end != at:
        return None
    for town in last.codes:
        below = gazetteer.villages.get(town)
        if below is None:
            continue
        for length in range(min(8, len(text) - at), 1, -1):
            code = below.get(text[at : at + length])
            if code is not None and gazetteer.places[code].name.endswith("村") and _is_end(text, at + length):
                return Mention(at, at + length, text[at : at + length], (code,))
    return None


def _is_end(text: str, at: int) -> bool:
    return at == len(text) or STOP.match(text, at) is not None or endings.INSTITUTION.match(text, at) is not None


def _bare(text: str, at: int, gazetteer: Gazetteer, told: Sequence[Mention]) -> Mention | None:
    for length in gazetteer.lengths.get(text[at : at + 2], ()):
        key = text[at : at + length]
        name = gazetteer.names.get(key)
        if name is None or not name.bare:
            continue
        codes = _possible(name, gazetteer, told, at)
        if codes and _may_stand(text, at, at + len(key), gazetteer, codes, told):
            return Mention(at, at + len(key), key, codes)
    return None


def _possible(name: Name, gazetteer: Gazetteer, told: Sequence[Mention], at: int) -> tuple[str, ...]:
    """The units that a bare name may mean here: the largest of its bearers; a town only directly behind a larger unit."""
    codes = name.bare
    large = [c for c in codes if gazetteer.places[c].level not in _SMALL]
    if large:
        cities = [c for c in large if gazetteer.places[c].level in ("province", "city")]
        return tuple(cities or large)
    if not told or told[-1].end != at or told[-1].codes[0] in gazetteer.places and gazetteer.town(told[-1].codes[0]):
        return ()
    counties = {
        c for m in told for code in m.codes for c in gazetteer.old.get(code, ()) or (gazetteer.county(code),) if c
    }
    near = [c for c in codes if not counties or gazetteer.county(c) in counties]
    return codes if any(gazetteer.places[c].level == "town" for c in near) else ()


def _may_stand(
    text: str, begin: int, at: int, gazetteer: Gazetteer, codes: Sequence[str], told: Sequence[Mention]
) -> bool:
    """Whether what follows leaves a bare name (from begin to at) to itself."""
    at_head = begin == 0 or text[begin - 1] in SIGNS
    is_town = gazetteer.places[codes[0]].level in _SMALL
    if at == len(text) or text[at] in SIGNS:
        return True
    if endings.ADJOINING.match(text, at):
        return False
    here = Mention(at, at, "", tuple(codes))
    if len(told) > _DEEPEST:
        return False
    if _full(text, at, gazetteer) or (is_town and _village(text, at, gazetteer, here)):
        return True
    if _bare(text, at, gazetteer, [*told, here]):
        return True
    stop = STOP.search(text, at)
    end = stop.start() if stop else len(text)
    if end == at:
        return not is_town or text[at].isdigit()
    kind, length = endings.first(text[at:end])
    if kind == "street":
        return length > 2
    if is_town or _is_told(codes, gazetteer, told) or not (at_head or (told and told[-1].end == begin)):
        return False
    return length > 2 or endings.INSTITUTION.fullmatch(text, at, end) is not None


def _is_told(codes: Sequence[str], gazetteer: Gazetteer, told: Sequence[Mention]) -> bool:
    """Whether these units, or some that lie in them, were mentioned before: 大同日报社 in 平城区 is a name of its own."""
    known = [code for mention in told for code in mention.codes if code in gazetteer.places]
    return any(code in gazetteer.places[one].path for one in known for code in codes)
