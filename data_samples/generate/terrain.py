"""Terrain: one height function of the synthetic prefecture, sampled on any regular grid.

The function is separable cubic B-splines over lattices fixed in space, so that a coarse and a fine grid
agree.
Heights are metres (1985 system) round sourced figures; the relief itself is invented.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from data_samples.generate import facts, frame
from data_samples.generate.frame import Array
from data_samples.generate.rivers import Course, courses, lake_levels

# invented relief: lon, lat, general height, ruggedness (metres of ridge amplitude / 1000)
CONTROLS = (
    (113.29, 40.09, 1038, 0.003),
    (113.36, 40.09, 1044, 0.004),
    (113.30, 40.00, 1035, 0.006),
    (113.30, 40.18, 1085, 0.02),
    (113.20, 40.09, 1070, 0.01),
    (113.22, 40.15, 1080, 0.02),
    (113.24, 40.05, 1058, 0.006),
    (113.12, 40.12, 1165, 0.22),
    (113.15, 40.00, 1090, 0.05),
    (113.00, 40.07, 1370, 0.42),
    (113.00, 39.95, 1330, 0.36),
    (112.70, 40.01, 1310, 0.16),
    (112.50, 39.95, 1560, 0.5),
    (112.75, 39.80, 1480, 0.5),
    (112.80, 40.20, 1450, 0.4),
    (113.14, 40.26, 1190, 0.12),
    (113.10, 40.48, 1650, 0.6),
    (113.35, 40.42, 1520, 0.7),
    (113.52, 40.28, 1300, 0.45),
    (113.75, 40.36, 1055, 0.03),
    (113.80, 40.62, 1600, 0.7),
    (114.09, 40.42, 1012, 0.04),
    (114.25, 40.65, 1560, 0.7),
    (114.00, 40.22, 1320, 0.5),
    (114.40, 40.35, 1150, 0.4),
    (113.61, 40.04, 1025, 0.012),
    (113.50, 39.92, 1010, 0.008),
    (113.72, 39.95, 985, 0.02),
    (114.00, 40.06, 985, 0.14),
    (114.40, 40.12, 905, 0.1),
    (113.97, 39.87, 2010, 0.85),
    (114.20, 39.93, 1650, 0.8),
    (113.70, 39.70, 1085, 0.03),
    (113.72, 39.57, 1760, 0.8),
    (114.28, 39.76, 1000, 0.04),
    (114.50, 39.78, 1010, 0.2),
    (114.27, 39.60, 1600, 0.8),
    (114.24, 39.44, 950, 0.06),
    (114.20, 39.22, 1380, 0.85),
    (114.50, 39.30, 1250, 0.9),
    (114.52, 39.08, 800, 0.6),
    (113.90, 39.38, 1700, 0.85),
    (113.50, 39.55, 1680, 0.8),
    (113.22, 39.80, 1025, 0.01),
    (113.40, 39.86, 1010, 0.008),
    (113.20, 39.50, 1600, 0.7),
)
PEAKS = (
    (113.97, 39.90, facts.HIGHEST[1], 3200.0),
    (113.02, 40.02, facts.YUNGANG_TOP_M, 2600.0),
    (113.33, 40.44, facts.XINRONG_TOP_M, 2800.0),
)
OCTAVES = ((8000.0, 1.0), (4000.0, 0.6), (2000.0, 0.36), (1000.0, 0.2), (500.0, 0.09))
BASE_STEP = 2000.0
CEILING = 2330.0


@dataclass(frozen=True, slots=True)
class HeightGrid:
    """float32 heights of pixel centres; row 0 is the northernmost. west/north: outer corner, EPSG:4547
    metres."""

    values: np.ndarray
    west: float
    north: float
    pixel: float

    def at(self, xy: Array) -> Array:
        """Bilinear height under (n, 2) points; clamped at the edge."""
        rows, columns = self.values.shape
        c = np.clip((xy[:, 0] - self.west) / self.pixel - 0.5, 0, columns - 1.001)
        r = np.clip((self.north - xy[:, 1]) / self.pixel - 0.5, 0, rows - 1.001)
        i, j = r.astype(int), c.astype(int)
        v, u = r - i, c - j
        z = self.values
        top = z[i, j] * (1 - u) + z[i, j + 1] * u
        return np.asarray(top * (1 - v) + (z[i + 1, j] * (1 - u) + z[i + 1, j + 1] * u) * v, dtype=np.float64)


def spline_basis(at: Array, origin: float, step: float, count: int) -> np.ndarray:
    """(n, count) cubic B-spline weights of lattice nodes at positions `at`, float32."""
    t = (at - origin) / step
    i = np.clip(np.floor(t).astype(int), 1, count - 3)
    u = np.clip(t - i, 0.0, 1.0)
    weights = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3]) / 6.0
    basis = np.zeros((len(at), count), dtype=np.float32)
    rows = np.arange(len(at))
    for k in range(4):
        basis[rows, i - 1 + k] = weights[k]
    return basis


@dataclass(frozen=True, slots=True)
class Lattice:
    """Values on nodes fixed in space; `on` evaluates their smooth surface on a grid of x and y positions."""

    values: np.ndarray
    west: float
    south: float
    step: float

    def on(self, xs: Array, ys: Array) -> np.ndarray:
        """(len(ys), len(xs)) float32."""
        count_y, count_x = self.values.shape
        rows = spline_basis(ys, self.south, self.step, count_y)
        columns = spline_basis(xs, self.west, self.step, count_x)
        return np.asarray((rows @ self.values) @ columns.T)


def noise_lattice(seed: int, name: str, step: float) -> Lattice:
    """A lattice of white noise (about unit variance once smoothed) over the prefecture and a margin."""
    west, south, east, north = frame.rectangle(margin=20_000.0, step=step)
    shape = (int((north - south) / step) + 4, int((east - west) / step) + 4)
    values = frame.stream(seed, name).standard_normal(shape).astype(np.float32) * np.float32(1.9)
    return Lattice(values, west - step, south - step, step)


@lru_cache(maxsize=4)
def _general(seed: int) -> tuple[Lattice, Lattice]:
    """Lattices of general height and of ruggedness."""
    west, south, east, north = frame.rectangle(margin=20_000.0, step=BASE_STEP)
    xs, ys = (
        np.arange(west - BASE_STEP, east + 3 * BASE_STEP, BASE_STEP),
        np.arange(south - BASE_STEP, north + 3 * BASE_STEP, BASE_STEP),
    )
    controls = np.array(CONTROLS, dtype=np.float64)
    points = frame.to_city(controls[:, :2])
    gx, gy = np.meshgrid(xs, ys)
    d2 = (gx[..., None] - points[:, 0]) ** 2 + (gy[..., None] - points[:, 1]) ** 2
    weights = np.exp(-d2 / (2 * 7000.0**2)) + 1e-9 / (1.0 + d2 / 1e8)
    weights /= weights.sum(axis=-1, keepdims=True)
    make = [(weights @ controls[:, k]).astype(np.float32) for k in (2, 3)]
    return Lattice(make[0], xs[0], ys[0], BASE_STEP), Lattice(make[1], xs[0], ys[0], BASE_STEP)


def _relief(seed: int, xs: Array, ys: Array) -> np.ndarray:
    """Ridged noise, about -0.6 .. 1.2: crests of uneven height, small ridges on the flanks of large ones."""
    total = np.zeros((len(ys), len(xs)), dtype=np.float32)
    carrier = np.ones_like(total)
    for step, gain in OCTAVES:
        ridge = np.exp(np.float32(-1.5) * np.abs(noise_lattice(seed, f"relief {step}", step).on(xs, ys)))
        if step > 1500.0:  # break the crests into summits and saddles
            swell = noise_lattice(seed, f"summits {step}", step * 0.8).on(xs, ys)
            ridge = ridge * np.clip(0.85 + 0.3 * swell, 0.35, 1.4) + np.float32(0.14) * swell
        total += np.float32(gain) * carrier * (ridge - np.float32(0.36))
        carrier = np.clip(carrier * (np.float32(0.5) + ridge), 0.1, 1.4)
    return total


def _windows(course: Course, xs: Array, ys: Array, reach: float) -> list[tuple[slice, slice, int]]:
    found = []
    for k in range(len(course.xy) - 1):
        low = np.minimum(course.xy[k], course.xy[k + 1]) - reach
        high = np.maximum(course.xy[k], course.xy[k + 1]) + reach
        columns = slice(*np.searchsorted(xs, (low[0], high[0])).tolist())
        rows = slice(*np.searchsorted(ys, (low[1], high[1])).tolist())
        if columns.start < columns.stop and rows.start < rows.stop:
            found.append((rows, columns, k))
    return found


def _nearest_bed(seed: int, xs: Array, ys: Array) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the nearest river and its bed height there, per grid cell (inf and 0 far from any)."""
    distance = np.full((len(ys), len(xs)), np.inf, dtype=np.float32)
    bed = np.zeros_like(distance)
    for course in courses(seed):
        for rows, columns, k in _windows(course, xs, ys, 5600.0):
            a, b = course.xy[k], course.xy[k + 1]
            px, py = (xs[columns] - a[0])[None, :], (ys[rows] - a[1])[:, None]
            dx, dy = b - a
            t = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0.0, 1.0)
            d = np.hypot(px - t * dx, py - t * dy).astype(np.float32)
            z = (course.bed[k] + t * (course.bed[k + 1] - course.bed[k])).astype(np.float32)
            near = d < distance[rows, columns]
            distance[rows, columns][near] = d[near]
            bed[rows, columns][near] = z[near]
    return distance, bed


