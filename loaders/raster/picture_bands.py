"""Pictures on their way in: which bands are shown, what becomes of a palette, and how deep values become 0 to 255.

The rule for values deeper than 8 bits: one pair for all bands of all sheets, so that colours keep their relation and sheets
theirs: what the city file states (`stretch`), else the 2nd and 98th percentile of what the sheets show (the project's own
default), told in the catalogue.
"""

from collections.abc import Sequence

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from cim.errors import BadSource
from cim.plugins import Raster
from cim.types import Issue
from loaders.formats import raster_file

LOW, HIGH = 2.0, 98.0
_SAMPLE_PX = 512
_CACHE_BYTES = 64 << 20


def colour_bands(dataset: DatasetReader) -> list[int]:
    """The bands that are colours, from 1: red, green and blue as they are marked, else the first three, else the first."""
    kinds = {kind: n for n, kind in reversed(list(enumerate(dataset.colorinterp, 1)))}
    rgb = [kinds[kind] for kind in (ColorInterp.red, ColorInterp.green, ColorInterp.blue) if kind in kinds]
    if len(rgb) == 3:
        return rgb
    plain = [n for n, kind in enumerate(dataset.colorinterp, 1) if kind != ColorInterp.alpha]
    return plain[:3] if len(plain) >= 3 else plain[:1]


def remarks(raster: Raster, row: int) -> list[Issue]:
    """What is not shown of a sheet as it comes. Raises BadSource for one that cannot be a picture."""
    try:
        with raster_file.opened(raster.location, raster.driver) as dataset:
            shown = colour_bands(dataset)
            kinds = dataset.colorinterp
            has_palette = kinds[0] == ColorInterp.palette
    except RasterioError as error:
        raise BadSource(f"{raster.location}: cannot be read any more: {error}") from error
    found = []
    others = [n for n in range(1, raster.bands + 1) if n not in shown and kinds[n - 1] != ColorInterp.alpha]
    if others:
        names = ", ".join(f"{n} ({kinds[n - 1].name})" for n in others)
        found.append(Issue("band_not_shown", f"bands {names} are no red, green or blue: they are not shown", row))
    if has_palette and raster.dtype != "uint8":
        raise BadSource(f"{raster.location}: a palette of {raster.dtype} numbers; expected one of 8 bits")
    if has_palette:
        found.append(
            Issue("palette_expanded", "numbers of a palette are shown as its colours", row, repaired="expanded")
        )
    return found


def range_of(rasters: Sequence[Raster]) -> tuple[float, float]:
    """The 2nd and 98th percentile of the colours of all sheets, from 512 x 512 pixels of each.

    Raises BadSource where they show nothing, or one value only.
    """
    held = []
    try:
        for raster in rasters:
            with (
                rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES),
                raster_file.opened(raster.location, raster.driver) as dataset,
            ):
                bands = colour_bands(dataset)
                shape = (len(bands), min(_SAMPLE_PX, raster.height), min(_SAMPLE_PX, raster.width))
                values = dataset.read(bands, out_shape=shape, masked=True).astype(np.float64)
            known = np.ma.compressed(values)
            held.append(known[np.isfinite(known)])
    except RasterioError as error:
        raise BadSource(f"{rasters[0].location}: cannot be read any more: {error}") from error
    every = np.concatenate(held)
    if len(every) == 0:
        raise BadSource(f"{rasters[0].location}: shows nothing at all: every pixel is void")
    low, high = (float(v) for v in np.percentile(every, [LOW, HIGH]))
    if not low < high:
        raise BadSource(
            f"{rasters[0].location}: shows the value {low:g} only; write `stretch = [black, white]` beside it"
        )
    return low, high
