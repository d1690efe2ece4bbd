"""What stands in the cells of the grid, in whole numbers: sums that come out the same in whatever order they are made. Pure.

Areas and volumes are counted in steps of the city lattice (1/64 m): of footprints on the lattice they are integers. How the
volume lies in a cell is counted in metres about its south-west corner, rounded once a building, which keeps it in 64 bits.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.geometry import LATTICE_M, Rings, cell_corners, cell_size
from cim.types import FloatArray, IntArray, RoofForm, Use
from tilesets.buildings.standing import Standing

PER_METRE = round(1.0 / LATTICE_M)


@dataclass(frozen=True, slots=True)
class Mass:
    """What stands in the occupied cells of one depth, as int64 columns (k,), keys rising.

    count: buildings. area: twice the footprints' area, lattice steps squared. volume: area times height. weight: cubic
    metres; first, second: (k, 2) moments of the weight about the cell's corner, east and north. base: area times the
    ellipsoidal height of the base. foot: the lowest foot of a wall, lattice steps. bounds: (k, 4) west, south, east,
    north of the footprints, lattice steps. use: (k, uses) volume by use. pitched: volume under roofs that are not flat.
    synthetic: buildings that a generator made. cost: bytes that the buildings are estimated to need in a tile.
    """

    key: IntArray
    count: IntArray
    area: IntArray
    volume: IntArray
    weight: IntArray
    first: IntArray
    second: IntArray
    base: IntArray
    foot: IntArray
    bounds: IntArray
    use: IntArray
    pitched: IntArray
    synthetic: IntArray
    cost: IntArray

    def __len__(self) -> int:
        return len(self.key)

    def take(self, index: npt.NDArray[np.bool_] | slice) -> "Mass":
        """The cells that `index` selects."""
        return Mass(**{name: getattr(self, name)[index] for name in self.__slots__})


_WIDTHS = {"first": 2, "second": 2, "bounds": 4, "use": len(Use)}
NO_MASS = Mass(**{n: np.zeros((0, _WIDTHS[n]) if n in _WIDTHS else 0, dtype=np.int64) for n in Mass.__slots__})
"""Nothing stands anywhere."""


def weigh(standing: Standing) -> Mass:
    """The mass of buildings by 64 m cell."""
    rows, count = standing.rows, len(standing)
    if count == 0:
        return NO_MASS
    area, centre, variance = _shape(standing.shape, count)
    height = steps(standing.top_m - standing.base_m)
    volume = area * height
    weight = np.maximum(np.rint(volume / (2.0 * PER_METRE**3)), 1.0)
    away = centre - cell_corners(rows.cell)
    use = np.zeros((count, len(Use)), dtype=np.int64)
    use[np.arange(count), np.minimum(rows.use, len(Use) - 1)] = volume
    return _gather(
        Mass(
            key=rows.cell,
            count=np.ones(count, dtype=np.int64),
            area=area,
            volume=volume,
            weight=weight.astype(np.int64),
            first=np.rint(weight[:, None] * away).astype(np.int64),
            second=np.rint(weight[:, None] * (away**2 + variance)).astype(np.int64),
            base=area * steps(standing.base_m),
            foot=steps(standing.foot_m),
            bounds=_bounds(standing.shape, count),
            use=use,
            pitched=np.where(rows.roof_form == RoofForm.flat, 0, volume),
            synthetic=rows.is_synthetic.astype(np.int64),
            cost=standing.cost,
        ),
        rows.cell,
    )


def steps(metres: FloatArray) -> IntArray:
    """Lengths in whole steps of the lattice."""
    return np.rint(metres * PER_METRE).astype(np.int64)


def coarsen(mass: Mass, depth: int) -> Mass:
    """The same mass of cells of `depth`, by cells of twice the side."""
    side = round(cell_size(depth))
    shift = np.column_stack([mass.key & 1, (mass.key >> 1) & 1]) * side
    weight = mass.weight[:, None]
    columns = {name: getattr(mass, name) for name in Mass.__slots__}
    columns["first"] = mass.first + weight * shift
    columns["second"] = mass.second + 2 * shift * mass.first + shift * shift * weight
    return _gather(Mass(**columns), mass.key >> 2)


def merge(parts: list[Mass]) -> Mass:
    """Masses of one depth as one, keys rising; the parts of a cell that lies in two are added. Nothing for none."""
    parts = parts or [NO_MASS]
    whole = Mass(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Mass.__slots__})
    order = np.argsort(whole.key, kind="stable")
    whole = Mass(**{name: getattr(whole, name)[order] for name in Mass.__slots__})
    return _gather(whole, whole.key)


def at_depth(mass: Mass, depth: int) -> Mass:
    """The mass of 64 m cells by cells of a depth."""
    for finer in range(depth):
        mass = coarsen(mass, finer)
    return mass


def replaced(mass: Mass, cells: IntArray, fresh: Mass) -> Mass:
    """The mass with what stood in these cells (sorted keys) taken out, and a fresh one of them put in."""
    kept = mass.take(~np.isin(mass.key, cells))
    return merge([kept, fresh]) if len(fresh) else kept


def occupied(keys: IntArray, depths: int) -> tuple[int, ...]:
    """How many cells of each depth from 0 to `depths` these sorted keys of depth 0 lie in."""
    return tuple(int((np.diff(keys >> (2 * depth)) != 0).sum()) + 1 if len(keys) else 0 for depth in range(depths + 1))


def _gather(mass: Mass, key: IntArray) -> Mass:
    """Sums over runs of equal keys; keys must rise."""
    if len(key) == 0:
        return mass
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    if len(starts) == len(key):
        return Mass(**{name: getattr(mass, name) for name in Mass.__slots__} | {"key": key})
    low = np.minimum.reduceat(mass.bounds[:, :2], starts, axis=0)
    high = np.maximum.reduceat(mass.bounds[:, 2:], starts, axis=0)
    foot = np.minimum.reduceat(mass.foot, starts)
    summed = [name for name in Mass.__slots__ if name not in ("key", "bounds", "foot")]
    sums = {name: np.add.reduceat(getattr(mass, name), starts, axis=0) for name in summed}
    return Mass(key=key[starts], bounds=np.hstack([low, high]), foot=foot, **sums)


def _shape(shape: Rings, count: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Of each footprint: twice its area (n,), lattice steps squared; its centroid (n, 2), metres; and how far it spreads
    about it, east and north (n, 2): the variance of its area, square metres.

    Sums run round each ring in the order of its vertices, so they are a function of the footprint alone.
    """
    owner = shape.feature_of_vertex()
    start = shape.xy[np.searchsorted(owner, np.arange(count))]
    here = shape.xy - start[owner]
    ahead = here[shape.following()]
    cross = here[:, 0] * ahead[:, 1] - here[:, 1] * ahead[:, 0]

    def total(values: FloatArray) -> FloatArray:
        return np.column_stack([np.bincount(owner, weights=column, minlength=count) for column in values.T])

    twice = np.bincount(owner, weights=cross, minlength=count)
    centre = total((here + ahead) * cross[:, None]) / (3.0 * twice[:, None])
    second = total((here**2 + here * ahead + ahead**2) * cross[:, None]) / (6.0 * twice[:, None])
    area = np.rint(twice * PER_METRE**2).astype(np.int64)
    return area, start + centre, np.maximum(second - centre**2, 0.0)


def _bounds(shape: Rings, count: int) -> IntArray:
    owner, at = shape.feature_of_vertex(), steps(shape.xy)
    return np.hstack([_by_row(np.minimum, at, owner, count), _by_row(np.maximum, at, owner, count)])


def _by_row(reduce: np.ufunc, values: IntArray, owner: IntArray, count: int) -> IntArray:
    """`reduce` over the values (v, k) of each owner 0..count-1; owners rise and each has a value."""
    starts = np.searchsorted(owner, np.arange(count))
    found: IntArray = reduce.reduceat(values, starts, axis=0)
    return found
