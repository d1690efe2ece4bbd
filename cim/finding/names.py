"""Names as they are looked for: short forms, and keys under which a mistyped one is found again. Pure."""

from dataclasses import dataclass
from itertools import combinations

NAME, STREET, QUARTER, COMMUNITY, DIVISION = 1, 2, 4, 8, 16
"""What a name is to the places that carry it; they add up."""

_LONGEST = 16  # a longer name is found by what it begins with and by its pairs; its gaps would be too many
_TWO_GAPS = 6  # from so many letters on, two wrong ones still leave a name

# The words for what a thing is, the longest first; without them a name is short (古城街道 -> 古城).
_ENDINGS = {
    DIVISION: (
        *("居民委员会", "社区居委会", "村民委员会", "居委会", "村委会", "街道办事处", "地区办事处", "经济开发区"),
        *("自治区", "自治县", "街道", "社区", "地区", *"省市区县旗镇乡村"),
    ),
    STREET: ("大街", "大道", "胡同", *"街路巷道"),
    QUARTER: ("小区", "家园", "花园", *"苑园院"),
    COMMUNITY: ("社区", "村"),
}

# What a division is called beside its full name and its shortest one.
_MIDDLE = (
    ("社区居民委员会", "社区"),
    ("社区居委会", "社区"),
    ("居民委员会", "社区"),
    ("居委会", "社区"),
    ("村村民委员会", "村"),
    ("村民委员会", "村"),
    ("村村委会", "村"),
    ("村委会", "村"),
    ("街道办事处", "街道"),
)


@dataclass(frozen=True, slots=True)
class Named:
    """A distinct name: folded, what it is to its places, and the best rank among them."""

    folded: str
    roles: int
    rank: int


def spellings(folded: str, roles: int) -> dict[str, bool]:
    """The forms under which a name is looked for, and whether each is short of something.

    >>> spellings("鼓楼社区居民委员会", DIVISION)
    {'鼓楼社区居民委员会': False, '鼓楼社区': False, '鼓楼': True}
    >>> spellings("和阳街", STREET), spellings("和阳", NAME)
    ({'和阳街': False, '和阳': True}, {'和阳': False})
    """
    found = {folded: False}
    if roles & DIVISION:
        for ending, other in _MIDDLE:
            if folded.endswith(ending) and len(folded) > len(ending):
                found.setdefault(folded.removesuffix(ending) + other, False)
                break
    for role, endings in _ENDINGS.items():
        if roles & role:
            for form in list(found):
                short = next((form.removesuffix(ending) for ending in endings if form.endswith(ending)), form)
                if len(short) >= 2:
                    found.setdefault(short, True)
    return found


def pairs(folded: str) -> list[str]:
    """The pairs of neighbouring letters, in their order.

    >>> pairs("和阳街")
    ['和阳', '阳街']
    """
    return [folded[i : i + 2] for i in range(len(folded) - 1)]


def gaps(folded: str) -> list[str]:
    """What is left of a name without one letter, and of a longer one without two: two names that share one of these differ
    by as many wrong, missing or swapped letters at most.

    >>> sorted(gaps("和阳街"))
    ['-和街', '-和阳', '-和阳街', '-阳街']
    """
    if not 2 < len(folded) <= _LONGEST:
        return []
    left = {folded} | {folded[:i] + folded[i + 1 :] for i in range(len(folded))}
    if len(folded) >= _TWO_GAPS:
        for i, j in combinations(range(len(folded)), 2):
            left.add(folded[:i] + folded[i + 1 : j] + folded[j + 1 :])
    return [f"-{form}" for form in left]


def keys(folded: str) -> list[str]:
    """All keys of a name for its index: pairs and gaps."""
    return [*dict.fromkeys(pairs(folded)), *gaps(folded)]


def distance(one: str, other: str) -> int:
    """How many letters are wrong, missing, too many or swapped with their neighbour between two names.

    >>> distance("和阳街", "和洋街"), distance("和阳街", "阳和街"), distance("平旺", "老平旺"), distance("", "ab")
    (1, 1, 1, 2)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]
