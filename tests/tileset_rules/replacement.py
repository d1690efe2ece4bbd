"""Refinement by replacement by the rules: nothing vanishes when children take the place of their parent."""

from typing import Any

import numpy as np

from tests.tileset_rules.report import Report
from tests.tileset_rules.tile import Tile

_SUMS = ("count", "volume")
"""Columns whose totals a replacement keeps, where both sides have them."""


def check(root: Tile, report: Report) -> None:
    """Every tile that draws something and refines by replacement, against the tiles that replace it."""
    for tile in root.walk():
        if not tile.draws or not tile.children or tile.refine != "REPLACE":
            continue
        instead, holes = _replacing(tile)
        for hole in holes:
            report.add(hole.uri, "tree.hole", f"draws nothing, nor do those below, instead of {tile.uri}")
        if not holes:
            _features(tile, instead, report)


def _replacing(tile: Tile) -> tuple[list[Tile], list[Tile]]:
    """The nearest tiles below that draw, and the ends of branches without any."""
    instead, holes, waiting = [], [], list(tile.children)
    while waiting:
        below = waiting.pop()
        if below.draws:
            instead.append(below)
        elif below.children:
            waiting += below.children
        else:
            holes.append(below)
    return instead, holes


def _column(tiles: list[Tile], name: str) -> tuple[set[str], np.ndarray] | None:
    """The classes of the tables of some tiles, and one column of them all; None where one lacks it."""
    tables = [table for tile in tiles for table in tile.tables]
    if not tables or not all(name in table.columns for table in tables):
        return None
    return {table.class_name for table in tables}, np.concatenate([table.columns[name] for table in tables])


def _features(tile: Tile, instead: list[Tile], report: Report) -> None:
    before, after = _column([tile], "id"), _column(instead, "id")
    if before is None or after is None:
        return
    if before[0] == after[0] and len(before[0]) == 1 and _is_same_kind(tile, instead):
        lost, new = set(before[1].tolist()) - set(after[1].tolist()), set(after[1].tolist()) - set(before[1].tolist())
        if lost or new or len(after[1]) != len(before[1]):
            report.add(tile.uri, "tree.replaced", f"{len(lost)} features vanish, {len(new)} appear, or some twice")
        return
    for name in _SUMS:
        own, others = _column([tile], name), _column(instead, name)
        if own is None:
            continue
        total = float(np.sum(own[1], dtype=np.float64))
        if others is not None:
            found: Any = float(np.sum(others[1], dtype=np.float64))
        elif name == "count" and not own[0] & after[0]:
            found = float(len(after[1]))  # things counted are replaced by the things
        else:
            continue
        if abs(found - total) > 1e-4 * max(total, 1.0):
            report.add(tile.uri, "tree.replaced", f"{name} is {total:g}, of what replaces it {found:g}")


def _is_same_kind(tile: Tile, instead: list[Tile]) -> bool:
    """Whether ids name the same things on both sides: not so for aggregates, which have a count."""
    return not any("count" in table.columns for t in (tile, *instead) for table in t.tables)
