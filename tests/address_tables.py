"""The labelled addresses and the real table of divisions, for whoever judges the parser."""

import csv
from pathlib import Path

from cim import divisions
from cim.address.gazetteer import Gazetteer
from cim.divisions import Tree, Unit

FOLDER = Path(__file__).resolve().parent / "addresses"
CODES = FOLDER.parents[1] / "data_samples" / "datong" / "division_codes.csv"


def gazetteer(shared: Path) -> Gazetteer:
    """Of the real table of divisions, with the old units of the sample's."""
    units: dict[str, Unit] = {}
    with (shared / "admin" / "datong_divisions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            units[row["code"]] = Unit(row["code"], row["name"], row["parent_code"])
    with CODES.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            units.setdefault(row["code"], divisions.unit(row))
    return Gazetteer.of(Tree.of(units.values()))


def labelled(path: Path) -> list[dict[str, str]]:
    """The rows of a table of labelled addresses."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
