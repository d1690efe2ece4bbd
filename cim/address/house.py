"""The numbers in a text being read: houses, buildings, rooms, and the figures that are no part. Pure."""

import re

from cim.address import figures, numbered, relations
from cim.address.draft import Draft
from cim.address.numbered import Series
from cim.address.numerals import CHINESE, STEMS, digits
from cim.address.toponyms import SIGNS, STOP

_UNIT_NEXT = re.compile(f"[ ,、-]?[0-9{CHINESE}A-Z{STEMS}]+(?:单元|门洞|门(?=[ ,0-9-]|$)|单(?=[ ,0-9-]|$))")


def relation_at(draft: Draft, at: int, end: int) -> int:
    """Note where something lies from the name before it; where the words end."""
    if draft.pending is not None and draft.pending[2] == at:
        draft.relations.add(at)
    draft.flush()
    draft.rest.append((at, end))
    return end


def figures_at(draft: Draft, at: int) -> int:
    """Numbers and what goes with them: where they end, 0 if here are none."""
    text = draft.text
    if text[at].isdigit() or text[at] == "+":
        end = _aside(draft, at)
        if end:
            return end
    below = numbered.BELOW.match(text, at)
    if below is not None:
        return floor_below(draft, below)
    side = numbered.SIDE.match(text, at)
    if side is not None:
        draft.flush()
        figures.put(draft.parts, "room", side["side"])
        draft.behind = "room"
        return side.end()
    shed = numbered.SHED.match(text, at)
    if shed is not None:
        return _shed(draft, shed)
    worded = numbered.WORDED.match(text, at)
    if worded is not None:
        return _worded(draft, worded)
    found = numbered.BARE.match(text, at)
    return _bare(draft, found) if found is not None else 0


def _aside(draft: Draft, at: int) -> int:
    """Telephones, post codes and distances."""
    text = draft.text
    telephone = relations.TELEPHONE.match(text, at)
    if telephone is not None:
        draft.flush()
        draft.rest.append((at, telephone.end()))
        draft.asides_begin.add(at)
        draft.asides_end.add(telephone.end())
        return telephone.end()
    code = relations.POST_CODE.match(text, at)
    if code is not None and (at == 0 or code.end() == len(text) or text[code.end()] in SIGNS):
        draft.flush()
        draft.rest.append((at, code.end()))
        return code.end()
    relation = relations.RELATION.match(text, at)
    return relation_at(draft, at, relation.end()) if relation is not None and relation.end() > at else 0


def floor_below(draft: Draft, found: "re.Match[str]") -> int:
    """Note a floor under the ground, as `numbered.BELOW` found it; where it ends."""
    draft.flush()
    number = found["deep"] or found["sign"] or found["bare"]
    figures.put(draft.parts, "floor", f"-{digits(number)}")
    draft.behind = "floor"
    return found.end()


def _shed(draft: Draft, found: "re.Match[str]") -> int:
    """A shop or garage of a building: its number is the room, its word the rest."""
    draft.flush(housed=True)
    word, number = ("before", "one") if found["before"] else ("after", "two")
    if not figures.put(draft.parts, "room", digits(found[number])):
        draft.unread = True
        draft.rest.append(found.span())
        return found.end()
    draft.rest.append(found.span(word))
    draft.behind = "room"
    return found.end()


def _bare(draft: Draft, found: "re.Match[str]") -> int:
    """Numbers without a word; 0 where they begin a name."""
    text, series = draft.text, Series.of(found["series"])
    after = text[found.end() : found.end() + 1]
    in_figures = found["series"][0].isascii() and found["series"][0].isdigit()
    parted = STOP.match(text, found.end()) is not None or (
        draft.behind not in ("plain", "place") and series.is_shorthand()
    )
    if after and not parted and (draft.behind not in ("street", *figures.HOUSED) or not in_figures):
        return 0
    if not in_figures and not (draft.behind in figures.HOUSED or (draft.behind == "street" and not after)):
        return 0
    behind = draft.behind
    if draft.pending is not None:
        if (
            draft.pending[0] == "place"
            and len(series.items[0]) > 2
            and not series.joins
            and (not after or after in SIGNS)
        ):
            return _in_place(draft, found, series)
        if len(series.items) == 1 or not series.is_shorthand():
            return 0
        draft.flush(housed=True)
        behind = "quarter"
    part = figures.bare(draft.parts, series, behind)
    if not part:
        return draft.leave(*found.span())
    draft.behind = part
    return found.end()


