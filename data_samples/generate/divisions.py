"""Divisions: ten county units as a synthetic partition round the real label points, areas as in the table; their codes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin

from data_samples.generate import facts, frame
from data_samples.generate.frame import Array
from data_samples.generate.terrain import noise_lattice

FINE = 400.0
COARSE = 1200.0
OUTSIDE = 10  # the label of cells that belong to no county
SOFTNESS = 0.16
CODE_HEADER = (
    *("code", "name", "level", "parent", "successors", "ended_on", "statistical"),
    *("source", "trust", "is_synthetic"),
)


@dataclass(frozen=True, slots=True)
class Division:
    """A county unit: sourced code and name, invented outline in EPSG:4547 metres."""

    code: str
    name: str
    shape: shapely.Polygon


def _warped(seed: int, pixel: float) -> tuple[Array, Array, NDArray[np.bool_], tuple[float, float]]:
    """Cell centres moved by smooth noise (n_y, n_x) twice, the mask of cells in the extent, and the
    raster's corner."""
    west, south, east, north = frame.rectangle(step=COARSE)
    xs, ys = np.arange(west + pixel / 2, east, pixel), np.arange(south + pixel / 2, north, pixel)
    gx, gy = np.meshgrid(xs, ys)
    lonlat = frame.to_lonlat(np.column_stack([gx.ravel(), gy.ravel()])).reshape(*gx.shape, 2)
    w, s, e, n = facts.EXTENT
    pad = 0.004 + 0.016 * (1.0 + np.tanh(noise_lattice(seed, "border pad", 9000.0).on(xs, ys)))
    inside = (
        (lonlat[..., 0] > w + pad)
        & (lonlat[..., 0] < e - pad)
        & (lonlat[..., 1] > s + pad)
        & (lonlat[..., 1] < n - pad)
    )
    for step, reach in ((14000.0, 3400.0), (6000.0, 1700.0), (2400.0, 800.0), (1200.0, 330.0)):
        gx = gx + reach * noise_lattice(seed, f"border x {step}", step).on(xs, ys)
        gy = gy + reach * noise_lattice(seed, f"border y {step}", step).on(xs, ys)
    return gx, gy, inside, (west, north)


def _labels(gx: Array, gy: Array, inside: NDArray[np.bool_], radii: Array) -> np.ndarray:
    """(n_y, n_x) county index of each cell, OUTSIDE beyond the smooth union of the counties' circles."""
    x0, y0 = frame.centre()
    best = np.full(gx.shape, np.inf)
    label = np.full(gx.shape, OUTSIDE, dtype=np.int16)
    total = np.zeros(gx.shape)
    for k, (u, v) in enumerate(frame.label_points()):
        score = ((gx - x0 - u) ** 2 + (gy - y0 - v) ** 2) / radii[k] ** 2
        total += np.exp(-score / SOFTNESS)
        nearer = score < best
        best[nearer], label[nearer] = score[nearer], k
    label[(total < np.exp(-1.0 / SOFTNESS)) | ~inside] = OUTSIDE
    return label


def _balanced_radii(seed: int) -> Array:
    """Circle radii in metres that give each county its area of the table, scaled to the city's sum."""
    gx, gy, inside, _ = _warped(seed, COARSE)
    table = np.array([c.area_km2 for c in facts.COUNTIES])
    target = table * facts.CITY_AREA_KM2 / table.sum()
    radii: Array = np.sqrt(target * 1e6 / np.pi)
    for step in range(60):
        label = _labels(gx, gy, inside, radii)
        area = np.bincount(label.ravel(), minlength=OUTSIDE + 1)[:OUTSIDE] * COARSE**2 / 1e6
        radii = radii * (target / np.maximum(area, 1.0)) ** (0.45 if step < 40 else 0.2)
    return radii


def _vectors(label: np.ndarray, corner: tuple[float, float]) -> list[shapely.Polygon]:
    """One polygon per county from the label raster, smoothed without gaps or overlaps."""
    clean = rasterio.features.sieve(np.ascontiguousarray(label[::-1]), 500, connectivity=4)
    transform = from_origin(corner[0], corner[1], FINE, FINE)
    pieces: list[list[shapely.Polygon]] = [[] for _ in range(OUTSIDE)]
    for geometry, value in rasterio.features.shapes(clean, connectivity=4, transform=transform):
        if int(value) < OUTSIDE:
            rings = geometry["coordinates"]
            pieces[int(value)].append(shapely.Polygon(rings[0], rings[1:]))
    whole = np.array([max(parts, key=lambda p: p.area) for parts in pieces], dtype=object)
    return list(shapely.coverage_simplify(shapely.segmentize(whole, FINE), 520.0))


@lru_cache(maxsize=4)
def divisions(seed: int) -> tuple[Division, ...]:
    """The ten county units in the order of the table; a coverage: shared borders have the same vertices."""
    gx, gy, inside, corner = _warped(seed, FINE)
    shapes = _vectors(_labels(gx, gy, inside, _balanced_radii(seed)), corner)
    return tuple(Division(c.code, c.name, s) for c, s in zip(facts.COUNTIES, shapes, strict=True))


def code_at(seed: int, xy: Array) -> list[str | None]:
    """Code of the county each (n, 2) EPSG:4547 point lies in; None outside the city."""
    units = divisions(seed)
    tree = shapely.STRtree([d.shape for d in units])
    point, unit = tree.query(shapely.points(xy), predicate="intersects")
    found: list[str | None] = [None] * len(xy)
    for p, u in zip(point[::-1], unit[::-1], strict=True):
        found[p] = units[u].code
    return found


def codes() -> list[tuple[str, ...]]:
    """The table of codes under CODE_HEADER: city, counties, the street of the old town, old and statistical units.

    All of it is sourced, nothing invented. Successors are written best first, as `code:trust`.
    """

    def row(code: str, name: str, level: str, parent: str, statistical: bool = False) -> tuple[str, ...]:
        return (code, name, level, parent, "", "", str(statistical).lower(), facts.STATISTICS_LIST, "S", "false")

    found = [row(facts.CITY_CODE, facts.CITY_NAME, "city", "140000")]
    found += [row(c.code, c.name, "county", facts.CITY_CODE) for c in facts.COUNTIES]
    found += [row(*facts.STATISTICAL_UNIT, "county", facts.CITY_CODE, statistical=True)]
    for old in facts.OLD_COUNTIES:
        went = " ".join(f"{code}:S" for code in old.successors)
        marks = (went, facts.REFORM_DATE, "false", old.source, "S", "false")
        found.append((old.code, old.name, "county", facts.CITY_CODE, *marks))
    found.append(row(facts.OLD_TOWN_STREET_CODE, facts.OLD_TOWN_STREET_OFFICE, "town", facts.OLD_TOWN_STREET_CODE[:6]))
    return found
