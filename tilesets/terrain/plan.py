"""What a build has to do: the tiles of each level, their scale, their keys, and which of them stand already."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cim.geoid import Geoid
from cim.types import BoolArray, IntArray
from tilesets.terrain import water
from tilesets.terrain.inputs import number, origins, scale_of, survey
from tilesets.terrain.manifest import Level, Manifest, code, parts_of
from tilesets.terrain.quantized_mesh import HeightScale
from tilesets.terrain.squares import U64, mix
from tilesets.terrain.surface import Surface
from tilesets.terrain.water import Waters


@dataclass(frozen=True, slots=True, eq=False)
class LevelPlan:
    """One level: tiles (m, 2) x, y; its scale; keys (m,). stands: (m,) where in the old level the tile stands as it must
    be, -1 where it has to be written."""

    level: int
    tiles: IntArray
    scale: HeightScale
    keys: U64
    stands: IntArray

    @property
    def fresh(self) -> BoolArray:
        """Which tiles have to be written."""
        fresh: BoolArray = self.stands < 0
        return fresh


def plan(
    surface: Surface, geoid: Geoid, waters: Waters | None, levels: Sequence[IntArray], maker: str, old: Manifest | None
) -> list[LevelPlan]:
    """The work of each level. maker: the program's own part in the bytes. old: of the pyramid in place, if any."""
    inputs, plans = survey(surface), []
    undulation = [geoid.constant_m] if geoid.grid is None else _grid(geoid)
    for level, tiles in enumerate(levels):
        origin = origins(inputs, level, tiles)
        scale = scale_of(origin, geoid, level, tiles)
        same = number([maker, level, scale.low, scale.quantum, undulation, waters is not None])
        keys = mix(origin.key ^ np.uint64(same))
        if waters is not None:
            keys = mix(keys ^ water.keys(waters, level, tiles))
        held = None if old is None or level >= len(old.levels) else old.levels[level]
        plans.append(LevelPlan(level, tiles, scale, keys, _standing(tiles, keys, held)))
    return plans


def _grid(geoid: Geoid) -> list[object]:
    grid = geoid.grid
    assert grid is not None
    return [number(grid.values.tobytes()), grid.values.shape, grid.west, grid.north, grid.step_x, grid.step_y]


def _standing(tiles: IntArray, keys: U64, held: Level | None) -> IntArray:
    stands = np.full(len(tiles), -1, np.int64)
    if held is None:
        return stands
    _, mine, theirs = np.intersect1d(code(tiles), code(held.tiles), assume_unique=True, return_indices=True)
    equal = keys[mine] == held.keys[theirs]
    stands[mine[equal]] = theirs[equal]
    return stands


def carry(plans: list[LevelPlan], old: Manifest, source: Path, target: Path) -> list[LevelPlan]:
    """Take what stands from the old pyramid into the new folder, as another name of the same file where the file system
    can. A tile that has gone, or has another size than was noted, is planned anew."""
    carried = []
    for plan in plans:
        stands = plan.stands.copy()
        sizes = old.levels[plan.level].sizes if plan.level < len(old.levels) else np.empty(0, np.int64)
        for row in np.flatnonzero(stands >= 0).tolist():
            name = f"{plan.level}/{plan.tiles[row, 0]}/{plan.tiles[row, 1]}.terrain"
            if not _carried(source / name, target / name, int(sizes[stands[row]])):
                stands[row] = -1
        carried.append(LevelPlan(plan.level, plan.tiles, plan.scale, plan.keys, stands))
    return carried


def _carried(source: Path, target: Path, size: int) -> bool:
    try:
        if os.stat(source).st_size != size:
            return False
    except OSError:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without second names
        shutil.copyfile(source, target)
    return True


def blank(plan: LevelPlan, old: Manifest | None) -> Level:
    """The level's entry in the new manifest, with what is known of the tiles that stand."""
    count, parts = len(plan.tiles), parts_of(plan.level)
    digests, sizes = np.zeros(count, np.uint64), np.zeros(count, np.int64)
    cut: npt.NDArray[np.uint64] = np.zeros((count, parts, parts), np.uint64)
    if old is not None and not plan.fresh.all():
        held, there = old.levels[plan.level], plan.stands[~plan.fresh]
        digests[~plan.fresh], sizes[~plan.fresh] = held.digests[there], held.sizes[there]
        cut[~plan.fresh] = held.parts[there]
    return Level(plan.tiles, plan.keys, digests, sizes, cut)
