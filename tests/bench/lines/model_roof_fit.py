"""Line `model.roof_fit`: roofs from a real point cloud, held against points that the fitting never saw."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from cim.plugins import Source
from cim.roof_fit import measured_roof
from cim.roof_fit.quality import BEST_SHARE, roof_heights
from cim.types import Box, FloatArray
from loaders.sources import point_cloud
from tests.bench.ground import CHECKOUT, Ground
from tests.bench.line import Figure, Invalid, Line

_FRAME = "EPSG:28992"  # the cloud does not say: AHN3 is in it, heights NAP
_WITHHELD = 4  # every fourth point, in the order of x, y and z
_WITHIN_M = 0.35
_MOST_FACES, _SMALL_M2, _LARGE_M2 = 12, 100.0, 30.0
_CELL_M = 0.5
Roof = Callable[[FloatArray], FloatArray]
"""Heights (n,) at positions (n, 2), NaN where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class _House:
    """A footprint with the points over it, those for the fit and those withheld."""

    footprint: shapely.Geometry
    known: FloatArray
    withheld: FloatArray

    @property
    def area(self) -> float:
        return float(shapely.area(self.footprint))


def measure(ground: Ground) -> Figure:
    """Per cent of the buildings whose best 95 % of withheld points lie within 0.35 m RMSE of the roof."""
    houses = _houses()
    roofs = [_measured(house) for house in houses]
    area = np.array([house.area for house in houses])
    best = np.array([_rmse(roof, house.withheld, BEST_SHARE) for roof, house in zip(roofs, houses, strict=True)])
    whole = np.array([_rmse(roof, house.withheld, 1.0) for roof, house in zip(roofs, houses, strict=True)])
    shares = [("all", best, area > 0), ("raw", whole, area > 0), (">= 30 m2", best, area >= _LARGE_M2)]
    told = ", ".join(f"{name} {100 * np.mean(rmse[which] <= _WITHIN_M):.0f} %" for name, rmse, which in shares)
    weighted = 100.0 * float(area[best <= _WITHIN_M].sum() / area.sum())
    ground.note(f"    {len(houses)} buildings: {told}, by area {weighted:.0f} %; median {np.median(best):.3f} m")
    rivals = {"flat extrusion": _flat, "0.5 m median grid": _grid}
    found = {}
    for name, make in rivals.items():
        off = np.array([_rmse(make(house), house.withheld, BEST_SHARE) for house in houses])
        found[name] = 100.0 * float(np.mean(off <= _WITHIN_M))
        by_area = 100.0 * float(area[off <= _WITHIN_M].sum() / area.sum())
        ground.note(f"    {name}: {found[name]:.0f} %, by area {by_area:.0f} %")
    rival = max(found, key=lambda name: found[name])
    return Figure(100.0 * float(np.mean(best <= _WITHIN_M)), rival, found[rival])


def _houses() -> list[_House]:
    shared = Path(os.environ.get("CIM_SHARED", CHECKOUT.parent / "shared")) / "data" / "lod2_delft_east"
    if not shared.is_dir():
        raise Invalid("the point cloud lies in CIM_SHARED/data/lod2_delft_east, which is not there")
    outlines = gpd.read_file(shared / "bgt_pand_east.gpkg").geometry.force_2d().to_numpy()
    extent = Box(80_000.0, 440_000.0, 90_000.0, 450_000.0)
    source = Source(str(shared / "ahn3_cropped_2.laz"), "point_clouds", crs=_FRAME, city=(extent, _FRAME))
    chunks = list(point_cloud.points(source))
    building = np.concatenate([chunk.classification for chunk in chunks]) == 6
    xyz = np.concatenate([chunk.xyz for chunk in chunks])[building]
    xyz = xyz[np.lexsort((xyz[:, 2], xyz[:, 1], xyz[:, 0]))]
    tree = shapely.STRtree(shapely.points(xyz[:, :2]))
    houses = []
    for outline in outlines:
        mine = xyz[np.sort(tree.query(outline, predicate="intersects"))]
        chosen = np.arange(len(mine)) % _WITHHELD == _WITHHELD - 1
        houses.append(_House(outline, mine[~chosen], mine[chosen]))
    return houses


def _measured(house: _House) -> Roof:
    made = measured_roof(house.known, house.footprint)
    if made.boundary is None:
        return lambda xy: np.full(len(xy), np.nan)
    if house.area < _SMALL_M2 and made.faces > _MOST_FACES:
        raise Invalid(f"{made.faces} roof faces over {house.area:.0f} m2; at most {_MOST_FACES}")
    body = made.boundary
    return lambda xy: roof_heights(body, xy)


def _flat(house: _House) -> Roof:
    level = float(np.median(house.known[:, 2])) if len(house.known) else np.nan
    return lambda xy: np.full(len(xy), level)


def _grid(house: _House) -> Roof:
    """The median of the points in each cell, the nearest cell's where there is none."""
    cells, which = np.unique(np.floor(house.known[:, :2] / _CELL_M), axis=0, return_inverse=True)
    level = np.array([np.median(house.known[which.ravel() == k, 2]) for k in range(len(cells))])

    def heights(xy: FloatArray) -> FloatArray:
        if not len(cells):
            return np.full(len(xy), np.nan)
        away = ((xy[:, None] / _CELL_M - (cells + 0.5)[None]) ** 2).sum(axis=2)
        return np.asarray(level[away.argmin(axis=1)])

    return heights


def _rmse(roof: Roof, points: FloatArray, share: float) -> float:
    """Of the nearest share of points; a point over no roof counts as far off, and so does a building without points."""
    if not len(points):
        return np.inf
    off = np.sort(np.nan_to_num(np.abs(points[:, 2] - roof(points[:, :2])), nan=np.inf))
    best = off[: max(1, int(np.ceil(share * len(off))))]
    return float(np.sqrt(np.mean(best**2)))


LINE = Line(
    name="model.roof_fit",
    unit="%",
    what="25 real buildings under a real cloud: roofs that withheld points agree with",
    measure=measure,
    at_least=80.0,
)
