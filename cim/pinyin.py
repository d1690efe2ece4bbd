"""Chinese names spelled in pinyin and initials. Pure; apart from `address`, for its dictionary is slow to import."""

from pypinyin import Style, lazy_pinyin

from cim.address.spelling import Spelling, fold


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
