"""The ground of the synthetic town as an elevation model: a plain, or hills and a slope; small files, made when missing."""

from pathlib import Path

import numpy as np
import rasterio

from cim.types import FloatArray
from tests.bench.footprints import CRS, PLOT_M, STREET_M
from tests.bench.town import CENTRE

PLAIN_M = 1_040.0
"""the height of the plain"""

_VERSION = 1
_PIXEL_M = 100.0
_MARGIN_M = 4_000.0
_LEAST_SHARE = 0.45  # of the plots that are built on: the town is nowhere thinner


def kept(folder: Path, count: int, *, hilly: bool) -> Path:
    """The GeoTIFF under a town of `count` buildings and 4 km round it; made where it is not there yet."""
    path = folder / f"ground-{_VERSION}-{count}-{'hills' if hilly else 'plain'}.tif"
    if not path.is_file():
        reach = np.sqrt(count / _LEAST_SHARE) / 2.0 * max(STREET_M, PLOT_M) + _MARGIN_M
        _write(path, int(np.ceil(reach / _PIXEL_M)), hilly=hilly)
    return path


def heights(xy: FloatArray, *, hilly: bool) -> FloatArray:
    """The ground's height (n,) at points (n, 2) of the city frame: the plain, or hills of 20 to 60 m on a slope of 1 %."""
    east, north = (np.asarray(xy) - CENTRE).T
    if not hilly:
        return np.full(len(east), PLAIN_M)
    hills = 30.0 * np.sin(east / 900.0) * np.cos(north / 1_300.0) + 12.0 * np.sin((east + 2.0 * north) / 400.0)
    return np.asarray(PLAIN_M + 0.01 * north + hills)


def _write(path: Path, reach: int, *, hilly: bool) -> None:
    side = 2 * reach
    along = (np.arange(side) + 0.5 - reach) * _PIXEL_M
    east, north = np.meshgrid(along, along[::-1])
    xy = np.column_stack([east.ravel(), north.ravel()]) + CENTRE
    west, top = CENTRE[0] - reach * _PIXEL_M, CENTRE[1] + reach * _PIXEL_M
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "float32", "crs": CRS}
    unfinished = path.with_suffix(".unfinished.tif")
    transform = rasterio.transform.from_origin(west, top, _PIXEL_M, _PIXEL_M)
    with rasterio.open(unfinished, "w", **profile, transform=transform, tiled=True, compress="deflate") as file:
        file.write(heights(xy, hilly=hilly).reshape(1, side, side).astype("float32"))
    unfinished.rename(path)
