"""Synthetic footprints of a dense city: mixed shapes on a lattice, none touching another; same seed, same file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from cim.types import FloatArray, IntArray, ObjectArray

CRS = "EPSG:4547"
LAYER = "buildings"
STREET_M, PLOT_M = 22.0, 24.0
"""the lattice: one building a cell, 22 m east by 24 m north"""

_VERSION = 1  # part of a file's name: raise it when the same seed would give other footprints
_COLUMNS = 1_000
_CHUNK = 100_000
_ORIGIN = (420_000.0, 4_420_000.0)
_USES = np.array(["residential", "commercial", "office", "public"])

# Outer rings within [-1, 1], counter-clockwise.
_RECTANGLE = ((-1, -1), (1, -1), (1, 1), (-1, 1))
_L = ((-1, -1), (1, -1), (1, 0.3), (0.2, 0.3), (0.2, 1), (-1, 1))
_U = ((-1, -1), (1, -1), (1, 1), (0.4, 1), (0.4, -0.2), (-0.4, -0.2), (-0.4, 1), (-1, 1))
_COMB = (
    *((-1, -1), (1, -1), (1, 1), (0.8, 1), (0.8, 0), (0.4, 0), (0.4, 1), (0.2, 1)),
    *((0.2, 0), (-0.2, 0), (-0.2, 1), (-0.4, 1), (-0.4, 0), (-0.8, 0), (-0.8, 1), (-1, 1)),
)


def _circle(corners: int) -> tuple[tuple[float, float], ...]:
    return tuple((float(np.cos(a)), float(np.sin(a))) for a in np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False))


Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """Which shapes occur and how often: (outer ring, share); the last one has a courtyard."""

    shapes: tuple[tuple[Ring, float], ...]


MIXED = Mix(((_RECTANGLE, 0.5), (_L, 0.25), (_U, 0.1), (_circle(12), 0.05), (_RECTANGLE, 0.1)))
"""what the lines of loads and versions read"""
TOWN = Mix(
    (
        (_RECTANGLE, 0.42),
        (_L, 0.24),
        (_U, 0.1),
        (_circle(12), 0.04),
        (_COMB, 0.06),
        (_circle(24), 0.04),
        (_RECTANGLE, 0.1),
    )
)
"""what the lines of tiles read: one in ten has 16 corners or more"""
_YARD = 0.4  # of the building's own size


def kept(folder: Path, count: int, seed: int = 1) -> Path:
    """The GeoPackage with `count` footprints in `folder`; made where it is not there yet, kept between runs."""
    path = folder / f"footprints-{_VERSION}-{count}-{seed}.gpkg"
    if not path.is_file():
        write(path, chunks(count, seed))
    return path


def write(path: Path, frames: Iterator[gpd.GeoDataFrame]) -> None:
    """Frames as one GeoPackage with a spatial index; a run that was killed leaves no half-made file under this name."""
    unfinished = path.with_suffix(".unfinished.gpkg")
    unfinished.unlink(missing_ok=True)
    for number, frame in enumerate(frames):
        pyogrio.write_dataframe(frame, unfinished, driver="GPKG", layer=LAYER, append=number > 0)
    unfinished.rename(path)


def chunks(count: int, seed: int = 1) -> Iterator[gpd.GeoDataFrame]:
    """`count` footprints in pieces of 100,000; a longer file begins with the shorter one's."""
    for first in range(0, count, _CHUNK):
        yield piece(first, seed).iloc[: count - first]


def footprints(count: int, seed: int = 1) -> gpd.GeoDataFrame:
    """`count` footprints at once. The frame is EPSG:4547, metres; 2.1 m or more lie between two of them.

    >>> frame = footprints(1_000)
    >>> bool(shapely.is_valid(frame.geometry.to_numpy()).all()), frame["id"].is_unique
    (True, True)
    """
    return pd.concat(list(chunks(count, seed)), ignore_index=True)


def piece(first: int, seed: int) -> gpd.GeoDataFrame:
    """The 100,000 footprints from number `first` on."""
    rng = np.random.default_rng([seed, first])
    number = first + np.arange(_CHUNK)
    storeys = rng.integers(1, 8, _CHUNK)
    use = _USES[rng.integers(0, len(_USES), _CHUNK)]
    year = rng.integers(1950, 2024, _CHUNK)
    height = np.round(storeys * 3.0 + rng.uniform(0.0, 1.0, _CHUNK), 2)
    columns = {
        "id": [f"B{n:07d}" for n in number],
        "name": [f"楼{n}" if n % 10 == 0 else None for n in number],
        "use": use,
        "storeys": storeys,
        "height_m": height,
        "roof_form": "flat",
        "year": year,
        "is_synthetic": True,
        "source": "benchmark",
    }
    return gpd.GeoDataFrame(columns, geometry=_polygons(number, rng), crs=CRS)


def _polygons(number: IntArray, rng: np.random.Generator) -> ObjectArray:
    """One polygon a number, in its cell of the lattice."""
    return shapes(np.column_stack([number % _COLUMNS * STREET_M, number // _COLUMNS * PLOT_M]) + _ORIGIN, rng)


def shapes(centre: FloatArray, rng: np.random.Generator, mix: Mix = MIXED) -> ObjectArray:
    """One polygon a point of a lattice (n, 2), 6 to 16 m by 6 to 18 m, turned by 0.1 rad at most."""
    count = len(centre)
    half = np.column_stack([rng.uniform(3.0, 8.0, count), rng.uniform(3.0, 9.0, count)])
    angle = rng.uniform(-0.1, 0.1, count)
    kind = rng.choice(len(mix.shapes), count, p=[share for _, share in mix.shapes])
    found = np.empty(count, dtype=object)
    for code, (ring, _) in enumerate(mix.shapes):
        chosen = np.flatnonzero(kind == code)
        outer = _placed(np.array(ring, dtype=float), centre[chosen], half[chosen], angle[chosen])
        yards = None
        if code == len(mix.shapes) - 1:
            inner = _placed(np.array(ring[::-1]) * _YARD, centre[chosen], half[chosen], angle[chosen])
            yards = np.asarray(shapely.linearrings(inner), dtype=object)[:, None]
        found[chosen] = shapely.polygons(shapely.linearrings(outer), holes=yards)
    return found


def _placed(ring: FloatArray, centre: FloatArray, half: FloatArray, angle: FloatArray) -> FloatArray:
    """A ring (k, 2) put at n places: (n, k, 2), to the millimetre."""
    x, y = ring[None, :, 0] * half[:, :1], ring[None, :, 1] * half[:, 1:]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.round(np.stack([x * cos - y * sin, x * sin + y * cos], axis=2) + centre[:, None, :], 3)
