"""Where terrain tiles are water: masks from polygons, and a key of what each tile's mask is made of."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from rasterio.features import rasterize
from rasterio.transform import from_bounds

from cim.types import IntArray, ObjectArray
from tilesets.terrain.grid import tile_box
from tilesets.terrain.quantized_mesh import WATER_SIDE
from tilesets.terrain.squares import U64, mix

LAND, WATER = b"\x00", b"\xff"


@dataclass(frozen=True, slots=True, eq=False)
class Waters:
    """Known water. areas: (n,) polygons, lon/lat degrees; marks: (n,) 64-bit numbers of their shapes."""

    areas: ObjectArray
    marks: U64
    tree: shapely.STRtree

    @classmethod
    def of(cls, polygons: Sequence[Any]) -> "Waters | None":
        """These polygons (shapely, lon/lat), each counted once and mended where invalid; None where none has an area."""
        valid = shapely.make_valid(np.asarray(list(polygons), dtype=object))
        given = [area for area in valid if area is not None and area.area > 0]
        shapes = {shapely.to_wkb(area, include_srid=False): area for area in given}
        if not shapes:
            return None
        wkb = sorted(shapes)  # the order in which they came is no part of any tile
        areas = np.array([shapes[one] for one in wkb], dtype=object)
        marks = [int.from_bytes(hashlib.blake2b(one, digest_size=8).digest(), "little") for one in wkb]
        return cls(areas, np.array(marks, np.uint64), shapely.STRtree(areas))

    @property
    def mark(self) -> int:
        """A 64-bit number of them all."""
        return int.from_bytes(hashlib.blake2b(self.marks.tobytes(), digest_size=8).digest(), "little")


def keys(waters: Waters, level: int, tiles: IntArray) -> U64:
    """(m,) of the polygons that meet each tile (m, 2) x, y: equal keys, equal masks. 0 where there are none."""
    tile, area = waters.tree.query(_boxes(level, tiles), predicate="intersects")
    total = np.zeros(len(tiles), np.uint64)
    with np.errstate(over="ignore"):
        np.add.at(total, tile, mix(waters.marks[area]))
    return total


def masks(waters: Waters, level: int, tiles: IntArray) -> list[bytes]:
    """The mask of each tile: one byte where it is all land or all water, else 256 x 256 from the north-west corner.

    A pixel is water where its centre is.
    """
    boxes = _boxes(level, tiles)
    tile, area = waters.tree.query(boxes, predicate="intersects")
    result = [LAND] * len(tiles)
    for row in np.unique(tile).tolist():
        west, south, east, north = shapely.bounds(boxes[row])
        parts = shapely.clip_by_rect(waters.areas[area[tile == row]], west, south, east, north)
        shapes = [part for part in parts if not part.is_empty and part.area > 0]
        if shapes:
            grid = from_bounds(west, south, east, north, WATER_SIDE, WATER_SIDE)
            pixels = rasterize(shapes, (WATER_SIDE, WATER_SIDE), transform=grid, default_value=255, dtype=np.uint8)
            result[row] = pixels.tobytes() if pixels.min() != pixels.max() else pixels[:1, :1].tobytes()
    return result


def _boxes(level: int, tiles: IntArray) -> ObjectArray:
    boxes = [tile_box(level, x, y).as_tuple() for x, y in tiles.tolist()]
    return np.asarray(shapely.box(*np.array(boxes).reshape(-1, 4).T), dtype=object)
