"""Roofs over any polygon, framed on its straight skeleton: which sides slope, how far the eaves reach, and the faces.

Each polygon is a matter of its own. What cannot be framed, or does not survive the lattice, is named for the caller.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from cim.geometry import Rings, snap
from cim.mesh import Mesh, triangulate
from cim.roofs.eaves import hangs, is_sound, of_vertices, widen
from cim.roofs.facets import facets
from cim.roofs.gables import Framed, gabled, hipped
from cim.roofs.skeleton import Skeleton, skeleton
from cim.roofs.templates import GABLE_FROM
from cim.types import BoolArray, FloatArray, IntArray, RoofForm, Surface

_FLUSH = (RoofForm.flush_gable, RoofForm.round_ridge)


@dataclass(frozen=True, slots=True)
class Frames:
    """Roofs in plan. wall, edge: the walls and the eaves of the polygons that have one. frames: one a polygon of these.

    half_span: (n,) metres by source row, NaN for those without. ends: (n,) how many gables. unframed: source rows that are
    too large or too involved; tight: those whose eaves would meet if they hung over.
    """

    wall: Rings
    edge: Rings
    frames: tuple[Framed, ...]
    half_span: FloatArray
    ends: IntArray
    unframed: IntArray
    tight: IntArray


def frame(shape: Rings, form: np.ndarray, reach: FloatArray) -> Frames:
    """The frames of these polygons' roofs by form (n,) of their source rows, with eaves that reach (n,) beyond the walls."""
    count = len(form)
    flush = np.isin(form, _FLUSH)
    side_reach = of_vertices(shape, reach)
    side_reach[_gable_sides(shape, flush & (reach > 0), form)] = 0.0
    edge = widen(shape, side_reach)
    # The parts of one building may stand side by side: their eaves do not hang over each other.
    apart = np.bincount(shape.feature, minlength=count) == 1
    sound = is_sound(shape, edge) & (apart | (reach == 0.0))[shape.feature]
    tight = np.unique(shape.feature[~sound])
    held = np.isin(shape.feature_of_vertex(), tight)
    if held.any():
        edge = replace(edge, xy=np.where(held[:, None], shape.xy, edge.xy))
    found = [_framed(rings, RoofForm(int(form[row]))) for rings, row in _polygons(edge)]
    unframed = np.unique(shape.feature[[one is None for one in found]])
    keep = ~np.isin(shape.feature, unframed)
    frames = tuple(one for one, kept in zip(found, keep.tolist(), strict=True) if kept and one is not None)
    half_span, ends = np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    for one, row in zip(frames, shape.feature[keep].tolist(), strict=True):
        half_span[row] = np.fmax(half_span[row], one.nodes[:, 2].max())
        ends[row] += len(one.ends)
    return Frames(shape.keep(keep), edge.keep(keep), frames, half_span, ends, unframed, np.setdiff1d(tight, unframed))


def _polygons(shape: Rings) -> list[tuple[list[FloatArray], int]]:
    """The rings of each polygon, and its source row."""
    loops = np.split(shape.xy, shape.start[1:-1])
    first = np.searchsorted(shape.polygon, np.arange(len(shape.feature) + 1)).tolist()
    return [(loops[first[k] : first[k + 1]], row) for k, row in enumerate(shape.feature.tolist())]


def _framed(rings: list[FloatArray], form: RoofForm) -> Framed | None:
    bones = skeleton(rings)
    return None if bones is None else _of_form(bones, form)


def _of_form(bones: Skeleton, form: RoofForm) -> Framed:
    gable_from = GABLE_FROM[form]
    return hipped(bones) if gable_from == 1.0 else gabled(bones, gable_from)


def _gable_sides(shape: Rings, chosen: BoolArray, form: np.ndarray) -> BoolArray:
    """The sides (v,) of chosen (n,) source rows that a gable will stand over."""
    found: BoolArray = np.zeros(len(shape.xy), dtype=np.bool_)
    part = np.flatnonzero(chosen[shape.feature])
    start = shape.start[np.searchsorted(shape.polygon, part)]
    for (rings, row), first in zip(_polygons(shape.keep(chosen[shape.feature])), start.tolist(), strict=True):
        one = _framed(rings, RoofForm(int(form[row])))
        found[[first + side for side in one.ends] if one else []] = True
    return found


# --- faces -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Loops:
    """Faces to be cut into triangles, as they are gathered: nodes (k, 3), and of every face its nodes and what it is of."""

    nodes: list[FloatArray] = field(default_factory=list)
    faces: list[list[int]] = field(default_factory=list)
    surface: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    along: list[tuple[float, float]] = field(default_factory=list)
    count: int = 0


