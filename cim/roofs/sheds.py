"""Roofs of one slope: a plane over any footprint, that falls across its longest side."""

from dataclasses import dataclass

import numpy as np

from cim.geometry import Rings, snap
from cim.mesh import Mesh, triangulate
from cim.roofs.facets import facets
from cim.types import FloatArray, IntArray, Surface


@dataclass(frozen=True, slots=True)
class Slope:
    """How high single slopes are at their outlines' vertices, as a share of the rise (v,), and how far they span (n,)."""

    share: FloatArray
    span: FloatArray


def slopes(shape: Rings, count: int) -> Slope:
    """Slopes across the longest side of each source row; they fall to the south, and to the west where that is even."""
    following, owner = shape.following(), shape.feature_of_vertex()
    step = shape.xy[following] - shape.xy
    length = np.hypot(step[:, 0], step[:, 1])
    order = np.lexsort((-length, owner))
    rows, first = np.unique(owner[order], return_index=True)
    longest = order[first]
    up = np.zeros((count, 2))
    up[rows] = np.column_stack([-step[longest, 1], step[longest, 0]]) / length[longest][:, None]
    up[(up[:, 1] < 0) | ((up[:, 1] == 0) & (up[:, 0] < 0))] *= -1.0
    along = np.sum(shape.xy * up[owner], axis=1)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, owner, along)
    np.maximum.at(high, owner, along)
    return Slope((along - low[owner]) / (high - low)[owner], high - low)


def sheds(shape: Rings, slope: Slope, eaves: FloatArray, high: FloatArray) -> tuple[list[Mesh], IntArray]:
    """The roofs and what stands of walls between eaves and roof, and the source rows that cannot be triangulated.

    slope: of the same shape. eaves, high: (n,) metres by source row.
    """
    owner, following = shape.feature_of_vertex(), shape.following()
    top = snap(eaves[owner] + slope.share * (high - eaves)[owner])
    caps = triangulate(shape)
    roof = facets(shape.xy, caps.triangles, top[caps.triangles], owner[caps.triangles[:, 0]], Surface.roof)
    here, base, walls = np.arange(len(shape.xy)), eaves[owner], []
    for point, z, stands in (
        (np.column_stack([here, following, following]), np.column_stack([base, base, top[following]]), top[following]),
        (np.column_stack([here, following, here]), np.column_stack([base, top[following], top]), top),
    ):
        raised = stands > base
        walls.append(facets(shape.xy, point[raised], z[raised], owner[raised], Surface.wall))
    return [roof, *walls], np.unique(shape.feature[caps.failed])
