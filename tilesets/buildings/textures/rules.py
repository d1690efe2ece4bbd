"""Which computed picture the walls of a building get: a table of rules by use, era, roof and name; the first that fits wins.

The rules are the project's own reading of how the old town is built, not a survey of it: what they give is called
procedural wherever it is shown. A year that is not known counts as before every era: it fits no rule of what is built since.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from cim.assembly.material import Material
from cim.types import Bodies, BoolArray, RoofForm, Use


class WallTexture(IntEnum):
    """A computed picture of a wall; none: a plain colour."""

    none = 0
    grey_brick = 1
    """青砖, laid in courses, without an opening"""
    timber_front = 2
    """木构: three bays of lattice windows and doors between posts, over a brick sill"""
    plaster = 3
    """抹灰"""
    shopfront = 4
    """铺面: boards and a sign below, lattice windows above"""
    vermilion = 5
    """the red plaster of temples"""
    hall_front = 6
    """a timber front with red posts and a painted beam"""
    city_brick = 7
    """the large bricks of the city wall"""
    dwelling = 8
    """a bay of a modern block of flats: one window"""
    glass = 9
    """a bay of a curtain wall"""
    band_windows = 10
    """a bay of a school, a hospital, a works: windows side by side"""
    brick_windows = 11
    """a bay of a house of grey brick of several storeys, or of a plain one: a window with a timber frame"""
    brick_plinth = 12
    """青砖墙, 下碱: what low walls of grey brick show from the ground up, a plinth of closer bricks below"""
    plaster_plinth = 13
    """抹灰墙, 砖下碱: what low plastered walls show from the ground up, a plinth of bricks below"""


class Sides(IntEnum):
    """Which walls get the first picture of a rule; the others, and gables, get the second."""

    sunny = 0
    """long ones that do not face north: houses turn their backs to the wind"""
    long = 1
    every = 2


LONG_SHARE = 0.6
"""A wall is long from this share of the building's longest on."""
NORTH = 0.5
"""A wall whose outward direction has more than this of north in it faces north."""
MODERN_YEAR = 1980
"""From this year on houses are taken to be of concrete, or plastered over."""

TIMBER = frozenset(RoofForm) - {RoofForm.flat, RoofForm.shed, RoofForm.other}
"""Roofs on a timber frame, which are laid with tiles."""
_SACRED = frozenset({Use.religious, Use.heritage})
_TRADE = frozenset({Use.commercial, Use.office})
_LARGE = frozenset({Use.public, Use.education, Use.medical, Use.industrial, Use.transport})


@dataclass(frozen=True, slots=True)
class Rule:
    """front: on these sides; other: on the rest. Fits buildings of one of the uses and forms, built before a year or since
    it, of at most so many storeys, whose name or assembly has one of the words; None: of any.
    """

    front: WallTexture
    other: WallTexture
    sides: Sides = Sides.sunny
    uses: frozenset[Use] | None = None
    forms: frozenset[RoofForm] | None = None
    before: int | None = None
    since: int | None = None
    storeys: int | None = None
    words: tuple[str, ...] = ()

    def fits(self, rows: Bodies) -> BoolArray:
        """The rows (n,) that it fits."""
        found = np.ones(len(rows), dtype=np.bool_)
        if self.uses is not None:
            found &= np.isin(rows.use, list(self.uses))
        if self.forms is not None:
            found &= np.isin(rows.roof_form, list(self.forms))
        if self.before is not None:
            found &= rows.year < self.before
        if self.since is not None:
            found &= rows.year >= self.since
        if self.storeys is not None:
            found &= rows.storeys <= self.storeys
        if self.words:
            told = [f"{name or ''} {assembly or ''}" for name, assembly in zip(rows.name, rows.assembly, strict=True)]
            found &= np.array([any(word in text for word in self.words) for text in told], dtype=np.bool_)
        return found


_T = WallTexture
RULES = (
    Rule(_T.city_brick, _T.city_brick, Sides.every, words=("城墙", "瓮城", "城台", "马面", "敌台", "city_wall")),
    Rule(_T.hall_front, _T.vermilion, uses=_SACRED, forms=TIMBER),
    Rule(_T.vermilion, _T.vermilion, uses=_SACRED),
    Rule(_T.shopfront, _T.grey_brick, Sides.long, uses=_TRADE, forms=TIMBER, storeys=2),
    Rule(_T.brick_windows, _T.grey_brick, Sides.long, uses=_TRADE, forms=TIMBER),
    Rule(_T.shopfront, _T.plaster, Sides.long, uses=_TRADE, before=MODERN_YEAR, storeys=2),
    Rule(_T.glass, _T.plaster, Sides.every, uses=_TRADE),
    Rule(_T.timber_front, _T.plaster, forms=TIMBER, since=MODERN_YEAR, storeys=2),
    Rule(_T.timber_front, _T.grey_brick, forms=TIMBER, storeys=2),
    Rule(_T.brick_windows, _T.grey_brick, Sides.long, forms=TIMBER),
    Rule(_T.band_windows, _T.plaster, Sides.long, uses=_LARGE),
    Rule(_T.brick_windows, _T.grey_brick, Sides.sunny, before=MODERN_YEAR, storeys=3),
    Rule(_T.dwelling, _T.plaster, Sides.every),
)
"""In the order in which they are asked; the last fits all."""

FOOTED = {_T.grey_brick: _T.brick_plinth, _T.plaster: _T.plaster_plinth}
"""What a low wall shows that stands on the ground, in place of what its rule says."""

OF_MATERIAL = {Material.brick: _T.city_brick, Material.earth: _T.plaster, Material.plaster: _T.vermilion,
               Material.stone: _T.none, Material.glaze: _T.none, Material.tile: _T.none}  # fmt: skip
"""What a part of an assembly shows, whatever the rules say of its building; of timber and what is not told they decide."""


def chosen(rows: Bodies) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The pictures of front and other walls and the `Sides` of the front, codes (n,) each."""
    front, other, sides = (np.zeros(len(rows), dtype=np.uint8) for _ in range(3))
    for rule in reversed(RULES):
        fits = rule.fits(rows)
        front[fits], other[fits], sides[fits] = rule.front, rule.other, rule.sides
    return front, other, sides
