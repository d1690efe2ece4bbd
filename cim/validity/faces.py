"""The surfaces of many bodies as flat arrays: polygons with holes in space, and the shells and solids that they bind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.mesh import Mesh
from cim.types import BoolArray, FloatArray, IntArray
from cim.validity.touching import solids_of

LOOSE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Polygons of many bodies, each body's together and in its own order.

    xyz: (v, 3) metres. start: (r + 1,) first vertex of each ring, which is not closed, then v. polygon: (r,) rising number
    of the polygon that a ring is of, its outline first. body: (p,) rising. shell: (p,) which shell, `LOOSE` of none.
    solid, inner: (s,) of each shell the solid, and whether it is a cavity. composite: (k,) of each solid whether its
    body's solids must not overlap. bodies: how many there are.
    """

    xyz: FloatArray
    start: IntArray
    polygon: IntArray
    body: IntArray
    shell: IntArray
    solid: IntArray
    inner: BoolArray
    composite: BoolArray
    bodies: int

    def following(self) -> IntArray:
        """The vertex after each vertex round its ring (v,)."""
        following = np.arange(1, len(self.xyz) + 1)
        filled = np.diff(self.start) > 0
        following[self.start[1:][filled] - 1] = self.start[:-1][filled]
        return following

    def ring_of_vertex(self) -> IntArray:
        """Which ring each vertex is of (v,)."""
        return np.repeat(np.arange(len(self.polygon)), np.diff(self.start))

    def polygon_of_vertex(self) -> IntArray:
        """Which polygon each vertex is of (v,)."""
        return self.polygon[self.ring_of_vertex()]

    def is_outline(self) -> BoolArray:
        """Whether each ring (r,) is the outline of its polygon."""
        outline = np.ones(len(self.polygon), dtype=np.bool_)
        outline[1:] = self.polygon[1:] != self.polygon[:-1]
        return outline

    def first_of_body(self) -> IntArray:
        """The first polygon of each polygon's body (p,)."""
        return np.searchsorted(self.body, self.body)


def of_boundaries(boundaries: Sequence[Boundary]) -> Faces:
    """Delivered surfaces as faces; their order is the order of the bodies."""
    parts = np.concatenate([b.polygons for b in boundaries]) if boundaries else np.zeros(0, dtype=object)
    counts = np.array([len(b) for b in boundaries], dtype=np.int64)
    shell = [np.zeros(0, dtype=np.int64)]
    solid: list[int] = []
    inner: list[bool] = []
    composite: list[bool] = []
    for boundary in boundaries:
        if not boundary.shells:
            shell.append(np.full(len(boundary), LOOSE, dtype=np.int64))
        for shells in boundary.shells:
            shell.append(np.repeat(len(solid) + np.arange(len(shells)), shells))
            solid += [len(composite)] * len(shells)
            inner += [number > 0 for number in range(len(shells))]
            composite.append(boundary.kind == "CompositeSolid")
    xyz, start, polygon = _ragged(parts)
    return Faces(
        xyz=xyz,
        start=start,
        polygon=polygon,
        body=np.repeat(np.arange(len(boundaries)), counts),
        shell=np.concatenate(shell),
        solid=np.array(solid, dtype=np.int64),
        inner=np.array(inner, dtype=np.bool_),
        composite=np.array(composite, dtype=np.bool_),
        bodies=len(boundaries),
    )


def of_mesh(mesh: Mesh, count: int) -> Faces:
    """The triangles of `count` features as faces; what closes by itself is a solid of its own, and may meet others."""
    feature = mesh.feature[mesh.triangles[:, 0]]
    corner = mesh.positions()[mesh.triangles]
    part = solids_of(corner - corner[np.searchsorted(feature, feature), :1], feature)
    order = np.lexsort((part, feature))
    corner, feature, part = corner[order], feature[order], np.unique(part[order], return_inverse=True)[1]
    shells = int(part.max(initial=-1)) + 1
    return Faces(
        xyz=corner.reshape(-1, 3),
        start=3 * np.arange(len(corner) + 1),
        polygon=np.arange(len(corner)),
        body=feature,
        shell=part,
        solid=np.arange(shells),
        inner=np.zeros(shells, dtype=np.bool_),
        composite=np.zeros(shells, dtype=np.bool_),
        bodies=count,
    )


def _ragged(polygons: np.ndarray) -> tuple[FloatArray, IntArray, IntArray]:
    """Vertices without closing ones, first vertices of rings, polygons of rings; an empty polygon has one empty ring."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    empty = np.setdiff1d(np.arange(len(polygons)), owner)
    xyz, ring = shapely.get_coordinates(rings, include_z=True, return_index=True)
    sizes = np.bincount(ring, minlength=len(rings)) if len(rings) else np.zeros(0, dtype=np.int64)
    last = np.cumsum(sizes) - 1
    keep = np.ones(len(xyz), dtype=np.bool_)
    keep[last] = False
    owner, sizes = np.append(owner, empty), np.append(sizes - 1, np.zeros(len(empty), dtype=np.int64))
    order = np.argsort(owner, kind="stable")
    # Only rings without a vertex are moved among the others: the vertices stay in their order.
    start = np.concatenate([[0], np.cumsum(sizes[order])]).astype(np.int64)
    return np.asarray(xyz[keep]), start, np.asarray(owner[order], dtype=np.int64)
