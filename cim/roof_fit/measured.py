"""The roof of one building by its points: the arrangement of planes that fits, or a simpler form, and the reason why."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.roof_fit.arrangement import FACE_PRICE, LIMIT_M, arranged
from cim.roof_fit.cells import GRID_M, faces_of, merged
from cim.roof_fit.plan import Open
from cim.roof_fit.quality import AGREES_M, Fit, fit_of, weights
from cim.roof_fit.simple import flat, form_of, gables, shed
from cim.roof_fit.solid import bound
from cim.types import FloatArray, ObjectArray, RoofForm, Surface

LEAST_POINTS = 12
"""Fewer points over a footprint measure no roof (the project's own default)."""
LEAST_COVERED = 0.7
"""Where less of the footprint has points, nobody knows the rest of the roof (the project's own default)."""
STRAIGHT_M = 0.02
"""Corners of an outline that stand out less than this are left out of the body (the project's own default)."""
LEAST_AGREEING = 0.7
"""A roof that less of its area agrees with is a poor one (the project's own default)."""
SMALL_M2, SMALL_FACES = 100.0, 12
"""Below so many square metres a roof has no more faces than this."""
_MOST_POINTS = 4_000
_NEAR_M = 0.75

NO_POINTS = "roof_no_points"
FEW_POINTS = "roof_few_points"
PART_COVERED = "roof_part_covered"
POOR_FIT = "roof_poor_fit"
NOT_CLOSED = "roof_not_closed"
OUTLINE = "roof_outline_touches"


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredRoof:
    """What the points say of one building. boundary: above_base, None where nothing could be made of them.

    reason: the code why it is not the arrangement of planes that fits best, None where it is. faces: of the roof.
    eaves_m, height_m: the roof's lowest and highest corner above the base, NaN without a body.
    """

    boundary: Boundary | None
    form: RoofForm
    fit: Fit
    reason: str | None
    faces: int = 0
    eaves_m: float = np.nan
    height_m: float = np.nan


def measured_roof(points: FloatArray, footprint: shapely.Polygon | shapely.MultiPolygon) -> MeasuredRoof:
    """The roof over a footprint (Polygon or MultiPolygon; city frame) by points (n, 3), heights above its base.

    Points beyond the footprint are left out. The same points in another order give the same roof.
    """
    inside = shapely.intersects(footprint, shapely.points(points[:, :2])) if len(points) else np.zeros(0, dtype=bool)
    xyz = points[inside]
    xyz = xyz[np.lexsort((xyz[:, 2], xyz[:, 1], xyz[:, 0]))]
    area = float(footprint.area)
    share = covered(footprint, xyz)
    if len(xyz) < LEAST_POINTS:
        fit = Fit(len(xyz), len(xyz) / area, share)
        return MeasuredRoof(None, RoofForm.flat, fit, FEW_POINTS if len(xyz) else NO_POINTS)
    parts = [_part(part, xyz) for part in shapely.get_parts(footprint)]
    bodies = [body for body, _, _ in parts]
    reason = next((why for _, _, why in parts if why is not None), None)
    if any(body is None for body in bodies):
        return MeasuredRoof(None, RoofForm.flat, Fit(len(xyz), len(xyz) / area, share), reason)
    boundary = _together([body for body in bodies if body is not None])
    forms = {form for _, form, _ in parts}
    roofs = boundary.polygons[boundary.surface == Surface.roof]
    heights = shapely.get_coordinates(roofs, include_z=True)[:, 2]
    return MeasuredRoof(
        boundary=boundary,
        form=forms.pop() if len(forms) == 1 else RoofForm.other,
        fit=fit_of(boundary, xyz, area, share),
        reason=reason,
        faces=len(roofs),
        eaves_m=float(heights.min()),
        height_m=float(heights.max()),
    )


def _part(footprint: shapely.Polygon, every: FloatArray) -> tuple[Boundary | None, RoofForm, str | None]:
    """The body of one polygon of a footprint, its form, and why it is no better one. every: the whole building's points."""
    origin = np.floor(np.array(footprint.bounds[:2]))
    local = shapely.simplify(shapely.transform(footprint, lambda xy: xy - origin), STRAIGHT_M)
    local = shapely.transform(local, lambda xy: np.round(xy / GRID_M) * GRID_M)
    if _touches_itself(local):
        return None, RoofForm.flat, OUTLINE
    mine = every[shapely.intersects(footprint, shapely.points(every[:, :2]))]
    if len(mine) < LEAST_POINTS or covered(footprint, mine) < LEAST_COVERED:
        level = float(np.median(mine[:, 2] if len(mine) else every[:, 2]))
        tries: Iterator[tuple[ObjectArray, FloatArray, str | None]] = iter([(*flat(local, level), PART_COVERED)])
    else:
        tries = _tries(local, mine - [*origin, 0.0])
    weight = weights(mine, float(local.area))
    for faces, planes, why in tries:
        try:
            body = bound(local, faces, planes, mine - [*origin, 0.0], weight)
        except Open:
            continue
        placed = shapely.transform(body.polygons, lambda xyz: xyz + [*origin, 0.0], include_z=True)
        return Boundary(placed, body.surface, body.kind, body.shells, above_base=True), form_of(faces, planes), why
    return None, RoofForm.flat, NOT_CLOSED


def _touches_itself(outline: shapely.Polygon) -> bool:
    rings = np.array([outline.exterior, *outline.interiors], dtype=object)
    first, second = np.triu_indices(len(rings), 1)
    if not outline.is_valid or shapely.intersects(rings[first], rings[second]).any():
        return True
    return bool(shapely.minimum_clearance(outline) < GRID_M)


def _tries(local: shapely.Polygon, xyz: FloatArray) -> Iterator[tuple[ObjectArray, FloatArray, str | None]]:
    """Faces with their planes, the best first, and why those before them did not do."""
    seed = zlib.crc32(shapely.to_wkb(shapely.normalize(shapely.set_precision(local, 0.01))))
    random = np.random.default_rng(seed)
    few = xyz if len(xyz) <= _MOST_POINTS else xyz[np.sort(random.permutation(len(xyz))[:_MOST_POINTS])]
    weight = weights(few, float(local.area))
    most = SMALL_FACES if local.area < SMALL_M2 else SMALL_FACES + int(local.area / 25.0)
    why = POOR_FIT
    layout = arranged(local, few, weight, most, random)
    if layout is not None:
        for faces_left in (most, SMALL_FACES, 6, 4):
            faces, planes = faces_of(layout)
            if np.average(_off(faces, planes, few) <= AGREES_M, weights=weight) >= LEAST_AGREEING:
                yield faces, planes, None if faces_left == most else NOT_CLOSED
                why = NOT_CLOSED
            layout = merged(layout, 0.0, min(faces_left, len(faces) - 1))
    level = float(np.median(xyz[:, 2]))
    simple = [*gables(local, few, weight), shed(local, few, weight), flat(local, level)]
    cost = [np.minimum(_off(*one, few), LIMIT_M) ** 2 @ weight + FACE_PRICE * len(one[0]) for one in simple]
    order = np.argsort(cost, kind="stable")
    for number in order.tolist():
        yield *simple[number], why


def _off(faces: ObjectArray, planes: FloatArray, xyz: FloatArray) -> FloatArray:
    """How far (n,) points are off the faces they lie over or nearest to, metres upright."""
    face = shapely.STRtree(faces).nearest(shapely.points(xyz[:, :2]))
    return np.asarray(np.abs(xyz[:, 2] - np.einsum("ij,ij->i", planes[face, :2], xyz[:, :2]) - planes[face, 2]))


def covered(footprint: shapely.Polygon | shapely.MultiPolygon, xyz: FloatArray) -> float:
    """The share of a footprint with one of the points (n, 3) about as near as points of that number lie apart."""
    if not len(xyz):
        return 0.0
    reach = max(_NEAR_M, float(np.sqrt(footprint.area / len(xyz))))
    near = shapely.union_all(shapely.box(*(np.column_stack([xyz[:, :2] - reach, xyz[:, :2] + reach]).T)))
    return float(shapely.intersection(near, footprint).area / footprint.area)


def _together(bodies: list[Boundary]) -> Boundary:
    if len(bodies) == 1:
        return bodies[0]
    return Boundary(
        np.concatenate([body.polygons for body in bodies]),
        np.concatenate([body.surface for body in bodies]),
        "MultiSolid",
        tuple(shells for body in bodies for shells in body.shells),
        above_base=True,
    )
