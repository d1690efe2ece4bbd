"""The numbered parts of an address: a series of numbers (1-3、7) with the word that says what they number. Pure."""

import re
from dataclasses import dataclass

from cim.address.numerals import CHINESE, STEMS, digits

_N = f"(?:[0-9]{{1,6}}(?![0-9])|[{CHINESE}]+)"
_ITEM = (
    f"(?:[{STEMS}东西南北中前后](?={_N})|[A-Z]{{1,2}}-?(?=[0-9]))?{_N}(?:[{STEMS}](?!单)"
    f"|[之附]{_N}|[A-EG-Z](?![A-Z0-9座栋幢]))?"
)
_LETTER = "[A-Z](?:[、,/][A-Z])*"
_STEM = f"[{STEMS}](?=单元|幢|栋|座|号楼)|[东西南北中](?=单元)"

WORDS = {
    "building": "#楼|号楼(?![下上前后旁道])|号幢|号栋|幢楼?|栋楼?|座(?!落)|#(?!-[0-9])|楼座",
    "unit": "号?单元(?:楼|门)?|门洞|单(?=[ ,()0-9-]|$)|门(?=[ ,()0-9-]|$)",
    "room": "号?室|号?房(?:间)?(?![地产管屋])|户(?![外部型籍县村营屯庄堡沟口])",
    "court": "号大?院(?![士长校内里])",
    "group": f"村民小组|居民小组|小组|组(?!团|织|合)|生产小?队|大队(?!部)|队(?=$|[ ,()0-9无]|[{CHINESE}])",
    "grid": "号?网格",
    "row": "排(?!水|档|骨)",
    "floor": "层(?:楼)?|楼(?!宇|盘|上|下|道|梯)|F(?![A-Z])",
    "number": "号(?!线|院(?![内里])|楼(?![下上前后旁道])|站|矿|井|桥|门)",
}
_WORD = "|".join(f"(?P<{kind}>{word})" for kind, word in WORDS.items())
_JOIN = "(?:[-~至到、,/和及]|#-)"
_SERIES = f"{_ITEM}(?:{_JOIN}(?:{_ITEM}))*"

WORDED = re.compile(f"(?:NO\\.? ?|第)?(?P<series>{_SERIES}|{_LETTER}|{_STEM}) ?(?:{_WORD})")
BARE = re.compile(f"(?:NO\\.? ?)?(?P<series>{_ITEM}(?:(?:-|#-|/|~|至|到){_ITEM})*)(?![0-9])")
BELOW = re.compile(
    f"(?:(?:地下|负)第?(?P<deep>{_N})(?:层|楼|F)?|(?:-|B)(?P<sign>[0-9]{{1,2}})(?:层"
    "|楼|F)|B(?P<bare>[1-5])(?![0-9A-Z]))"
)
SIDE = re.compile("(?P<side>[东西中南北]{1,2})户(?!外|部)")
SHED = re.compile(
    f"(?:(?P<before>底商|商铺|门面房?|门市房?|车库|车位|地下室|储藏室|仓房)第?(?P<one>{_ITEM})号?"
    f"|(?P<two>{_ITEM})号(?P<after>底商|商铺|门面房?|门市房?|车库|车位|地下室"
    f"|储藏室|仓房|铺)(?!第?[0-9{CHINESE}]))"
)
NUMBER_TAIL = re.compile(
    f"[之附](?P<sub>{_N})号?|(?P<dash>-{_N})(?:号(?!楼))?(?![0-9-]|单元|号楼|[#幢栋座层楼室门F])"
    f"|(?P<stem>[{STEMS}])(?!{_N}|单)"
)
AGAIN = re.compile(f"(?P<join>[-~至到、,和及])(?P<series>{_SERIES}) ?(?:{_WORD})")
LABEL = re.compile(
    "(?P<building>楼栋号?|楼号|幢号|栋号|楼幢)|(?P<unit>单元号?)|(?P<room>室号"
    "|房号|房间号?|户号|门户号)|(?P<floor>楼层|层数|层)"
    "|(?P<number>门牌号?码?)|(?P<grid>网格号?)|(?P<group>村民小组|小组|组)"
)
PLAIN_LABEL = re.compile("网格|门牌|[楼幢栋室房户]号|单元|楼栋")
"""Labels that may stand in the middle of a text, without a sign."""
_LABELLED = re.compile(
    f" ?[:为]? ?(?P<series>{_SERIES}|[A-Z])(?:#楼|号楼(?![下上前后旁道])|单元|门洞|网格|[号幢栋座层楼室户组#])?"
)

_SPLIT = re.compile("([~至到、,/和及]|#-|-)")


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers as they are written: items with the signs between them; digits, and signs of `-~、/` only."""

    items: tuple[str, ...]
    joins: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Series":
        """A series from the text of its numbers.

        >>> Series.of("三至五")
        Series(items=('3', '5'), joins=('~',))
        """
        if text.isdigit() and text.isascii():
            return cls((text,), ())
        pieces = _SPLIT.split(text)
        if len(pieces) > 2 and pieces[0].isalpha() and pieces[0].isascii() and pieces[1] == "-":  # A-3 is one number
            pieces = ["".join(pieces[:3]), *pieces[3:]]
        signs = {"至": "~", "到": "~", ",": "、", "和": "、", "及": "、", "#-": "-"}
        return cls(tuple(digits(p) for p in pieces[::2]), tuple(signs.get(p, p) for p in pieces[1::2]))

    def ranged(self) -> str:
        """As buildings, units, floors and rooms are told: `-` is a range."""
        if not self.joins:
            return self.items[0]
        told = [self.items[0]]
        for join, item in zip(self.joins, self.items[1:], strict=True):
            told += ["~" if join == "-" else "、" if join == "/" else join, item]
        return "".join(told)

    def numbered(self) -> str:
        """As house numbers are told: `-` stays, for nobody can tell a range from a number below a number."""
        if not self.joins:
            return self.items[0]
        told = [self.items[0]]
        for join, item in zip(self.joins, self.items[1:], strict=True):
            told += ["、" if join == "/" else join, item]
        return "".join(told)

    def is_shorthand(self) -> bool:
        """Whether numbers of several levels may stand here: nothing but `-` or `/` between them."""
        return bool(self.joins) and set(self.joins) <= {"-", "/"}


def labelled(text: str, at: int) -> tuple[str, Series, int] | None:
    """A part whose word stands before it (单元:2), where one begins here: the part, its numbers, where it ends."""
    label = LABEL.match(text, at)
    found = _LABELLED.match(text, label.end()) if label else None
    if label is None or found is None:
        return None
    return str(label.lastgroup), Series.of(found["series"]), found.end()
