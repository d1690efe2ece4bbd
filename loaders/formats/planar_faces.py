"""Triangles put together to flat faces with holes, where neighbours lie in one plane."""

import numpy as np
import shapely

from cim.types import BoolArray, FloatArray, IntArray

FLAT_COS = 1.0 - 1e-6
"""Neighbours whose normals differ by less than about 0.08 degrees are one face, as far as it stays within `OFF_M`."""
OFF_M = 0.01
_SMALLEST_M2 = 1e-8


def planar_faces(at: FloatArray, triangles: IntArray) -> list[shapely.Polygon]:
    """Polygons with heights that cover the same as the triangles (t, 3), anticlockwise seen from the same side.

    at: (v, 3) metres. Corners at one place count as one. Triangles without area are left out. Where the outline of a
    group is not simple, its triangles stay as they are; corners on straight edges stay, so that neighbours fit.

    >>> square = np.array([[0.0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 1, 5]])
    >>> [face.wkt for face in planar_faces(square, np.array([[0, 1, 2], [0, 2, 3]]))]
    ['POLYGON Z ((0 0 5, 1 0 5, 1 1 5, 0 1 5, 0 0 5))']
    """
    _, first, place = np.unique(at, axis=0, return_index=True, return_inverse=True)
    corners = first[place.ravel()][triangles]
    across = np.cross(at[corners[:, 1]] - at[corners[:, 0]], at[corners[:, 2]] - at[corners[:, 0]])
    size = np.linalg.norm(across, axis=1)
    kept = size > 2.0 * _SMALLEST_M2
    corners, unit = corners[kept], across[kept] / size[kept][:, None]
    group = _groups(at, corners, unit)
    order = np.argsort(group, kind="stable")
    ends = np.flatnonzero(np.diff(group[order])) + 1
    faces: list[shapely.Polygon] = []
    for rows in np.split(order, ends) if len(order) else []:
        whole = _outlined(at, corners[rows], unit[rows[0]]) if len(rows) > 1 else None
        faces += [whole] if whole is not None else [shapely.Polygon(at[one]) for one in corners[rows]]
    return faces


def _groups(at: FloatArray, corners: IntArray, unit: FloatArray) -> IntArray:
    """The first triangle (t,) of the flat group that each is in."""
    group = np.arange(len(corners))
    one, other = _neighbours(corners, len(at))
    flat = np.einsum("ij,ij->i", unit[one], unit[other]) > FLAT_COS
    one, other = one[flat], other[flat]
    while True:  # the least number spreads over each group
        before = group.copy()
        np.minimum.at(group, one, before[other])
        np.minimum.at(group, other, before[one])
        group = group[group]
        if (group == before).all():
            break
    off = np.abs(np.einsum("ijk,ik->ij", at[corners] - at[corners[group, 0]][:, None, :], unit[group])).max(axis=1)
    bent = np.isin(group, group[off > OFF_M])
    return np.asarray(np.where(bent, np.arange(len(corners)), group))


def _neighbours(corners: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Pairs of triangles that run along one edge in opposite directions, where no others do."""
    start, end = corners.ravel(), np.roll(corners, -1, axis=1).ravel()
    owner = np.repeat(np.arange(len(corners)), 3)
    key, back = start * count + end, end * count + start
    unique, first, times = np.unique(key, return_index=True, return_counts=True)
    single = unique[times == 1]
    lone, whose = _found(single, back)
    return owner[lone], owner[first[times == 1][whose]]


def _found(keys: IntArray, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Places in `wanted` whose value is among the sorted keys, and where there."""
    if len(keys) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    hit = np.flatnonzero(keys[place] == wanted)
    return hit, place[hit]


def _outlined(at: FloatArray, corners: IntArray, unit: FloatArray) -> shapely.Polygon | None:
    """The polygon that triangles of one plane make up; None where its outline touches or crosses itself."""
    start, end = corners.ravel(), np.roll(corners, -1, axis=1).ravel()
    edges = set(zip(start.tolist(), end.tolist(), strict=True))
    onward: dict[int, int] = {}
    for one, other in edges:
        if (other, one) not in edges:
            if one in onward:
                return None
            onward[one] = other
    rings = _rings(onward)
    if rings is None:
        return None
    flat = [_flat(at[ring], unit) for ring in rings]
    outer = [number for number, ring in enumerate(flat) if _area(ring) > 0]
    if len(outer) != 1:
        return None
    inner = [number for number in range(len(rings)) if number != outer[0]]
    if not shapely.Polygon(flat[outer[0]], [flat[number] for number in inner]).is_valid:
        return None
    return shapely.Polygon(at[rings[outer[0]]], [at[rings[number]] for number in inner])


def _rings(onward: dict[int, int]) -> list[list[int]] | None:
    """Closed walks over all of these edges; None where one is not closed."""
    rings, left = [], dict(sorted(onward.items()))
    while left:
        first = next(iter(left))
        ring, at = [first], left.pop(first)
        while at != first:
            if at not in left:
                return None
            ring.append(at)
            at = left.pop(at)
        rings.append(ring)
    return rings


def _flat(at: FloatArray, unit: FloatArray) -> FloatArray:
    """Positions (v, 2) along two axes of a plane, so that its front is anticlockwise."""
    helper = np.eye(3)[np.abs(unit).argmin()]
    right = np.cross(helper, unit)
    right /= np.linalg.norm(right)
    return np.column_stack([at @ right, at @ np.cross(unit, right)])


def _area(ring: FloatArray) -> float:
    local = ring - ring[0]
    ahead = np.roll(local, -1, axis=0)
    return float(np.sum(local[:, 0] * ahead[:, 1] - local[:, 1] * ahead[:, 0])) / 2.0


def slopes(faces: list[shapely.Polygon]) -> tuple[FloatArray, BoolArray]:
    """Upward part of the unit normal (f,) of each face, and whether it has any area (f,)."""
    up, real = np.zeros(len(faces)), np.zeros(len(faces), dtype=np.bool_)
    for number, face in enumerate(faces):
        ring = shapely.get_coordinates(face.exterior, include_z=True)
        local = ring - ring[0]
        across = np.cross(local[:-1], local[1:]).sum(axis=0)
        size = float(np.linalg.norm(across))
        real[number] = size > 0.0
        up[number] = across[2] / size if size > 0.0 else 0.0
    return up, real
