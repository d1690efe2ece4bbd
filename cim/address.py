"""Names and addresses as people type them: folded for search, spelled in pinyin and initials. Pure."""

import unicodedata
from dataclasses import dataclass

from pypinyin import Style, lazy_pinyin


@dataclass(frozen=True, slots=True)
class Spelling:
    """The forms under which one place can be found."""

    folded_name: str
    search: str
    pinyin: str
    initials: str


def fold(text: str) -> str:
    """Full width to half width, lower case, no spaces or punctuation.

    >>> fold("大同市 和阳街12号，Ａ座")
    '大同市和阳街12号a座'
    """
    wide = unicodedata.normalize("NFKC", text).lower()
    return "".join(ch for ch in wide if ch.isalnum())


def spell(name: str | None, address: str | None) -> Spelling:
    """All search forms of a place: name and address folded, the name (else the address) in pinyin and initials.

    >>> spell("鼓楼", None)
    Spelling(folded_name='鼓楼', search='鼓楼', pinyin='gulou', initials='gl')
    """
    main = fold(name or address or "")
    syllables = lazy_pinyin(main, style=Style.NORMAL)
    return Spelling(
        folded_name=fold(name or ""),
        search=fold(f"{name or ''} {address or ''}"),
        pinyin="".join(syllables),
        initials="".join(s[0] for s in syllables if s),
    )


def is_latin(text: str) -> bool:
    """Whether a query is typed in letters and digits only, so that pinyin is worth a look."""
    return bool(text) and text.isascii()
