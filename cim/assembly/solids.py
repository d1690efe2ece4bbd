"""Closed solids of parts: rings of equal corners above one another, and profiles drawn out to a depth, as one mesh."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cim.mesh import Mesh, join
from cim.types import BoolArray, FloatArray, IntArray, Surface

_Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Lofts:
    """Solids (n,) of r level rings of k corners. plan: (n, r, k, 2) anticlockwise, metres along and away from the front;
    height: (n, r) above the base, rising. pair: (n,) which part of which building they belong to. side, top, bottom: (n,)
    `Surface` codes. is_open: (n,) whether the bottom is hidden, and may be left out of what is drawn.
    """

    plan: FloatArray
    height: FloatArray
    pair: IntArray
    side: _Codes
    top: _Codes
    bottom: _Codes
    is_open: BoolArray

    def __len__(self) -> int:
        return len(self.pair)

    def keep(self, rows: BoolArray) -> "Lofts":
        """Only those that the mask (n,) selects."""
        codes = (self.side[rows], self.top[rows], self.bottom[rows], self.is_open[rows])
        return Lofts(self.plan[rows], self.height[rows], self.pair[rows], *codes)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Solids (n,) of one profile each, drawn out between two depths. profile: (n, k, 2) along the front and above the
    base, anticlockwise seen from the front; depth: (n, 2) away from the front; faces: (t, 3) triangles of the profile;
    surface: (k,) of what each edge of it makes. pair: as of `Lofts`.
    """

    profile: FloatArray
    depth: FloatArray
    faces: IntArray
    surface: _Codes
    pair: IntArray

    def __len__(self) -> int:
        return len(self.pair)


def lofted(lofts: Lofts, at: FloatArray, *, closed: bool) -> tuple[Mesh, IntArray]:
    """The mesh of lofts, `feature` counting them from 0, and as `pair` of each. at: (n, r, k, 3) their corners in the city
    frame, on its lattice. closed: with the bottoms that are hidden.
    """
    count, levels, corners = at.shape[:3]
    here, ahead = np.arange(corners), (np.arange(corners) + 1) % corners
    quads = [
        np.stack([level * corners + here, level * corners + ahead, (level + 1) * corners + ahead,
                  (level + 1) * corners + here], axis=1)
        for level in range(levels - 1)
    ]  # fmt: skip
    nodes = at.reshape(count, levels * corners, 3)
    fan = np.array([[0, k, k + 1] for k in range(1, corners - 1)])
    bottomed = np.ones(count, dtype=np.bool_) if closed else ~lofts.is_open
    top = faces(at[:, -1], here[None], fan, lofts.top)
    bottom = faces(at[bottomed, 0], here[None, ::-1], fan, lofts.bottom[bottomed], np.flatnonzero(bottomed))
    return join(faces(nodes, np.concatenate(quads), _QUAD, lofts.side), top, bottom), lofts.pair


def drawn_out(drawn: Drawn, at: FloatArray) -> tuple[Mesh, IntArray]:
    """As `lofted`, of profiles. at: (n, 2, k, 3), the profile at its first and at its second depth."""
    count, _, corners = at.shape[:3]
    here, ahead = np.arange(corners), (np.arange(corners) + 1) % corners
    nodes = at.reshape(count, 2 * corners, 3)
    sides = [
        faces(nodes, np.array([[k, corners + k, corners + ahead[k], ahead[k]]]), _QUAD, np.full(count, code, np.uint8))
        for k, code in zip(here.tolist(), drawn.surface.tolist(), strict=True)
    ]
    wall = np.full(count, Surface.wall, dtype=np.uint8)
    front = faces(at[:, 0], here[None], drawn.faces, wall)
    back = faces(at[:, 1], here[None, ::-1], corners - 1 - drawn.faces[:, ::-1], wall)
    return join(*sides, front, back), drawn.pair


_QUAD = np.array([[0, 1, 2], [0, 2, 3]])


def faces(
    nodes: FloatArray, face: IntArray, triangles: IntArray, surface: _Codes, feature: IntArray | None = None
) -> Mesh:
    """The same flat faces of each solid. nodes: (n, m, 3); face: (f, c) nodes of each, anticlockwise from outside;
    triangles: (t, 3) over the corners of a face; surface: (n,).
    """
    (count, size), (kinds, corners) = nodes.shape[:2], face.shape
    at = nodes[:, face]
    normal = _normals(at - at[:, :, :1])
    base = np.arange(count * kinds)[:, None, None] * corners
    owner = np.arange(count) if feature is None else feature
    return Mesh(
        xy=nodes[..., :2].reshape(-1, 2),
        point=(size * np.arange(count)[:, None, None] + face[None]).ravel(),
        z=at.reshape(-1, 3)[:, 2],
        normal=np.repeat(normal.reshape(-1, 3), corners, axis=0),
        surface=np.repeat(surface, kinds * corners).astype(np.uint8),
        feature=np.repeat(owner, kinds * corners),
        triangles=(base + triangles[None]).reshape(-1, 3),
    )


def _normals(at: FloatArray) -> FloatArray:
    """Unit normals (n, f, 3) of faces (n, f, c, 3) that the lattice may have bent a little (Newell's method)."""
    normal = np.cross(at, np.roll(at, -1, axis=-2)).sum(axis=-2)
    least = np.finfo(np.float64).tiny  # what the lattice has made a line of has no normal, and is no valid solid
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), least))


def together(
    parts: Sequence[tuple[Mesh, IntArray]], feature: IntArray, material: npt.NDArray[np.uint8]
) -> tuple[Mesh, IntArray]:
    """Meshes whose `feature` counts solids, as one of buildings; and which solid, counted over all, each vertex is of.

    feature: the building of each pair; material: the `Material` of its part.
    """
    meshes, solids, before = [], [], 0
    for mesh, pair in parts:
        of = pair[mesh.feature]
        meshes.append(replace(mesh, feature=feature[of], material=material[of]))
        solids.append(before + mesh.feature)
        before += len(pair)
    order = np.argsort(np.concatenate([mesh.feature for mesh in meshes]), kind="stable")  # as `join` orders them
    return join(*meshes), np.concatenate(solids)[order]


_NOTHING = np.zeros(0, dtype=np.int64)
NO_MESH = Mesh(
    np.zeros((0, 2)), _NOTHING, np.zeros(0), np.zeros((0, 3)), np.zeros(0, dtype=np.uint8), _NOTHING,
    np.zeros((0, 3), dtype=np.int64),
)  # fmt: skip
"""A mesh of nothing."""
