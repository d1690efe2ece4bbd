"""Ground heights from the loaded elevation models: the finest that covers a point answers."""

from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioIOError
from rasterio.windows import Window
from sqlalchemy import Connection

from cim import crs as frames
from cim.errors import BadSource
from cim.raster import bilinear, from_corner
from cim.store import catalogue
from cim.types import BoolArray, FloatArray


def heights(connection: Connection, lonlat: FloatArray, layer: str = "dem") -> FloatArray:
    """Heights (n,) in the city's height system at lonlat (n, 2) degrees, bilinear between pixel centres; NaN outside.

    layer: `dem` for the ground, `dsm` for whatever is uppermost. Raises BadSource naming the file when a loaded elevation
    model has gone from where it was loaded.
    """
    out = np.full(len(lonlat), np.nan)
    for raster in rasters(connection, layer):
        missing = np.isnan(out)
        if missing.any():
            xy = frames.transform(lonlat[missing], frames.LONLAT, str(raster["crs"]))
            out[missing] = _sample(str(raster["path"]), xy)
    return out


def rasters(connection: Connection, layer: str) -> list[dict[str, Any]]:
    """The rasters of every published dataset of a layer, the finest first: path, crs, bounds, pixel_m and the like."""
    held = [v.raster for v in catalogue.published(connection, layer=layer) if v.raster is not None]
    parts = [part for note in held for part in note.get("parts") or [note]]
    return sorted(parts, key=lambda part: float(part["pixel_m"]))


def _sample(path: str, xy: FloatArray) -> FloatArray:
    """Bilinear heights of one file at points in its own frame, reading only the window they lie in."""
    try:
        with rasterio.open(path) as file:
            inside = _inside(file.bounds, xy)
            out = np.full(len(xy), np.nan)
            if not inside.any():
                return out
            step_x, step_y = file.transform.a, -file.transform.e
            col = (xy[inside, 0] - file.transform.c) / step_x
            row = (file.transform.f - xy[inside, 1]) / step_y
            left, top = max(int(col.min()) - 2, 0), max(int(row.min()) - 2, 0)
            right, bottom = min(int(col.max()) + 3, file.width), min(int(row.max()) + 3, file.height)
            values = file.read(1, window=Window(left, top, right - left, bottom - top), masked=True)
            west, north = file.transform.c + left * step_x, file.transform.f - top * step_y
            field = from_corner(values.astype(np.float64).filled(np.nan), west, north, step_x, step_y)
            out[inside] = bilinear(field, xy[inside])
            return out
    except RasterioIOError as error:
        raise BadSource(f"{path}: the elevation model cannot be read any more: {error}; load it again") from error


def _inside(bounds: tuple[float, float, float, float], xy: FloatArray) -> BoolArray:
    left, bottom, right, top = bounds
    return (xy[:, 0] >= left) & (xy[:, 0] <= right) & (xy[:, 1] >= bottom) & (xy[:, 1] <= top)
