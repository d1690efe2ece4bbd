"""The height of the geoid over the ellipsoid: a grid or a constant, and how far it can be trusted.

3D Tiles and quantized meshes need ellipsoidal heights h; the city's heights H are counted from a sea-level datum.
h = H + N, with N the undulation. No public grid exists for the 1985 datum, so EGM96 stands in for it.
"""

import struct
from dataclasses import dataclass

import numpy as np

from cim.errors import BadInput, BadSource
from cim.raster import HeightField
from cim.types import FloatArray

GTX_VOID = -88.8888
EGM96_NOTE = "EGM96 stands in for the 1985 height datum: right to a metre or so, not for survey"
CONSTANT_NOTE = "one offset for the whole city, no geoid grid is installed: wrong by some metres away from its centre"


def decode_gtx(data: bytes, name: str = "geoid.gtx") -> HeightField:
    """The grid in a NOAA VDatum .gtx file (big-endian, rows from the south), as PROJ ships them.

    Returns a field in lon/lat degrees, float32 metres, voids NaN. Raises BadSource when the file is not whole.
    """
    if len(data) < 40:
        raise BadSource(f"{name}: {len(data)} bytes; a .gtx grid starts with a header of 40 bytes")
    south, west, step_y, step_x, rows, cols = struct.unpack(">4d2i", data[:40])
    sane = -90 <= south <= 90 and -360 <= west <= 360 and 0 < step_x <= 90 and 0 < step_y <= 90
    if not (sane and 2 <= rows <= 100_000 and 2 <= cols <= 100_000):
        raise BadSource(f"{name}: not a .gtx grid: origin {west}, {south}, steps {step_x}, {step_y}, {rows} x {cols}")
    if len(data) != 40 + 4 * rows * cols:
        raise BadSource(f"{name}: {len(data)} bytes; {rows} x {cols} values need {40 + 4 * rows * cols}: truncated?")
    values = np.frombuffer(data, dtype=">f4", offset=40).reshape(rows, cols)[::-1].astype(np.float32)
    values[np.abs(values - GTX_VOID) < 1e-3] = np.nan
    return HeightField(values, west, south + (rows - 1) * step_y, step_x, step_y)


@dataclass(frozen=True, slots=True, eq=False)
class Geoid:
    """Undulations N over the WGS 84 ellipsoid: from a grid (lon/lat degrees), or one constant (metres).

    approximate: what the numbers are worth, for reports and metadata.
    """

    grid: HeightField | None
    constant_m: float
    approximate: str

    @classmethod
    def from_gtx(cls, data: bytes, approximate: str = EGM96_NOTE, name: str = "geoid.gtx") -> "Geoid":
        """The geoid of a .gtx file. Raises BadSource when it is not whole or has voids."""
        grid = decode_gtx(data, name)
        if not np.isfinite(grid.values).all():
            raise BadSource(f"{name}: the grid has voids; a geoid without gaps was expected")
        return cls(grid, 0.0, approximate)

    @classmethod
    def constant(cls, offset_m: float, approximate: str = CONSTANT_NOTE) -> "Geoid":
        """The same undulation everywhere."""
        return cls(None, float(offset_m), approximate)

    def undulation(self, lonlat: FloatArray) -> FloatArray:
        """N at each point, bilinear in the grid. lonlat: (n, 2) degrees. Returns (n,) metres.

        A grid that goes round the Earth is closed at its seam; beyond a regional grid its edge is continued.

        >>> Geoid.constant(-15.44).undulation(np.array([[113.288, 40.091]])).tolist()
        [-15.44]
        """
        points = np.asarray(lonlat, dtype=np.float64)
        if self.grid is None:
            return np.full(len(points), self.constant_m)
        c0, c1, fx = _columns(self.grid, points[:, 0])
        r0, r1, fy = _rows(self.grid, points[:, 1])
        values = self.grid.values
        upper = values[r0, c0] * (1.0 - fx) + values[r0, c1] * fx
        lower = values[r1, c0] * (1.0 - fx) + values[r1, c1] * fx
        result: FloatArray = upper * (1.0 - fy) + lower * fy
        return result

    def undulation_lattice(self, lons: FloatArray, lats: FloatArray) -> FloatArray:
        """N where meridians and parallels cross: the same numbers as `undulation`, bit for bit, and far quicker.

        lons: (c,), lats: (r,) degrees. Returns (r, c) metres.
        """
        if self.grid is None:
            return np.full((len(lats), len(lons)), self.constant_m)
        c0, c1, fx = _columns(self.grid, np.asarray(lons, dtype=np.float64))
        r0, r1, fy = _rows(self.grid, np.asarray(lats, dtype=np.float64))
        needed, place = np.unique(np.concatenate([r0, r1]), return_inverse=True)
        band = self.grid.values[needed]
        along = band[:, c0] * (1.0 - fx) + band[:, c1] * fx
        upper, lower = along[place[: len(r0)]], along[place[len(r0) :]]
        result: FloatArray = upper * (1.0 - fy)[:, None] + lower * fy[:, None]
        return result


def to_city_heights(z: FloatArray, lonlat: FloatArray, heights: str, geoid: Geoid) -> FloatArray:
    """Heights as a source states them, as the city counts them (1985 datum, metres): H = h - N.

    z: (n,) metres; lonlat: (n, 2) WGS 84 degrees. heights: `1985` (unchanged) or `ellipsoidal`. Returns (n,), a new
    array; NaN stays NaN, and a height without a place is unknown. Raises BadInput for another word.

    >>> to_city_heights(np.array([1024.5]), np.array([[113.288, 40.091]]), "ellipsoidal", Geoid.constant(-15.5)).tolist()
    [1040.0]
    """
    result = np.array(z, dtype=np.float64, copy=True)
    if heights == "1985":
        return result
    if heights != "ellipsoidal":
        raise BadInput(f"heights = {heights!r}: expected `1985` (the city's datum) or `ellipsoidal` (WGS 84, as GNSS)")
    points = np.asarray(lonlat, dtype=np.float64)
    placed = np.isfinite(points).all(axis=1)
    result[~placed] = np.nan
    sure = placed & np.isfinite(result)
    result[sure] -= geoid.undulation(points[sure])
    return result


def _columns(grid: HeightField, lon: FloatArray) -> tuple[np.ndarray, np.ndarray, FloatArray]:
    count = grid.values.shape[1]
    if abs(count * grid.step_x - 360.0) < 1e-6 or (count - 1) * grid.step_x > 360.0 - 1e-6:
        x = np.mod(lon - grid.west, 360.0) / grid.step_x
        c0 = np.floor(x).astype(np.int64)
        return c0 % count, (c0 + 1) % count, x - c0
    x = np.clip((np.mod(lon - grid.west + 180.0, 360.0) - 180.0) / grid.step_x, 0.0, count - 1.0)
    c0 = np.minimum(x.astype(np.int64), count - 2)
    return c0, c0 + 1, x - c0


def _rows(grid: HeightField, lat: FloatArray) -> tuple[np.ndarray, np.ndarray, FloatArray]:
    count = grid.values.shape[0]
    y = np.clip((grid.north - lat) / grid.step_y, 0.0, count - 1.0)
    r0 = np.minimum(y.astype(np.int64), count - 2)
    return r0, r0 + 1, y - r0
