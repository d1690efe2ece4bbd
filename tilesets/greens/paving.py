"""Streets, squares and water laid on the ground that is served, cut along its triangles, so that nothing floats. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Protocol

import numpy as np
import shapely

from cim.crs import LONLAT, transform
from cim.geometry import rings, wind
from cim.grounds import Grounds
from cim.mesh import triangulate
from cim.types import Box, FloatArray, IntArray, ObjectArray
from tilesets.buildings.site import Geoid
from tilesets.gltf.instances import Patch, Sheet
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import Frame, grown
from tilesets.greens.areas import Areas, apart
from tilesets.greens.content import SLACK_M, known, placed, texts
from tilesets.greens.covers import COLOURS, PICTURES, RAISED, Cover, material
from tilesets.greens.kerbs import Faces, faces
from tilesets.greens.ramps import LIFT_M, RAMP_M, lifts, mouths, ramped
from tilesets.greens.solids import linear
from tilesets.spec import Region, outward

LEAST_M2 = 0.004
"""What is smaller than this is left out: slivers of the cutting."""
SAME_M = 0.001
Height = Callable[[FloatArray], FloatArray]
"""Ellipsoidal heights (n,) of the ground at points (n, 2) of the city frame; NaN where there is none."""


class GroundLayer(IntEnum):
    """The layers that lie on the ground."""

    roads = 0
    water = 1
    squares = 2


class Ground(Protocol):
    """The terrain that streets lie on."""

    def heights(self, xy: FloatArray) -> FloatArray:
        """H (n,) of the finest served mesh at points (n, 2) of the city frame; NaN where there is none."""
        ...

    def facets(self, box: Box) -> ObjectArray:
        """The triangles (t,) of the finest served mesh over a box, in the city frame."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Paving:
    """What lies in one cell, each vertex of one cover.

    xy: (v, 2), city frame; height_m: (v,) ellipsoidal; normal: (v, 3) east, north, up; cover: (v,) `Cover` codes; row: (v,)
    of `rows`; triangles: (t, 3).
    """

    rows: Grounds
    xy: FloatArray
    height_m: FloatArray
    normal: FloatArray
    cover: IntArray
    row: IntArray
    triangles: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """As `Paving`, of rows (v,) that are still those of all grounds."""

    xy: FloatArray
    height_m: FloatArray
    normal: FloatArray
    cover: IntArray
    row: IntArray
    triangles: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Streets, squares and water about a unit, what they cover, and the ground they lie on."""

    rows: Grounds
    covered: Areas
    ground: Ground
    geoid: Geoid

    def within(self, box: Box, crs: str) -> Paving | None:
        """What of them lies in a box; None where nothing does."""
        near = shapely.intersects(self.covered.shape, shapely.box(*_about(box).as_tuple()))
        return pave(self.rows, self.covered.take(near), box, self.ground, self.geoid, crs)


def _about(box: Box) -> Box:
    """The box and what decides how high things lie in it."""
    return Box(box.west - RAMP_M, box.south - RAMP_M, box.east + RAMP_M, box.north + RAMP_M)


def pave(rows: Grounds, covered: Areas, box: Box, ground: Ground, geoid: Geoid, crs: str) -> Paving | None:
    """What of these areas lies in a box, each place once, on the triangles of the ground; what is raised, with its kerbs."""
    low = mouths(_within(covered, _about(box)))
    covered = _within(covered, box)
    if not len(covered):
        return None
    covered, shape = ramped(covered, apart(covered.shape), low)
    facets = ground.facets(box)

    def height(xy: FloatArray) -> FloatArray:
        return ground.heights(xy) + geoid.undulation(transform(xy, crs, LONLAT))

    flat = _flat(covered, shape, facets, height, low)
    if flat is None:
        return None
    raised = np.isin(covered.cover, RAISED) & ~shapely.is_empty(shape)
    whole = flat
    if raised.any():
        upright = faces(shape[raised], facets, box)
        whole = _joined(flat, _upright(upright, covered.row[raised][upright.owner], height, low))
    kept, row = np.unique(whole.row, return_inverse=True)
    return Paving(rows.take(kept), whole.xy, whole.height_m, whole.normal, whole.cover, row, whole.triangles)


def _within(covered: Areas, box: Box) -> Areas:
    """What of the areas lies in a box."""
    shape = np.array(shapely.intersection(covered.shape, shapely.box(*box.as_tuple())), dtype=object)
    return replace(covered, shape=shape).take(~shapely.is_empty(shape))


def _flat(covered: Areas, shape: ObjectArray, facets: ObjectArray, height: Height, mouths: ObjectArray) -> _Cut | None:
    """The areas (n,) cut along the triangles of the ground, seen from above; None where no ground is."""
    part, facet = shapely.STRtree(facets).query(shape, predicate="intersects")
    pieces = np.array(shapely.intersection(shape[part], facets[facet]), dtype=object)
    pieces, owner = shapely.get_parts(pieces, return_index=True)
    is_area = (shapely.get_type_id(pieces) == 3) & (shapely.area(pieces) > LEAST_M2)
    if not is_area.any():
        return None
    rings_ = wind(rings(pieces[is_area]))
    corner = part[owner[is_area][rings_.feature_of_vertex()]]
    # what meets in a corner of one area is one vertex
    key = np.column_stack([np.round(rings_.xy / SAME_M).astype(np.int64), corner])
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    xy, corner = rings_.xy[first], corner[first]
    cover = covered.cover[corner]
    at = height(xy) + lifts(xy, cover, mouths)
    triangles = same.ravel()[triangulate(rings_).triangles]
    is_whole = (triangles != np.roll(triangles, 1, axis=1)).all(axis=1) & np.isfinite(at[triangles]).all(axis=1)
    if not is_whole.any():
        return None
    used, triangles = np.unique(triangles[is_whole], return_inverse=True)
    xy, up = xy[used], np.tile([0.0, 0.0, 1.0], (len(used), 1))
    triangles = _upward(xy, triangles.reshape(-1, 3))
    return _Cut(xy, at[used], up, cover[used], covered.row[corner[used]], triangles)


def _upright(found: Faces, row: IntArray, height: Height, mouths: ObjectArray) -> _Cut:
    """Faces (f) of rows (f,) from the ground to the top of the kerb; none where that lies no higher than its neighbour."""
    foot = np.concatenate([found.start, found.end])
    low = height(foot)
    ahead = found.end - found.start
    out = np.column_stack([ahead[:, 1], -ahead[:, 0], np.zeros(len(found))])
    out /= np.linalg.norm(out, axis=1)[:, None]
    count = len(found)
    lift = lifts(foot, np.full(2 * count, int(Cover.kerb)), mouths)
    stands = np.maximum(lift[:count], lift[count:]) > LIFT_M + SAME_M
    first = np.flatnonzero(np.isfinite(low[:count] + low[count:]) & stands)[:, None]
    triangles: IntArray = np.vstack([first + count * np.array([0, 1, 3]), first + count * np.array([0, 3, 2])])
    cover = np.full(4 * count, int(Cover.kerb))
    top = low + lift
    return _Cut(
        np.tile(foot, (2, 1)), np.concatenate([low, top]), np.tile(out, (4, 1)), cover, np.tile(row, 4), triangles
    )


def _joined(one: _Cut, other: _Cut) -> _Cut:
    """Both, without the vertices that no triangle has."""
    names = ("xy", "height_m", "normal", "cover", "row")
    whole = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names}
    triangles = np.concatenate([one.triangles, other.triangles + len(one.xy)])
    used, triangles = np.unique(triangles, return_inverse=True)
    return _Cut(**{name: rows[used] for name, rows in whole.items()}, triangles=triangles.reshape(-1, 3))


def sheet(paving: Paving, frame: Frame) -> tuple[Sheet, PropertyTable]:
    """The paving in a tile's axes, and the attributes of what it is of."""
    place = placed(paving.xy, paving.height_m, frame)
    colour = linear(np.array([COLOURS[cover] for cover in Cover]))[paving.cover]
    pictures = tuple(dict.fromkeys(PICTURES.values()))
    of = [PICTURES.get(cover) for cover in Cover]
    kind = np.array([-1 if picture is None else pictures.index(picture) for picture in of])[paving.cover]
    patches = []
    for number, picture in ((-1, None), *enumerate(pictures)):
        mine = paving.triangles[kind[paving.triangles[:, 0]] == number]
        if len(mine):
            patches.append(Patch(mine, material(picture), None if picture is None else picture.side_m))
    return Sheet(place, paving.normal, colour, paving.row, paving.xy, tuple(patches)), _table(paving.rows)


