"""Elements that do not exist: 无 before or behind the word of a part. Pure."""

import re

_WORDS = {
    "street": "街路巷|街巷|道路|路名|街(?!道)|路|巷",
    "town": "乡镇|街道",
    "province": "省",
    "city": "市",
    "county": "区县",
    "community": "社区|居委会|村(?!民)",
    "group": "村民小组|小组|组",
    "grid": "网格",
    "quarter": "小区|院落",
    "floor": "楼层|层",
    "building": "楼栋|楼号|栋号|幢号|号楼|幢|栋|座|楼(?!梯|道|上|下)",
    "unit": "单元",
    "room": "室号|房号|房间|户号|门户|户室|室|户|房",
    "number": "门牌|号",
}
_WORD = "|".join(f"(?P<{part}>{word})" for part, word in _WORDS.items())
BEFORE = re.compile(f"(?:暂?无|没有)(?:{_WORD})(?:号码?|名称?)?")
_BEHIND = re.compile(f"(?:{_WORD})(?:号码?|名称?)?[: ]?(?:暂?无|没有)(?![忧锡极限])")
FIRST = frozenset("暂无没街道路巷乡省市区社居村组小网院楼层栋幢号座单室房户门")
"""The characters that such a saying can begin with."""


def absent(text: str, at: int) -> tuple[str, int] | None:
    """The part that is said not to exist, where that is said here, and where the saying ends.

    >>> absent("无单元号", 0), absent("小区:无", 0), absent("无忧花园", 0)
    (('unit', 4), ('quarter', 4), None)
    """
    found = BEFORE.match(text, at) or _BEHIND.match(text, at)
    return (str(found.lastgroup), found.end()) if found else None
