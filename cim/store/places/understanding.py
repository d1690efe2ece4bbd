"""Understanding queries: their texts divided into names that the store knows, mistyped and unfinished ones too."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from cim.address.numerals import CHINESE
from cim.address.spelling import fold, is_latin
from cim.finding.names import COMMUNITY, DIVISION, QUARTER, STREET, gaps, pairs
from cim.finding.query import Query, read
from cim.finding.score import Understood, area
from cim.finding.segments import (
    LONGEST_NAME,
    Hit,
    Lexicon,
    Row,
    Segment,
    divide,
    has_letters,
    pieces,
    similar,
    with_hits,
)
from cim.pinyin import spell
from cim.store.places import lookup

_LIKE = 0.4  # trigrams shared by a piece of pinyin and the name most like it
_LONGEST = 100  # letters of a query that are looked at
_MOST = 12  # similar names of one kind
_NUMBERED = STREET | QUARTER | COMMUNITY
_COMPLETING = ("name_start", "part", "pinyin", "initials")  # what may go on behind a name that is known as it stands


def understand(
    connection: Connection,
    texts: Sequence[str],
    *,
    completing: bool,
    spelled: Mapping[str, Sequence[Row]] | None = None,
) -> list[Understood]:
    """What each query may mean. completing: the last name may be unfinished, as while somebody types. spelled: all
    spellings, if they are at hand; else those that matter are looked up."""
    wholes = [fold(one)[:_LONGEST] for one in texts]
    if spelled is None:
        spelled, _ = lookup.spellings(connection, {piece for whole in wholes for piece in _worth(whole)}, ())
    queries = [read(one[: 2 * _LONGEST], _numbered(whole, spelled)) for one, whole in zip(texts, wholes, strict=True)]
    sounds = {run: spell(run)[0] for query in queries for run in query.texts if has_letters(run)}
    sought = {piece for sound in sounds.values() for piece in pieces(sound, 4)}
    sounding = lookup.spellings(connection, (), sought)[1] if sought else {}
    lexicon = Lexicon(spelled, sounding)
    speller = _Similar(connection, sounds)
    divided = [_segments(query, lexicon, sounds, speller, completing) for query in queries]
    for number, (query, segments) in enumerate(zip(queries, divided, strict=True)):
        if query.has_numbers and not any(hit.roles & _NUMBERED for one in segments for hit in one.hits):
            queries[number], divided[number] = _unread(query, segments, speller)
    names = {hit.folded for segments in divided for one in segments for hit in one.hits if hit.roles & DIVISION}
    codes = lookup.division_codes(connection, names) if names else {}
    coded = lookup.names_of_codes(connection, (whole for whole in wholes if _is_code(whole)))
    return [
        _of_code(query, coded[query.whole])
        if query.whole in coded
        else Understood(query, tuple(segments), _areas(segments, codes))
        for query, segments in zip(queries, divided, strict=True)
    ]


def _is_code(whole: str) -> bool:
    return whole.isascii() and whole.isdigit() and len(whole) in (6, 9, 12)


def _of_code(query: Query, names: Sequence[str]) -> Understood:
    """A query that is the code of a division."""
    hits = tuple(Hit(name, DIVISION, 0, 1.0, "code") for name in names)
    return Understood(Query(query.whole, (query.whole,)), (Segment(query.whole, hits),), ((query.whole,),))


def _worth(whole: str) -> list[str]:
    """The pieces of a query that may be a name: not those of digits alone."""
    return [piece for piece in pieces(whole) if not piece.isdigit()]


def _numbered(whole: str, spelled: Mapping[str, Sequence[Row]]) -> list[str]:
    """Known names in a query that hold numerals, the longest first: these are no house numbers."""
    found = {
        piece
        for piece in pieces(whole, 3)
        if piece in spelled
        and any(sign in CHINESE or sign.isdigit() for sign in piece)
        and any(not row.is_short for row in spelled[piece])
    }
    return sorted(found, key=lambda piece: (-len(piece), piece))


class _Similar:
    """Looks for names that are like a piece, each piece once."""

    def __init__(self, connection: Connection, sounds: Mapping[str, str]) -> None:
        self._connection, self._sounds = connection, sounds
        self._held: dict[str, list[Hit]] = {}

    def hits(self, piece: str) -> list[Hit]:
        """What a piece may mean that no name is spelled like."""
        piece = piece[:LONGEST_NAME]
        if piece not in self._held:
            if not self._held:
                self._connection.execute(
                    text("SELECT set_config('pg_trgm.similarity_threshold', :least, true)"),
                    {"least": str(_LIKE)},
                )
            latin = has_letters(piece)
            found = [similar(piece, row) for row in (self._by_sound(piece) if latin else self._by_letters(piece))]
            self._held[piece] = [hit for hit in found if hit is not None]
        return self._held[piece]

    def _by_letters(self, piece: str) -> list[Row]:
        values = {
            "piece": piece,
            "starts": f"{piece}%",
            "holds": f"%{piece}%",
            "pairs": pairs(piece),
            "gaps": gaps(piece),
            "sound": spell(piece)[0],
            "most": _MOST,
        }
        return lookup.similar(self._connection, "select_similar_names", values)

    def _by_sound(self, piece: str) -> list[Row]:
        sound = self._sounds.get(piece) or spell(piece)[0]
        values = {"piece": piece, "sound": sound, "starts": f"{sound}%", "is_latin": is_latin(piece), "most": _MOST}
        return lookup.similar(self._connection, "select_names_by_sound", values)


def _segments(
    query: Query, lexicon: Lexicon, sounds: Mapping[str, str], speller: _Similar, completing: bool
) -> list[Segment]:
    """The segments of all texts of a query; what is not known is looked for among the similar names."""
    found: list[Segment] = []
    for run in query.texts:
        segments = divide(run, lexicon, sounds.get(run))
        if any(not one.hits for one in segments):
            segments = _mended(run, segments, speller)
        found += segments
    if completing and found and found[-1].hits and not query.has_numbers:
        more = [hit for hit in speller.hits(found[-1].text) if hit.how in _COMPLETING]
        found[-1] = with_hits(found[-1], more)
    return found


def _unread(query: Query, segments: list[Segment], speller: _Similar) -> tuple[Query, list[Segment]]:
    """Nothing that numbers hang on is known: perhaps it is an address of which no part could be read, found as a whole."""
    hits = [hit for hit in speller.hits(query.whole) if hit.how in ("name_start", "part", "similar")]
    return (Query(query.whole, (query.whole,)), [with_hits(Segment(query.whole), hits)]) if hits else (query, segments)


def _mended(run: str, segments: list[Segment], speller: _Similar) -> list[Segment]:
    """What lies behind the last sure division is perhaps one name, mistyped; else each unknown piece may be one."""
    sure = 0
    for place, one in enumerate(segments, start=1):
        if one.is_division and one.hits[0].strength >= 1.0:
            sure = place
    head, tail = segments[:sure], segments[sure:]
    joined = "".join(one.text for one in tail)
    if tail and len(tail) > 1 or (tail and not tail[0].hits):
        hits = speller.hits(joined)
        held = sum(len(one.text) * one.hits[0].strength for one in tail if one.hits)
        if hits and max(hit.strength for hit in hits) * len(joined) > held:
            tail = [with_hits(Segment(joined), hits)]
    return [
        with_hits(one, speller.hits(one.text)) if not one.hits and len(one.text) >= 2 else one for one in [*head, *tail]
    ]


def _areas(segments: Sequence[Segment], codes: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """For each piece that may be a division the codes that it may be, as far as the others leave them possible."""
    found = [
        list(dict.fromkeys(code for hit in one.hits if hit.roles & DIVISION for code in codes.get(hit.folded, ())))
        for one in segments
    ]
    for place, own in enumerate(found):
        others = [other for number, other in enumerate(found) if number != place and other]
        left = [code for code in own if all(any(_agree(code, c) for c in other) for other in others)]
        found[place] = left or own
    return tuple(tuple(own) for own in found)


def _agree(one: str, other: str) -> bool:
    return one.startswith(area(other)) or other.startswith(area(one))
