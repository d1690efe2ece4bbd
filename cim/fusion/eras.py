"""The years of named eras, and whether a year lies outside those that a text names. Pure.

The years are those of the table of dynasties that is printed at the end of common dictionaries (我国历代公元对照简表, also
我国历代纪元表). Its printings differ by when a state is held to begin or end (辽 907 or 916, 元 1206 or 1271, 清 1616 or
1644, 西魏 to 556 or 557): the wider is taken, so that no year is called strange for the printing. Names that several
states bore (周, 魏, 齐, 吴, 后汉) have no bounds here, and neither have 近代, 现代 and the names of reigns.
"""

import re
import unicodedata
from functools import lru_cache

ERAS: dict[str, tuple[int, int]] = {
    **{"夏": (-2070, -1600), "商": (-1600, -1046), "西周": (-1046, -771), "东周": (-770, -256)},
    **{"春秋": (-770, -476), "战国": (-475, -221), "秦": (-221, -206)},
    **{"汉": (-206, 220), "西汉": (-206, 25), "东汉": (25, 220), "三国": (220, 280)},
    **{"晋": (265, 420), "西晋": (265, 317), "东晋": (317, 420), "十六国": (304, 439)},
    **{"南北朝": (386, 589), "南朝": (420, 589), "北朝": (386, 581)},
    **{"北魏": (386, 534), "东魏": (534, 550), "北齐": (550, 577), "西魏": (535, 557), "北周": (557, 581)},
    **{"隋": (581, 618), "唐": (618, 907), "五代": (907, 960), "十国": (902, 979), "五代十国": (902, 979)},
    **{"后梁": (907, 923), "后唐": (923, 936), "后晋": (936, 947), "后周": (951, 960)},
    **{"宋": (960, 1279), "北宋": (960, 1127), "南宋": (1127, 1279)},
    **{"辽": (907, 1125), "西夏": (1038, 1227), "金": (1115, 1234), "元": (1206, 1368)},
    **{"明": (1368, 1644), "清": (1616, 1911), "中华民国": (1912, 1949), "民国": (1912, 1949)},
}
"""Name -> the first and the last year, both in it; years before the common era are negative."""

Span = tuple[int, int]

_LONGEST = 100
_SIMPLIFIED = str.maketrans("遼漢晉東齊後國時華戰間", "辽汉晋东齐后国时华战间")
_LIST, _RANGE = re.compile(r"[、,/;和及与\s]+"), re.compile(r"[至到~〜\-–—]+")
_NAMES = "|".join(sorted(ERAS, key=len, reverse=True))
_ERA = re.compile(rf"({_NAMES})(?:时期|年间|[代朝])?(?:[早中晚前后]期|[初末]年|[初末早中晚])?")
_YEAR = re.compile(r"(?:公元)?(\d{3,4})年?")


@lru_cache(maxsize=1024)
def spans(text: str) -> tuple[Span, ...] | None:
    """The years that a text names: eras one after another or in a list, from one to another, or plain years.

    None where any part of it has no known bounds: then nothing is judged.

    >>> spans("辽、金"), spans("明至清"), spans("清代晚期"), spans("1933年")
    (((907, 1125), (1115, 1234)), ((1368, 1911),), ((1616, 1911),), ((1933, 1933),))
    >>> spans("清光绪"), spans("近代"), spans("")
    (None, None, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().translate(_SIMPLIFIED)
    if not plain or len(plain) > _LONGEST:
        return None
    found: list[Span] = []
    for part in _LIST.split(plain):
        ends = [_named(end) for end in _RANGE.split(part)]
        known = [end for end in ends if end]
        if len(known) < len(ends) or len(known) > 2:
            return None
        first, last = known[0], known[-1]
        found += first if len(known) == 1 else [(min(first)[0], max(end for _, end in last))]
    return tuple(found)


def _named(text: str) -> list[Span]:
    """Eras that stand one after another, or one year; empty where anything else is among them."""
    year = _YEAR.fullmatch(text)
    if year is not None:
        return [(int(year[1]), int(year[1]))]
    found, at = [], 0
    while at < len(text):
        era = _ERA.match(text, at)
        if era is None:
            return []
        found.append(ERAS[era[1]])
        at = era.end()
    return found


def outside(era: str, year: int) -> str | None:
    """In words, that the year lies in none of the spans that the text names; None: it lies in one, or nobody can tell.

    >>> outside("辽、金", 1140), outside("明", 2012)
    (None, 'year 2012 lies outside 明 (1368 to 1644)')
    """
    known = spans(era)
    if known is None or any(begin <= year <= end for begin, end in known):
        return None
    told = ", ".join(f"{begin} to {end}" for begin, end in known)
    return f"year {year} lies outside {era.strip()} ({told})"
