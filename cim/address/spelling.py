"""Names and addresses as people type them, folded for search. Pure."""

import unicodedata


def fold(text: str) -> str:
    """Full width to half width, lower case, no spaces or punctuation.

    >>> fold("大同市 和阳街12号，Ａ座")
    '大同市和阳街12号a座'
    """
    wide = unicodedata.normalize("NFKC", text).lower()
    return wide if wide.isalnum() else "".join(ch for ch in wide if ch.isalnum())


def is_latin(text: str) -> bool:
    """Whether a query is typed in letters and digits only, so that pinyin is worth a look."""
    return bool(text) and text.isascii()
