"""Chinese names spelled in pinyin and initials. Pure; apart from `address`, for its dictionary is slow to import."""

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

_RUNS = re.compile("[\u4e00-\u9fff]+|[!-~]+")
"""Runs of common characters, each read by itself, and of Latin letters and digits, which stay as one."""


def spell(folded: str) -> tuple[str, str]:
    """A folded name in pinyin, without tones or spaces, and its initials; Latin letters and digits stay.

    >>> spell("鼓楼"), spell("heyang街")
    (('gulou', 'gl'), ('heyangjie', 'hj'))
    """
    runs = _RUNS.findall(folded)
    if sum(map(len, runs)) != len(folded):  # letters of another kind may belong to the run beside them
        syllables = _syllables(folded)
    else:
        syllables = tuple(one for run in runs for one in ((run,) if run.isascii() else _syllables(run)))
    return "".join(syllables), "".join(syllable[0] for syllable in syllables if syllable)


@lru_cache(maxsize=4096)  # a city's names end alike, and differ in their numbers
def _syllables(text: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(text, style=Style.NORMAL))
