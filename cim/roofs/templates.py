"""The roof forms over a rectangle, as templates: nodes in shares of its sides, and flat faces between them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cim.geometry import snap
from cim.mesh import Mesh
from cim.roofs.fitting import sides_of
from cim.types import FloatArray, IntArray, RoofForm, Surface


@dataclass(frozen=True, slots=True)
class _Face:
    """One flat face of a template: its nodes anticlockwise from outside, and triangles over positions in that list."""

    nodes: tuple[int, ...]
    triangles: tuple[tuple[int, int, int], ...]
    surface: Surface = Surface.roof


def _quad(*nodes: int, surface: Surface = Surface.roof) -> _Face:
    return _Face(nodes, ((0, 1, 2), (0, 2, 3)), surface)


def _triangle(*nodes: int, surface: Surface = Surface.roof) -> _Face:
    return _Face(nodes, ((0, 1, 2),), surface)


@dataclass(frozen=True, slots=True)
class Template:
    """A roof over the unit square of the eaves, whose nodes 0-3 are its corners, u along the ridge.

    nodes: (k, 4) of u0, u1, v, w: a node stands at u = u0 + u1 * inset, and at w of the way from eaves to ridge.
    inset: the hip's length along the ridge, given width and length of the eaves, as a share of the length.
    """

    nodes: tuple[tuple[float, float, float, float], ...]
    faces: tuple[_Face, ...]
    inset: Callable[[FloatArray, FloatArray], FloatArray]


_CORNERS = ((0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 1.0, 0.0), (0.0, 0.0, 1.0, 0.0))
_WALL = Surface.wall

TEMPLATES: dict[RoofForm, Template] = {
    RoofForm.shed: Template(
        (*_CORNERS, (1.0, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0)),
        (
            _quad(0, 1, 4, 5),
            _quad(2, 3, 5, 4, surface=_WALL),
            _triangle(1, 2, 4, surface=_WALL),
            _triangle(3, 0, 5, surface=_WALL),
        ),
        lambda width, length: 0.0 * length,
    ),
    RoofForm.gable: Template(
        (*_CORNERS, (0.0, 0.0, 0.5, 1.0), (1.0, 0.0, 0.5, 1.0)),
        (
            _quad(0, 1, 5, 4),
            _quad(2, 3, 4, 5),
            _triangle(1, 2, 5, surface=_WALL),
            _triangle(3, 0, 4, surface=_WALL),
        ),
        lambda width, length: 0.0 * length,
    ),
    RoofForm.hip: Template(
        (*_CORNERS, (0.0, 1.0, 0.5, 1.0), (1.0, -1.0, 0.5, 1.0)),
        (_quad(0, 1, 5, 4), _quad(2, 3, 4, 5), _triangle(1, 2, 5), _triangle(3, 0, 4)),
        lambda width, length: width / (2.0 * length),
    ),
    # The small gable stands half way up the hip: the four slopes stay equal.
    RoofForm.hip_and_gable: Template(
        (
            *_CORNERS,
            (0.0, 1.0, 0.25, 0.5),
            (1.0, -1.0, 0.25, 0.5),
            (1.0, -1.0, 0.75, 0.5),
            (0.0, 1.0, 0.75, 0.5),
            (0.0, 1.0, 0.5, 1.0),
            (1.0, -1.0, 0.5, 1.0),
        ),
        (
            _Face((0, 1, 5, 9, 8, 4), ((0, 1, 2), (0, 2, 5), (5, 2, 3), (5, 3, 4))),
            _Face((2, 3, 7, 8, 9, 6), ((0, 1, 2), (0, 2, 5), (5, 2, 3), (5, 3, 4))),
            _quad(1, 2, 6, 5),
            _quad(3, 0, 4, 7),
            _triangle(5, 6, 9, surface=_WALL),
            _triangle(7, 4, 8, surface=_WALL),
        ),
        lambda width, length: width / (4.0 * length),
    ),
}


def turn(quads: FloatArray, *, falls_south: bool) -> FloatArray:
    """Rectangles (m, 4, 2) begun at a long side, and at its southern one if a single slope falls to it."""
    sides = sides_of(quads)
    quarter = (sides[:, 0] + sides[:, 2] < sides[:, 1] + sides[:, 3]).astype(np.int64)
    if falls_south:
        middle = (quads + np.roll(quads, -1, axis=1))[..., 1]
        row = np.arange(len(quads))
        quarter += 2 * (middle[row, (quarter + 2) % 4] < middle[row, quarter])
    turned = (np.arange(4)[None, :] + quarter[:, None]) % 4
    return np.asarray(np.take_along_axis(quads, turned[:, :, None], axis=1))


def from_template(
    template: Template, quads: FloatArray, feature: IntArray, eaves: FloatArray, high: FloatArray
) -> Mesh:
    """One roof per rectangle (m, 4, 2) begun at a long side, of the source rows feature (m,).

    eaves, high: (n,) metres by source row.
    """
    node = np.array(template.nodes)
    sides = sides_of(quads)
    length, width = (sides[:, 0] + sides[:, 2]) / 2.0, (sides[:, 1] + sides[:, 3]) / 2.0
    u = node[:, 0] + node[:, 1] * template.inset(width, length)[:, None]
    v = node[:, 2][None, :]
    weight = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], axis=2)
    xy = np.einsum("mkc,mcd->mkd", weight, quads)
    xy[:, 4:] = snap(xy[:, 4:])
    xy[:, :4] = quads
    z = eaves[feature][:, None] + node[:, 3] * (high - eaves)[feature][:, None]
    return _faceted(xy, z, template.faces, feature)


def _faceted(xy: FloatArray, z: FloatArray, faces: tuple[_Face, ...], feature: IntArray) -> Mesh:
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
