"""Trees, benches and streets about the sample city's centre for the tests, and a hilly ground of known triangles."""

import numpy as np
import shapely

from cim.fixtures import Fixtures
from cim.grounds import Grounds
from cim.types import Box, FloatArray, ObjectArray
from tests.sample_city import CENTRE

KINDS = ("broadleaf", "conifer", "weeping", "columnar", "shrub")


def words(values: list[str | None]) -> ObjectArray:
    """Text as a column."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def fixtures(count: int, *, seed: int = 3, width_m: float = 560.0) -> Fixtures:
    """Trees of all kinds spread over a square, every tenth of unknown size, and every fifth a bench instead."""
    random = np.random.default_rng(seed)
    bench = np.arange(count) % 5 == 4
    height = np.where(np.arange(count) % 10 == 0, np.nan, random.uniform(2.0, 16.0, count))
    return Fixtures(
        id=np.arange(count, dtype=np.int64) + 2**33,
        layer=words(["components" if one else "trees" for one in bench]),
        kind=words(["座椅" if one else KINDS[k % 5] for k, one in enumerate(bench)]),
        species=words([None if one else "国槐" for one in bench]),
        name=words([None] * count),
        xy=CENTRE + random.uniform(-width_m / 2, width_m / 2, (count, 2)),
        height_m=np.where(bench, np.nan, height),
        crown_m=np.where(bench, np.nan, np.round(height * 0.6, 1)),
        source=words(["generator"] * count),
        is_synthetic=np.ones(count, dtype=np.bool_),
        accuracy_m=np.full(count, np.nan),
    )


def grounds(*shapes: tuple[shapely.Geometry, float], kind: str = "lane") -> Grounds:
    """Streets of these lines and widths, all of one class, and water of these areas (width NaN)."""
    width = np.array([wide for _, wide in shapes], dtype=np.float64)
    count = len(shapes)
    placed = [shapely.transform(shape, lambda xy: xy + CENTRE) for shape, _ in shapes]
    shape = np.empty(count, dtype=object)
    shape[:] = placed
    return Grounds(
        id=np.arange(count, dtype=np.int64) + 7,
        layer=words(["water" if np.isnan(wide) else "roads" for wide in width]),
        kind=words([None if np.isnan(wide) else kind for wide in width]),
        name=words([None] * count),
        shape=shape,
        width_m=width,
        source=words(["generator"] * count),
        is_synthetic=np.ones(count, dtype=np.bool_),
        accuracy_m=np.full(count, np.nan),
    )


class Tiled:
    """A hilly ground of triangles: squares of 20 m, cut from south-west to north-east, linear on each half."""

    side = 20.0

    def _corner(self, at: FloatArray) -> FloatArray:
        return np.asarray(1040.0 + 3.0 * np.sin(at[:, 0] * 0.7) + 2.0 * np.cos(at[:, 1] * 1.1))

    def heights(self, xy: FloatArray) -> FloatArray:
        """On the triangles."""
        at = (xy - CENTRE) / self.side
        cell = np.floor(at)
        u, v = (at - cell).T
        sw, se, nw, ne = (self._corner(cell + [a, b]) for b in (0, 1) for a in (0, 1))
        return np.where(u >= v, sw + u * (se - sw) + v * (ne - se), sw + v * (nw - sw) + u * (ne - nw))

    def facets(self, box: Box) -> ObjectArray:
        """The triangles over a box."""
        low = np.floor((np.array([box.west, box.south]) - CENTRE) / self.side)
        high = np.ceil((np.array([box.east, box.north]) - CENTRE) / self.side)
        i, j = (part.ravel() for part in np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1])))
        west, south = CENTRE[0] + i * self.side, CENTRE[1] + j * self.side
        east, north = west + self.side, south + self.side
        lower = np.stack([west, south, east, south, east, north], axis=1)
        upper = np.stack([west, south, east, north, west, north], axis=1)
        return np.asarray(shapely.polygons(np.concatenate([lower, upper]).reshape(-1, 3, 2)))
