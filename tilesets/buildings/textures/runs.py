"""How pictures run along walls: bays fit a wall's length and storeys its height, bricks are laid by the metre."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.assembly.material import Material
from cim.mesh import Mesh
from cim.types import BoolArray, FloatArray, IntArray
from tilesets.buildings.textures.painting import PANELS
from tilesets.buildings.textures.rules import FOOTED, OF_MATERIAL, WallTexture

LEAST_FRONT_M = (2.4, 2.2)
"""A narrower or lower wall has no door and no window."""
FOOTED_M = 5.5
"""A wall up to this high shows its foot: the picture, laid upside down above its own height, shows none again up to here
(twice its height, less the plinth).
"""
_ON_GROUND_M = 0.5
_STANDING = 0.5  # a wall whose normal has more of up or down in it is seen from above: its picture would be squeezed
_LEVEL_M = 1.0 / 8.0
_BY_RULE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Walls:
    """The flat faces of walls. triangle: (t,) which of the mesh's; face: (t,) whose they are, from 0.

    feature, length_m, low_m, high_m: (f,) the building of each, its run, and the heights that it lies between; start: (f,)
    where its run begins; along: (f, 2) which way it runs, unit, its outside on the right; north: (f,) how much of north is
    in its outward direction; middle: (f, 2) of its run; material: (f,) `Material` codes.
    """

    triangle: IntArray
    face: IntArray
    feature: IntArray
    length_m: FloatArray
    low_m: FloatArray
    high_m: FloatArray
    start: FloatArray
    along: FloatArray
    north: FloatArray
    middle: FloatArray
    material: npt.NDArray[np.uint8]


def walls(mesh: Mesh, triangle: IntArray) -> Walls:
    """The faces that these triangles of a mesh make up: those that share vertices are one."""
    corner = mesh.triangles[triangle]
    label = _joined(corner, len(mesh.z))
    vertex = np.unique(corner)
    heads, face_of_vertex = np.unique(label[vertex], return_inverse=True)
    place = np.zeros(len(mesh.z), dtype=np.int64)
    place[vertex] = face_of_vertex
    normal = mesh.normal[heads]
    level = np.maximum(np.hypot(normal[:, 0], normal[:, 1]), 1e-9)
    outward = normal[:, :2] / level[:, None]
    along = np.column_stack([-outward[:, 1], outward[:, 0]])
    at, z = mesh.xy[mesh.point[vertex]], mesh.z[vertex]
    run = np.sum((at - at[:1]) * along[face_of_vertex], axis=1)
    start, end, low, high = _ranges(face_of_vertex, len(heads), run, z)
    begin = start + np.sum(at[:1] * along, axis=1)
    middle = (
        along * (begin + (end - start) / 2.0)[:, None]
        + outward * np.sum(mesh.xy[mesh.point[heads]] * outward, axis=1)[:, None]
    )
    made_of = np.zeros(len(heads), dtype=np.uint8) if mesh.material is None else mesh.material[heads]
    return Walls(
        triangle,
        place[corner[:, 0]],
        mesh.feature[heads],
        end - start,
        low,
        high,
        begin,
        along,
        outward[:, 1],
        middle,
        made_of,
    )


def is_wall_like(mesh: Mesh) -> BoolArray:
    """Which triangles (t,) stand upright enough for a wall's picture."""
    return np.asarray(np.abs(mesh.normal[mesh.triangles[:, 0], 2]) <= _STANDING)


def pictured(
    found: Walls,
    base_m: FloatArray,
    eaves_m: FloatArray,
    pictures: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]],
    is_front: BoolArray,
) -> npt.NDArray[np.uint8]:
    """The `WallTexture` (f,) of each face. base_m, eaves_m: (n,) of the buildings; pictures: (n,) of the front and of other
    walls; is_front: (f,) which faces are.
    """
    front, other = (column[found.feature] for column in pictures)
    wide, tall = LEAST_FRONT_M
    high = found.high_m - np.maximum(found.low_m, base_m[found.feature])
    is_gable = found.low_m > eaves_m[found.feature] - _LEVEL_M
    by_rule = np.where(is_front & ~is_gable & (found.length_m >= wide) & (high >= tall), front, other)
    is_low = (high <= FOOTED_M) & (found.low_m <= base_m[found.feature] + _ON_GROUND_M)
    footed = np.array([FOOTED.get(one, one) for one in WallTexture], dtype=np.uint8)[by_rule]
    by_rule = np.where(is_low, footed, by_rule)
    of_material = np.array([OF_MATERIAL.get(one, _BY_RULE) for one in Material], dtype=np.uint8)[found.material]
    return np.where(of_material == _BY_RULE, by_rule, of_material)


def places(
    mesh: Mesh, found: Walls, base_m: FloatArray, storey_m: FloatArray, texture: WallTexture, which: IntArray
) -> FloatArray:
    """Where the corners (t, 3, 2) of the triangles `which` (places in `found`) lie in a picture, in whole pictures.

    From the lower left corner of the wall on; a picture of storeys fits itself to the wall, any other is laid by the metre.
    storey_m: (n,) of the buildings, NaN: as high as the picture's own.
    """
    panel = PANELS[texture]
    corner, face = mesh.triangles[found.triangle[which]], found.face[which]
    at = mesh.xy[mesh.point[corner]]
    run = np.sum(at * found.along[face][:, None, :], axis=2) - found.start[face][:, None]
    low = np.maximum(found.low_m, base_m[found.feature])[face]
    up = mesh.z[corner] - low[:, None]
    if panel.storeys == 0:
        # a picture that is mirrored above must begin with itself
        return np.stack([run / panel.width_m, float(panel.mirrors) - up / panel.height_m], axis=2)
    length, height = found.length_m[face], np.maximum(found.high_m[face] - low, 1e-6)
    bays = np.maximum(np.round(length / panel.width_m), 1.0)
    storey = storey_m[found.feature[face]]
    storey = np.where(np.isnan(storey), panel.height_m / panel.storeys, storey)
    storeys = np.maximum(np.round(height / storey), 1.0)
    across = run / length[:, None] * bays[:, None]
    return np.stack([across, -up / height[:, None] * (storeys / panel.storeys)[:, None]], axis=2)


def _joined(corner: IntArray, count: int) -> IntArray:
    """For every vertex (count,) the least one that it is joined with by triangles (t, 3)."""
    label = np.arange(count)
    while True:
        least = label[corner].min(axis=1)
        before = label.copy()
        np.minimum.at(label, corner.ravel(), np.repeat(least, 3))
        if (label == before).all():
            return label


def _ranges(
    owner: IntArray, count: int, run: FloatArray, z: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The least and the greatest run, and the least and the greatest height, of each owner (count,)."""
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(count))
    return (
        np.minimum.reduceat(run[order], starts),
        np.maximum.reduceat(run[order], starts),
        np.minimum.reduceat(z[order], starts),
        np.maximum.reduceat(z[order], starts),
    )
