"""Images that only control points place: their best polynomial, how well it fits, and the image warped by it.

The rule: a polynomial of the first order for three to six points, of the second from seven on, so that from four points on
some are left over to check it. The error told is the standard error (the root of the squared residuals over the points that
are left over), in metres on the ground; an image is refused where it exceeds three of its pixels (the project's default).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window

from cim import crs as frames
from cim.errors import BadSource
from cim.plugins import Raster
from cim.types import BoolArray, FloatArray
from loaders.formats import raster_file

MOST_PIXELS = 3.0
_SECOND_FROM = 7
_MOST_GROWN = 16
"""A turned image fills twice its pixels, one of long pixels some more; beyond it points are bad (the project's default)."""
_BLOCK = 512
_CACHE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A polynomial from the map (metres) to the image (pixels from the corner of the first).

    middle, scale: what the map's coordinates are reduced by. terms: (k, 2). pixel_m: ground size of a pixel.
    residuals_m: (n,). error_m: the standard error; None where no point is left over. box: the image on the map.
    """

    order: int
    middle: FloatArray
    scale: float
    terms: FloatArray
    pixel_m: float
    residuals_m: FloatArray
    error_m: float | None
    box: tuple[float, float, float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and rows of the image on the map."""
        west, south, east, north = self.box
        return max(1, int(np.ceil((east - west) / self.pixel_m))), max(1, int(np.ceil((north - south) / self.pixel_m)))

    def image(self, xy: FloatArray) -> FloatArray:
        """Column and row (n, 2) under points of the map (n, 2)."""
        return _powers((xy - self.middle) / self.scale, self.order) @ self.terms


def fit(image: FloatArray, ground: FloatArray, size: tuple[int, int]) -> Fit:
    """The polynomial of control points. image: (n, 2) pixels; ground: (n, 2) metres; size: columns and rows of the image.

    Raises BadSource for fewer than three points and for points that lie on a line (or, of the second order, a conic).

    >>> corner = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0]])
    >>> found = fit(corner, corner * [2.0, -2.0] + [500.0, 900.0], (100, 100))
    >>> found.order, round(found.pixel_m, 6), found.image(np.array([[600.0, 800.0]])).round(6).tolist()
    (1, 2.0, [[50.0, 50.0]])
    """
    if len(image) < 3:
        raise BadSource(f"{len(image)} control points; expected at least 3")
    order = 2 if len(image) >= _SECOND_FROM else 1
    middle = ground.mean(axis=0)
    scale = float(np.abs(ground - middle).max()) or 1.0
    known = _powers((ground - middle) / scale, order)
    terms, _, rank, _ = np.linalg.lstsq(known, image, rcond=1e-9)
    out_middle, out_scale = image.mean(axis=0), float(np.abs(image - image.mean(axis=0)).max()) or 1.0
    back, _, rank_back, _ = np.linalg.lstsq(_powers((image - out_middle) / out_scale, order), ground, rcond=1e-9)
    if min(rank, rank_back) < known.shape[1]:
        raise BadSource(f"its {len(image)} control points lie on one line; expected them spread over the image")
    along = np.linspace(0.0, 1.0, 33)
    rim = np.concatenate([np.column_stack(p) for p in ((along, 0 * along), (along, 0 * along + 1))])
    rim = np.concatenate([rim, rim[:, ::-1]]) * size
    edge = _powers((rim - out_middle) / out_scale, order) @ back
    low, high = edge.min(axis=0), edge.max(axis=0)
    span = np.array([[1, 0], [0, 1]]) @ back[1:3] / out_scale
    pixel_m = float(np.sqrt(abs(np.linalg.det(span))))
    off = np.linalg.norm(known @ terms - image, axis=1) * pixel_m
    spare = len(image) - known.shape[1]
    error = float(np.sqrt((off**2).sum() / spare)) if spare > 0 else None
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Fit(order, middle, scale, np.asarray(terms, dtype=np.float64), pixel_m, off, error, box)


def _powers(xy: FloatArray, order: int) -> FloatArray:
    x, y = xy[:, 0], xy[:, 1]
    columns = [np.ones(len(x)), x, y] + ([x * x, x * y, y * y] if order == 2 else [])
    return np.column_stack(columns)


def of(raster: Raster, crs: str) -> Fit:
    """The polynomial of an image's control points in the city's frame. Raises BadSource where it does not fit."""
    points = np.array(raster.control_points)
    ground = frames.transform(points[:, 2:], raster.crs, crs)
    try:
        found = fit(points[:, :2], ground, (raster.width, raster.height))
    except BadSource as error:
        raise BadSource(f"{raster.location}: {error}") from error
    wide, high = found.shape
    if wide * high > _MOST_GROWN * raster.width * raster.height:
        raise BadSource(
            f"{raster.location}: its {len(points)} control points would make {wide:,} x {high:,} pixels of its "
            f"{raster.width:,} x {raster.height:,}; expected them spread over the image"
        )
    limit = MOST_PIXELS * found.pixel_m
    if found.error_m is not None and found.error_m > limit:
        worst = np.argsort(-found.residuals_m)[:3]
        told = ", ".join(f"column {points[n, 0]:g} row {points[n, 1]:g} by {found.residuals_m[n]:.1f} m" for n in worst)
        raise BadSource(
            f"{raster.location}: its {len(points)} control points contradict each other: standard error "
            f"{found.error_m:.1f} m, at most {limit:.1f} m ({MOST_PIXELS:g} pixels) are let in; furthest off: {told}"
        )
    return found


def warp(raster: Raster, found: Fit, crs: str, target: Path) -> Raster:
    """The image in the city's frame as a GeoTIFF, bilinear, a mask where it shows nothing. Put in place when it is whole."""
    west, _, _, north = found.box
    width, height = found.shape
    transform = Affine(found.pixel_m, 0.0, west, 0.0, -found.pixel_m, north)
    profile = {
        **{"driver": "GTiff", "width": width, "height": height, "count": raster.bands, "dtype": raster.dtype},
        **{"crs": crs, "transform": transform, "tiled": True, "blockxsize": 512, "blockysize": 512},
        **{"compress": "deflate", "zlevel": 1, "bigtiff": "if_safer"},
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"partial_{target.name}")
    try:
        with (
            rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES, GDAL_TIFF_INTERNAL_MASK=True),
            raster_file.opened(raster.location, raster.driver) as source,
            rasterio.open(partial, "w", **profile) as out,
        ):
            out.colorinterp = source.colorinterp if raster.bands >= 3 else out.colorinterp
            for top in range(0, height, _BLOCK):
                for left in range(0, width, _BLOCK):
                    window = Window(left, top, min(_BLOCK, width - left), min(_BLOCK, height - top))
                    _warp_block(source, out, window, found)
        partial.replace(target)
    except (RasterioError, CPLE_BaseError) as error:
        raise raster_file.unwritten(
            target, f"{raster.location}: cannot be warped by its control points", error
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    box = (west, north - height * found.pixel_m, west + width * found.pixel_m, north)
    return Raster(
        *(str(target), crs, box, width, height, raster.bands, raster.dtype, None),
        pixel_m=found.pixel_m,
        unit_m=raster.unit_m,
        vertical=raster.vertical,
    )


def _warp_block(source: DatasetReader, out: DatasetWriter, window: Window, found: Fit) -> None:
    column = np.arange(int(window.width)) + window.col_off + 0.5
    row = np.arange(int(window.height)) + window.row_off + 0.5
    shape = (len(row), len(column))
    x, y = out.transform.c + column * out.transform.a, out.transform.f + row * out.transform.e
    place = found.image(np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))]))
    values, shown = sample(source, place)
    out.write(values.reshape(-1, *shape), window=window)
    out.write_mask(np.where(shown.reshape(shape), np.uint8(255), np.uint8(0)), window=window)


