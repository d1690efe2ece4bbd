"""The orthophoto as it is served, seen in the city frame: any box of it at any pixel, the sharpest sheet uppermost."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT

from cim import crs as frames
from cim.errors import BadSource
from cim.raster import steps_inside
from cim.types import BoolArray, Box, FloatArray
from tilesets.imagery.cog import CIRCUMFERENCE, TILE_PX
from tilesets.imagery.layer import LAYER

_RIM_PX = 2
"""So many pixels along a sheet's edge are not taken: JPEG smears the void into them."""


def version(folder: Path) -> str | None:
    """What the pictures of an imagery layer are called by, a digest of their bytes; None where no layer lies there.

    Raises BadSource for a layer that cannot be read.
    """
    layer = _described(folder)
    return None if layer is None else str(layer["version"])


@dataclass(frozen=True, slots=True, eq=False)
class ServedPhoto:
    """The sheets of a built imagery layer, sharpest first. For one thread.

    crs: the city frame. pixels_m: (k,) ground metres a pixel; bounds: (k, 4) west, south, east, north, city frame.
    """

    crs: str
    sheets: tuple[DatasetReader, ...]
    pixels_m: FloatArray
    bounds: FloatArray

    @classmethod
    def open(cls, folder: Path, crs: str) -> "ServedPhoto | None":
        """The layer in a folder; None where there is none. Raises BadSource for one that cannot be read."""
        layer = _described(folder)
        if layer is None:
            return None
        try:
            files = layer["files"]
            sheets = tuple(rasterio.open(folder / part["file"]) for part in files)
            boxes = np.array([part["bbox"] for part in files], dtype=np.float64)
            zooms = np.array([part["zoom"] for part in files], dtype=np.float64)
        except (RasterioError, KeyError, TypeError, ValueError) as error:
            raise BadSource(f"{folder}: not an imagery layer: {error}") from error
        lat = np.radians((boxes[:, 1] + boxes[:, 3]) / 2.0)
        pixels = CIRCUMFERENCE * np.cos(lat) / (TILE_PX * 2.0**zooms)
        order = np.argsort(pixels, kind="stable")
        bounds = np.array([_framed(box, crs) for box in boxes])[order]
        return cls(crs, tuple(sheets[k] for k in order.tolist()), pixels[order], bounds)

    def sharpest_m(self, box: Box) -> float:
        """Ground metres a pixel of the sharpest sheet that meets a box of the city frame; infinite where none does."""
        return float(self.pixels_m[self._meeting(box)].min(initial=np.inf))

    def crop(self, box: Box, pixel_m: float, coarsest_m: float) -> tuple[npt.NDArray[np.uint8], BoolArray]:
        """Colours (h, w, 3) of a box, and where (h, w) there are any, of sheets not coarser than so many metres a pixel.

        The box is whole pixels wide and high. A function of the sheets and the arguments alone. Raises BadSource.
        """
        wide, high = round((box.east - box.west) / pixel_m), round((box.north - box.south) / pixel_m)
        colours = np.zeros((high, wide, 3), dtype=np.uint8)
        known = np.zeros((high, wide), dtype=np.bool_)
        place = {"crs": self.crs, "transform": from_origin(box.west, box.north, pixel_m, pixel_m)}
        for number in np.flatnonzero(self._meeting(box) & (self.pixels_m <= coarsest_m)).tolist():
            seen, shown = _warped(self.sheets[number], {**place, "width": wide, "height": high})
            fresh = shown & ~known
            colours[fresh] = seen[fresh]
            known |= fresh
            if known.all():
                break
        return colours, known

    def _meeting(self, box: Box) -> BoolArray:
        west, south, east, north = self.bounds.T
        return np.asarray((west < box.east) & (east > box.west) & (south < box.north) & (north > box.south))


def _warped(sheet: DatasetReader, place: dict[str, Any]) -> tuple[npt.NDArray[np.uint8], BoolArray]:
    """Colours (h, w, 3) of a sheet and where it shows any; gray is repeated."""
    try:
        with WarpedVRT(sheet, resampling=Resampling.bilinear, add_alpha=True, **place) as warped:
            bands = warped.read()
    except RasterioError as error:
        raise BadSource(f"{sheet.name}: cannot be read as a picture: {error}") from error
    colour = np.moveaxis(bands[:-1][:3] if len(bands) > 3 else bands[[0, 0, 0]], 0, -1)
    shown = bands[-1] > 0
    if not shown.all():
        shown &= steps_inside(shown, _RIM_PX + 1) > _RIM_PX
    return colour, shown


def _framed(box: FloatArray, crs: str) -> tuple[float, float, float, float]:
    """The box of the city frame round a box of degrees."""
    west, south, east, north = box.tolist()
    share = np.linspace(0.0, 1.0, 9)
    lon, lat = west + share * (east - west), south + share * (north - south)
    edge = np.concatenate(
        [np.column_stack([lon, np.full(9, y)]) for y in (south, north)]
        + [np.column_stack([np.full(9, x), lat]) for x in (west, east)]
    )
    xy = frames.transform(edge, frames.LONLAT, crs)
    return float(xy[:, 0].min()), float(xy[:, 1].min()), float(xy[:, 0].max()), float(xy[:, 1].max())


def _described(folder: Path) -> dict[str, Any] | None:
    try:
        layer: dict[str, Any] = json.loads((folder / LAYER).read_text(encoding="utf-8"))
        return layer if layer["files"] and layer["version"] else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BadSource(f"{folder / LAYER}: not an imagery layer: {error}") from error
