"""Eaves that rise and reach out gently towards their corners (起翘): their line, and the roof and the underside on it."""

import numpy as np

from cim.geometry import Rings, snap
from cim.mesh import Mesh
from cim.roofs.eaves import centroids, widen
from cim.roofs.templates import Face, faceted
from cim.types import BoolArray, FloatArray, Surface

RISE, OUT = 4.0 / 14.0, 3.0 / 14.0
"""How much higher a corner lies than the middle of its eaves, and how much further out beyond either side, as shares of
what the eaves reach. 冲三翘四, told of Qing practice: three rafters out, four up; eaves of 21 斗口 are 14 rafters of 1.5.
Both are commonly told, and are taken at second hand, not from the text.
"""
UPTURNED_FROM_REACH_M, UPTURNED_FROM_HALF_SPAN_M, LEAST_SIDE_M = 0.4, 1.5, 1.5
"""Eaves that reach less, narrower roofs, and outlines with a shorter side have level eaves. These, and the shares below, are
the project's own defaults.
"""
MOST_CORNERS = 12
"""Cones over more corners are straight, with level eaves: their bends would not be seen for the many facets."""
_MOST_RISE = 0.5
"""Of the height between eaves and the first bend above them."""
_MOST_SIDE = 0.45
"""Of a side, that either corner may take."""
_ASIDE = 0.15
"""Sine of the angle that a corner may look past the centre."""

_UP = (
    Face((0, 1, 6), ((0, 1, 2),)),
    Face((1, 2, 6), ((0, 1, 2),)),
    Face((2, 3, 7, 6), ((0, 1, 2), (0, 2, 3))),
    Face((3, 4, 7), ((0, 1, 2),)),
    Face((4, 5, 7), ((0, 1, 2),)),
)
_DOWN = tuple(
    Face(face.nodes[:1] + face.nodes[:0:-1], face.triangles, Surface.overhang) for face in _UP
)  # seen from below
"""The faces over one side: five nodes along the eaves and the next corner, then the two that the inner line has there."""


def turns_up(edge: Rings, reach: FloatArray, half_span: FloatArray, curved: BoolArray) -> BoolArray:
    """Which source rows (n,) have eaves that turn up, of those that are to be curved (n,).

    edge: the eaves. reach: (n,) beyond the walls, half_span: (n,) of the roof; metres, NaN: none.
    """
    step = edge.xy[edge.following()] - edge.xy
    shortest = np.full(len(curved), np.inf)
    np.minimum.at(shortest, edge.feature_of_vertex(), np.hypot(step[:, 0], step[:, 1]))
    with np.errstate(invalid="ignore"):
        large = (reach >= UPTURNED_FROM_REACH_M) & (half_span >= UPTURNED_FROM_HALF_SPAN_M)
    return np.asarray(curved & large & (shortest >= LEAST_SIDE_M))


def even(shape: Rings, count: int) -> BoolArray:
    """Which source rows (n,) of convex rings have corners that all look towards the centre of area, as those of squares and
    regular polygons do. Over others the roof's hips and the underside's lie apart, and might meet.
    """
    out = widen(shape, np.ones(len(shape.xy))).xy - shape.xy
    inward = centroids(shape)[shape.ring_of_vertex()] - shape.xy
    off = np.abs(out[:, 0] * inward[:, 1] - out[:, 1] * inward[:, 0]) / (np.hypot(*out.T) * np.hypot(*inward.T))
    return np.asarray(np.bincount(shape.feature_of_vertex()[off > _ASIDE], minlength=count) == 0)


def eaves_line(edge: Rings, inner: FloatArray, reach: FloatArray, eaves: FloatArray, above: FloatArray) -> FloatArray:
    """Nodes of the eaves (v, 5, 3), on the lattice: of every side its first corner, turned up, and the four on to the next.

    edge: convex rings. inner: (v, 2) the corners of the roof's first bend, at heights above (n,): a corner takes as much of
    a side as lies before them. reach, eaves: (n,) how far the eaves reach, and how high they lie between their corners.
    """
    owner, following = edge.feature_of_vertex(), edge.following()
    step = edge.xy[following] - edge.xy
    length = np.hypot(step[:, 0], step[:, 1])[:, None]
    along = step / length
    out = widen(edge, OUT * reach[owner]).xy - edge.xy
    rise = np.minimum(RISE * reach, _MOST_RISE * (above - eaves))[owner][:, None]
    begin, end = (
        np.clip(np.sum(way * along, axis=1, keepdims=True), 0.0, _MOST_SIDE * length)
        for way in (inner - edge.xy, edge.xy[following] - inner[following])
    )
    begin, end = np.maximum(begin, 0.2 * length), np.maximum(end, 0.2 * length)
    level, first, last = np.zeros_like(rise), edge.xy, edge.xy[following]
    xy = [first + out, first + along * begin / 2.0 + out / 4.0, first + along * begin]
    xy += [last - along * end, last - along * end / 2.0 + out[following] / 4.0]
    z = eaves[owner][:, None] + np.concatenate([rise, rise / 4.0, level, level, rise / 4.0], axis=1)
    return np.concatenate([snap(np.stack(xy, axis=1)), snap(z)[..., None]], axis=2)


def strips(line: FloatArray, edge: Rings, inner: FloatArray, height: FloatArray, *, up: bool) -> Mesh:
    """The roof from a line of eaves (v, 5, 3) up to corners inner (v, 2) at heights (n,); or the underside in to them."""
    following, owner = edge.following(), edge.feature_of_vertex()
    ends = np.concatenate([inner, height[owner][:, None]], axis=1)
    nodes = np.concatenate([line, line[following, :1], ends[:, None], ends[following][:, None]], axis=1)
    return faceted(nodes[..., :2], nodes[..., 2], _UP if up else _DOWN, owner)


def wings(
    edge: Rings,
    wall: FloatArray,
    inner: FloatArray,
    reach: FloatArray,
    eaves: FloatArray,
    above: FloatArray,
) -> list[Mesh]:
    """Underside and lowest strip of roof of eaves that turn up. edge: convex rings. wall, inner: (v, 2) the corners that the
    underside ends in, and those of the roof's first bend; reach, eaves, above: (n,) as of `eaves_line`.
    """
    if len(edge.xy) == 0:
        return []
    line = eaves_line(edge, inner, reach, eaves, above)
    return [strips(line, edge, wall, eaves, up=False), strips(line, edge, inner, above, up=True)]
