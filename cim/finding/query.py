"""A query as it is typed, read into the texts that may be names and the numbers that belong to them. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cim.address import numbered, relations
from cim.address.absent import FIRST, absent
from cim.address.gazetteer import Gazetteer
from cim.address.numerals import CHINESE, STEMS, digits
from cim.address.parse import parse
from cim.address.parts import ABSENT
from cim.address.spelling import fold
from cim.address.toponyms import SIGNS
from cim.address.writing import written
from cim.divisions import Tree

_NOWHERE = Gazetteer.of(Tree.of(()))  # the numbers of an address are read alike whatever its divisions are called
_NUMERAL = f"(?:[0-9]+|[{CHINESE}]+)"
_NUMBER = f"[{STEMS}]?{_NUMERAL}[{STEMS}]?"

# Where the parser of addresses finds no numbers: in the order of what people type, `hao` and its like for the words. What is
# read first is gone for those behind.
_PARTS: tuple[tuple[str, str], ...] = (
    ("building", rf"({_NUMBER}|[a-z])\s*(?:号楼|#楼|號樓|幢|栋|haolou)"),
    ("building", r"([0-9]+|(?<![a-z])[a-z])座"),
    ("building", rf"({_NUMERAL})楼(?=\s*{_NUMERAL}\s*(?:单元|门))"),
    ("unit", rf"({_NUMERAL}|[a-z])\s*(?:单元|门洞|danyuan)"),
    ("room", r"([a-z]?[0-9]+)\s*(?:室|房|户)(?![\u4e00-\u9fff])"),
    ("number", rf"({_NUMBER}(?:(?:之|附|-){_NUMERAL})?号(?:之{_NUMERAL}|附{_NUMERAL}号?)?)(?!线|院)"),
    ("number", r"(?:no\.?\s*)([0-9]+)"),
    ("number", r"([0-9]+)\s*hao(?![a-z])"),
    ("floor", rf"({_NUMERAL})\s*(?:层|楼|f)(?![a-z])"),
)
_COMPILED = tuple((part, re.compile(pattern)) for part, pattern in _PARTS)
_LOOSE = re.compile(
    r"(?<![0-9a-z])([0-9]+(?:\s*[-#]\s*[0-9]+){0,2})(?![0-9]|\s*(?:[米组区期]|公里|里地|网格|[国省县]道))|(?<=[a-z])([0-9]+)\s*$"
)
_PARTED = re.compile(r"[\s,，。.;；、/|·]+")
_KEPT = 0x30000  # letters that nobody types stand for names while numbers are read
_SIDES = "东西南北中"
_READ = ("number", "building", "unit", "floor", "room")
_PROVINCE = re.compile(r"^[\u4e00-\u9fff]{2,3}(?:省|自治区)(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for. texts: what may be names, folded, in their order. loose: numbers without a word, in their
    order, that are a house number behind a street and building, unit, room behind a quarter. whole: all of it, folded.
    """

    whole: str
    texts: tuple[str, ...]
    number: str = ""
    building: str = ""
    unit: str = ""
    floor: str = ""
    room: str = ""
    loose: tuple[str, ...] = ()

    @property
    def has_numbers(self) -> bool:
        """Whether anything numbered is asked for."""
        return bool(self.number or self.building or self.unit or self.room or self.loose)


def read(text: str, names: Sequence[str] = ()) -> Query:
    """A query in its texts and numbers. names: known ones, folded, whose numerals are no house numbers (五号井).

    >>> found = read("平城区和阳街十二号3号楼2单元501室")
    >>> found.texts, found.number, found.building, found.unit, found.room
    (('平城区和阳街',), '12', '3', '2', '501')
    >>> read("heyang街 12号").texts, read("御河花园3-2-501").loose, read("十里河").texts
    (('heyang街',), ('3', '2', '501'), ('十里河',))
    >>> read("五号井5号", ["五号井"]).number
    '5'
    """
    wide = unicodedata.normalize("NFKC", text).lower()
    rest = wide
    for place, name in enumerate(names):
        rest = rest.replace(name, chr(_KEPT + place))
    rest = relations.TELEPHONE.sub(" ", _PROVINCE.sub("", rest))
    rest, found, loose = _parsed(rest) or _typed(rest)
    for place, name in enumerate(names):
        rest = rest.replace(chr(_KEPT + place), name)
    texts = _joined([fold(piece) for run in rest.split("\0") for piece in _PARTED.split(run)])
    return Query(whole=fold(wide), texts=texts, loose=loose, **found)


