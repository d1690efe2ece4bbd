"""Shells: whether polygons close a space as one simple surface, seen by their edges alone (codes 301 to 305 and 307)."""

import numpy as np

from cim.types import BoolArray, FloatArray, IntArray
from cim.validity.codes import Finding
from cim.validity.faces import LOOSE, Faces
from cim.validity.welding import components

_LEAST_POLYGONS = 4


def check_shells(faces: Faces, point: IntArray, bad: BoolArray) -> tuple[list[Finding], BoolArray]:
    """What is wrong with shells whose polygons (bad: (p,)) are all good; and which shells (s,) are good so far.

    point: (v,) numbers that vertices at one place share.
    """
    count = len(faces.solid)
    good = np.ones(count, dtype=np.bool_)
    bound = faces.shell != LOOSE
    if not bound.any():
        return [], np.zeros(count, dtype=np.bool_)
    good[faces.shell[bound & bad]] = False
    found: list[Finding] = []

    def tell(code: int, shells: IntArray, at: FloatArray | None = None) -> None:
        for place, shell in enumerate(shells.tolist()):
            if good[shell]:
                where = None if at is None else tuple(at[place].tolist())
                found.append(Finding(_body_of(faces, shell), code, None, where))
                good[shell] = False

    tell(301, np.flatnonzero(np.bincount(faces.shell[bound], minlength=count) < _LEAST_POLYGONS))
    edges = _Edges(faces, point, good)
    for code, chosen in edges.faults():
        shells, first = np.unique(edges.shell[chosen], return_index=True)
        tell(code, shells, edges.middle(np.flatnonzero(chosen)[first]))
    tell(303, *_pinched(faces, point, edges, good))
    tell(305, _in_pieces(faces, edges))
    return found, good


def _body_of(faces: Faces, shell: int) -> int:
    return int(faces.body[np.flatnonzero(faces.shell == shell)[0]])


class _Edges:
    """The directed edges (e,) of the polygons of good shells, those between the same two points of a shell together."""

    def __init__(self, faces: Faces, point: IntArray, good: BoolArray) -> None:
        polygon = faces.polygon_of_vertex()
        shell = faces.shell[polygon]
        start = np.flatnonzero((shell != LOOSE) & good[shell] & (point[faces.following()] != point))
        end = faces.following()[start]
        low, high = np.minimum(point[start], point[end]), np.maximum(point[start], point[end])
        key = np.lexsort((high, low, shell[start]))
        self._xyz = faces.xyz
        self.start, self.end = start[key], end[key]
        self.shell, self.polygon = shell[self.start], polygon[self.start]
        self.forward = point[self.start] == low[key]
        low, high = low[key], high[key]
        fresh = np.ones(len(key), dtype=np.bool_)
        fresh[1:] = (np.diff(low) != 0) | (np.diff(high) != 0) | (np.diff(self.shell) != 0)
        self.group = np.cumsum(fresh) - 1
        self.size = np.bincount(self.group)
        self.ahead = np.bincount(self.group, weights=self.forward).astype(np.int64)

    def faults(self) -> list[tuple[int, BoolArray]]:
        """Codes, and the edges that have each: an open one, one of several polygons, one run through twice one way."""
        size, ahead = self.size[self.group], self.ahead[self.group]
        return [(302, size == 1), (304, size > 2), (307, (size == 2) & (ahead != 1))]

    def middle(self, edges: IntArray) -> FloatArray:
        """The middles (n, 3) of edges."""
        return np.asarray((self._xyz[self.start[edges]] + self._xyz[self.end[edges]]) / 2.0)

    def pairs(self) -> tuple[IntArray, IntArray]:
        """The two edges of each group of two."""
        first = np.flatnonzero(np.diff(self.group, prepend=-1))
        two = first[self.size == 2]
        return two, two + 1


def _in_pieces(faces: Faces, edges: _Edges) -> IntArray:
    """Shells whose polygons do not all hang together by edges."""
    one, other = edges.pairs()
    label = components(np.column_stack([edges.polygon[one], edges.polygon[other]]), len(faces.body))
    bound = np.flatnonzero(faces.shell != LOOSE)
    pieces = np.unique(np.column_stack([faces.shell[bound], label[bound]]), axis=0)
    return np.flatnonzero(np.bincount(pieces[:, 0], minlength=len(faces.solid)) > 1)


def _pinched(faces: Faces, point: IntArray, edges: _Edges, good: BoolArray) -> tuple[IntArray, FloatArray]:
    """Shells with a point about which the polygons form more than one fan, and that point."""
    shell = faces.shell[faces.polygon_of_vertex()]
    corner = np.flatnonzero((shell != LOOSE) & good[shell])
    one, other = edges.pairs()
    following = faces.following()
    # Two polygons at a common edge: the corner where one begins it is that where the other ends it.
    pairs = np.concatenate(
        [
            np.column_stack([edges.start[one], following[edges.start[other]]]),
            np.column_stack([following[edges.start[one]], edges.start[other]]),
        ]
    )
    label = components(pairs, len(faces.xyz))[corner]
    order = np.lexsort((label, point[corner], shell[corner]))
    here = corner[order]
    same_place = (np.diff(point[here]) == 0) & (np.diff(shell[here]) == 0)
    at = here[1:][same_place & (np.diff(label[order]) != 0)]
    shells, first = np.unique(shell[at], return_index=True)
    return shells, faces.xyz[at[first]]
