"""A text being read from left to right: the divisions it mentions, its parts, its names, and what is left. Pure."""

import re

from cim.address import endings, figures, numbered, relations
from cim.address.absent import FIRST, absent
from cim.address.draft import Draft
from cim.address.gazetteer import Gazetteer
from cim.address.house import figures_at, floor_below, relation_at
from cim.address.mentions import Mention
from cim.address.numerals import CHINESE, STEMS
from cim.address.parts import ABSENT
from cim.address.toponyms import SIGNS, STOP, mention_at

_NUMERIC = frozenset(f"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ地负第底商门车储仓东西南北中前后+{CHINESE}{STEMS}")
_FIGURES = re.compile("[A-Z]*[0-9]+")
_TOLD = re.compile("(?:主|副|综合|办公|教学|实验|住院|门诊|宿舍|配|裙|附|[东西南北前后])楼$")
_BEFORE_WORDS = frozenset(("number", "place", "quarter", "street", "building"))
_PEOPLED = re.compile("人|姓名|户主|业主|电话|手机|TEL|备注")
_VILLAGERS = re.compile(f"村民(?=第?[0-9{CHINESE}])")
_ELEMENT = re.compile(
    "(?:省|市|区县|县区|乡镇街?道?|街道|镇|社区|村|小区|院落|道路|街路巷|街巷|路名|单位名称|名称)(?=:)"
)


class Reading(Draft):
    """A text that is read, one element after the other."""

    def __init__(self, text: str, gazetteer: Gazetteer) -> None:
        """text: as `written` gives it."""
        super().__init__(text)
        self.gazetteer = gazetteer

    def read(self) -> None:
        """Read to the end."""
        at, text = 0, self.text
        while at < len(text):
            at = self._sign(at) if text[at] in SIGNS else self._element(at)
        self.flush()

    def _sign(self, at: int) -> int:
        """Behind a sign that parts elements; a minus may be a floor's, and a stroke join the streets of a crossing."""
        text = self.text
        if text[at] == "-":
            below = numbered.BELOW.match(text, at)
            if below is not None and self.behind != "street":
                return floor_below(self, below)
        return at + 1

    def _element(self, at: int) -> int:
        text = self.text
        mention = mention_at(text, at, self.gazetteer, self.mentions)
        if mention is not None:
            return self._mention(mention)
        sign = text[at]
        if sign in _NUMERIC:
            end = figures_at(self, at)
            if end:
                return end
        if sign in FIRST:
            gone = absent(text, at)
            if gone is not None:
                self.flush()
                figures.put(self.parts, gone[0], ABSENT)
                self.behind = gone[0]
                return gone[1]
        return self._word(at) or self._name(at)

    def _mention(self, mention: Mention) -> int:
        """Note a division; institutions without a name of their own bear its name too."""
        text = self.text
        self.flush()
        self.mentions.append(mention)
        self.behind = "village" if any(len(code) == 12 for code in mention.codes) else "division"
        found = endings.INSTITUTION.match(text, mention.end)
        if found is not None and self._is_whole(mention.end, found.end()):
            span = (mention.end - len(mention.name), found.end())
            self.pending, self.behind = ("place", *span), "place"
            return found.end()
        return mention.end

    def _is_whole(self, begin: int, end: int) -> bool:
        """Whether an institution ends where the run of its name does, or before one of its departments."""
        last = self._name_end(begin)
        return last <= end or endings.DEPARTMENT.fullmatch(self.text, end, last) is not None

    def _name_end(self, at: int) -> int:
        stop = STOP.search(self.text, at)
        return stop.start() if stop is not None else len(self.text)

    def _word(self, at: int) -> int:
        """Words that name no part, and labels that stand before their numbers: where they end, 0 if here are none."""
        text = self.text
        label = numbered.labelled(text, at)
        if label is not None and (
            at == 0 or text[at - 1] in SIGNS or numbered.PLAIN_LABEL.match(text, at) or ":" in text[at : label[2]]
        ):
            part, series, end = label
            self.flush()
            figures.put(self.parts, part, series.numbered() if part == "number" else series.ranged())
            self.behind = part
            return end
        villagers = _VILLAGERS.match(text, at)
        if villagers is not None:
            return villagers.end()
        relation = relations.RELATION.match(text, at)
        if relation is not None and relation.end() > at:
            return relation_at(self, at, relation.end())
        form = relations.FORM.match(text, at)
        if form is not None:
            self.flush()
            self.rest.append((at, form.end()))
            if _PEOPLED.search(form[0]):
                self.asides_end.add(form.end())
                self.asides_begin.add(at)
            return form.end()
        note = relations.REQUEST.match(text, at)
        if note is not None:
            self.flush()
            self.rest.append(note.span())
            return note.end()
        element = _ELEMENT.match(text, at)
        return element.end() if element is not None else 0

    # --- names ---------------------------------------------------------------------------------------------------------

    def _name(self, at: int) -> int:
        """A run of text without numbers: a street, a quarter, a unit that nobody knows, or a place."""
        text = self.text
        figures_end = lead.end() if (lead := _FIGURES.match(text, at)) is not None else at + 1
        last, begin = self._name_end(figures_end), at
        if self.pending is not None and self.pending[0] == "plain" and self.pending[2] == at:
            at, self.pending = self.pending[1], None  # the open name goes on behind a number
        kind, length = endings.first(text[at:last])
        end = max(at + length, begin + 1)  # always onward
        if kind == "street":
            return self._street(at, end)
        if kind == "quarter":
            return self._quarter(at, end)
        if kind == "plain" and self.behind in _BEFORE_WORDS and _TOLD.match(text[at:end]):
            self.flush()
            self.rest.append((at, end))
        elif kind == "plain" and at and text[at - 1] == "(" and (end == len(text) or text[end] == ")"):
            self.rest.append((at, end))
        else:
            self.flush()
            self.pending, self.behind = (kind, at, end), "village" if kind == "unit" else kind
        return end

    def _street(self, at: int, end: int) -> int:
        self.flush()
        if not figures.put(self.parts, "street", self.text[at:end]):
            self.rest.append((at, end))
            self.unread = True
            return end
        self.behind = "street"
        crossing = relations.CROSSING.match(self.text, end)
        if crossing is None or not (crossing["where"] or crossing["join"] in "、/" or crossing.end() == len(self.text)):
            return end
        self.rest.append((end + (crossing["join"] in "、/"), crossing.end()))
        return crossing.end()

    def _quarter(self, at: int, end: int) -> int:
        self.flush()
        held = self.parts.get("quarter", "")
        if held and not held.startswith(self.text[at:end]):
            self.names.append((at, end))
        else:
            self.parts["quarter"] = held or self.text[at:end]
        self.behind = "quarter"
        return end