@lru_cache(maxsize=4)
def _summits(seed: int) -> tuple[tuple[float, float, float, float, float], ...]:
    """x, y, sourced height, missing height and reach of each summit, metres."""
    found = []
    for lon, lat, height, reach in PEAKS:
        x, y = (float(v) for v in frame.to_city(np.array([(lon, lat)]))[0])
        missing = height - float(_land(seed, np.array([x]), np.array([y]))[0, 0])
        found.append((x, y, height, missing, reach))
    return tuple(found)


def _raise_peaks(z: np.ndarray, xs: Array, ys: Array, seed: int) -> None:
    """Lift the ground to the sourced summit heights, exact at their declared points, and keep all round
    them lower."""
    for x, y, height, missing, reach in _summits(seed):
        rows = slice(*np.searchsorted(ys, (y - 4 * reach, y + 4 * reach)).tolist())
        columns = slice(*np.searchsorted(xs, (x - 4 * reach, x + 4 * reach)).tolist())
        d2 = (xs[columns] - x)[None, :] ** 2 + (ys[rows] - y)[:, None] ** 2
        part = z[rows, columns] + (missing * np.exp(-d2 / reach**2)).astype(np.float32)
        cap = height - 0.03 * np.sqrt(d2) + 900.0 * (d2 / (1.6 * reach) ** 2) ** 2  # lower all round, free farther off
        z[rows, columns] = np.minimum(part, cap.astype(np.float32))


