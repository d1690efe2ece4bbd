"""How well a roof fits the points it was made from, or others: what is stored beside it."""

from dataclasses import asdict, dataclass

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.types import FloatArray, Surface

CLOSE_M = 0.2
BEST_SHARE = 0.95
AGREES_M = 0.5
"""Nearer than this to the roof, a point agrees with it (the project's own default)."""
_STRIP_CELL_M = 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Points over a footprint against its roof, distances upright in metres; None where no point was there.

    points: how many. density: a square metre. covered: share of the footprint that has points. rmse_m: of all points,
    rmse_best95_m: of the nearest 95 %, p95_m: what 95 % stay within, within_20cm: the share of points that do.
    agreeing: the share of the roof, by area, whose points lie within `AGREES_M`: walls, which a scanner sees from the side
    and takes many points of, count in it for the little roof that they stand under.
    """

    points: int
    density: float
    covered: float
    rmse_m: float | None = None
    rmse_best95_m: float | None = None
    p95_m: float | None = None
    within_20cm: float | None = None
    agreeing: float | None = None

    def properties(self) -> dict[str, float | int]:
        """As a building carries it: `fit_points`, `fit_rmse_m`, ...; rounded to the millimetre, unknown ones left out."""
        told = {f"fit_{name}": value for name, value in asdict(self).items() if value is not None}
        return {name: round(value, 3) for name, value in told.items()}


def fit_of(boundary: Boundary, xyz: FloatArray, area: float, covered: float) -> Fit:
    """The fit of a body's roofs to points (n, 3), heights above its base. Points over no roof say nothing."""
    distance = np.abs(xyz[:, 2] - roof_heights(boundary, xyz[:, :2]))
    known = np.isfinite(distance)
    off = np.sort(distance[known])
    density = len(xyz) / area
    if not len(off):
        return Fit(len(xyz), density, covered)
    best = off[: max(1, int(np.ceil(BEST_SHARE * len(off))))]
    return Fit(
        points=len(xyz),
        density=density,
        covered=covered,
        rmse_m=float(np.sqrt(np.mean(off**2))),
        rmse_best95_m=float(np.sqrt(np.mean(best**2))),
        p95_m=float(best[-1]),
        within_20cm=float(np.mean(off <= CLOSE_M)),
        agreeing=float(np.average(distance[known] <= AGREES_M, weights=weights(xyz[known], area))),
    )


def weights(xyz: FloatArray, area: float) -> FloatArray:
    """The square metres (n,) each point stands for: where flight strips overlap or a wall was seen, each for less."""
    if not len(xyz):
        return np.zeros(0)
    cell = np.floor(xyz[:, :2] / _STRIP_CELL_M).astype(np.int64)
    _, which, count = np.unique(cell, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    return np.asarray(area / len(count) / count[which])


def roof_heights(boundary: Boundary, xy: FloatArray) -> FloatArray:
    """Height (n,) of a body's roof over positions (n, 2), of several the highest; NaN where there is none."""
    found = np.full(len(xy), np.nan)
    points = shapely.points(xy)
    for face in boundary.polygons[boundary.surface == Surface.roof]:
        inside = shapely.intersects(shapely.force_2d(face), points)
        ring = np.asarray(face.exterior.coords)
        a, b, c = _plane(ring)
        found[inside] = np.fmax(found[inside], xy[inside] @ np.array([a, b]) + c)
    return found


def _plane(ring: FloatArray) -> tuple[float, float, float]:
    """The plane z = a x + b y + c of a closed ring (n, 3), by its area's normal (Newell)."""
    origin = ring[0]
    here, ahead = ring[:-1] - origin, ring[1:] - origin
    normal = np.cross(here, ahead).sum(axis=0)
    middle = ring[:-1].mean(axis=0)
    a, b = -normal[0] / normal[2], -normal[1] / normal[2]
    return float(a), float(b), float(middle[2] - a * middle[0] - b * middle[1])
