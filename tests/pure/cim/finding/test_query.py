"""Queries read into texts and numbers, and numerals into digits."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.address.numerals import digits, value
from cim.address.parse import parse
from cim.address.parts import ABSENT
from cim.address.spelling import fold
from cim.finding.query import read
from tests.pure.cim.address.little import LITTLE

_UNITS = "零一二三四五六七八九"


def chinese(number: int) -> str:
    """A number below 1000 as it is written."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    if number < 10:
        return _UNITS[number]
    if number < 20:
        return "十" + (_UNITS[ones] if ones else "")
    text = f"{_UNITS[hundreds]}百" if hundreds else ""
    text += f"{_UNITS[tens]}十" if tens else ("零" if hundreds and ones else "")
    return text + (_UNITS[ones] if ones else "")


def test_numerals_become_digits() -> None:
    assert all(digits(chinese(number)) == str(number) for number in range(1, 1000))
    assert all(digits("".join(_UNITS[int(d)] for d in str(number))) == str(number) for number in range(100, 1000, 7))
    assert (value("甲12之1"), value("12~16"), value("A"), value("")) == (12, 12, 0, -1)


@pytest.mark.parametrize(
    ("text", "texts", "parts"),
    [
        ("和阳街12号", ("和阳街",), {"number": "12"}),
        ("和阳街甲12号", ("和阳街",), {"number": "甲12"}),
        ("和阳街12号之一", ("和阳街",), {"number": "12之1"}),
        ("和阳街12号附3号", ("和阳街",), {"number": "12附3"}),
        ("和阳街NO.12", ("和阳街",), {"number": "12"}),
        ("御河花园3#楼二单元501", ("御河花园",), {"building": "3", "unit": "2", "room": "501"}),
        ("御河花园A座501室", ("御河花园",), {"building": "A", "room": "501"}),
        ("御河花园5楼2单元", ("御河花园",), {"building": "5", "unit": "2"}),
        ("heyangjie 12hao", ("heyangjie",), {"number": "12"}),
        ("永泰南路2号御河花园3栋", ("永泰南路", "御河花园"), {"number": "2", "building": "3"}),
        ("山西省大同市平城区", ("大同市平城区",), {}),
        ("第三人民医院", ("第三人民医院",), {}),
        ("十里河", ("十里河",), {}),
        ("四牌楼", ("四牌楼",), {}),
        ("he yang jie", ("heyangjie",), {}),
        ("平城区 和阳街", ("平城区", "和阳街"), {}),
        ("文昌街一百二号", ("文昌街",), {"number": "120"}),
        ("文昌街12至16号", ("文昌街",), {"number": "12~16"}),
        ("栗园七号楼三单元四〇二室", ("栗园",), {"building": "7", "unit": "3", "room": "402"}),
        ("同泉里七排二号", ("同泉里",), {"building": "7", "room": "2"}),
        ("和阳街11号 13900000000", ("和阳街",), {"number": "11"}),
        ("魏都东65号", ("魏都东",), {"number": "65"}),
        ("御河花园东12号楼", ("御河花园",), {"building": "东12"}),
        ("关帝庙东侧50米", ("关帝庙东侧50米",), {}),
        ("长青巷8号无小区无单元", ("长青巷",), {"number": "8"}),
    ],
)
def test_numbers_are_told_from_names(text: str, texts: tuple[str, ...], parts: dict[str, str]) -> None:
    found = read(text)
    told = {name: getattr(found, name) for name in ("number", "building", "unit", "floor", "room")}
    assert (found.texts, {name: part for name, part in told.items() if part}) == (texts, parts)


def test_a_query_has_the_numbers_that_the_same_text_gets_as_an_address(checkout: Path) -> None:
    """Else a loaded address is not found by its own text."""
    parts = ("number", "building", "unit", "floor", "room")
    with (checkout / "tests/addresses/open.tsv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file, delimiter="\t")]
    gazetteer = LITTLE
    assert len(texts) > 200
    for text in texts:
        address = parse(text, gazetteer).address
        told = {part: getattr(address, part) for part in parts if getattr(address, part) not in ("", ABSENT)}
        query = read(text)
        asked = {part: getattr(query, part) for part in parts if getattr(query, part)}
        if not query.loose:  # numbers without words wait for what the names before them are
            assert asked == told, text


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="和阳街十二三百甲之附号楼幢座单元层室省第 12a-#,.hnoＡ１é\0😀\ue001", max_size=30))
def test_whatever_is_typed_is_read(text: str) -> None:
    found = read(text)
    assert found.whole == fold(text)
    assert all(piece == fold(piece) and piece for piece in found.texts)
