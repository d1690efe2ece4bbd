"""Streets and water laid on the ground that is served: cut along its triangles, so that nothing floats or sinks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from tilesets.gltf.instances import Sheet
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import Frame, grown
from tilesets.greens.content import SLACK_M, known, placed, texts
from tilesets.greens.solids import Colour, linear
from tilesets.spec import Region, outward

LIFT_M = 0.06
"""How far above the ground it lies, lest the two be drawn through each other (the project's own default)."""
LEAST_M2 = 0.02
"""What is smaller than this is left out: slivers of the cutting."""
SIMPLER_M = 0.05


class GroundLayer(IntEnum):
    """The layers that lie on the ground."""

    roads = 0
    water = 1


COLOURS: Mapping[str, Colour] = {"lane": (148, 142, 132), "water": (74, 104, 112)}
STREET: Colour = (116, 115, 113)


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
    """What lies in one cell. xy: (v, 2), city frame; height_m: (v,) ellipsoidal; triangles: (t, 3); row: (v,) of `rows`."""

    rows: Grounds
    xy: FloatArray
    height_m: FloatArray
    triangles: IntArray
    row: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Streets and water about a unit, and the ground they lie on. covered: as `areas` gives it."""

    rows: Grounds
    covered: ObjectArray
    ground: Ground
    geoid: Geoid

    def within(self, box: Box, crs: str) -> Paving | None:
        """What of them lies in a box; None where nothing does."""
        near = np.array([area is not None for area in self.covered], dtype=np.bool_)
        near[near] = shapely.intersects(self.covered[near], shapely.box(*box.as_tuple()))
        return pave(self.rows.take(near), self.covered[near], box, self.ground, self.geoid, crs)


def areas(rows: Grounds) -> ObjectArray:
    """What each (n,) covers: water as it is, a street as wide as it is stated to be; None where its width is not known."""
    covered = np.empty(len(rows), dtype=object)
    water = rows.layer == "water"
    covered[water] = rows.shape[water]
    streets = np.flatnonzero((rows.layer == "roads") & np.isfinite(rows.width_m) & (rows.width_m > 0.0))
    covered[streets] = shapely.buffer(rows.shape[streets], rows.width_m[streets] / 2.0, quad_segs=4)
    return covered


def pave(rows: Grounds, covered: ObjectArray, box: Box, ground: Ground, geoid: Geoid, crs: str) -> Paving | None:
    """What of these areas (as `areas` gives them) lies in a box, each place once: the widest street first, water last."""
    order = np.lexsort((rows.id, -np.nan_to_num(rows.width_m), rows.layer == "water"))
    order = order[[covered[k] is not None for k in order.tolist()]]
    whole = shapely.box(*box.as_tuple())
    parts = np.array(shapely.intersection(shapely.make_valid(covered[order]), whole), dtype=object)
    order, parts = order[~shapely.is_empty(parts)], parts[~shapely.is_empty(parts)]
    if not len(parts):
        return None
    parts = _apart(parts)
    facets = ground.facets(box)
    part, facet = shapely.STRtree(facets).query(parts, predicate="intersects")
    if not len(part):
        return None
    pieces = np.array(shapely.intersection(parts[part], facets[facet]), dtype=object)
    pieces, owner = shapely.get_parts(pieces, return_index=True)
    is_area = (shapely.get_type_id(pieces) == 3) & (shapely.area(pieces) > LEAST_M2)
    pieces, owner = pieces[is_area], owner[is_area]
    shape = wind(rings(pieces))
    corner = shape.feature_of_vertex()
    height = ground.heights(shape.xy) + geoid.undulation(transform(shape.xy, crs, LONLAT)) + LIFT_M
    triangles = triangulate(shape).triangles
    triangles = triangles[np.isfinite(height[triangles]).all(axis=1)]
    if not len(triangles):
        return None
    used, triangles = np.unique(triangles, return_inverse=True)
    row = order[part[owner[corner[used]]]]
    kept, row = np.unique(row, return_inverse=True)
    return Paving(rows.take(kept), shape.xy[used], height[used], _upward(shape.xy[used], triangles.reshape(-1, 3)), row)


def sheet(paving: Paving, frame: Frame) -> tuple[Sheet, PropertyTable]:
    """The paving in a tile's axes, and the attributes of what it is of."""
    place = placed(paving.xy, paving.height_m, frame)
    up = np.tile([0.0, 0.0, 1.0], (len(place), 1))
    words = [_colour(layer, kind) for layer, kind in zip(paving.rows.layer, paving.rows.kind, strict=True)]
    return Sheet(place, up, linear(np.array(words))[paving.row], paving.triangles, paving.row), _table(paving.rows)


def region(paving: Paving, crs: str) -> Region:
    """What holds it."""
    lonlat = np.radians(transform(paving.xy, crs, LONLAT))
    west, south = lonlat.min(axis=0).tolist()
    east, north = lonlat.max(axis=0).tolist()
    low, high = float(paving.height_m.min()), float(paving.height_m.max())
    return grown(outward(west, south, east, north, low, high), SLACK_M, SLACK_M)


def _colour(layer: str, kind: str | None) -> Colour:
    return COLOURS["water"] if layer == "water" else COLOURS.get(kind or "", STREET)


def _apart(parts: ObjectArray) -> ObjectArray:
    """The areas (n,), each without those before it: where streets cross, one of them lies there."""
    tree = shapely.STRtree(parts)
    left, right = tree.query(parts, predicate="intersects")
    found = parts.copy()
    for k in np.unique(left[right < left]).tolist():
        before = shapely.union_all(parts[right[(left == k) & (right < k)]])
        found[k] = shapely.difference(parts[k], before)
    return found


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
