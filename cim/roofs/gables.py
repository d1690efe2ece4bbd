"""Gables over a straight skeleton: ends of wings that stand up instead of sloping, from some height on."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from cim.roofs.skeleton import Skeleton
from cim.types import FloatArray, Surface

SHORTEST_RIDGE_M = 0.5
"""Slopes that meet in a ridge shorter than this meet in a point. The project's own default."""
_MARGIN = 0.1
"""A ridge has to come out on the middle of an end, this share of its width away from its corners at the least."""
_STEEPENED = 1.5
"""How much higher than the hip a ridge drawn on to the gable may come to lie."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A roof in plan. nodes: (k, 3) of x, y and the distance from the eaves; the corners first. faces: loops of nodes,
    anticlockwise from outside; those of gables begin at the top. surface: of each face. side: over which side each lies.
    ends: the sides that gables stand over.
    """

    nodes: FloatArray
    faces: tuple[tuple[int, ...], ...]
    surface: tuple[Surface, ...]
    side: tuple[int, ...]
    ends: tuple[int, ...]


def hipped(skeleton: Skeleton) -> Framed:
    """The skeleton as a roof that slopes on all sides."""
    count = len(skeleton.faces)
    return Framed(skeleton.nodes, skeleton.faces, (Surface.roof,) * count, tuple(range(count)), ())


def gabled(skeleton: Skeleton, gable_from: float) -> Framed:
    """The roof whose triangular ends stand up from a share of the way to the ridge on."""
    nodes = [tuple(node) for node in skeleton.nodes.tolist()]
    faces = [list(face) for face in skeleton.faces]
    before = {face[1]: side for side, face in enumerate(skeleton.faces)}
    beside = _neighbours(faces)
    walls: list[tuple[tuple[int, ...], int]] = []
    dropped = set()
    for side, face in enumerate(skeleton.faces):
        if len(face) != 3:
            continue
        first, last, apex = face
        onward = beside[apex] - {first, last}
        if len(beside[apex]) != 3 or max(onward) < len(faces):
            continue
        raised = _raised(np.array([nodes[k] for k in (first, last, apex, max(onward))]), gable_from)
        if raised is None:
            continue
        top, number = len(nodes), apex
        nodes.append(tuple(raised[0]))
        left, right = [], []
        if gable_from > 0.0:
            left, right = [top + 1], [top + 2]
            nodes += [tuple(raised[1]), tuple(raised[2])]
            faces[side] = [first, last, *right, *left]
        else:
            dropped.add(side)
        _replace(faces[last], number, [top, *right])
        _replace(faces[before[first]], number, [*left, top])
        walls.append(((top, *(left or [first]), *(right or [last])), side))
    kept = [side for side in range(len(faces)) if side not in dropped]
    return Framed(
        np.array(nodes),
        (*(tuple(faces[side]) for side in kept), *(wall for wall, _ in walls)),
        (Surface.roof,) * len(kept) + (Surface.wall,) * len(walls),
        (*kept, *(side for _, side in walls)),
        tuple(side for _, side in walls),
    )


def _neighbours(faces: list[list[int]]) -> dict[int, set[int]]:
    beside: dict[int, set[int]] = defaultdict(set)
    for face in faces:
        for a, b in zip(face, [*face[1:], face[0]], strict=True):
            beside[a].add(b)
            beside[b].add(a)
    return beside


def _raised(at: FloatArray, gable_from: float) -> FloatArray | None:
    """The top of a gable and the two ends of its foot (3, 3), None where the ridge does not lead to the end.

    at: (4, 3) the end's two corners, the point its hips meet in, and the next node along the ridge.
    """
    first, last, apex, onward = at
    along = (last - first)[:2] / np.hypot(*(last - first)[:2])
    inward = np.array([-along[1], along[0]])
    way = apex - onward
    approach = float(way[:2] @ inward)
    if approach > -1e-9 or float(np.hypot(*way[:2])) < SHORTEST_RIDGE_M:
        return None
    top = apex + way * ((1.0 - gable_from) * float((apex - first)[:2] @ inward) / -approach)
    left, right = (corner + gable_from * (apex - corner) for corner in (first, last))
    width = float((right - left)[:2] @ along)
    place = float((top - left)[:2] @ along)
    if not _MARGIN * width < place < (1.0 - _MARGIN) * width or not 0.0 < top[2] <= _STEEPENED * apex[2]:
        return None
    return np.array([top, left, right])


def _replace(face: list[int], node: int, nodes: list[int]) -> None:
    k = face.index(node)
    face[k : k + 1] = nodes
