"""What in a loaded elevation model is no ground, looked for strip by strip: voids, undeclared marks of them, spikes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from cim import crs as frames
from cim.dem_flaws import SPIKE, VOID, Tally, sift, spike_height
from cim.errors import BadSource
from cim.plugins import Raster
from cim.types import Issue

PEAKS = 20
"""So many spikes of a raster are told one by one."""
_STRIP_PIXELS = 8_000_000
_CACHE_BYTES = 64 << 20
_CODES = {VOID: "dem_void_undeclared", SPIKE: "dem_spike"}
_WORDS = {
    VOID: "pixels hold a mark of a missing height that the file does not declare (such as -9999, or 0 far above the sea)",
    SPIKE: "pixels stand off all their neighbours as no ground does",
}


def find(rasters: Sequence[Raster]) -> list[Issue]:
    """The flaws of each raster, with how many pixels and round which place they lie. Raises BadSource if all is void."""
    return [issue for n, raster in enumerate(rasters, 1) for issue in _find(raster, n)]


def _find(raster: Raster, row: int) -> list[Issue]:
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(raster.location) as dataset:
            least = spike_height(None, raster.pixel_m)
            tally, declared, peaks = _weigh(dataset, least, zero_is_a_mark=False)
            if tally.zero_is_a_mark:
                tally, declared, peaks = _weigh(dataset, least, zero_is_a_mark=True)
            if not tally.known:
                raise BadSource(f"{raster.location}: every pixel of the elevation model is void; expected heights")
            found = []
            for code in (VOID, SPIKE):
                if tally.counts.get(code):
                    told = f"{tally.counts[code]:,} {_WORDS[code]}, {_box(tally.bounds[code], dataset)}"
                    mended = "filled from their neighbours where ground is shown"
                    at = _middle(tally.bounds[code], dataset, raster.crs)
                    found.append(Issue(_CODES[code], told, row, repaired=mended, at=at))
            found += [_peak(peak, dataset, raster.crs, row) for peak in peaks]
            if declared.counts.get("declared"):
                share = declared.counts["declared"] / (dataset.width * dataset.height)
                bounds = declared.bounds["declared"]
                told = f"{declared.counts['declared']:,} pixels ({share:.1%}) are void, {_box(bounds, dataset)}"
                note = (
                    "; narrow holes are filled from their neighbours, wide ones from a coarser model where there is one"
                )
                found.append(Issue("dem_void", told + note, row, at=_middle(bounds, dataset, raster.crs)))
            return found
    except RasterioError as error:
        raise BadSource(f"{raster.location}: cannot be read any more: {error}") from error


def _weigh(
    dataset: DatasetReader, least: float, *, zero_is_a_mark: bool
) -> tuple[Tally, Tally, list[tuple[int, int, float]]]:
    """What is no ground, what the file itself declares void, and the first spikes (row, column, metres).

    Strips overlap by the neighbours that a spike needs.
    """
    flaws, declared = Tally(), Tally()
    peaks: list[tuple[int, int, float]] = []
    strip = max(1, _STRIP_PIXELS // dataset.width)
    for top in range(0, dataset.height, strip):
        first, last = max(0, top - 1), min(dataset.height, top + strip + 1)
        keep = slice(top - first, min(top + strip, dataset.height) - first)
        heights = _heights(dataset, Window(0, first, dataset.width, last - first))
        ground, marks, off = sift(heights, least, zero_is_a_mark)
        flaws.add(VOID, marks[keep], top)
        flaws.add(SPIKE, off[keep], top)
        flaws.weigh(ground[keep])
        rows, cols = np.nonzero(off[keep])
        for r, c in zip(rows[: PEAKS - len(peaks)], cols[: PEAKS - len(peaks)], strict=True):
            peaks.append((top + int(r), int(c), float(heights[keep][r, c])))
        declared.add("declared", np.isnan(heights[keep]), top)
    return flaws, declared, peaks


def _peak(peak: tuple[int, int, float], dataset: DatasetReader, crs: str, row: int) -> Issue:
    """One spike by itself, so that it can be found on a map."""
    down, along, height = peak
    at = _middle((down, along, down, along), dataset, crs)
    return Issue("dem_spike", f"{height:,.1f} m at column {along + 1}, row {down + 1}", row, repaired="filled", at=at)


def _heights(dataset: DatasetReader, window: Window) -> npt.NDArray[np.float32]:
    masked = dataset.read(1, window=window, masked=True)
    scale, offset = np.float32(dataset.scales[0]), np.float32(dataset.offsets[0])
    return np.asarray(np.ma.filled(masked.astype(np.float32), np.nan) * scale + offset)


def _box(bounds: tuple[int, int, int, int], dataset: DatasetReader) -> str:
    top, left, bottom, right = bounds
    size = f"{dataset.width} x {dataset.height}"
    return f"within columns {left + 1} to {right + 1} and rows {top + 1} to {bottom + 1} of {size}"


def _middle(bounds: tuple[int, int, int, int], dataset: DatasetReader, crs: str) -> tuple[float, float]:
    top, left, bottom, right = bounds
    xy = np.array([dataset.transform * ((left + right + 1) / 2, (top + bottom + 1) / 2)])
    lon, lat = frames.transform(xy, crs, frames.LONLAT)[0]
    return round(float(lon), 7), round(float(lat), 7)