def _parsed(text: str) -> tuple[str, dict[str, str], tuple[str, ...]] | None:
    """What the parser of addresses reads: what is left for names, and the numbered parts; None where it reads none."""
    plain = written(text)
    spans = _worded(plain)
    address = parse(text, _NOWHERE).address if spans else None
    found = {part: getattr(address, part) for part in _READ if getattr(address, part, "") not in ("", ABSENT)}
    if not found:
        return None
    left, at = "", 0
    for begin, end in sorted([*spans, *_absent(plain)]):
        if begin < at:
            continue
        if plain[begin] in _SIDES and not any(value.startswith(plain[begin]) for value in found.values()):
            begin += 1  # the last letter of a name (魏都东12号), not part of the number (东12号楼)
        left, at = f"{left}{plain[at:begin]}\0", end
    left += plain[at:]
    for pattern in (numbered.BELOW, numbered.SIDE):
        left = pattern.sub("\0", left)
    return _LOOSE.sub("\0", left.lower()), found, ()


def _absent(plain: str) -> list[tuple[int, int]]:
    """Where it is said that an element does not exist: 无单元, 小区:无."""
    told = (
        ((at, absent(plain, at)) for at, sign in enumerate(plain) if sign in FIRST)
        if "无" in plain or "没有" in plain
        else ()
    )
    return [(at, one[1]) for at, one in told if one is not None]


def _worded(plain: str) -> list[tuple[int, int]]:
    """Where numbers with a word begin and end: 12号附3, 3幢, 室号:501."""
    found, at = list[tuple[int, int]](), 0
    while (match := numbered.WORDED.search(plain, at)) is not None:
        tail = numbered.NUMBER_TAIL.match(plain, match.end()) if match.lastgroup == "number" else None
        at = tail.end() if tail else match.end()
        room = numbered.BARE.match(plain, at) if numbered.WORDED.match(plain, at) is None else None
        if room is not None and (room.end() == len(plain) or plain[room.end()] in SIGNS):
            at = room.end()
        found.append((match.start(), at))
    for label in numbered.LABEL.finditer(plain):
        told = numbered.labelled(plain, label.start())
        if told is not None and all(told[2] <= begin or end <= label.start() for begin, end in found):
            found.append((label.start(), told[2]))
    return sorted(found)


def _typed(rest: str) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """What is left for names, the numbered parts that have a word, and the numbers that have none."""
    found = dict[str, str]()
    for part, pattern in _COMPILED:
        match = None if part in found else pattern.search(rest)
        if match is not None and _stands_behind(rest, match):
            found[part] = _numbered(match.group(1))
            rest = f"{rest[: match.start()]}\0{rest[match.end() :]}"
    loose: tuple[str, ...] = ()
    match = _LOOSE.search(rest)
    if match is not None:
        loose = tuple(re.findall("[0-9]+", match.group(0)))
        rest = f"{rest[: match.start()]}\0{rest[match.end() :]}"
    if loose and "room" not in found and ("building" in found or "unit" in found):
        found["room"] = loose[-1]
        if len(loose) > 1:
            found.setdefault("unit", loose[-2])
        loose = ()
    return rest, found, loose


def _joined(pieces: list[str]) -> tuple[str, ...]:
    """Pieces without the empty ones; letters that spaces parted (he yang jie) come together again."""
    found: list[str] = []
    for piece in pieces:
        if piece and found and piece.isascii() and found[-1].isascii():
            found[-1] += piece
        elif piece:
            found.append(piece)
    return tuple(found)


def _stands_behind(text: str, match: re.Match[str]) -> bool:
    """A Chinese numeral at the very beginning belongs to a name (三号线路), digits do not (12号和阳街)."""
    return match.start() > 0 or match.group(1)[0].isascii()


def _numbered(text: str) -> str:
    """A numbered part as addresses keep it: digits, `12之1`, `12附3`."""
    text = text.replace("号之", "之").replace("号附", "附").rstrip("号")
    return digits(text).upper()