def sample(source: DatasetReader, place: FloatArray) -> tuple[npt.NDArray[Any], BoolArray]:
    """Bilinear values (bands, n) at columns and rows (n, 2) of a raster, in its own type, and where it shows any (n,)."""
    within = (place >= 0.0) & (place <= [source.width, source.height])
    inside: BoolArray = within[:, 0] & within[:, 1]
    values: npt.NDArray[Any] = np.zeros((source.count, len(place)), dtype=source.dtypes[0])
    if not inside.any():
        return values, inside
    at = np.clip(place[inside] - 0.5, 0.0, [source.width - 1.0, source.height - 1.0])
    low = np.floor(at).astype(int)
    first, last = low.min(axis=0), np.minimum(low.max(axis=0) + 2, [source.width, source.height])
    seen = Window(first[0], first[1], last[0] - first[0], last[1] - first[1])
    pixels, mask = source.read(window=seen).astype(np.float64), source.dataset_mask(window=seen) > 0
    share, near = at - low, low - first
    far = np.minimum(near + 1, last - first - 1)
    total, whole = np.zeros((source.count, len(at))), np.ones(len(at), dtype=bool)
    for c, r, weight in (
        (near[:, 0], near[:, 1], (1 - share[:, 0]) * (1 - share[:, 1])),
        (far[:, 0], near[:, 1], share[:, 0] * (1 - share[:, 1])),
        (near[:, 0], far[:, 1], (1 - share[:, 0]) * share[:, 1]),
        (far[:, 0], far[:, 1], share[:, 0] * share[:, 1]),
    ):
        total += np.where(weight > 0, pixels[:, r, c], 0.0) * weight
        whole &= mask[r, c] | (weight == 0)
    if np.issubdtype(values.dtype, np.integer):
        total = np.rint(total)
    values[:, inside] = total.astype(values.dtype)
    inside[inside] = whole
    return values, inside
