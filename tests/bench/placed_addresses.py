"""A made-up city of divisions and a file of its addresses beside the benchmark's footprints, with the known parts."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

from cim.address.gazetteer import Gazetteer
from cim.divisions import Tree, Unit
from tests.bench.sayings import Saying, sayings

CRS = "EPSG:4547"
COLUMNS = ("id", "address", "x", "y")
_VERSION = 1  # part of a file's name: raise it when the same seed would give other addresses
_ORIGIN, _ACROSS = (420_000.0, 4_420_000.0), 1_000
STREET_M, PLOT_M = 22.0, 24.0
"""the lattice of `tests.bench.footprints`, which is not imported: worker processes would wait for its libraries"""
_SIGNS = "青白红赤丹玄素翠碧金银铁石木林山川河湖海洋江溪泉井田园庄堡寨店铺桥坡岭沟湾滩峪"
_COUNTIES, _TOWNS, _COMMUNITIES = 10, 12, 15


def units(seed: int = 1) -> list[Unit]:
    """A city with 10 counties, 120 towns and 1,800 communities under one prefecture."""
    dice = random.Random(seed)
    found = [Unit("140200", "大同市")]

    def name(length: int = 2) -> str:
        return "".join(dice.sample(_SIGNS, length))

    for county in range(_COUNTIES):
        code = f"1402{county + 30}"
        found.append(Unit(code, name() + ("县" if county % 2 else "区")))
        for town in range(_TOWNS):
            below = f"{code}{town:03d}" if town else f"{code}100"
            found.append(Unit(below, name(3 if town % 2 else 2) + ("街道", "镇", "乡")[town % 3]))
            for community in range(1, _COMMUNITIES + 1):
                word = "社区居委会" if town % 3 == 0 else "村委会"
                found.append(Unit(f"{below}{community:03d}", name(3) + word))
    return found


def gazetteer() -> Gazetteer:
    """The names of that city."""
    return Gazetteer.of(Tree.of(units()))


def placed(count: int, seed: int = 1) -> Iterator[tuple[Saying, float, float]]:
    """Addresses with places in the city frame: one in ten stands in the street beside a footprint, the others in one."""
    dice = random.Random(seed)
    for number, said in enumerate(sayings(gazetteer(), count, seed)):
        east = _ORIGIN[0] + number % _ACROSS * STREET_M
        north = _ORIGIN[1] + number // _ACROSS * PLOT_M
        away = STREET_M / 2 if dice.random() < 0.1 else 0.0
        yield said, east + away, north


def kept(folder: Path, count: int, seed: int = 1) -> Path:
    """The CSV with `count` addresses in `folder`; made where it is not there yet, kept between runs."""
    path = folder / f"addresses-{_VERSION}-{count}-{seed}.csv"
    if not path.is_file():
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(COLUMNS)
            for number, (said, x, y) in enumerate(placed(count, seed)):
                lines.writerow((f"A{number:07d}", said.text, f"{x:.2f}", f"{y:.2f}"))
        unfinished.rename(path)
    return path


def count_of(path: Path) -> int:
    """How many addresses a file made by `kept` holds."""
    return int(path.stem.split("-")[2])


def table(folder: Path) -> Path:
    """The table of the made-up divisions as a file of layer division_codes."""
    path = folder / f"divisions-{_VERSION}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("code", "name"))
        lines.writerows((unit.code, unit.name) for unit in units())
    return path
