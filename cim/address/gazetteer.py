"""The gazetteer: every name that a division goes by in addresses, and the units that it may mean. Pure, made once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cim import divisions
from cim.address.provinces import PROVINCES
from cim.divisions import Tree

_COMMUNITY = re.compile("^(.+?)(居民委员会|居委会|村民委员会|村委会|)$")
_GENERIC = re.compile("(?:街道|地区|[乡镇区县市旗省]|(?:[^\\W\\d]族|维吾尔)?自治[区县州旗]|特别行政区)$")
_STREET = re.compile("(?:[街路巷道]|胡同)$")
_COMMITTEES = ("居民委员会", "居委会", "村民委员会", "村委会")


@dataclass(frozen=True, slots=True)
class Place:
    """A unit in force: its standard name, its level, and the codes from the province down to itself."""

    name: str
    level: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """The units that a name means where it is written in full, and those whose bare name it is."""

    full: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names and units for the parser; made by `Gazetteer.of`.

    lengths: of the names by their first two characters, longest first. villages: by town, the communities by bare name.
    old: what became of units that are no longer in force, several counties where one was divided among them.
    """

    places: Mapping[str, Place]
    names: Mapping[str, Name]
    lengths: Mapping[str, tuple[int, ...]]
    villages: Mapping[str, Mapping[str, str]]
    old: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, tree: Tree) -> "Gazetteer":
        """The gazetteer of a table of divisions; units without a name and statistical grids are passed over."""
        places = _places(tree)
        old = _old(tree, places)
        full: dict[str, list[str]] = {}
        bare: dict[str, list[str]] = {}
        for code, place in places.items():
            for name in _full_names(place, places):
                full.setdefault(name, []).append(code)
            for name in _bare_names(place):
                bare.setdefault(name, []).append(code)
        for code in old:
            full.setdefault(str(tree.units[code].name), []).append(code)
        villages = _villages(places)
        bearers: dict[str, list[str]] = {}
        for below in villages.values():
            for name, code in below.items():
                bearers.setdefault(name, []).append(code)
        names = {key: Name(tuple(full.get(key, ())), _fitting(key, bare, bearers, places)) for key in {**full, **bare}}
        lengths: dict[str, set[int]] = {}
        for key in names:
            lengths.setdefault(key[:2], set()).add(len(key))
        return cls(places, names, {k: tuple(sorted(v, reverse=True)) for k, v in lengths.items()}, villages, old)

    def county(self, code: str) -> str:
        """The code of the county that a unit is or lies in; empty above the counties."""
        path = self.places[code].path
        return path[2] if len(path) > 2 else ""

    def town(self, code: str) -> str:
        """The code of the town that a unit is or lies in; empty above the towns."""
        path = self.places[code].path
        return path[3] if len(path) > 3 else ""


def standard_name(name: str, level: str) -> str:
    """A unit's name as addresses carry it: a community ends in 社区 or 村, without the word of its committee.

    >>> standard_name("鼓楼社区居委会", "community"), standard_name("李二口村委会", "community")
    ('鼓楼社区', '李二口村')
    """
    found = _COMMUNITY.match(name) if level == "community" else None
    if found is None or found[1].endswith(("社区", "村")):
        return found[1] if found else name
    return found[1] + ("村" if found[2].startswith("村") else "社区")


def _places(tree: Tree) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for code, unit in sorted(tree.units.items()):
        level = divisions.level(code)
        if not unit.name or tree.is_old(code) or level == "grid":
            continue
        above = list(reversed(divisions.lineage(code)))
        if level != "province":
            places.setdefault(above[0], Place(PROVINCES.get(code[:2], ""), "province", (above[0],)))
        if all(c in places for c in above):
            places[code] = Place(standard_name(unit.name.strip(), level), level, (*above, code))
    return places


def _full_names(place: Place, places: Mapping[str, Place]) -> Iterable[str]:
    name = place.name
    if not name:
        return
    yield name
    if place.level == "county":
        province = places[place.path[0]].name
        if name.startswith(_GENERIC.sub("", province)):
            yield _GENERIC.sub("", name[len(_GENERIC.sub("", province)) :]) or name
            yield name[len(_GENERIC.sub("", province)) :]
    if place.level == "town" and name.endswith("街道"):
        stem = name[:-2]
        yield from (f"{name}办事处", f"{name}办", f"{stem}办事处", f"{stem}街办")
        if stem.endswith("街"):
            yield f"{stem}办"
    if place.level == "community":
        stem = _stem(place)
        for committee in _COMMITTEES:
            yield f"{name}{committee}"
            if name.endswith("社区") == committee.startswith("居"):
                yield f"{stem}{committee}"


def _bare_names(place: Place) -> Iterable[str]:
    """A name without its generic word; one that would be a street's cannot stand so."""
    if place.level == "community" or not place.name:
        return
    stem = _GENERIC.sub("", place.name)
    if len(stem) > 1 and stem != place.name and not _STREET.search(stem):
        yield stem


def _stem(place: Place) -> str:
    return place.name[:-2] if place.name.endswith("社区") else place.name[:-1]


def _villages(places: Mapping[str, Place]) -> dict[str, dict[str, str]]:
    below: dict[str, dict[str, str]] = {}
    for code, place in places.items():
        if place.level == "community":
            below.setdefault(place.path[3], {}).setdefault(_stem(place), code)
    return below


def _fitting(
    key: str, bare: Mapping[str, list[str]], bearers: Mapping[str, list[str]], places: Mapping[str, Place]
) -> tuple[str, ...]:
    """The units whose bare name this is, with the communities outside a town that bear its name too."""
    towns = [code for code in bare.get(key, ()) if places[code].level == "town"]
    outside = [c for c in bearers.get(key, ()) if places[c].path[3] not in towns] if towns else []
    return (*bare.get(key, ()), *outside)


def _old(tree: Tree, places: Mapping[str, Place]) -> dict[str, tuple[str, ...]]:
    """What became of each old county: those that share successors were divided anew together, among all of these."""
    successors = {
        code: {s.code for s in unit.successors if s.code in places}
        for code, unit in tree.units.items()
        if unit.is_old and unit.name and divisions.level(code) == "county"
    }
    found: dict[str, tuple[str, ...]] = {}
    for code, own in successors.items():
        among = set(own)
        while True:
            wider = among.union(*(other for other in successors.values() if other & among))
            if wider == among:
                break
            among = wider
        if among:
            found[code] = tuple(sorted(among))
    return found
