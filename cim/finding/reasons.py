"""Reasons: why a place was found, and what is wrong with it, as codes for machines and sentences for people. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

_WORDS: dict[str, tuple[str, str]] = {
    "name": ("名称相符", "the name is the same"),
    "short_name": ("简称相符", "the short name is the same"),
    "name_start": ("名称以此开头", "the name begins so"),
    "part": ("名称含此词", "the name holds it"),
    "pinyin": ("拼音相符", "the pinyin is the same"),
    "initials": ("拼音首字母相符", "the pinyin initials are the same"),
    "sounds_alike": ("读音相同", "it sounds the same"),
    "similar": ("名称相近", "the name is similar"),
    "code": ("代码相符", "the code is the same"),
    "old_name": ("旧区划，现属{now}", "an old division, now {now}"),
    "number": ("门牌号相符", "the number is the same"),
    "building": ("楼栋相符", "the building is the same"),
    "unit": ("单元相符", "the unit is the same"),
    "room": ("房号相符", "the room is the same"),
    "inside": ("位于所查地点内", "lies within what was asked for"),
    "of_addresses": ("没有单独的记录，由其{count}条地址得出", "no record of its own: told by its {count} addresses"),
    "on_it": ("位于该名称之下", "an address of that name"),
    "number_differs": ("没有{asked}号：此处为{here}号", "no number {asked}: this is {here}"),
    "number_similar": ("门牌号写法不同：此处为{here}号", "the number is written otherwise: {here}"),
    "no_number": ("{name}没有{asked}号{near_zh}", "no number {asked} in {name}{near_en}"),
    "not_the_number": ("{name}本身，不是{asked}号", "{name} itself, not its number {asked}"),
    "no_building": ("没有{asked}号楼", "no building {asked} there"),
    "no_unit": ("没有{asked}单元", "no unit {asked} there"),
    "no_room": ("没有{asked}室", "no room {asked} there"),
    "area_differs": ("所在区划不同：{asked}", "it does not lie in {asked}"),
    "area_unknown": ("未注明是否在{asked}", "whether it lies in {asked} is not told"),
    "not_matched": ("未对上：{text}", "not matched: {text}"),
    "unknown_name": ("没有名称像“{text}”", "no name is like {text}"),
    "no_such_place": ("没有这样的地点", "there is no such place"),
    "nothing_near": ("{radius}米内没有所查的对象", "nothing of what was asked for lies within {radius} m"),
    "no_place": ("该区划只有名称和代码，没有位置", "only its name and code are known, no position"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A code and what its sentence names."""

    code: str
    values: tuple[tuple[str, str], ...] = ()


def reason(code: str, **values: str) -> Reason:
    """A reason with what its sentence names."""
    return Reason(code, tuple(values.items()))


def sentence(reasons: Iterable[Reason], language: int) -> str:
    """One sentence of all reasons. language: 0 Chinese, 1 English.

    >>> sentence([reason("name"), reason("no_room", asked="501")], 1)
    'the name is the same; no room 501 there'
    """
    return ("；", "; ")[language].join(_WORDS[r.code][language].format(**dict(r.values)) for r in reasons)


def nearest(numbers: Iterable[str], language: int) -> str:
    """The numbers beside one that does not exist, for the sentence `no_number`.

    >>> nearest(["11", "14"], 1), nearest([], 1)
    (': nearest 11 and 14', '')
    """
    listed = list(numbers)
    if not listed:
        return ""
    return "，最近的是" + "号、".join(listed) + "号" if language == 0 else ": nearest " + " and ".join(listed)
