"""A synthetic town for the lines of tiles: dense and open quarters, avenues, towers in the middle; same seed, same town."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np

from cim.types import BoolArray, FloatArray, IntArray
from tests.bench.footprints import CRS, PLOT_M, STREET_M, TOWN, shapes, write

CENTRE = (439_000.0, 4_439_000.0)
"""the middle of the town, city frame (EPSG:4547), metres"""

_VERSION = 1  # part of a file's name: raise it when the same seed would give another town
_CHUNK = 100_000
_AVENUE = 27  # every so many plots there is none: an avenue
_WAVES = 6
_USES = np.array(["residential", "commercial", "office", "public"])


def kept(folder: Path, count: int, seed: int = 1) -> Path:
    """The GeoPackage of a town of `count` buildings in `folder`; made where it is not there yet, kept between runs."""
    path = folder / f"town-{_VERSION}-{count}-{seed}.gpkg"
    if not path.is_file():
        write(path, chunks(count, seed))
    return path


def chunks(count: int, seed: int = 1) -> Iterator[gpd.GeoDataFrame]:
    """The town in pieces of 100,000 buildings, from the middle outwards: a larger town holds the smaller one's plots."""
    plots = _plots(count, seed)
    for first in range(0, count, _CHUNK):
        yield _piece(plots[first : first + _CHUNK], first, seed)


def _piece(plots: IntArray, first: int, seed: int) -> gpd.GeoDataFrame:
    """The buildings on these plots (n, 2)."""
    rng = np.random.default_rng([seed, 1, first])
    number, count = first + np.arange(len(plots)), len(plots)
    storeys = rng.integers(1, 8, count)
    tower = rng.random(count) < 0.25 * _field(plots, seed, 2) * np.exp(-np.hypot(*plots.T) / 150.0)
    storeys[tower] = rng.integers(12, 34, int(tower.sum()))
    use = _USES[rng.integers(0, len(_USES), count)]
    year = rng.integers(1950, 2024, count)
    height = np.round(storeys * 3.0 + rng.uniform(0.0, 1.0, count), 2)
    columns = {
        "id": [f"T{n:07d}" for n in number],
        "name": [f"楼{n}" if n % 10 == 0 else None for n in number],
        "use": use,
        "storeys": storeys,
        "height_m": height,
        "roof_form": "flat",
        "year": year,
        "is_synthetic": True,
        "source": "benchmark",
        "accuracy_m": np.where(number % 3 == 0, np.nan, 0.5),
    }
    centre = plots * np.array([STREET_M, PLOT_M]) + CENTRE
    return gpd.GeoDataFrame(columns, geometry=shapes(centre, rng, TOWN), crs=CRS)


def _plots(count: int, seed: int) -> IntArray:
    """The (east, north) numbers of the built plots nearest to the middle (count, 2), ring by square ring."""
    reach = int(np.sqrt(count)) + _AVENUE
    side = np.arange(-reach, reach + 1)
    plots = np.stack(np.meshgrid(side, side, indexing="ij"), axis=2).reshape(-1, 2)
    plots = plots[_is_built(plots, seed)]
    ring = np.abs(plots).max(axis=1)
    return np.asarray(plots[np.argsort(ring, kind="stable")][:count])


def _is_built(plots: IntArray, seed: int) -> BoolArray:
    """Whether a plot (n, 2) is built on, by its place alone: from 45 % of the plots in open quarters to 98 %."""
    dice = _dice(plots, seed)
    avenue = (plots % _AVENUE == 0).any(axis=1)
    return np.asarray(~avenue & (dice < 0.45 + 0.53 * _field(plots, seed, 1)))


def _dice(plots: IntArray, seed: int) -> FloatArray:
    """A number within [0, 1) for each plot, a function of plot and seed (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = (plots[:, 0].astype(np.uint64) << np.uint64(32)) ^ (
            plots[:, 1].astype(np.uint64) & np.uint64(0xFFFFFFFF)
        )
        mixed += np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64)


def _field(plots: IntArray, seed: int, stream: int) -> FloatArray:
    """A smooth field within (0, 1) over plots (n, 2): waves of 0.7 to 4 km."""
    rng = np.random.default_rng([seed, 7, stream])
    total = np.zeros(len(plots))
    for length, angle, phase in zip(
        rng.uniform(30.0, 180.0, _WAVES), rng.uniform(0, np.pi, _WAVES), rng.uniform(0, 2 * np.pi, _WAVES), strict=True
    ):
        total += np.cos(2 * np.pi / length * (plots @ np.array([np.cos(angle), np.sin(angle)])) + phase)
    return np.asarray(1.0 / (1.0 + np.exp(-1.5 * total)))
