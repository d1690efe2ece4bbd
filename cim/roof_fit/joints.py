"""Planes moved a little so that faces meet where they all but meet, by least squares."""

import numpy as np
import shapely

from cim.roof_fit.plan import Node, Plan
from cim.roof_fit.planes import STEEPEST
from cim.types import BoolArray, FloatArray, IntArray

JOIN_M = (0.3, 0.15, 0.07, 0.03, 0.01)
"""Faces whose heights at a node differ by less than this are meant to meet there: the first with which no face has to go
far (the project's own default)."""
ONE_LINE = (0.02, 0.003)
"""Meetings that follow from others but for so much (metres at a node, of the whole) are left to rounding."""
MET_M = 0.001
_HAIR_M = 0.005
_NEAR_M = 0.3
_MOST_MOVED_M = 0.25


def joined(plan: Plan, xyz: FloatArray, weight: FloatArray) -> Plan:
    """The plan with planes by the points (n, 3) near them, of weight (n,), that meet at nodes where they all but did.

    Where that would move a face far, only those meet that were nearer to it. Without points
    nothing moves.
    """
    if not len(xyz):
        return plan
    normal, right = _of_points(plan, xyz, weight)
    best = plan
    for within in JOIN_M:
        rows = _meetings(plan, within)
        if not len(rows):
            break
        _, size, ways = np.linalg.svd(rows, full_matrices=True)
        for one_line in ONE_LINE:
            free = ways[int((size > one_line).sum()) :].T
            planes = (free @ np.linalg.lstsq(free.T @ normal @ free, free.T @ right, rcond=1e-12)[0]).reshape(-1, 3)
            if _is_near(plan, planes):
                found = Plan(plan.rings, planes, plan.corners)
                if np.abs(rows @ planes.ravel()).max() < MET_M:
                    return _met(found)
                best = found if best is plan else best
    return _met(best)


def _met(plan: Plan) -> Plan:
    """The plan with its nodes moved by what rounding did to them: exactly to where their faces meet.

    Where a node stands a hair beside a straight border, nothing less keeps the sliver between them in its plane.
    """
    left = plan.left_of()
    side: dict[Node, list[Node]] = {}
    for a, b in left:
        if (b, a) not in left:
            side.setdefault(a, []).append(b)
            side.setdefault(b, []).append(a)
    goes: dict[Node, Node] = {}
    for node, faces in plan.faces_at().items():
        level = sorted((plan.height(face, node), face) for face in faces)
        rows, off = [], []
        for (low, one), (high, other) in zip(level, level[1:], strict=False):
            if high - low < MET_M:
                rows.append(plan.planes[other, :2] - plan.planes[one, :2])
                off.append(low - high)
        if not rows or node in plan.corners:
            continue
        for a, b in [side[node]] if node in side else []:
            way = np.array(b) - a
            rows.append(np.array([-way[1], way[0]]) / np.hypot(*way))
            off.append(-float(rows[-1] @ (np.array(node) - a)))
        move = np.linalg.lstsq(np.array(rows), np.array(off), rcond=1e-3)[0]
        if np.hypot(*move) < _HAIR_M:
            goes[node] = (node[0] + float(move[0]), node[1] + float(move[1]))
    rings = [[[goes.get(node, node) for node in ring] for ring in face] for face in plan.rings]
    return Plan(rings, plan.planes, plan.corners)


def _meetings(plan: Plan, within: float) -> FloatArray:
    """Rows (m, 3 f) that come to nothing, times the planes, where two faces meet at a node."""
    rows = []
    for node, faces in plan.faces_at().items():
        level = sorted((plan.height(face, node), face) for face in faces)
        for (low, one), (high, other) in zip(level, level[1:], strict=False):
            if one != other and high - low < within:
                row = np.zeros((len(plan.planes), 3))
                row[one], row[other] = (*node, 1.0), (-node[0], -node[1], -1.0)
                rows.append(row.ravel())
    return np.array(rows).reshape(-1, 3 * len(plan.planes))


def _of_points(plan: Plan, xyz: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The normal equations of each face's points that lie near its plane, and a little of what the planes were."""
    count = len(plan.planes)
    shapes = [shapely.Polygon(rings[0], rings[1:]) for rings in plan.rings]
    face: IntArray = np.asarray(shapely.STRtree(shapes).nearest(shapely.points(xyz[:, :2])))
    at = np.column_stack([xyz[:, :2], np.ones(len(xyz))])
    near: BoolArray = np.abs(np.einsum("ij,ij->i", plan.planes[face], at) - xyz[:, 2]) < _NEAR_M
    normal, right = np.zeros((3 * count, 3 * count)), np.zeros(3 * count)
    for k in range(count):
        mine = near & (face == k)
        corner = np.array([(*node, 1.0) for node in plan.rings[k][0]])
        was = corner @ plan.planes[k]
        scaled, part = at[mine] * weight[mine, None], slice(3 * k, 3 * k + 3)
        normal[part, part] = scaled.T @ at[mine] + 1e-3 * corner.T @ corner
        right[part] = scaled.T @ xyz[mine, 2] + 1e-3 * corner.T @ was
    return normal, right


def _is_near(plan: Plan, planes: FloatArray) -> bool:
    """Whether no face went far from where it was, nor stands upright now."""
    if (np.hypot(planes[:, 0], planes[:, 1]) > STEEPEST).any():
        return False
    for face, rings in enumerate(plan.rings):
        corner = np.array([(*node, 1.0) for node in rings[0]])
        if np.abs(corner @ (planes[face] - plan.planes[face])).max() > _MOST_MOVED_M:
            return False
    return True
