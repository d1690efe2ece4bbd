"""Which areas streets, squares and water cover: carriageways between kerbs and pavements, lanes, squares. Pure."""

from dataclasses import dataclass

import numpy as np
import shapely

from cim.grounds import Grounds, pavement_m
from cim.types import BoolArray, IntArray, ObjectArray
from tilesets.greens.covers import Cover

KERB_STONE_M = 0.15
"""How wide the stones are that a pavement ends in (the project's own default)."""

LANES = frozenset(
    ("lane", "living_street", "pedestrian", "footway", "path", "steps", "alley", "巷", "胡同", "街巷", "步行街")
)
"""Classes of street that people walk on: paved with brick. All others are carriageways."""


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Areas (p) in the order in which each place is given away: to the first of them.

    row: (p,) of the grounds they are of; cover: (p,) `Cover` codes; shape: (p,) polygons, city frame.
    """

    row: IntArray
    cover: IntArray
    shape: ObjectArray

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: IntArray | BoolArray) -> "Areas":
        """Some of them, in the order asked for."""
        return Areas(self.row[which], self.cover[which], self.shape[which])


def areas(rows: Grounds) -> Areas:
    """What grounds cover: carriageways first (the widest first), then squares, lanes, kerbs, pavements and water.

    A street is as wide as it is stated to be; one whose width is not known covers nothing.
    """
    parts: list[tuple[int, Cover, float]] = []
    for k, (layer, kind, width) in enumerate(zip(rows.layer, rows.kind, rows.width_m.tolist(), strict=True)):
        if layer != "roads":
            parts.append((k, Cover.water if layer == "water" else Cover.square, np.nan))
        elif kind in LANES:
            parts.append((k, Cover.lane, width))
        else:
            aside = pavement_m(kind, width)
            parts.append((k, Cover.carriageway, width - 2.0 * aside))
            if aside:
                parts += [(k, Cover.kerb, width - 2.0 * (aside - KERB_STONE_M)), (k, Cover.pavement, width)]
    row = np.array([part[0] for part in parts], dtype=np.int64)
    cover = np.array([part[1] for part in parts], dtype=np.int64)
    width = np.array([part[2] for part in parts], dtype=np.float64)
    is_line = rows.layer[row] == "roads"
    known = ~is_line | (width > 0.0)
    row, cover, width, is_line = row[known], cover[known], width[known], is_line[known]
    shape = rows.shape[row].copy()
    shape[is_line] = shapely.buffer(shape[is_line], width[is_line] / 2.0, quad_segs=4)
    order = np.lexsort((rows.id[row], -np.nan_to_num(width), cover))
    return Areas(row[order], cover[order], np.asarray(shapely.make_valid(shape[order]), dtype=object))


def apart(shapes: ObjectArray) -> ObjectArray:
    """Areas (n,), each without those before it: where they overlap, the first of them lies there."""
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    found = shapes.copy()
    for k in np.unique(left[right < left]).tolist():
        before = shapely.union_all(shapes[right[(left == k) & (right < k)]])
        found[k] = shapely.difference(shapes[k], before)
    return found
