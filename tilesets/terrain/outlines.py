"""Footprints as outlines over a mesh: the points at which the mesh can be lowest under each. Pure."""

from dataclasses import dataclass

import numpy as np
import shapely

from cim import crs as frames
from cim.types import FloatArray, IntArray, ObjectArray


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The corners of polygons. shapes: (n,) as given, frame `crs`. lonlat: (c, 2) their corners in degrees, ring by ring,
    polygon by polygon; owner, ring: (c,) whose each is. bounds: (n, 4) lon/lat; NaN for missing and empty ones."""

    shapes: ObjectArray
    crs: str
    lonlat: FloatArray
    owner: IntArray
    ring: IntArray
    bounds: FloatArray

    def candidates(self, rows: IntArray, step: float) -> tuple[IntArray, FloatArray]:
        """The points at which a mesh of this step (degrees) can be lowest under some of the polygons, and whose they are.

        Corners, crossings of the outline with the mesh's three families of lines (meridians, parallels, diagonals from
        south-west to north-east), and mesh vertices inside. Returns owners (m,), lon/lat (m, 2).
        """
        wanted = np.zeros(len(self.shapes), bool)
        wanted[rows] = True
        mine = slice(None) if wanted.all() else np.flatnonzero(wanted[self.owner])
        corners, owner, ring = self.lonlat[mine], self.owner[mine], self.ring[mine]
        grid = (corners + [180.0, 90.0]) / step
        joined = np.flatnonzero(ring[1:] == ring[:-1])
        crossing_owner, crossings = _crossings(grid[joined], grid[joined + 1], owner[joined])
        inner_owner, inner = self._vertices_inside(rows, step)
        points = np.concatenate([corners, crossings * step - [180.0, 90.0], inner])
        return np.concatenate([owner, crossing_owner, inner_owner]), points

    def _vertices_inside(self, rows: IntArray, step: float) -> tuple[IntArray, FloatArray]:
        first = np.ceil((self.bounds[rows, :2] + [180.0, 90.0]) / step).astype(np.int64)
        last = np.floor((self.bounds[rows, 2:] + [180.0, 90.0]) / step).astype(np.int64)
        wide, high = np.maximum(last - first + 1, 0).T
        count = wide * high
        some = np.flatnonzero(count)
        nth = np.arange(int(count[some].sum())) - np.repeat(np.cumsum(count[some]) - count[some], count[some])
        which = np.repeat(np.arange(len(some)), count[some])
        width: IntArray = wide[some[which]]
        place = first[some[which]] + np.column_stack([nth % width, nth // width])
        points = place * step - [180.0, 90.0]
        shapes = shapely.transform(self.shapes[rows[some]], lambda xy: frames.transform(xy, self.crs, frames.LONLAT))
        shapely.prepare(shapes)
        inside = shapely.intersects_xy(shapes[which], points[:, 0], points[:, 1])
        return rows[some[which[inside]]], points[inside]


def outlines(polygons: ObjectArray, crs: str) -> Outlines:
    """The outlines of polygons and multipolygons (n,) in a frame; others, and missing ones, have no corners."""
    shapes = np.asarray(polygons, dtype=object)
    if (shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON).any():
        parts, part_owner = shapely.get_parts(shapes, return_index=True)
    else:
        parts, part_owner = shapes, np.arange(len(shapes))
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    lonlat, owner = frames.transform(corners, crs, frames.LONLAT), part_owner[ring_part[ring]]
    bounds = np.full((len(shapes), 4), np.nan)
    if len(owner):
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        bounds[owner[starts], :2] = np.minimum.reduceat(lonlat, starts)
        bounds[owner[starts], 2:] = np.maximum.reduceat(lonlat, starts)
    return Outlines(shapes, crs, lonlat, owner, ring, bounds)


def _crossings(start: FloatArray, end: FloatArray, owner: IntArray) -> tuple[IntArray, FloatArray]:
    """Where segments, in grid units, cross whole u, whole v, or whole u - v."""
    owners, points = [], []
    for axis in (0, 1, 2):
        a, b = (p[:, axis] if axis < 2 else p[:, 0] - p[:, 1] for p in (start, end))
        first = np.floor(np.minimum(a, b)).astype(np.int64) + 1
        count = np.maximum(np.ceil(np.maximum(a, b)).astype(np.int64) - first, 0)
        crossed = np.flatnonzero(count)
        which = np.repeat(crossed, count[crossed])
        before = np.repeat(np.cumsum(count[crossed]) - count[crossed], count[crossed])
        line = first[which] + np.arange(len(which)) - before
        along = ((line - a[which]) / (b[which] - a[which]))[:, None]
        owners.append(owner[which])
        points.append(start[which] + along * (end[which] - start[which]))
    return np.concatenate(owners), np.concatenate(points)
