"""Buildings drawn by the surfaces that were delivered of them, and how far those stand off the served terrain. Pure."""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.boundary_mesh import surfaced
from cim.mesh import Mesh
from cim.types import Bodies, BoolArray, FloatArray, IntArray
from tilesets.buildings.looks import Look, pictures_of, worn
from tilesets.buildings.standing import Flaw, Standing, surfaces_of

SURFACES_UNUSABLE = "surfaces_unusable"
SURFACES_SKIPPED = "surfaces_skipped"

_CORNER_BYTES = 9  # about what a corner of a surface adds to a tile, gzipped: three vertices of 16 bytes, mostly alike


@dataclass(frozen=True, slots=True)
class Drawn:
    """What can be drawn by its surfaces. mesh: `feature` is the row; None where nothing is. rows: (n,) whose surfaces are
    in it. looks: what its `look` counts.
    """

    mesh: Mesh | None
    rows: BoolArray
    flaws: tuple[Flaw, ...]
    looks: tuple[Look, ...] = ()


def draw(standing: Standing, wanted: BoolArray) -> Drawn:
    """The surfaces of the wanted rows (n,) that have any, at the heights that the rows stand at.

    Surfaces of the city's heights are lifted by the geoid under their building, one value for all of it; those above their
    base stand on the base that is drawn. What has no area is left out and told; a row of which nothing is left is not
    drawn here.
    """
    rows = standing.rows
    index = np.flatnonzero(wanted & surfaces_of(rows))
    nothing = np.zeros(len(rows), dtype=np.bool_)
    if len(index) == 0:
        return Drawn(None, nothing, ())
    bodies: list[Boundary] = rows.boundary[index].tolist()
    above = np.array([body.above_base for body in bodies], dtype=np.bool_)
    lift = np.where(above, standing.base_m[index], standing.undulation_m[index])
    found = surfaced(bodies, lift)
    left = np.bincount(found.mesh.feature, minlength=len(index)) > 0
    drawn = nothing.copy()
    drawn[index[left]] = True
    flaws = _told(rows.take(index), found.skipped, left, np.array([len(body) for body in bodies]))
    mesh = found.mesh
    looks, look = worn(bodies, lift, found)
    whole = replace(mesh, feature=index[mesh.feature], look=look)
    return Drawn(whole if left.any() else None, drawn, flaws, looks)


def _told(rows: Bodies, skipped: IntArray, left: BoolArray, counts: IntArray) -> tuple[Flaw, ...]:
    flaws = []
    for row in np.flatnonzero(skipped > 0).tolist():
        id, cell = int(rows.id[row]), int(rows.cell[row])
        what = f"building {id}: {skipped[row]} of {counts[row]} surfaces have no area or cross themselves"
        if left[row]:
            flaws.append(Flaw(id, SURFACES_SKIPPED, what, "drawn without them", cell))
        else:
            flaws.append(Flaw(id, SURFACES_UNUSABLE, what, "drawn by its footprint and roof form", cell))
    return tuple(flaws)


def cost(rows: Bodies) -> IntArray:
    """About how many gzipped bytes the surfaces of each row (n,) add to a refined tile, their pictures apart."""
    found = np.zeros(len(rows), dtype=np.int64)
    for row in np.flatnonzero(surfaces_of(rows)).tolist():
        corners = int(shapely.get_num_coordinates(rows.boundary[row].polygons).sum())
        found[row] = _CORNER_BYTES * corners
    return found


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures that came with some rows. row: (k,) rising; picture: (k,) which one it shows; size: (p,) their bytes."""

    row: IntArray
    picture: IntArray
    size: IntArray

    @classmethod
    def of(cls, rows: Bodies) -> "Pictures":
        """Those of these rows."""
        numbers: dict[str, int] = {}
        pairs = [
            (row, numbers.setdefault(packed, len(numbers)))
            for row in np.flatnonzero(surfaces_of(rows)).tolist()
            for packed in pictures_of(rows.boundary[row])
        ]
        row, picture = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return cls(row, picture, np.array([len(packed) * 3 // 4 for packed in numbers], dtype=np.int64))

    def cost(self, start: int, stop: int) -> int:
        """About how many bytes they add to a tile of the rows from `start` up to `stop`, where each lies once."""
        first, last = np.searchsorted(self.row, [start, stop])
        return int(self.size[np.unique(self.picture[first:last])].sum())


def error(standing: Standing) -> FloatArray:
    """How wrong a block may be for each row (n,), metres: as much as its roof is high, or all of it where none is told."""
    whole = surfaces_of(standing.rows) & ~np.isfinite(standing.rows.eaves_m)
    low = np.where(whole, standing.base_m, standing.eaves_m)
    return np.asarray(standing.top_m - low)
