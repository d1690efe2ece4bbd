"""Closed bodies of buildings with their roofs: prism, soffit and roof of every footprint, by form."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cim.geometry import Rings, signed_areas, snap
from cim.mesh import Mesh, extrude, ground_faces, join, walls
from cim.roofs.fitting import HIPS_AS_GABLES, NOT_FOUR_SIDED, fitting_forms, sides_of
from cim.roofs.templates import TEMPLATES, from_template, turn
from cim.roofs.wings import Wings, take_apart
from cim.types import FloatArray, IntArray, RoofForm, Surface

_SHORTEST_RIDGE_M = 0.5
_LEAST_OVERHANG_M = 1.0 / 16.0
_DONE = 255


@dataclass(frozen=True, slots=True)
class Bodied:
    """Bodies with the roofs they got. form: (n,) `RoofForm` codes. reasons: source row -> why not the form asked for.

    failed: source rows without a body, because their footprints cannot be triangulated.
    """

    mesh: Mesh
    form: npt.NDArray[np.uint8]
    reasons: dict[int, str]
    failed: IntArray


def raise_bodies(
    shape: Rings,
    low: FloatArray,
    eaves: FloatArray,
    high: FloatArray,
    form: npt.NDArray[np.uint8],
    overhang_m: FloatArray,
    *,
    ground: bool = False,
) -> Bodied:
    """Bodies of all footprints, each with the roof of its form, or the simpler one that fits.

    shape: cleaned, wound rings on the lattice. low, eaves, high: (n,) heights of the foot of the walls, the eaves and
    the ridge, metres; form: (n,) codes; overhang_m: (n,) how far pitched roofs reach beyond the walls; by source row.
    """
    asked, overhang_m = form, np.where(overhang_m < _LEAST_OVERHANG_M, 0.0, overhang_m)
    form, reasons = fitting_forms(shape, eaves, high, asked)
    wings = _compound(shape, asked, form, reasons)
    meshes, failed = [], np.zeros(0, dtype=np.int64)
    if len(wings.feature):
        meshes += _winged(wings, low, eaves, high, overhang_m, ground=ground)
    kind = form[shape.feature]
    kind[np.isin(shape.feature, wings.feature)] = _DONE
    flat = kind == RoofForm.flat
    if flat.any():
        mesh, failed = extrude(shape.keep(flat), low, high, ground=ground)
        meshes.append(mesh)
    for wanted in RoofForm:
        chosen = kind == wanted
        if wanted is RoofForm.flat or not chosen.any():
            continue
        part = shape.keep(chosen)
        meshes.append(walls(part, low, eaves))
        if ground:
            meshes.append(ground_faces(part, low))
        meshes += _roof(part, wanted, eaves, high, overhang_m)
    return Bodied(join(*meshes), form, reasons, failed)


def _compound(
    shape: Rings, asked: npt.NDArray[np.uint8], form: npt.NDArray[np.uint8], reasons: dict[int, str]
) -> Wings:
    """The wings of footprints that are several rectangles; sets the form they get and why."""
    gabled = np.isin(asked, (RoofForm.gable, RoofForm.hip, RoofForm.hip_and_gable))
    rows = [row for row, reason in reasons.items() if reason == NOT_FOUR_SIDED and gabled[row]]
    wings = take_apart(shape, np.array(sorted(rows), dtype=np.int64))
    for row in np.unique(wings.feature).tolist():
        form[row] = RoofForm.gable
        if asked[row] == RoofForm.gable:
            del reasons[row]
        else:
            reasons[row] = HIPS_AS_GABLES
    return wings


def _winged(
    wings: Wings, low: FloatArray, eaves: FloatArray, high: FloatArray, overhang_m: FloatArray, *, ground: bool
) -> list[Mesh]:
    """A closed body with a gable for every wing."""
    count, owner = len(wings.feature), wings.feature
    every = np.arange(count)
    shape = Rings(wings.quads.reshape(-1, 2), np.arange(count + 1) * 4, every, every)
    foot, edge = low[owner], eaves[owner]
    ridge = edge + wings.rise * (high - eaves)[owner]
    reach = overhang_m[owner]
    wide = _widen(shape, reach)
    template = TEMPLATES[RoofForm.gable]
    meshes = [
        walls(shape, foot, edge),
        _soffit(shape, wide, edge, reach),
        from_template(template, wide.xy.reshape(-1, 4, 2), every, edge, ridge),
    ]
    if ground:
        meshes.append(ground_faces(shape, foot))
    return [replace(mesh, feature=owner[mesh.feature]) for mesh in meshes]


def _roof(shape: Rings, form: RoofForm, eaves: FloatArray, high: FloatArray, overhang_m: FloatArray) -> list[Mesh]:
    """Everything above the walls of footprints that carry this form."""
    reach = np.zeros(len(high)) if form is RoofForm.shed else overhang_m
    edge = _widen(shape, reach)
    meshes = [_soffit(shape, edge, eaves, reach)]
    if form is RoofForm.pyramidal:
        return [*meshes, _pyramids(edge, eaves, high)]
    quads = turn(edge.xy.reshape(-1, 4, 2), falls_south=form is RoofForm.shed)
    if form is RoofForm.hip:
        square = sides_of(quads)[:, 0] - sides_of(quads)[:, 1] < _SHORTEST_RIDGE_M
        meshes.append(_pyramids(edge.keep(square), eaves, high))
        quads, feature = quads[~square], edge.feature[~square]
    else:
        feature = edge.feature
    return [*meshes, from_template(TEMPLATES[form], quads, feature, eaves, high)]


def _pyramids(edge: Rings, eaves: FloatArray, high: FloatArray) -> Mesh:
    """One triangle from every side of convex rings to the apex over their centroid."""
    count, following = len(edge.xy), edge.following()
    apex = snap(_centroids(edge))
    feature, ring = edge.feature_of_vertex(), edge.ring_of_vertex()
    xy = np.concatenate([edge.xy, apex])
    point = np.column_stack([np.arange(count), following, count + ring])
    z = np.column_stack([eaves[feature], eaves[feature], high[feature]])
    at = np.concatenate([xy[point], z[:, :, None]], axis=2)
    normal = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    return Mesh(
        xy=xy,
        point=point.ravel(),
        z=z.ravel(),
        normal=np.repeat(normal, 3, axis=0),
        surface=np.full(3 * count, Surface.roof, dtype=np.uint8),
        feature=np.repeat(feature, 3),
        triangles=np.arange(3 * count).reshape(-1, 3),
    )


def _centroids(shape: Rings) -> FloatArray:
    """Centres of area of rings (r, 2)."""
    if len(shape.xy) == 0:
        return np.zeros((0, 2))
    origin = shape.xy[shape.start[:-1]]
    local = shape.xy - np.repeat(origin, shape.sizes(), axis=0)
    ahead = local[shape.following()]
    cross = local[:, 0] * ahead[:, 1] - local[:, 1] * ahead[:, 0]
    moment = np.add.reduceat((local + ahead) * cross[:, None], shape.start[:-1], axis=0)
    return np.asarray(origin + moment / (6.0 * signed_areas(shape)[:, None]))


def _widen(shape: Rings, reach: FloatArray) -> Rings:
    """Convex rings moved outward by reach (n,), corners mitred up to twice the reach, on the lattice."""
    following = shape.following()
    step = shape.xy[following] - shape.xy
    outward = np.column_stack([step[:, 1], -step[:, 0]]) / np.hypot(step[:, 0], step[:, 1])[:, None]
    before = np.empty_like(outward)
    before[following] = outward
    mitre = (outward + before) / np.maximum(1.0 + np.sum(outward * before, axis=1), 0.5)[:, None]
    moved = snap(shape.xy + mitre * reach[shape.feature_of_vertex()][:, None])
    return Rings(moved, shape.start, shape.polygon, shape.feature)


def _soffit(shape: Rings, edge: Rings, eaves: FloatArray, reach: FloatArray) -> Mesh:
    """The undersides of overhanging roofs: between the wall tops and the edge of the eaves."""
    hanging = reach[shape.feature] > 0
    inner, outer = shape.keep(hanging), edge.keep(hanging)
    count, following = len(inner.xy), inner.following()
    here = np.arange(count)
    feature = inner.feature_of_vertex()
    point = np.column_stack([count + here, here, following, count + following])
    return Mesh(
        xy=np.concatenate([inner.xy, outer.xy]),
        point=point.ravel(),
        z=np.repeat(eaves[feature], 4),
        normal=np.tile([0.0, 0.0, -1.0], (4 * count, 1)),
        surface=np.full(4 * count, Surface.roof, dtype=np.uint8),
        feature=np.repeat(feature, 4),
        triangles=(4 * here[:, None] + np.array([[0, 1, 2, 0, 2, 3]])).reshape(-1, 3),
    )
