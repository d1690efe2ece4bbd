"""The city from far away: the buildings of each grid cell as one box of their volume. Pure.

A box stands about the centre of its buildings' volume and spreads as it does; its volume above the mean base is theirs.
"""

import numpy as np

from cim.geometry import LATTICE_M, cell_corners, snap
from cim.mesh import boxes
from cim.types import CimLevel, FloatArray, RoofForm, Use
from tilesets.buildings.mass import PER_METRE, Mass
from tilesets.buildings.palette import colours
from tilesets.gltf import glb as gltf
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import EARTH_M, Frame, Placed, grown, place
from tilesets.spec import Region

_SMALLEST_M = 1.0


def content(mass: Mass, depth: int, frame: Frame) -> tuple[bytes, Region]:
    """The GLB of one box per cell, and the region that holds them.

    Its features' ids are the cell's key and depth (key * 32 + depth), never a building's.
    """
    plan, base, top = _boxes(mass, depth)
    mesh = boxes(plan, np.minimum(mass.foot / PER_METRE, base), top)
    placed = place(mesh, frame)
    position = gltf.quantise(placed.position, per_axis=True)
    use = mass.use.argmax(axis=1).astype(np.uint8)
    # Covered as most of what it stands for is: the tiled old town does not change its colour when one comes near.
    form = np.where(2 * mass.pitched > mass.volume, RoofForm.gable, RoofForm.flat).astype(np.uint8)
    model = gltf.Model(
        position=position,
        normal=placed.normal,
        colour=colours(use[mesh.feature], form[mesh.feature], mesh.surface),
        feature=mesh.feature,
        triangles=mesh.triangles,
        pose=frame.pose(),
        table=table(mass, depth),
    )
    return gltf.encode(model), _grown(placed, position)


def _grown(placed: Placed, position: gltf.Quantised) -> Region:
    """The region that also holds the vertices as they were rounded.

    Far from the tile's middle its upright leans against the Earth's there: a step in plan is then partly one in height.
    """
    plan, height = float(position.step[0]), float(position.step[2])
    reach = float(np.hypot(placed.position[:, 0], placed.position[:, 1]).max())
    return grown(placed.region, plan, height + plan * reach / EARTH_M)


def _boxes(mass: Mass, depth: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Plan corners (k, 4, 2) anticlockwise, and the ellipsoidal height (k,) of base and top of each box.

    A box spreads as its buildings' volume does: about the same centre, with the same variance east and north (a side is
    the square root of twelve times it), within their extent. Its height makes up their volume.
    """
    weight = mass.weight[:, None].astype(np.float64)
    away = mass.first / weight
    side = np.sqrt(12.0 * np.maximum(mass.second / weight - away**2, 0.0))
    low, high = mass.bounds[:, :2] / PER_METRE, mass.bounds[:, 2:] / PER_METRE
    half = np.maximum(np.minimum(side, high - low), _SMALLEST_M) / 2.0
    centre = cell_corners(mass.key, depth) + away
    # Where the box would stick out of its buildings' extent, it is moved in.
    centre = np.clip(centre, np.minimum(low + half, high), np.maximum(high - half, low))
    west_south = snap(centre - half)
    side = np.maximum(snap(centre + half) - west_south, LATTICE_M)
    west, south = west_south.T
    east, north = (west_south + side).T
    plan = np.stack([west, south, east, south, east, north, west, north], axis=1).reshape(-1, 4, 2)
    base = mass.base / (mass.area * PER_METRE)
    volume = mass.volume / (2.0 * PER_METRE**3)
    return plan, base, base + volume / (side[:, 0] * side[:, 1])


def table(mass: Mass, depth: int) -> PropertyTable:
    """The attributes of blocks, one row each. The box spreads wider than the buildings do, so it is lower than they are."""
    count, use = len(mass), mass.use.argmax(axis=1).astype(np.uint8)
    volume = (mass.volume / (2.0 * PER_METRE**3)).astype(np.float32)
    height = (mass.volume / (mass.area * PER_METRE)).astype(np.float32)
    return PropertyTable(
        "block",
        count,
        (
            Property("id", (mass.key << 5) | depth, "Grid cell of the block: key * 32 + depth"),
            Property("count", mass.count.astype(np.uint32), "Buildings in the block"),
            Property("volume", volume, "Volume of the buildings, cubic metres"),
            Property("height", height, "Mean height of the buildings by their plan areas, metres"),
            Property("use", use, "Use of the largest share of the volume", choices=Use),
            Property("cim_level", np.full(count, CimLevel.L2, dtype=np.uint8), "Grade of the model", choices=CimLevel),
            Property("lod", np.zeros(count, dtype=np.float32), "Level of detail: 0, a block of buildings"),
            Property("is_synthetic", mass.synthetic > 0, "Some of the buildings were made by a generator"),
        ),
    )
