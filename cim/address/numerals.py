"""Numerals as addresses write them: Chinese, financial and old ones, and the series they form (1-3、7). Pure."""

import re

DIGITS = {
    c: d
    for d, cs in enumerate(("〇零○", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for c in cs
}
_TENS = {"廿": "二十", "卅": "三十", "卌": "四十"}
_PLACES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}

CHINESE = "".join(DIGITS) + "".join(_TENS) + "".join(_PLACES)
"""Every character that a Chinese numeral may hold."""

STEMS = "甲乙丙丁戊己庚辛壬癸"
"""The ten signs that number gates and houses beside the digits."""

_RUN = re.compile(f"[{CHINESE}]+")
_OLD = re.compile("[廿卅卌]")
_FIRST = re.compile("[0-9]+")


def digits(text: str) -> str:
    """The text with each run of Chinese numerals in digits; everything else stays.

    Without 十, 百 or 千 the numerals are read one by one, so that room 五零一 is 501.

    >>> digits("廿三"), digits("一百零八"), digits("五零一"), digits("一百二"), digits("甲十"), digits("12之一")
    ('23', '108', '501', '120', '甲10', '12之1')
    """
    return text if text.isascii() else _RUN.sub(_value, text)


def _value(run: "re.Match[str]") -> str:
    text = _OLD.sub(lambda old: _TENS[old[0]], run[0])
    if not any(sign in _PLACES for sign in text):
        return "".join(str(DIGITS[sign]) for sign in text)
    total, digit, place = 0, -1, 0
    for sign in text:
        if sign in _PLACES:
            place = _PLACES[sign]
            total += (1 if digit < 0 else digit) * place
            digit = -1
        elif DIGITS[sign] == 0:
            digit, place = -1, 1
        else:
            digit = DIGITS[sign] if digit < 0 else digit * 10 + DIGITS[sign]
    if digit >= 0:  # 一百二 is said for 一百二十
        total += digit * (place // 10 if place >= 100 and digit < 10 else 1)
    return str(total)


def value(text: str) -> int:
    """The first number in a numbered part, in digits; -1 for an empty part, 0 for one without a digit, such as building A.

    >>> value("甲12之1"), value("A"), value("")
    (12, 0, -1)
    """
    if not text:
        return -1
    found = _FIRST.search(text)
    return int(found[0][:9]) if found else 0
