"""The standard text of an address: its elements in the order of GB/T 23705, each with its word. Pure."""

import re

from cim.address.parts import ABSENT, Address

_WORDS = {
    "group": ("组", "组"),
    "grid": ("网格", "网格"),
    "number": ("号", "门牌号"),
    "building": ("号楼", "幢"),
    "unit": ("单元", "单元"),
    "floor": ("层", "楼层"),
    "room": ("室", "室"),
}
_ABSENT = {
    "province": "省",
    "city": "市",
    "county": "区县",
    "town": "乡镇",
    "community": "社区",
    "street": "街路巷",
    "quarter": "小区",
}
_SIDE = re.compile("[东西中南北]+$")
_LETTERS = re.compile("[A-Z](、[A-Z])*$")


def standard(address: Address, *, with_absent: bool = True) -> str:
    """The address as it is written in full; 无 with the word of each element that does not exist, unless left out.

    What is in `name` comes last; `rest` is no part of it.

    >>> standard(Address(street="和阳街", number="12", building="3", unit="无", floor="-1", room="501"))
    '和阳街12号3号楼无单元地下1层501室'
    """
    told = []
    for part in ("province", "city", "county", "town", "community", "group", "grid", "street", "number", "quarter"):
        told.append(_element(part, getattr(address, part), with_absent))
    for part in ("building", "unit", "floor", "room", "name"):
        told.append(_element(part, getattr(address, part), with_absent))
    return "".join(told)


def _element(part: str, value: str, with_absent: bool) -> str:
    if not value:
        return ""
    word, absent = _WORDS.get(part, ("", _ABSENT.get(part, "")))
    if value == ABSENT:
        return f"{ABSENT}{absent}" if with_absent else ""
    if part == "floor" and value.startswith("-"):
        return f"地下{value[1:]}{word}"
    if part == "room" and _SIDE.match(value):
        return f"{value}户"
    if part == "building" and _LETTERS.match(value):
        return f"{value}座"
    return f"{value}{word}"