def _flatten_lakes(z: np.ndarray, xs: Array, ys: Array, seed: int) -> None:
    """Lay the floor of each lake level, with a shore that rises within 250 m."""
    for level, x, y, half_x, half_y in lake_levels(seed):
        wx = np.exp(-((np.abs(xs - x) / half_x) ** 6)).astype(np.float32)[None, :]
        wy = np.exp(-((np.abs(ys - y) / half_y) ** 6)).astype(np.float32)[:, None]
        weight = wx * wy
        z += weight * (np.float32(level) - z)


def _land(seed: int, xs: Array, ys: Array) -> np.ndarray:
    """Heights before summits, valleys and lakes."""
    general, rugged = (lattice.on(xs, ys) for lattice in _general(seed))
    z = general + rugged * np.float32(760.0) * _relief(seed, xs, ys)
    z += np.float32(2.0) * noise_lattice(seed, "swell", 5200.0).on(xs, ys)
    z += np.float32(0.35) * noise_lattice(seed, "ripple", 420.0).on(xs, ys)
    high = z > 2050.0
    z[high] = 2050.0 + (CEILING - 2050.0) * (1.0 - np.exp(-(z[high] - 2050.0) / 350.0))
    return np.asarray(z)


def heights(seed: int, xs: Array, ys: Array) -> np.ndarray:
    """(len(ys), len(xs)) float32 heights; xs and ys ascending EPSG:4547 metres.

    No height exceeds 2 420 m or falls below 558 m.
    """
    z = _land(seed, xs, ys)
    _raise_peaks(z, xs, ys, seed)
    distance, bed = _nearest_bed(seed, xs, ys)
    valley = np.exp(-((distance / np.float32(1500.0)) ** 2))
    z += valley * (bed + np.float32(3.0) - z)
    z -= np.float32(3.0) * np.exp(-((distance / np.float32(110.0)) ** 2))
    _flatten_lakes(z, xs, ys, seed)
    return np.asarray(np.clip(z, facts.LOWEST_M, facts.HIGHEST[1]))


def grid(seed: int, west: float, south: float, east: float, north: float, pixel: float) -> HeightGrid:
    """The height function sampled at pixel centres of a rectangle (EPSG:4547 metres)."""
    xs = np.arange(west + pixel / 2, east, pixel)
    ys = np.arange(south + pixel / 2, north, pixel)
    return HeightGrid(np.ascontiguousarray(heights(seed, xs, ys)[::-1]), west, north, pixel)


def prefecture(seed: int) -> HeightGrid:
    """dem.tif: 100 m pixels over the prefecture's rectangle and 5 km round it."""
    return grid(seed, *frame.rectangle(margin=5000.0), 100.0)


def core(seed: int) -> HeightGrid:
    """dem_core.tif: 10 m pixels, 12 x 12 km about the old town."""
    x, y = (round(v / 10.0) * 10.0 for v in frame.centre())
    return grid(seed, x - 6000.0, y - 6000.0, x + 6000.0, y + 6000.0, 10.0)


prefecture_cached = lru_cache(maxsize=1)(prefecture)
