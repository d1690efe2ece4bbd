"""Relief to measure terrain with: a fractal surface with a fixed seed that goes on without end, as a grid and as a DEM."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

SIDE = 4096
PIXEL_M = 30.0
_LOWEST_M, _RANGE_M = 900.0, 600.0
_ROUGHNESS = 0.85  # the Hurst exponent; hills have some 0.7 to 0.9
_WEST, _NORTH = 372_000.0, 4_500_000.0  # EPSG:4547


def heights(side: int = SIDE, seed: int = 1) -> np.ndarray:
    """(side, side) float32 metres: its spectrum falls as a power of the frequency; opposite edges continue each other.

    >>> z = heights(64)
    >>> float(z.min()), float(z.max())
    (900.0, 1500.0)
    """
    rng = np.random.default_rng(seed)
    square = np.fft.rfftfreq(side)[None, :] ** 2 + np.fft.fftfreq(side)[:, None] ** 2
    square[0, 0] = 1.0
    spectrum = square ** (-(_ROUGHNESS + 1.0) / 2.0) * np.exp(2j * np.pi * rng.random(square.shape))
    spectrum[0, 0] = 0.0
    z = np.fft.irfft2(spectrum, s=(side, side))
    return np.asarray(_LOWEST_M + _RANGE_M * (z - z.min()) / np.ptp(z), dtype=np.float32)


def kept_grid(files: Path, side: int) -> Path:
    """The grid as a .npy file, made once."""
    path = files / f"relief_{side}.npy"
    if not path.is_file():
        part = path.with_suffix(".part.npy")
        np.save(part, heights(side))
        part.replace(path)
    return path


def kept_dem(files: Path, side: int) -> Path:
    """The same as a GeoTIFF in the sample city's frame, tiled and compressed as such files are."""
    path = files / f"relief_{side}.tif"
    if not path.is_file():
        part = files / f"relief_{side}.part.tif"
        options = {"driver": "GTiff", "dtype": "float32", "tiled": True, "compress": "deflate", "predictor": 3}
        place = {"crs": "EPSG:4547", "transform": from_origin(_WEST, _NORTH, PIXEL_M, PIXEL_M)}
        with rasterio.open(part, "w", width=side, height=side, count=1, **options, **place) as dataset:
            dataset.write(np.load(kept_grid(files, side)), 1)
        part.replace(path)
    return path