def roofs(frames: Frames, eaves: FloatArray, high: FloatArray) -> tuple[Mesh, IntArray]:
    """The faces of framed roofs between eaves and high (n,), and the source rows whose faces do not survive the lattice."""
    loops = _Loops()
    wall, sizes = frames.wall, np.diff(frames.wall.start)
    stands = ~hangs(wall, frames.edge)
    first = np.searchsorted(wall.polygon, np.arange(len(wall.feature) + 1))
    for k, one in enumerate(frames.frames):
        begin = int(wall.start[first[k]])
        mine = slice(begin, int(wall.start[first[k + 1]]))
        _gather(loops, one, wall.xy[mine], stands[mine], int(wall.feature[k]), sizes[first[k] : first[k + 1]])
    if not loops.faces:
        nothing = np.zeros((0, 3))
        return facets(np.zeros((0, 2)), nothing.astype(np.int64), nothing, np.zeros(0, dtype=np.int64), Surface.roof), (
            np.zeros(0, dtype=np.int64)
        )
    return _faced(loops, frames.half_span, eaves, high)


def _gather(loops: _Loops, one: Framed, wall: FloatArray, stands: BoolArray, row: int, sizes: IntArray) -> None:
    """Adds one roof: its nodes on the lattice, those that fall together made one, and its faces over them."""
    at = np.column_stack([snap(one.nodes[:, :2]), one.nodes[:, 2]])
    number: dict[tuple[float, float], int] = {}
    place = [number.setdefault((x, y), len(number)) for x, y in at[:, :2].tolist()]
    order = np.unique(place, return_index=True)[1]
    nodes, corners = at[order], len(wall)
    following = np.arange(1, corners + 1)
    ends = np.cumsum(sizes)
    following[ends - 1] = ends - sizes
    extra: list[tuple[float, float, float]] = []
    for face, surface, side in zip(one.faces, one.surface, one.side, strict=True):
        loop, far = [place[k] for k in face], int(following[side])
        if stands[side] and (wall[[side, far]] != at[[side, far], :2]).any() and side in face:
            # A side flush with the wall below it: its foot has the wall's corners between those of the eaves.
            foot = len(nodes) + len(extra)
            extra += [(*wall[side].tolist(), 0.0), (*wall[far].tolist(), 0.0)]
            k = face.index(side) + 1
            loop = [*loop[:k], foot, foot + 1, *loop[k:]]
        loop = _tidied(loop)
        if len(loop) > 2:
            step = at[far, :2] - at[side, :2]
            loops.along.append(tuple((step / np.hypot(*step)).tolist()))
            loops.faces.append([k + loops.count for k in loop])
            loops.surface.append(int(surface))
            loops.feature.append(row)
    nodes = np.concatenate([nodes, np.array(extra).reshape(-1, 3)])
    loops.nodes.append(nodes)
    loops.count += len(nodes)


def _tidied(loop: list[int]) -> list[int]:
    """A loop without repeated nodes and without ways there and back."""
    while len(loop) > 2:
        for k in range(len(loop)):
            if loop[k] == loop[k - 1]:
                del loop[k]
                break
            if loop[k] == loop[k - 2]:
                for j in sorted((k % len(loop), (k - 1) % len(loop)), reverse=True):
                    del loop[j]
                break
        else:
            return loop
    return []


def _faced(loops: _Loops, half_span: FloatArray, eaves: FloatArray, high: FloatArray) -> tuple[Mesh, IntArray]:
    sizes = [len(face) for face in loops.faces]
    point = np.concatenate(loops.faces).astype(np.int64)
    nodes, feature = np.concatenate(loops.nodes), np.array(loops.feature, dtype=np.int64)
    surface = np.array(loops.surface)
    of = np.repeat(feature, sizes)
    share = np.clip(nodes[point, 2] / half_span[of], 0.0, 1.0)
    z = snap(eaves[of] + share * (high - eaves)[of])
    # Upright faces are cut into triangles as they are seen from in front.
    xy = nodes[point, :2]
    upright = np.repeat(surface == Surface.wall, sizes)
    along = np.repeat(np.array(loops.along), sizes, axis=0)
    seen = np.where(upright[:, None], np.column_stack([np.sum(xy * along, axis=1), z]), xy)
    every = np.arange(len(sizes))
    caps = triangulate(Rings(seen, np.concatenate([[0], np.cumsum(sizes)]), every, every))
    owner = np.repeat(every, sizes)[caps.triangles[:, 0]]
    a, b, c = (seen[caps.triangles[:, k]] for k in range(3))
    level = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] <= 0.0
    failed = np.unique(feature[np.concatenate([caps.failed, owner[level]])])
    found = ~np.isin(feature[owner], failed)
    triangles, owner = caps.triangles[found], owner[found]
    mesh = facets(nodes[:, :2], point[triangles], z[triangles], feature[owner], Surface.roof)
    return replace(mesh, surface=np.repeat(surface[owner], 3).astype(np.uint8)), failed
