"""The roof forms over a rectangle, as templates: nodes in shares of its sides, and flat faces between them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from cim.geometry import snap
from cim.mesh import Mesh
from cim.roofs.eaves import sides_of
from cim.roofs.profiles import Profile
from cim.types import FloatArray, IntArray, RoofForm, Surface

GABLE_FROM = {
    RoofForm.gable: 0.0,
    RoofForm.flush_gable: 0.0,
    RoofForm.round_ridge: 0.0,
    RoofForm.hip_and_gable: 0.5,
    RoofForm.hip: 1.0,
}
"""At which share of the way from eaves to ridge the ends stop sloping and stand up as gables. Half way in 歇山 is the
project's own default.
"""


@dataclass(frozen=True, slots=True)
class Face:
    """One flat face of a template: its nodes anticlockwise from outside, and triangles over positions in that list, the
    first of which gives the normal.
    """

    nodes: tuple[int, ...]
    triangles: tuple[tuple[int, int, int], ...]
    surface: Surface = Surface.roof


@dataclass(frozen=True, slots=True)
class Template:
    """A roof over the unit square of the eaves, u along the ridge. Its nodes 0-3 are the corners of the eaves, and 4-7 those
    of the walls, which only a roof without overhang at its gables needs (`stands_on_walls`).

    nodes: (k, 4) of u0, u1, v, w: a node stands at u = u0 + u1 * inset, where inset is half the width over the length, and
    at w of the way up from eaves to ridge.
    """

    nodes: FloatArray
    faces: tuple[Face, ...]
    stands_on_walls: bool


@cache
def template(profile: Profile, gable_from: float, *, stands_on_walls: bool = False, upturned: bool = False) -> Template:
    """The template of a roof whose slopes follow a profile and whose ends are gables from a share of the way on.

    upturned: without the lowest strips, which `roofs.upturn` makes; nodes 4-7 are the corners that they end in.
    """
    profile = profile.broken_at(gable_from)
    nodes = [(0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 1.0, 0.0), (0.0, 0.0, 1.0, 0.0)]
    nodes += nodes if stands_on_walls else []
    levels = [(0, 1, 2, 3)]
    for share, height in zip(profile.share[1:], profile.height[1:], strict=True):
        inset, first = min(share, gable_from), len(nodes)
        south = [(0.0, inset, share / 2.0, height), (1.0, -inset, share / 2.0, height)]
        north = [(1.0, -inset, 1.0 - share / 2.0, height), (0.0, inset, 1.0 - share / 2.0, height)]
        nodes += south if share == 1.0 else south + north
        levels.append(
            (first, first + 1, first + 1, first) if share == 1.0 else (first, first + 1, first + 2, first + 3)
        )
    faces: list[Face] = []
    for k, share in enumerate(profile.share[:-1]):
        if k == 0 and upturned:
            continue
        below, above = levels[k], levels[k + 1]
        faces.append(_strip(below[0], below[1], above[1], above[0], Surface.roof))
        faces.append(_strip(below[2], below[3], above[3], above[2], Surface.roof))
        surface = Surface.wall if share >= gable_from else Surface.roof
        for a, b in ((1, 2), (3, 0)):
            if k == 0 and stands_on_walls:
                faces.append(_footed(below[a], 4 + a, 4 + b, below[b], above[b], above[a]))
            else:
                faces.append(_strip(below[a], below[b], above[b], above[a], surface))
    return Template(np.array(nodes), tuple(faces), stands_on_walls)


def _strip(a: int, b: int, c: int, d: int, surface: Surface) -> Face:
    """Four corners, or three where the upper two are one."""
    if c == d:
        return Face((a, b, c), ((0, 1, 2),), surface)
    return Face((a, b, c, d), ((0, 1, 2), (0, 2, 3)), surface)


def _footed(a: int, left: int, right: int, b: int, c: int, d: int) -> Face:
    """An end wall that goes on from the wall below it, wider by the eaves on both sides."""
    fan = ((4, 1, 2), (4, 0, 1), (4, 2, 3))
    if c == d:
        return Face((a, left, right, b, c), fan, Surface.wall)
    # Seen from the upper left corner; the last triangle closes the upper side.
    return Face((a, left, right, b, d, c), (*fan, (4, 3, 5)), Surface.wall)


def turned(quads: FloatArray) -> FloatArray:
    """Rectangles (m, 4, 2) begun at a long side."""
    sides = sides_of(quads)
    quarter = (sides[:, 0] + sides[:, 2] < sides[:, 1] + sides[:, 3]).astype(np.int64)
    order = (np.arange(4)[None, :] + quarter[:, None]) % 4
    return np.asarray(np.take_along_axis(quads, order[:, :, None], axis=1))


def nodes_of(
    template: Template, quads: FloatArray, wall: FloatArray, feature: IntArray, eaves: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The nodes of one roof per rectangle of eaves quads (m, 4, 2) begun at a long side, of the source rows feature (m,):
    where in plan (m, k, 2), and how high (m, k).

    wall: (m, 4, 2) the walls' rectangles, begun at the same side. eaves, high: (n,) metres by source row.
    """
    node = template.nodes
    sides = sides_of(quads)
    inset = (sides[:, 1] + sides[:, 3]) / (2.0 * (sides[:, 0] + sides[:, 2]))
    u = node[:, 0] + node[:, 1] * inset[:, None]
    v = node[:, 2][None, :]
    weight = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], axis=2)
    xy = snap(np.einsum("mkc,mcd->mkd", weight, quads))
    xy[:, :4] = quads
    if template.stands_on_walls:
        xy[:, 4:8] = wall
    return xy, snap(eaves[feature][:, None] + node[:, 3] * (high - eaves)[feature][:, None])


def faceted(xy: FloatArray, z: FloatArray, faces: tuple[Face, ...], feature: IntArray) -> Mesh:
    """Copies of one set of faces over the nodes xy (m, k, 2), z (m, k) of each row."""
    rows, nodes = z.shape
    at = np.concatenate([xy, z[:, :, None]], axis=2)
    normals, triangles, corner = [], [], 0
    for face in faces:
        a, b, c = (at[:, face.nodes[k]] for k in face.triangles[0])
        normal = np.cross(b - a, c - a)
        normal /= np.linalg.norm(normal, axis=1)[:, None]
        normals.append(np.repeat(normal[:, None, :], len(face.nodes), axis=1))
        triangles.append(np.array(face.triangles) + corner)
        corner += len(face.nodes)
    order = np.concatenate([face.nodes for face in faces])
    surface = np.concatenate([np.full(len(face.nodes), face.surface, dtype=np.uint8) for face in faces])
    row = np.arange(rows)
    return Mesh(
        xy=xy.reshape(-1, 2),
        point=(row[:, None] * nodes + order).ravel(),
        z=z[:, order].ravel(),
        normal=np.concatenate(normals, axis=1).reshape(-1, 3),
        surface=np.tile(surface, rows),
        feature=np.repeat(feature, corner),
        triangles=(row[:, None, None] * corner + np.concatenate(triangles)).reshape(-1, 3),
    )
