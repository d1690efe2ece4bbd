"""Segments: the pieces of a query's texts and the names that each may mean, with how well it fits. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cim.address.spelling import is_latin
from cim.finding.names import DIVISION, distance

LONGEST_NAME = 24
_SHORTEST_SOUND = 4  # a piece of pinyin in a longer text: shorter ones are syllables of other names


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that a piece may mean. folded: as places carry it. strength: 0..1. how: a code of `reasons`."""

    folded: str
    roles: int
    rank: int
    strength: float
    how: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the query: its text and what it may mean; without hits nobody knows it."""

    text: str
    hits: tuple[Hit, ...] = ()

    @property
    def is_division(self) -> bool:
        """Whether it only can be a division."""
        return bool(self.hits) and all(hit.roles == DIVISION for hit in self.hits)


@dataclass(frozen=True, slots=True)
class Row:
    """A spelling as the store knows it: see `place_name`. how: by which way it was found, with `similar` its likeness."""

    spelling: str
    folded: str
    is_short: bool
    roles: int
    rank: int
    pinyin: str
    how: str = "name"
    likeness: float = 0.0


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The spellings found for a text: by their letters, and by their pinyin where Latin letters were typed."""

    spelled: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    sounding: Mapping[str, Sequence[Row]] = field(default_factory=dict)


def pieces(text: str, shortest: int = 2) -> list[str]:
    """All pieces of a text that may be a name, and the text itself.

    >>> pieces("和阳街")
    ['和阳', '和阳街', '阳街']
    """
    found = [
        text[start:end]
        for start in range(len(text))
        for end in range(start + shortest, min(len(text), start + LONGEST_NAME) + 1)
    ]
    return list(dict.fromkeys([*found, text] if text else found))


def exact(row: Row) -> Hit:
    """What a piece means that is spelled just so."""
    return Hit(row.folded, row.roles, row.rank, 0.95 if row.is_short else 1.0, "short_name" if row.is_short else "name")


def sounding(row: Row) -> Hit:
    """What a piece of pinyin means that is spelled just so."""
    return Hit(row.folded, row.roles, row.rank, 0.85 if row.is_short else 0.9, "pinyin")


def similar(text: str, row: Row) -> Hit | None:
    """What a piece may mean that is not spelled just so, if it is near enough; `row.how` says how it was found."""
    share = len(text) / max(len(row.spelling), len(text))
    strength: float
    match row.how:
        case "name_start":
            strength = 0.75 + 0.15 * share
        case "part":
            strength = 0.6 + 0.2 * share
        case "sounds_alike":
            strength = 0.8
        case "pinyin":
            strength = 0.7 + 0.15 * min(1.0, len(text) / max(len(row.pinyin), 1))
        case "initials":
            strength = 0.65 if row.likeness >= 1.0 else 0.5
        case "typo":
            wrong = distance(text, row.spelling)
            strength = 0.9 - 0.6 * wrong / len(text) if wrong <= max(1, len(text) // 3) else 0.0
        case _:
            strength = 0.65 * row.likeness
    strength -= 0.05 if row.is_short else 0.0
    how = "similar" if row.how in ("typo", "likeness") else row.how
    return Hit(row.folded, row.roles, row.rank, strength, how) if strength >= 0.3 else None


def divide(text: str, lexicon: Lexicon, sound: str | None = None) -> list[Segment]:
    """A text as a row of known names and of what lies between them: as much as can be is known, in as few names as can be.

    sound: the text in pinyin, where it holds Latin letters; then names are looked for by their pinyin.
    """
    line = text if sound is None else sound
    known = lexicon.spelled if sound is None else lexicon.sounding
    if text in lexicon.spelled:
        return [Segment(text, _best(exact(row) for row in lexicon.spelled[text]))]
    reach = LONGEST_NAME if sound is None else 4 * LONGEST_NAME
    best: list[tuple[int, int]] = [(0, 0)]  # what the first letters are worth, and where their last piece begins
    for end in range(1, len(line) + 1):
        choice = (best[end - 1][0], -1)
        for start in range(max(0, end - reach), end):
            length = end - start
            if (sound is None or length >= _SHORTEST_SOUND or length == len(line)) and line[start:end] in known:
                choice = max(choice, (best[start][0] + 2 * length - 1, start))
        best.append(choice)
    return _cut(line, best, known, exact if sound is None else sounding)


def _cut(
    line: str, best: Sequence[tuple[int, int]], known: Mapping[str, Sequence[Row]], meaning: object
) -> list[Segment]:
    assert callable(meaning)
    found: list[Segment] = []
    end, unknown = len(line), ""
    while end > 0:
        start = best[end][1]
        if start < 0:
            unknown, end = line[end - 1] + unknown, end - 1
            continue
        if unknown:
            found.append(Segment(unknown))
        found.append(Segment(line[start:end], _best(meaning(row) for row in known[line[start:end]])))
        unknown, end = "", start
    if unknown:
        found.append(Segment(unknown))
    return found[::-1]


def _best(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Each name once, by its best hit, the strongest first."""
    found: dict[str, Hit] = {}
    for hit in hits:
        held = found.get(hit.folded)
        if held is None or hit.strength > held.strength:
            found[hit.folded] = hit
    return tuple(sorted(found.values(), key=lambda hit: (-hit.strength, hit.rank, len(hit.folded), hit.folded)))


def with_hits(segment: Segment, more: Iterable[Hit]) -> Segment:
    """The segment with more names that it may mean."""
    return Segment(segment.text, _best([*segment.hits, *more]))


def has_letters(text: str) -> bool:
    """Whether Latin letters are typed in it, so that pinyin is worth a look."""
    return any(sign.isascii() and sign.isalpha() for sign in text)


def may_be_initials(text: str) -> bool:
    """Whether it may be the initials of a name: a few Latin letters and nothing else."""
    return is_latin(text) and len(text) <= LONGEST_NAME
