"""Chinese names spelled in pinyin and initials. Pure; apart from `address`, for its dictionary is slow to import."""

from pypinyin import Style, lazy_pinyin


def spell(folded: str) -> tuple[str, str]:
    """A folded name in pinyin, without tones or spaces, and its initials; Latin letters and digits stay.

    >>> spell("鼓楼"), spell("heyang街")
    (('gulou', 'gl'), ('heyangjie', 'hj'))
    """
    syllables = lazy_pinyin(folded, style=Style.NORMAL)
    return "".join(syllables), "".join(syllable[0] for syllable in syllables if syllable)
