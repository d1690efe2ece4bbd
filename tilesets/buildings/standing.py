"""Buildings that can be drawn: checked, set on the ground, their outlines on the city lattice and cut into triangles. Pure.

Everything here is a function of one row and the ground under it, so a building comes out the same in whatever tile, batch
or process it is made.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from cim.assembly.slopes import sloped
from cim.crs import LONLAT, transform
from cim.geometry import CELL_M, LATTICE_M, Rings, cell_corners, snap
from cim.outlines import outlines
from cim.types import Bodies, BoolArray, FloatArray, IntArray, ObjectArray
from tilesets.buildings.site import Site

FOUNDATION_M = 1.5
"""How far walls reach below the lowest ground at the least: more than heights are off by on their way to a client."""

OFF_GROUND_M = 1.0
"""Delivered surfaces that begin further above the served ground, or end less than this above it, are told of (the
project's own default)."""

FAR_M = 16_384.0
"""A footprint further from its cell (a row edited by hand) would not fit the 64 bits of sums about the cell's corner."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one building. code: stable, snake_case. repaired: what was done, None if it is not drawn.

    cell: the grid key that its row states.
    """

    id: int
    code: str
    message: str
    repaired: str | None = None
    cell: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Buildings (n) as they will be drawn. rows: sorted by cell and id. shape: cleaned, wound outlines on the lattice,
    `feature` counting rows from 0, each with at least one polygon. triangles: (t, 3) vertices of the outlines, and row:
    (t,) whose they are, rising.

    foot_m, base_m, eaves_m, top_m: (n,) ellipsoidal heights on the lattice. undulation_m: (n,) geoid above ellipsoid, one
    value a building. cost: (n,) bytes, as `estimate` has it. slope: (n, 2) how much the base rises a metre to the east and
    to the north, about its middle: 0 but for walls on sloping ground.
    """

    rows: Bodies
    shape: Rings
    triangles: IntArray
    row: IntArray
    foot_m: FloatArray
    base_m: FloatArray
    eaves_m: FloatArray
    top_m: FloatArray
    undulation_m: FloatArray
    cost: IntArray
    slope: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, stop: int) -> "Standing":
        """The rows from `start` up to `stop`, as if they stood alone."""
        shape, mine = self.shape, slice(start, stop)
        first, last = np.searchsorted(shape.feature, [start, stop])
        ring, ring_end = np.searchsorted(shape.polygon, [first, last])
        vertex, vertex_end = int(shape.start[ring]), int(shape.start[ring_end])
        begin, end = np.searchsorted(self.row, [start, stop])
        outlines = Rings(
            shape.xy[vertex:vertex_end],
            shape.start[ring : ring_end + 1] - vertex,
            shape.polygon[ring:ring_end] - first,
            shape.feature[first:last] - start,
        )
        heights = (self.foot_m[mine], self.base_m[mine], self.eaves_m[mine], self.top_m[mine], self.undulation_m[mine])
        triangles, row = self.triangles[begin:end] - vertex, self.row[begin:end] - start
        return Standing(self.rows.take(mine), outlines, triangles, row, *heights, self.cost[mine], self.slope[mine])


def stand(rows: Bodies, site: Site) -> tuple[Standing, tuple[Flaw, ...]]:
    """The drawable ones among these rows (sorted by cell and id), in order, and what was found wrong with any."""
    bad, flaws = _flawed(rows, site)
    rows = rows.take(~bad)
    cut, drawn = outlines(rows.geometry), np.ones(len(rows), dtype=np.bool_)
    if len(cut.mended) or len(cut.lost):
        rows = replace(rows, geometry=cut.footprints)
        drawn[cut.lost] = False
        flaws += _mending_flaws(rows, np.union1d(cut.mended, cut.lost), drawn)
    base, foot, ground = _grounded(rows, site, drawn)
    grounded = np.isfinite(base)
    flaws += _told(rows, drawn & ~grounded, "no_ground", "stands where no ground height is known")
    drawn &= grounded
    flaws += _off_ground(rows, ground, drawn)
    if not drawn.all():
        rows, base, foot = rows.take(drawn), base[drawn], foot[drawn]
        cut = outlines(rows.geometry)
    base, foot, slope = _sloped(rows, site, base, foot)
    undulation = _undulations(rows.geometry, site)
    level, height = base + undulation, rows.height_m
    eaves = np.where(np.isfinite(rows.eaves_m), np.clip(rows.eaves_m, 0.0, height), height)
    standing = Standing(
        rows=rows,
        shape=cut.shape,
        triangles=cut.triangles,
        row=cut.row,
        foot_m=snap(foot + undulation - FOUNDATION_M),
        base_m=snap(level),
        eaves_m=snap(level + eaves),
        top_m=np.maximum(snap(level + height), snap(level) + LATTICE_M),
        undulation_m=undulation,
        cost=estimate(rows.geometry),
        slope=slope,
    )
    return standing, flaws


def estimate(geometry: ObjectArray) -> IntArray:
    """About how many gzipped bytes each footprint (n,) adds to a tile; a function of the footprint alone."""
    return 24 + 11 * np.asarray(shapely.get_num_coordinates(geometry), dtype=np.int64)


def _grounded(rows: Bodies, site: Site, drawn: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Base, foot and ground (n,) in the city's height system: a surveyed base stands; NaN where there is no ground."""
    ground, foot = site.ground.stand(_only(rows.geometry, drawn))
    base = np.where(np.isfinite(rows.base_m), rows.base_m, ground)
    return base, np.fmin(foot, base), ground


def _sloped(rows: Bodies, site: Site, base: FloatArray, foot: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Base and foot (n,) in the middle of the rows, metres, and their slope (n, 2), as `cim.assembly.slopes` lays it."""
    base, foot, slope = base.copy(), foot.copy(), np.zeros((len(rows), 2))
    given = np.isfinite(rows.base_m)
    found = sloped(rows.geometry, rows.assembly, given, site.parts.sloping, lambda under: site.ground.stand(under)[0])
    row = found.row
    base[row], slope[row] = found.base_m, found.slope
    # The foot falls with the base: it is laid so deep that no end of it lies higher than it did.
    foot[row] = np.minimum(foot[row], found.base_m) - found.drop_m
    return base, foot, slope


def surfaces_of(rows: Bodies) -> BoolArray:
    """Which rows (n,) have surfaces that were delivered."""
    return np.array([boundary is not None for boundary in rows.boundary.tolist()], dtype=np.bool_)


def _off_ground(rows: Bodies, ground: FloatArray, drawn: BoolArray) -> tuple[Flaw, ...]:
    """Surveyed surfaces that do not reach down to the ground that is served, or lie below it."""
    flaws: tuple[Flaw, ...] = ()
    for row in np.flatnonzero(surfaces_of(rows) & drawn & np.isfinite(ground)).tolist():
        if rows.boundary[row].above_base:
            continue
        z = rows.boundary[row].positions()[:, 2] - ground[row]
        if z.min() > OFF_GROUND_M or z.max() < OFF_GROUND_M:
            what = f"has surfaces from {z.min():.1f} to {z.max():.1f} m above the ground that is served"
            flaws += _told(rows, np.arange(len(rows)) == row, "model_off_ground", what, "drawn as surveyed")
    return flaws


def _undulations(geometry: ObjectArray, site: Site) -> FloatArray:
    """Geoid above ellipsoid (n,) at each building: one value for all of it, so that it is not sheared."""
    west, south, east, north = shapely.bounds(geometry).T
    middle = np.column_stack([(west + east) / 2.0, (south + north) / 2.0])
    return np.asarray(site.geoid.undulation(transform(middle, site.crs, LONLAT)), dtype=np.float64)


# --- rows ------------------------------------------------------------------------------------------------------------


def _flawed(rows: Bodies, site: Site) -> tuple[BoolArray, tuple[Flaw, ...]]:
    """The rows (n,) that cannot be drawn whatever is done, and why; and those to be told of."""
    polygonal = np.isin(shapely.get_type_id(rows.geometry), (3, 6)) & ~shapely.is_empty(rows.geometry)
    bounds = shapely.bounds(_only(rows.geometry, polygonal))
    stray_m = _strays(bounds, rows.cell)
    tests = (
        ("no_footprint", ~polygonal, "has no polygon for a footprint"),
        ("not_finite", _unfinite(rows.geometry), "has a footprint with coordinates that are no numbers"),
        ("no_height", ~(np.isfinite(rows.height_m) & (rows.height_m > 0)), "has no height above zero"),
        ("outside_city", _outside(bounds, site), "stands outside the city's extent"),
        ("far_from_cell", stray_m > FAR_M, f"stands more than {FAR_M:g} m from the grid cell that its row states"),
        ("repeated_id", rows.is_repeated, "is told of by another row of the same level of detail, which is drawn"),
    )
    bad = np.zeros(len(rows), dtype=np.bool_)
    flaws: tuple[Flaw, ...] = ()
    for code, found, message in tests:
        flaws += _told(rows, found & ~bad, code, message)
        bad |= found
    beyond = ~bad & (rows.height_m > site.highest_m)
    stated = f"is stated to be higher than {site.highest_m:g} m"
    flaws += _told(rows, beyond, "height_beyond_limit", stated, "drawn as stated")
    beside = "does not meet the grid cell that its row states"
    return bad, flaws + _told(rows, ~bad & (stray_m > 0.0), "beside_cell", beside, "drawn where it stands")


def _only(geometry: ObjectArray, which: BoolArray) -> ObjectArray:
    """Nothing in the place of the others."""
    kept = geometry.copy()
    kept[~which] = None
    return kept


def _told(rows: Bodies, which: BoolArray, code: str, message: str, repaired: str | None = None) -> tuple[Flaw, ...]:
    found = zip(rows.id[which].tolist(), rows.cell[which].tolist(), strict=True)
    return tuple(Flaw(i, code, f"building {i} {message}", repaired, cell) for i, cell in found)


def _unfinite(geometry: ObjectArray) -> BoolArray:
    at, owner = shapely.get_coordinates(geometry, return_index=True)
    found = np.zeros(len(geometry), dtype=np.bool_)
    found[owner[~np.isfinite(at).all(axis=1)]] = True
    return found


def _outside(bounds: FloatArray, site: Site) -> BoolArray:
    if site.extent is None:
        return np.zeros(len(bounds), dtype=np.bool_)
    west, south, east, north = site.extent.as_tuple()
    off = (bounds[:, 0] < west) | (bounds[:, 1] < south) | (bounds[:, 2] > east) | (bounds[:, 3] > north)
    return np.asarray(off)


def _strays(bounds: FloatArray, cell: IntArray) -> FloatArray:
    """How far footprints lie from their cells, metres (n,), along the axis where it is most; NaN without a footprint."""
    corner = cell_corners(cell)
    gap = np.maximum(bounds[:, :2] - (corner + CELL_M), corner - bounds[:, 2:])
    return np.asarray(np.maximum(gap.max(axis=1), 0.0))


# --- footprints ------------------------------------------------------------------------------------------------------


def _mending_flaws(rows: Bodies, damaged: IntArray, drawn: BoolArray) -> tuple[Flaw, ...]:
    found = np.zeros(len(rows), dtype=np.bool_)
    found[damaged] = True
    lost = _told(rows, found & ~drawn, "footprint_collapsed", "has a footprint of no area, or one that crosses itself")
    return lost + _told(
        rows, found & drawn, "footprint_mended", "has a footprint that touches or crosses itself", "made valid"
    )
