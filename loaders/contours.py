"""Contour lines derived from the loaded elevation models, square by square, as a file ready for the pipeline."""

from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from cim import crs as frames
from cim.contour_lines import contour_lines
from cim.errors import BadInput
from cim.plugins import Source
from cim.raster import HeightField
from cim.types import Box, FloatArray, Progress

DATASET = "contours"
INDEX_EVERY = 5
_SQUARE = 256
_FINEST_M = 5.0
_MOST_POINTS = 20_000_000
"""So many heights are sampled at the most where no step is stated (the project's own default)."""
_FIXED_DATE = "2000-01-01T00:00:00.000Z"  # GDAL's own date of writing: the same lines are the same bytes
Ground = Callable[[FloatArray], FloatArray]
"""Heights of the ground (n,) metres under lon/lat (n, 2) degrees, NaN where unknown."""


def step_for(box: Box, finest_m: float) -> float:
    """Metres between sampled heights: the finest model's pixel, but at least 5 m, and no more than 20 million of them.

    >>> step_for(Box(0.0, 0.0, 1000.0, 1000.0), 30.0), step_for(Box(0.0, 0.0, 100_000.0, 200_000.0), 1.0)
    (30.0, 31.6)
    """
    coarsest = sqrt((box.east - box.west) * (box.north - box.south) / _MOST_POINTS)
    return round(max(_FINEST_M, finest_m, coarsest), 1)


def derive(
    box: Box, crs: str, ground: Ground, interval: float, step: float, progress: Progress
) -> Iterator[gpd.GeoDataFrame]:
    """The lines in a box of the city frame `crs`, some squares at a time. They are cut at squares of 256 steps, where they
    meet exactly; the last squares end with the box, less than a step behind it. Raises BadInput for an interval or step
    that is none.
    """
    if not step > 0:
        raise BadInput(f"a step of {step:g} m between sampled heights; expected more than 0")
    across = max(1, int(np.ceil((box.east - box.west) / step)))
    down = max(1, int(np.ceil((box.north - box.south) / step)))
    columns, rows = (int(np.ceil(steps / _SQUARE)) for steps in (across, down))
    for row in range(rows):
        ids: list[str] = []
        heights: list[float] = []
        shapes: list[shapely.Geometry] = []
        for column in range(columns):
            west, north = box.west + column * _SQUARE * step, box.north - row * _SQUARE * step
            size = min(_SQUARE, across - column * _SQUARE), min(_SQUARE, down - row * _SQUARE)
            field = _field(west, north, step, size, crs, ground)
            for number, (level, line) in enumerate(contour_lines(field, interval)):
                ids.append(f"{level:g}-{row}-{column}-{number}")
                heights.append(level)
                shapes.append(shapely.LineString(line))
        progress(row + 1, rows, "rows of squares with contours")
        if shapes:
            yield _frame(ids, heights, shapes, interval, crs)


def _field(west: float, north: float, step: float, size: tuple[int, int], crs: str, ground: Ground) -> HeightField:
    """Heights of the points of a square of so many steps across and down, those of its edges among them."""
    x, y = west + np.arange(size[0] + 1) * step, north - np.arange(size[1] + 1) * step
    points = np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])
    values = ground(frames.transform(points, crs, frames.LONLAT))
    return HeightField(values.reshape(len(y), len(x)), west, north, step, step)


def _frame(
    ids: Sequence[str], heights: Sequence[float], shapes: Sequence[shapely.Geometry], interval: float, crs: str
) -> gpd.GeoDataFrame:
    nth = np.rint(np.array(heights) / interval).astype(int)
    kind = np.where(nth % INDEX_EVERY == 0, "index", "intermediate")
    columns = {"id": list(ids), "height_m": list(heights), "kind": kind, "interval_m": float(interval)}
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def write(frames_: Iterator[gpd.GeoDataFrame], path: Path) -> int:
    """The lines as a GeoPackage, put in place when it is whole; how many there are. Raises BadInput for none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial_{path.name}")
    partial.unlink(missing_ok=True)
    count = 0
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_DATE})
    try:
        for frame in frames_:
            pyogrio.write_dataframe(
                frame, partial, layer=DATASET, driver="GPKG", geometry_type="LineString", append=count > 0
            )
            count += len(frame)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    if not count:
        raise BadInput("not one contour: no elevation model rises by the interval")
    partial.replace(path)
    return count


def source(path: Path, crs: str, made_from: Sequence[tuple[str, int]], interval: float, step: float) -> Source:
    """How the pipeline is told of the file: what the lines were derived from stands beside every one of them."""
    told = ", ".join(f"{dataset} version {number}" for dataset, number in sorted(set(made_from)))
    made = f"derived from {told}, heights every {step:g} m, interval {interval:g} m"
    return Source(location=str(path), layer="contours", crs=crs, constants={"source": made})