def region(paving: Paving, crs: str) -> Region:
    """What holds it."""
    lonlat = np.radians(transform(paving.xy, crs, LONLAT))
    west, south = lonlat.min(axis=0).tolist()
    east, north = lonlat.max(axis=0).tolist()
    low, high = float(paving.height_m.min()), float(paving.height_m.max())
    return grown(outward(west, south, east, north, low, high), SLACK_M, SLACK_M)


def _upward(xy: FloatArray, triangles: IntArray) -> IntArray:
    """The triangles anticlockwise from above."""
    a, b, c = (xy[triangles[:, k]] for k in range(3))
    cross = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.where((cross < 0.0)[:, None], triangles[:, ::-1], triangles)


def _table(rows: Grounds) -> PropertyTable:
    layer = np.array([GroundLayer[name] for name in rows.layer.tolist()], dtype=np.uint8)
    return PropertyTable(
        "ground",
        len(rows),
        (
            Property("id", rows.id.astype(np.int64), "Stable id of the feature"),
            Property("layer", layer, "The layer that it belongs to", choices=GroundLayer),
            Property("kind", texts(rows.kind), "Kind as its layer words it", no_data=""),
            Property("name", texts(rows.name), "Name", no_data=""),
            Property("width", known(rows.width_m), "Width as stated, metres", no_data=-1),
            Property("source", texts(rows.source), "Where the data came from", no_data=""),
            Property("is_synthetic", rows.is_synthetic.astype(np.bool_), "Made by a generator, not surveyed"),
            Property("accuracy", known(rows.accuracy_m), "Positional accuracy, metres", no_data=-1),
        ),
    )
