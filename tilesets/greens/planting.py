"""Fixtures set on the ground that is served and turned to face their street. Pure but for the terrain that is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import shapely

from cim.crs import LONLAT, transform
from cim.fixtures import Fixtures
from cim.geometry import cell_keys
from cim.grounds import Grounds
from cim.types import FloatArray, IntArray, ObjectArray
from tilesets.buildings.site import Geoid
from tilesets.greens.areas import areas
from tilesets.greens.content import Planted
from tilesets.greens.kinds import NOTHING, Shape, shapes
from tilesets.greens.models import SIZES
from tilesets.greens.ramps import on_covers

STREET_REACH_M = 25.0
"""Furniture further from any street than this faces none (the project's own default)."""


class Heights(Protocol):
    """The terrain that fixtures stand on."""

    def heights(self, xy: FloatArray) -> FloatArray:
        """H (n,) of the finest served mesh at points (n, 2) of the city frame; NaN where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not drawn, by its reason: how many have a kind without a model (by the word), and how many no ground."""

    words: Mapping[str, int]
    no_ground: int

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(self.words.values()) + self.no_ground


def plant(rows: Fixtures, streets: Grounds, ground: Heights, geoid: Geoid, crs: str) -> tuple[Planted, LeftOut]:
    """The fixtures that can be drawn, in the order of the tile grid and ascending id, and what is left out.

    streets: what lies about them: they stand on it.
    """
    rows = rows.take(np.lexsort((rows.id, cell_keys(rows.xy))))
    shape = shapes(rows)
    unknown = rows.kind[shape == NOTHING].tolist()
    words = {str(word): unknown.count(word) for word in sorted(set(unknown), key=str)}
    rows, shape = rows.take(shape != NOTHING), shape[shape != NOTHING]
    height = ground.heights(rows.xy)
    stands = np.isfinite(height)
    rows, shape = rows.take(stands), shape[stands]
    above = on_covers(rows.xy, areas(streets))
    ellipsoidal = height[stands] + above + geoid.undulation(transform(rows.xy, crs, LONLAT))
    turn = turns(rows, shape, streets)
    return Planted(rows, shape, ellipsoidal, turn), LeftOut(words, int((~stands).sum()))


def turns(rows: Fixtures, shape: IntArray, streets: Grounds) -> FloatArray:
    """How far each (n,) is turned counter-clockwise, radians: its front to its street where its model asks for it."""
    spread = (rows.id.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    turn = spread.astype(np.float64) / 2.0**32 * 2.0 * np.pi
    fronts = np.array([SIZES[Shape(code)].front for code in shape.tolist()], dtype=object)
    turn[fronts == "south"] = 0.0
    lines = streets.shape[streets.layer == "roads"]
    asking = np.flatnonzero(fronts == "street")
    if not len(asking) or not len(lines):
        return turn
    points: ObjectArray = np.asarray(shapely.points(rows.xy[asking]))
    found, line = shapely.STRtree(lines).query_nearest(points, max_distance=STREET_REACH_M, all_matches=False)
    towards = shapely.get_coordinates(
        shapely.line_interpolate_point(lines[line], shapely.line_locate_point(lines[line], points[found]))
    )
    ahead = towards - rows.xy[asking[found]]
    turn[asking[found]] = np.arctan2(ahead[:, 0], -ahead[:, 1])
    return turn
