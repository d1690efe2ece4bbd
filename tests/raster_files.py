"""Little rasters that tests write: sheets of heights and pictures in any frame and form."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin

WEST, NORTH = 436_000.0, 4_440_000.0
"""A corner in the city frame (EPSG:4547) that lies in the sample city."""


def heights(
    path: Path, values: np.ndarray, pixel: float = 10.0, west: float = WEST, north: float = NORTH, **profile: Any
) -> Path:
    """A raster of one band, its outer north-west corner at (west, north)."""
    options: dict[str, Any] = {
        **{"driver": "GTiff", "width": values.shape[1], "height": values.shape[0], "count": 1},
        **{"dtype": str(values.dtype), "crs": "EPSG:4547", "transform": from_origin(west, north, pixel, pixel)},
    } | profile
    with rasterio.open(path, "w", **options) as dataset:
        dataset.write(values, 1)
    return path


def plane(rows: int, cols: int, pixel: float = 10.0, west: float = WEST, north: float = NORTH) -> np.ndarray:
    """Heights of one sloping plane over the city frame, whatever the grid: 1000 m at the corner, 1 in 50 and 1 in 80."""
    x = west + (np.arange(cols) + 0.5) * pixel
    y = north - (np.arange(rows) + 0.5) * pixel
    return tilted(x[None, :], y[:, None]).astype("float32")


def tilted(x: Any, y: Any) -> np.ndarray:
    """The plane under points of the city frame."""
    return np.asarray(1000.0 + (np.asarray(x) - WEST) / 50.0 + (NORTH - np.asarray(y)) / 80.0)


def colours(
    path: Path, values: np.ndarray, pixel: float = 10.0, west: float = WEST, north: float = NORTH, **profile: Any
) -> Path:
    """A picture of (bands, r, c)."""
    options: dict[str, Any] = {
        **{"driver": "GTiff", "width": values.shape[2], "height": values.shape[1], "count": values.shape[0]},
        **{"dtype": str(values.dtype), "crs": "EPSG:4547", "transform": from_origin(west, north, pixel, pixel)},
    } | profile
    with rasterio.open(path, "w", **options) as dataset:
        dataset.write(values)
    return path
