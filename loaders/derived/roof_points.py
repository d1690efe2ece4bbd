"""The points over footprints: of loaded point clouds, put together, and of surface models where no cloud reaches."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.errors import RasterioError
from rasterio.windows import Window

from cim import crs as frames
from cim.city import City
from cim.errors import BadSource
from cim.plugins import Source
from cim.roof_fit.measured import LEAST_POINTS, covered
from cim.types import BoolArray, Box, FloatArray, ObjectArray, Progress
from loaders.sources import point_cloud

BUILDING, GROUND = 6, 2
NO_ROOF = (2, 7, 9, 18)
"""Classes of ASPRS LAS that no roof is of: ground, noise low and high, water."""
COARSEST_M = 1.0
"""A surface model with wider pixels than this tells no planes of a roof (the project's own default)."""
_GROUND_WITHIN_M = 3.0
BESIDE_M = 1.0
"""A source adds the points that have none of a better source so near: it fills what that one leaves open, and where both
were, one of them alone tells (the project's own default).
"""
_WHOLLY = 0.95
"""A surface model is not asked about footprints that clouds cover to this share."""

Made = tuple[str, int]
"""A dataset and its version."""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """One dataset of point clouds: name, version, files, their CRS, and whether it has points of class building."""

    dataset: str
    version: int
    files: tuple[str, ...]
    crs: str
    has_buildings: bool


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """points: for each footprint (n,) an array (m, 3) of positions, city frame and heights. made_from: (n,) tuples of what
    they are of, the one that tells most first. ground: (n,) the clouds' own ground beside it, NaN unknown. scans: for each
    footprint what the clouds have over it, until they are put `together`.
    """

    points: ObjectArray
    made_from: ObjectArray
    ground: FloatArray
    scans: tuple[list[tuple[FloatArray, Made]], ...]

    def put(self, row: int, points: FloatArray, made: Made) -> None:
        """As `add`, but what is there gives way where it is too little to measure anything."""
        if len(self.points[row]) < min(LEAST_POINTS, len(points)):
            self.points[row], self.made_from[row] = np.zeros((0, 3)), ()
        self.add(row, points, made)

    def add(self, row: int, points: FloatArray, made: Made) -> None:
        """Take the points (m, 3) over one footprint that lie beside all that are there."""
        fresh = points if len(self.points[row]) == 0 else points[_beside(self.points[row], points)]
        if len(fresh):
            self.points[row] = np.concatenate([self.points[row], fresh])
            self.made_from[row] = (*self.made_from[row], made)


def nothing_over(count: int) -> Over:
    """No points over any of `count` footprints."""
    points, made_from = np.empty(count, dtype=object), np.empty(count, dtype=object)
    for row in range(count):
        points[row], made_from[row] = np.zeros((0, 3)), ()
    return Over(points, made_from, np.full(count, np.nan), tuple([] for _ in range(count)))


def together(over: Over) -> None:
    """Puts the clouds over each footprint together: the one with most points first (then by name), then what others have
    beside it. In whichever order they were loaded, the points are the same.
    """
    for row, scans in enumerate(over.scans):
        enough = [scan for scan in scans if len(scan[0]) >= LEAST_POINTS] or scans
        for points, made in sorted(enough, key=lambda scan: (-len(scan[0]), scan[1])):
            over.add(row, points, made)
        scans.clear()


def _beside(there: FloatArray, points: FloatArray) -> BoolArray:
    """Which points (m,) have none of those that are there within `BESIDE_M`, in plan."""
    tree = shapely.STRtree(np.asarray(shapely.points(there[:, :2])))
    near = tree.query_nearest(shapely.points(points[:, :2]), max_distance=BESIDE_M, all_matches=False)[0]
    return ~np.isin(np.arange(len(points)), near)


def add_cloud(over: Over, footprints: ObjectArray, cloud: Cloud, city: City, progress: Progress) -> None:
    """The points of a cloud over footprints (n,): those of class building where it has any, else all that may be a roof's.

    Raises BadSource for a file that has gone or changed.
    """
    reach = shapely.buffer(footprints, _GROUND_WITHIN_M, quad_segs=2)
    box = Box(*shapely.total_bounds(reach).tolist())
    tree, near = shapely.STRtree(footprints), shapely.STRtree(reach)
    found: list[list[FloatArray]] = [[] for _ in footprints]
    beside: list[list[FloatArray]] = [[] for _ in footprints]
    for done, path in enumerate(cloud.files, 1):
        source = Source(path, "point_clouds", crs=cloud.crs, city=(city.extent, city.crs))
        for chunk in point_cloud.points(source, box):
            of_roof = (
                chunk.classification == BUILDING if cloud.has_buildings else ~np.isin(chunk.classification, NO_ROOF)
            )
            _sort_in(found, tree, chunk.xyz[of_roof])
            _sort_in(beside, near, chunk.xyz[chunk.classification == GROUND])
        progress(done, len(cloud.files), f"files of {cloud.dataset}")
    rows = np.flatnonzero([bool(one) for one in found])
    for row in rows.tolist():
        over.scans[row].append((np.concatenate(found[row]), (cloud.dataset, cloud.version)))
    for row, parts in enumerate(beside):
        if parts and np.isnan(over.ground[row]):
            over.ground[row] = np.percentile(np.concatenate(parts)[:, 2], 5.0)


def _sort_in(found: list[list[FloatArray]], tree: shapely.STRtree, xyz: FloatArray) -> None:
    point, shape = tree.query(shapely.points(xyz[:, :2]), predicate="intersects")
    order = np.argsort(shape, kind="stable")
    point, shape = point[order], shape[order]
    rows, first = np.unique(shape, return_index=True)
    for row, part in zip(rows.tolist(), np.split(xyz[point], first)[1:], strict=True):
        found[row].append(part)


def add_surface(
    over: Over,
    footprints: ObjectArray,
    surface: dict[str, Any],
    made: Made,
    crs: str,
    progress: Progress,
) -> None:
    """The pixels of a surface model (not wider than a metre) over the footprints that no cloud covers wholly, as points.

    Raises BadSource for a file that has gone.
    """
    if float(surface["pixel_m"]) > COARSEST_M:
        return
    theirs = str(surface["crs"])
    rows = np.flatnonzero(
        [covered(shape, one) < _WHOLLY for shape, one in zip(footprints.tolist(), over.points, strict=True)]
    )
    inner = shapely.buffer(footprints[rows], -float(surface["pixel_m"]) / 2.0, quad_segs=2, join_style="mitre")
    placed = shapely.transform(inner, lambda xy: frames.transform(xy, crs, theirs))
    try:
        with rasterio.open(str(surface["path"])) as dataset:
            for done, (row, shape) in enumerate(zip(rows.tolist(), placed, strict=True), 1):
                xyz = _pixels(dataset, shape)
                if len(xyz):
                    xyz[:, :2] = frames.transform(xyz[:, :2], theirs, crs)
                    over.put(row, xyz, made)
                if done % 1000 == 0 or done == len(rows):
                    progress(done, len(rows), f"footprints over {Path(str(surface['path'])).name}")
    except RasterioError as error:
        raise BadSource(f"{surface['path']}: the surface model cannot be read any more: {error}") from error


def _pixels(dataset: rasterio.DatasetReader, shape: shapely.Polygon | shapely.MultiPolygon) -> FloatArray:
    """The pixels (m, 3) whose centres lie within a shape, frame of the file."""
    nothing = np.zeros((0, 3))
    if shape.is_empty:
        return nothing
    west, south, east, north = shape.bounds
    corner = np.array([~dataset.transform * (x, y) for x in (west, east) for y in (south, north)])
    low = np.maximum(np.floor(corner.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corner.max(axis=0)).astype(int), [dataset.width, dataset.height])
    if (low >= high).any():
        return nothing
    window = Window(low[0], low[1], high[0] - low[0], high[1] - low[1])
    masked = dataset.read(1, window=window, masked=True)
    row, column = np.indices(masked.shape).reshape(2, -1)
    x, y = dataset.transform * Affine.translation(*low) * (column + 0.5, row + 0.5)
    z = np.ma.filled(masked.astype(np.float64), np.nan).ravel() * dataset.scales[0] + dataset.offsets[0]
    kept = np.isfinite(z) & shapely.contains_xy(shape, x, y)
    return np.asarray(np.column_stack([x, y, z])[kept])
