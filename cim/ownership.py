"""Ownership: exactly one unit of each level for a point, on borders and in the slits between neighbours too.

The rule, from the county downwards: among the units of a level that cover the point and lie under the owner of the level
above, the smallest code owns it. Units are closed polygons, so a point on a border lies in all that meet there; a point
nearer to a unit than `BORDER_M` counts as on its border. A point in none of them, but no farther than the gap (`GAP_M`)
from one, fell into a slit that digitising left: it belongs to the nearest, the smallest code of equals. Farther away nobody
owns it. A unit grid counts only where the unit that it divides owns the point. So the owners always lie in one another.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cim.divisions import LEVELS, is_under, level, parent

BORDER_M = 0.001
"""A point no farther than this from a unit lies on its border: degrees of a place are not exact to more."""
GAP_M = 1.0
"""The widest slit between neighbours that is taken for a fault of digitising."""


@dataclass(frozen=True, slots=True)
class Near:
    """A unit near a point: its code and how far the point lies from it, metres; 0 where it is covered."""

    code: str
    distance_m: float


def owner(units: Iterable[Near], gap_m: float = GAP_M) -> Near | None:
    """The one owner among units of one level; None where none is within the gap.

    >>> owner([Near("140214", 0.0), Near("140213", 0.0), Near("140212", 0.4)])
    Near(code='140213', distance_m=0.0)
    >>> owner([Near("140214", 0.4), Near("140213", 0.6)])
    Near(code='140214', distance_m=0.4)
    """
    near = [u for u in units if u.distance_m <= max(gap_m, BORDER_M)]
    if not near:
        return None
    covering = [u for u in near if u.distance_m <= BORDER_M]
    least = min(u.distance_m for u in near)
    return min(covering or [u for u in near if u.distance_m <= least + BORDER_M], key=lambda u: u.code)


def owners(units: Iterable[Near], gap_m: float = GAP_M, without: Collection[str] = ()) -> dict[str, Near]:
    """The owners of a point by level, coarsest first; levels that nobody owns it at are left out.

    units: all that are near, of whatever levels. without: codes that own nothing (statistical and old units).
    Raises BadInput for what is no division code.
    """
    found: dict[str, Near] = {}
    last: Near | None = None
    by_level: dict[str, list[Near]] = {}
    for near in units:
        if near.code not in without:
            by_level.setdefault(level(near.code), []).append(near)
    for name in LEVELS:
        here = by_level.get(name, [])
        if last is not None:
            codes = {n.code for n in found.values()}
            here = [n for n in here if (parent(n.code) in codes if name == "grid" else is_under(n.code, last.code))]
        one = owner(here, gap_m)
        if one is not None:
            found[name] = last = one
    return found
