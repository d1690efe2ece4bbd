"""The whole check of one tileset."""

from pathlib import Path

from tests.tileset_rules import replacement, statistics
from tests.tileset_rules.catalogue import is_house
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Folder, Shelf
from tests.tileset_rules.walk import Walk


def check(shelf: Shelf, uri: str, *, house: bool = True) -> Report:
    """Every violation in the tileset whose root JSON has this URI. house: also the rules that are the project's own."""
    report = Report()
    root = Walk(shelf, report).tileset(uri, None)
    if root is not None:
        replacement.check(root, report)
        statistics.check(root, report)
    if not house:
        report.violations = [v for v in report.violations if not is_house(v.rule)]
    report.violations = sorted(set(report.violations))
    return report


def check_folder(folder: Path, tileset: str = "city", *, house: bool = True) -> Report:
    """The same for a folder as published. tileset: its name ({tileset}/tileset.json), or the path of its JSON."""
    uri = tileset if tileset.endswith(".json") else f"{tileset}/tileset.json"
    return check(Folder(folder), uri, house=house)
