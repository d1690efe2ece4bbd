"""Addresses with known parts, in the many ways that people write them: what the parser is measured with and tested on."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cim.address.gazetteer import Gazetteer
from cim.address.parts import Address

_STEMS = "祥瑞泰宏昌盛锦绣嘉福兴旺鸿禧翠岚景澜春晖朝霞秋枫柏槐榆桦梧桐莲荷菊兰梅桃杏枣葵棠"
_WAYS = ("街", "路", "大街", "巷", "东街", "南路", "北路", "胡同", "大道", "西街")
_QUARTERS = ("小区", "花园", "家园", "嘉园", "苑", "里", "佳苑", "家属院")
_CHINESE = "〇一二三四五六七八九"
_PEOPLE = ("张三", "李四", "王五", "赵六")


@dataclass(frozen=True, slots=True)
class Saying:
    """A text, the parts it was composed of, and the code of its finest division."""

    text: str
    address: Address
    division: str


def sayings(gazetteer: Gazetteer, count: int, seed: int = 1) -> Iterator[Saying]:
    """As many different texts as asked for (nearly: some short ones may come again), the same for the same seed."""
    composer = _Composer(gazetteer, random.Random(seed))
    for _ in range(count):
        yield composer.compose()


class _Composer:
    def __init__(self, gazetteer: Gazetteer, dice: random.Random) -> None:
        self.gazetteer, self.dice = gazetteer, dice
        places = gazetteer.places
        self.communities = sorted(code for code, place in places.items() if place.level == "community")
        self.in_county = Counter((gazetteer.county(code), places[code].name) for code in self.communities)
        self.in_city = Counter(places[code].name for code in self.communities)

    def compose(self) -> Saying:
        code = self.dice.choice(self.communities)
        place = self.gazetteer.places[code]
        rural = place.name.endswith("村")
        head, said = self._head(code, rural)
        tail, address = self._rural() if rural else self._urban()
        levels = dict(
            zip(("province", "city", "county", "town", "community"), map(self._name, self._path(said)), strict=False)
        )
        text, address = self._aside("".join([head, *tail]), replace(address, **levels))
        return Saying(self._rewritten(text), address, said)

    def _path(self, code: str) -> tuple[str, ...]:
        return self.gazetteer.places[code].path

    def _name(self, code: str) -> str:
        return self.gazetteer.places[code].name

    def _head(self, code: str, rural: bool) -> tuple[str, str]:
        """The divisions as they are written, and the finest unit that is said."""
        province, city, county, town, community = (self._name(c) for c in self._path(code))
        dice = self.dice
        lead = dice.choice(("", "", city, province + city, province[:-1] + city[:-1]))
        unique = self.in_county[self.gazetteer.county(code), community] == 1
        if dice.random() < 0.3:
            town = {"街道": town + "办事处"}.get(town[-2:], town)
        if dice.random() < 0.3:
            community += "村委会" if rural else "居委会"
        sign = dice.choice(("", "", "", "", " ", ",", "，", "、"))
        if not rural and dice.random() < 0.2:
            return sign.join([lead + county, town, ""]), self._path(code)[3]
        if unique and dice.random() < 0.3:
            return sign.join([lead + county, community, ""]), code
        return sign.join([lead + county, town, community, ""]), code

    def _stem(self) -> str:
        return "".join(self.dice.sample(_STEMS, 2))

    def _numeral(self, value: int) -> str:
        """A number below 100 in digits, or in Chinese numerals."""
        if self.dice.random() < 0.8 or value > 99:
            return str(value)
        ten, one = divmod(value, 10)
        return ("" if ten < 2 else _CHINESE[ten]) + ("十" if ten else "") + ("" if ten and not one else _CHINESE[one])

    def _rural(self) -> tuple[list[str], Address]:
        group, number = self.dice.randint(1, 12), self.dice.randint(1, 200)
        if self.dice.random() < 0.5:
            word = self.dice.choice(("{}组", "第{}村民小组", "{}队", "{}小组"))
            return [word.format(self._numeral(group)), f"{number}号"], Address(group=str(group), number=str(number))
        return [f"{self._numeral(number)}号"], Address(number=str(number))

    def _urban(self) -> tuple[list[str], Address]:
        dice = self.dice
        told: list[str] = []
        address = Address()
        if dice.random() < 0.7:
            street = self._stem() + dice.choice(_WAYS)
            written, number = self._house()
            told += [street, written]
            address = replace(address, street=street, number=number)
        if not told or dice.random() < 0.6:
            quarter = self._stem() + dice.choice(_QUARTERS)
            written, address = self._home(replace(address, quarter=quarter))
            told += [quarter, written]
        return told, address

    def _house(self) -> tuple[str, str]:
        """A house number as written, and as it is told."""
        n, m = self.dice.randint(1, 400), self.dice.randint(1, 9)
        return self.dice.choice(
            (
                (f"{self._numeral(n)}号", f"{n}"),
                (f"{n}号", f"{n}"),
                (f"{n}号", f"{n}"),
                (f"NO.{n}", f"{n}"),
                (f"甲{n}号", f"甲{n}"),
                (f"{n}号甲", f"{n}甲"),
                (f"{n}-{m}号", f"{n}-{m}"),
                (f"{n}号之{_CHINESE[m]}", f"{n}之{m}"),
                (f"{n}号附{m}号", f"{n}附{m}"),
                (f"{n}、{n + 2}号", f"{n}、{n + 2}"),
                (f"{n}至{n + 2}号", f"{n}~{n + 2}"),
            )
        )

    def _home(self, address: Address) -> tuple[str, Address]:
        """A building with what is in it, as written and told."""
        dice = self.dice
        building, unit, floor = dice.randint(1, 40), dice.randint(1, 6), dice.randint(1, 32)
        room = str(floor * 100 + dice.randint(1, 4))
        if dice.random() < 0.25:
            sign = dice.choice("--/")
            return sign.join((str(building), str(unit), room)), replace(
                address, building=str(building), unit=str(unit), room=room
            )
        word = dice.choice(("{}号楼", "{}号楼", "{}幢", "{}栋", "{}#楼", "{}#", "{}座"))
        written = word.format(self._numeral(building) if "#" not in word else building)
        address = replace(address, building=str(building))
        if dice.random() < 0.75:
            word = dice.choice(("{}单元", "{}单元", "{}门洞"))
            written, address = written + word.format(self._numeral(unit)), replace(address, unit=str(unit))
        elif dice.random() < 0.3:
            written, address = written + "无单元", replace(address, unit="无")
        if dice.random() < 0.3:
            written, address = written + f"{self._numeral(floor)}层", replace(address, floor=str(floor))
        if dice.random() < 0.8:
            word = dice.choice(("{}室", "{}室", "{}", "{}号", "{}户"))
            written, address = written + word.format(room), replace(address, room=room)
        return written, address

    def _aside(self, text: str, address: Address) -> tuple[str, Address]:
        chance = self.dice.random()
        if chance < 0.03:
            return f"{text}对面", replace(address, rest="对面")
        if chance < 0.06:
            person, telephone = self.dice.choice(_PEOPLE), f"139{self.dice.randrange(10**8):08d}"
            return f"{text} {person} {telephone}", replace(address, rest=f"{person} {telephone}")
        return text, address

    def _rewritten(self, text: str) -> str:
        """Digits and letters in full width, now and then."""
        if self.dice.random() < 0.1:
            return "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in text)
        return text
