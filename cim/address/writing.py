"""How a text is written before it is read: one width, one case, one sign for everything that only parts elements. Pure."""

import re
import unicodedata

_OLD = "號樓棟單層區鄉鎮縣門無網組隊與對側東園○〜∼"
_NEW = "号楼栋单层区乡镇县门无网组队与对侧东园〇~~"
_SAME = str.maketrans(_OLD, _NEW) | str.maketrans("—–―‐‑−﹣", "-------")
_OPENING, _CLOSING = "[{〔【〖「『《<〈", "]}〕】〗」』》>〉"
_SAME |= str.maketrans(_OPENING + _CLOSING, "(" * len(_OPENING) + ")" * len(_CLOSING))
_PARTING = re.compile(r"[^\w\-~#/、:,.()]+|_+|\.(?![0-9])|(?<![0-9O])\.")
_FIELDS = ("省", "市", "区县", "乡镇", "社区", "网格", "小区", "幢", "单元", "楼层", "室")
_BARE = re.compile(r"[^\w]")
_NUMBER = re.compile("[0-9A-Z]{1,4}")


def written(text: str) -> str:
    """The text in half width and upper case, old forms of the common words in new ones, parted by single blanks.

    The signs that numbers are made with (- ~ # / 、 : , .) and round brackets stay. Where the text is eleven fields with
    one sign between them, a field of nothing but 无 or a number gets the word of its place.

    >>> written("御馨花都１２＃楼（３单元）")
    '御馨花都12#楼(3单元)'
    """
    plain = unicodedata.normalize("NFKC", text).upper().translate(_SAME)
    if "无" in plain:
        plain = _placed(plain)
    return _PARTING.sub(" ", plain).strip()


def _placed(text: str) -> str:
    for sign in dict.fromkeys(_BARE.findall(text)):
        if text.count(sign) == len(_FIELDS) - 1:
            fields = [field.strip() for field in text.split(sign)]
            if "无" in fields:
                return " ".join(_worded(one, word) for one, word in zip(fields, _FIELDS, strict=True))
    return text


def _worded(field: str, word: str) -> str:
    """A field of a row of eleven with the word of its place, where it is nothing but 无 or a number."""
    if field == "无":
        return f"无{word}"
    return f"{field}{word}" if _NUMBER.fullmatch(field) and word in _FIELDS[5:] else field
