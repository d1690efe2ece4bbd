"""Frames and chance of the generator: EPSG:4547 to lon/lat and back, GCJ-02 undone, a named random stream."""

import math
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from data_samples.generate import facts

Array = NDArray[np.float64]
GCJ_A = 6378245.0
GCJ_EE = 0.00669342162296594323


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own for each named part, so that one part's draws never shift another's."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


@lru_cache(maxsize=2)
def _transformer(forward: bool) -> Transformer:
    pair = ("EPSG:4490", f"EPSG:{facts.EPSG_CITY}")
    return Transformer.from_crs(*(pair if forward else pair[::-1]), always_xy=True)


def to_city(lonlat: Array) -> Array:
    """(n, 2) lon/lat degrees (WGS84, taken as CGCS2000 at metre level) to EPSG:4547 metres."""
    points = np.atleast_2d(np.asarray(lonlat, dtype=np.float64))
    return np.column_stack(_transformer(True).transform(points[:, 0], points[:, 1]))


def to_lonlat(xy: Array) -> Array:
    """(n, 2) EPSG:4547 metres to lon/lat degrees."""
    points = np.atleast_2d(np.asarray(xy, dtype=np.float64))
    return np.column_stack(_transformer(False).transform(points[:, 0], points[:, 1]))


@lru_cache(maxsize=1)
def centre() -> tuple[float, float]:
    """四牌楼 in EPSG:4547 metres, rounded to the centimetre: the origin of every local frame here."""
    x, y = to_city(np.array([facts.CENTRE]))[0]
    return round(float(x), 2), round(float(y), 2)


def around_centre(lonlat: tuple[float, float]) -> tuple[float, float]:
    """One lon/lat point in metres east and north of 四牌楼."""
    x, y = to_city(np.array([lonlat]))[0]
    return float(x) - centre()[0], float(y) - centre()[1]


def _gcj_shift(lon: float, lat: float) -> tuple[float, float]:
    """Shift in degrees the public GCJ-02 approximation adds to a WGS84 point."""
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    d_lat += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    d_lat += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    d_lon += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    d_lon += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    radians = lat / 180.0 * math.pi
    magic = 1.0 - GCJ_EE * math.sin(radians) ** 2
    root = math.sqrt(magic)
    d_lat = d_lat * 180.0 / ((GCJ_A * (1.0 - GCJ_EE)) / (magic * root) * math.pi)
    d_lon = d_lon * 180.0 / (GCJ_A / root * math.cos(radians) * math.pi)
    return d_lon, d_lat


def undo_gcj(lon: float, lat: float) -> tuple[float, float]:
    """WGS84 lon/lat of a GCJ-02 point, by fixed-point iteration (converges below 1e-9 degree)."""
    wgs_lon, wgs_lat = lon, lat
    for _ in range(8):
        d_lon, d_lat = _gcj_shift(wgs_lon, wgs_lat)
        wgs_lon, wgs_lat = lon - d_lon, lat - d_lat
    return wgs_lon, wgs_lat


@lru_cache(maxsize=1)
def label_points() -> tuple[tuple[float, float], ...]:
    """Label points of the ten counties, metres around 四牌楼, in the order of `facts.COUNTIES`."""
    return tuple(around_centre(undo_gcj(c.lon_gcj, c.lat_gcj)) for c in facts.COUNTIES)


def rectangle(margin: float = 0.0, step: float = 100.0) -> tuple[float, float, float, float]:
    """The prefecture's rectangle west, south, east, north in EPSG:4547, grown by margin, snapped to
    step (metres)."""
    west, south, east, north = facts.EXTENT
    lons, lats = np.linspace(west, east, 41), np.linspace(south, north, 41)
    edges = [np.column_stack([lons, np.full(41, lat)]) for lat in (south, north)]
    edges += [np.column_stack([np.full(41, lon), lats]) for lon in (west, east)]
    xy = to_city(np.vstack(edges))
    low = np.floor((xy.min(axis=0) - margin) / step) * step
    high = np.ceil((xy.max(axis=0) + margin) / step) * step
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
