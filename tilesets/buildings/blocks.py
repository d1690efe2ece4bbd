"""The city from far away: the buildings of each grid cell as one box of their volume, plan area and mean height. Pure.

A box stands at the centre of its buildings' areas, within their extent. Sums run cell by cell up the grid, always in
the same order, so that they depend on the rows alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cim.geometry import LATTICE_M, Rings, snap
from cim.mesh import extrude
from cim.types import Bodies, CimLevel, FloatArray, IntArray, Use
from tilesets.buildings.palette import colours
from tilesets.gltf import glb as gltf
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import Frame, grown, place
from tilesets.spec import Region

BLOCK_LIMIT = 8192
"""Most boxes in one tile: cells grow until there are no more (about 300 KiB gzipped)."""
_SMALLEST_M = 1.0


@dataclass(frozen=True, slots=True)
class Mass:
    """What stands in the occupied cells of one depth, as columns (k,), keys rising.

    area: square metres of footprint; volume: cubic metres above the bases; moment: (k, 2) area times anchor east and
    north; base: area times ellipsoidal height of the base; bounds: (k, 4) west, south, east, north of the footprints;
    use: (k, uses) volume by use; synthetic: buildings that a generator made.
    """

    key: IntArray
    count: IntArray
    area: FloatArray
    volume: FloatArray
    moment: FloatArray
    base: FloatArray
    bounds: FloatArray
    use: FloatArray
    synthetic: IntArray

    def __len__(self) -> int:
        return len(self.key)


def weigh(rows: Bodies, undulation_m: FloatArray) -> Mass:
    """The mass of buildings by 64 m cell. rows: drawable, sorted by cell; undulation_m: (n,)."""
    area = shapely.area(rows.geometry)
    volume = area * rows.height_m
    use = np.zeros((len(rows), len(Use)))
    use[np.arange(len(rows)), np.minimum(rows.use, len(Use) - 1)] = volume
    centre = shapely.centroid(rows.geometry)
    return _gather(
        Mass(
            key=rows.cell,
            count=np.ones(len(rows), dtype=np.int64),
            area=area,
            volume=volume,
            moment=np.column_stack([shapely.get_x(centre), shapely.get_y(centre)]) * area[:, None],
            base=area * (rows.base_m + undulation_m),
            bounds=shapely.bounds(rows.geometry),
            use=use,
            synthetic=rows.is_synthetic.astype(np.int64),
        ),
        rows.cell,
    )


def coarsen(mass: Mass) -> Mass:
    """The same mass by cells of twice the side."""
    return _gather(mass, mass.key >> 2)


def merge(parts: list[Mass]) -> Mass:
    """Masses of one depth, in rising order of key, as one; the parts of a cell that lies in two are added."""
    whole = Mass(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Mass.__slots__})
    return _gather(whole, whole.key)


def fit(mass: Mass, depth: int, limit: int = BLOCK_LIMIT) -> tuple[Mass, int]:
    """The finest mass of at most `limit` cells, and its depth."""
    while len(mass) > limit:
        mass, depth = coarsen(mass), depth + 1
    return mass, depth


def content(mass: Mass, depth: int, frame: Frame) -> tuple[bytes, Region]:
    """The GLB of one box per cell, and the region that holds them.

    Its features' ids are the cell's key and depth (key * 32 + depth), never a building's.
    """
    plan, low, high = _boxes(mass)
    count = len(mass)
    every = np.arange(count)
    shape = Rings(plan.reshape(-1, 2), np.arange(count + 1) * 4, every, every)
    mesh, _ = extrude(shape, low, high)
    placed = place(mesh, np.zeros(count), frame)
    position = gltf.quantise(placed.position, per_axis=True)
    use = mass.use.argmax(axis=1).astype(np.uint8)
    model = gltf.Model(
        position=position,
        normal=placed.normal,
        colour=colours(use[mesh.feature], np.zeros(len(mesh.z), dtype=np.uint8), mesh.surface),
        feature=mesh.feature,
        triangles=mesh.triangles,
        pose=frame.pose(),
        table=_table(mass, depth, use, high - low),
    )
    region = grown(placed.region, float(position.step[0]), float(position.step[2]))
    return gltf.encode(model), region


def _gather(mass: Mass, key: IntArray) -> Mass:
    """Sums over runs of equal keys; keys must rise."""
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))

    def total(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.add.reduceat(values, starts, axis=0)

    low = np.minimum.reduceat(mass.bounds[:, :2], starts, axis=0)
    high = np.maximum.reduceat(mass.bounds[:, 2:], starts, axis=0)
    sums = {name: total(getattr(mass, name)) for name in Mass.__slots__ if name not in ("key", "bounds")}
    return Mass(key=key[starts], bounds=np.hstack([low, high]), **sums)  # type: ignore[arg-type]


def _boxes(mass: Mass) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Plan corners (k, 4, 2) anticlockwise, and lowest and highest ellipsoidal height (k,) of each box.

    The sides keep the proportions of the extent and enclose the footprints' area, or the extent where that is less.
    """
    low, high = mass.bounds[:, :2], mass.bounds[:, 2:]
    extent = np.maximum(high - low, _SMALLEST_M)
    share = np.minimum(1.0, np.sqrt(mass.area / (extent[:, 0] * extent[:, 1])))
    half = np.maximum(extent * share[:, None], _SMALLEST_M) / 2.0
    centre = mass.moment / mass.area[:, None]
    # The centre may lie so that the box would stick out of its buildings' extent: move it in.
    centre = np.clip(centre, np.minimum(low + half, high), np.maximum(high - half, low))
    west_south, east_north = snap(centre - half), snap(centre + half)
    side = np.maximum(east_north - west_south, LATTICE_M)
    west, south = west_south.T
    east, north = (west_south + side).T
    plan = np.stack([west, south, east, south, east, north, west, north], axis=1).reshape(-1, 4, 2)
    bottom = mass.base / mass.area
    return plan, bottom, bottom + mass.volume / (side[:, 0] * side[:, 1])


def _table(mass: Mass, depth: int, use: npt.NDArray[np.uint8], height: FloatArray) -> PropertyTable:
    count = len(mass)
    return PropertyTable(
        "block",
        count,
        (
            Property("id", (mass.key << 5) | depth, "Grid cell of the block: key * 32 + depth"),
            Property("count", mass.count.astype(np.uint32), "Buildings in the block"),
            Property("volume", mass.volume.astype(np.float32), "Volume of the buildings, cubic metres"),
            Property("height", height.astype(np.float32), "Mean height above the base, metres"),
            Property("use", use, "Use of the largest share of the volume", choices=Use),
            Property("cim_level", np.full(count, CimLevel.L2, dtype=np.uint8), "Grade of the model", choices=CimLevel),
            Property("lod", np.zeros(count, dtype=np.float32), "Level of detail: 0, a block of buildings"),
            Property("is_synthetic", mass.synthetic > 0, "Some of the buildings were made by a generator"),
        ),
    )
