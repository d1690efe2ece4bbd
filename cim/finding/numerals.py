"""Numerals in numbered parts of addresses: Chinese ones become digits. Pure."""

_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "廿": 20, "卅": 30}

SIGNS = "".join([*_DIGITS, *_TENS])
"""Every sign that a Chinese numeral can hold."""


def digits(text: str) -> str:
    """The number in digits; what is no Chinese numeral stays as it is.

    >>> digits("十二"), digits("二〇一"), digits("廿三"), digits("一百零五"), digits("12"), digits("甲")
    ('12', '201', '23', '105', '12', '甲')
    """
    if not text or any(sign not in SIGNS for sign in text):
        return text
    if all(sign in _DIGITS for sign in text):
        return "".join(str(_DIGITS[sign]) for sign in text)
    total, held = 0, 0
    for sign in text:
        if sign in _DIGITS:
            held = _DIGITS[sign]
        elif sign in ("廿", "卅"):
            total += _TENS[sign]
        else:
            total += max(held, 1) * _TENS[sign]
            held = 0
    return str(total + held)


def value(text: str) -> int:
    """The first number in a numbered part; -1 for an empty part, 0 for one without a digit, such as building A.

    >>> value("甲12之1"), value("A"), value("")
    (12, 0, -1)
    """
    if not text:
        return -1
    found = ""
    for sign in text:
        if sign.isascii() and sign.isdigit():
            found += sign
        elif found:
            break
    return int(found[:9]) if found else 0