def _in_place(draft: Draft, found: "re.Match[str]", series: Series) -> int:
    """A number of three digits or more behind a tower or a mall is a room of it."""
    draft.flush()
    if not figures.put(draft.parts, "room", series.items[0]):
        return draft.leave(*found.span())
    draft.behind = "room"
    return found.end()


def _worded(draft: Draft, found: "re.Match[str]") -> int:
    """Numbers with their word, and those that go on with the same word (1号楼、3号楼)."""
    text, kind, end = draft.text, str(found.lastgroup), found.end()
    series = Series.of(found["series"])
    again = numbered.AGAIN.match(text, end)
    while again is not None and again.lastgroup == kind:
        more = Series.of(again["join"] + again["series"])
        series = Series((*series.items, *more.items[1:]), (*series.joins, *more.joins))
        end = again.end()
        again = numbered.AGAIN.match(text, end)
    if kind == "number" and _is_in_name(draft, found, end):
        return _name_on(draft, found.start(), end)
    if kind == "floor" and text[found.end() - 1] == "楼" and _is_building(draft, end):
        kind = "building"
    part = _placed(draft, kind, series, end)
    if not part:
        draft.flush()
        draft.rest.append((found.start(), end))
        draft.unread = True
        return end
    draft.behind = part
    return _tail(draft, end) if part == "number" else end


def _is_in_name(draft: Draft, found: "re.Match[str]", end: int) -> bool:
    """Whether N号 belongs to a name: 1号公馆 behind a county, 御河九号 before a building."""
    if draft.pending is None:
        after = draft.text[end : end + 1]
        return draft.behind == "division" and after.isalpha() and STOP.match(draft.text, end) is None
    following = numbered.WORDED.match(draft.text, end)
    return (
        draft.pending[0] == "plain"
        and draft.pending[2] == found.start()
        and not found["series"].isascii()
        and following is not None
        and following.lastgroup == "building"
    )


def _name_on(draft: Draft, begin: int, end: int) -> int:
    """Let an open name go on to here, or begin."""
    draft.pending = ("plain", begin if draft.pending is None else draft.pending[1], end)
    draft.behind = "plain"
    return end


def _is_building(draft: Draft, end: int) -> bool:
    """Whether N楼 is a building: a unit follows, or it stands directly behind a quarter."""
    if draft.parts.get("building"):
        return False
    return draft.behind == "quarter" or _UNIT_NEXT.match(draft.text, end) is not None


def _placed(draft: Draft, kind: str, series: Series, end: int) -> str:
    """Put worded numbers where they belong; the part they became, or nothing."""
    parts, behind = draft.parts, draft.behind
    if kind in ("building", "row", "unit"):
        draft.flush(housed=True, by_building=True)
        if kind == "unit" and series.is_shorthand() and not parts.get("building") and len(series.items) == 2:
            return figures.shorthand(parts, series, "quarter")
        part = "unit" if kind == "unit" else "building"
        return part if figures.put(parts, part, series.ranged()) else ""
    if kind == "room":
        draft.flush(housed=True)
        return figures.rooms(parts, series, behind)
    if kind in ("number", "court"):
        if kind == "number" and behind in figures.HOUSED:
            return figures.rooms(parts, series, behind)
        draft.flush(housed=True)
        return "number" if figures.put(parts, "number", series.numbered()) else ""
    draft.flush()
    value = series.items[0] if kind in ("group", "grid") and len(series.items) == 1 else series.ranged()
    return kind if figures.put(parts, kind, value) else ""


def _tail(draft: Draft, end: int) -> int:
    """What a house number goes on with: 号之一, 号附3号, 号-1, 号甲."""
    tail = numbered.NUMBER_TAIL.match(draft.text, end)
    if tail is None:
        return end
    draft.parts["number"] += digits(tail[0].rstrip("号"))
    return tail.end()
