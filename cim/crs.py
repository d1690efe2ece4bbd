"""Coordinate reference systems: one axis order (x = east or longitude first), one transformer cache, one error.

Named offsets that are no CRS (GCJ-02, BD-09) are values here too, so that a source can state them. WGS 84 and CGCS2000
geographic coordinates are taken as identical at metre level: PROJ knows only a ballpark operation between them.
"""

from functools import lru_cache
from typing import cast

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from cim.errors import BadInput, MissingCrs
from cim.types import FloatArray

GCJ02 = "GCJ-02"
BD09 = "BD-09"
LONLAT = "EPSG:4326"
CGCS2000 = "EPSG:4490"
ECEF = "EPSG:4978"
WEB_MERCATOR = "EPSG:3857"

# Krasovsky 1940, as the public GCJ-02 approximation uses it (wandergis/coordTransform_py).
_A = 6378245.0
_EE = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0

# Without stated parameters these have only ballpark operations to CGCS2000: a silent shift of up to 100 m.
_REFUSED = {"Xian 1980": "Xian 80", "Beijing 1954": "Beijing 54", "New Beijing": "New Beijing"}


@lru_cache(maxsize=64)
def parse(name: str) -> str:
    """The canonical name of a stated CRS: `GCJ-02`, `BD-09` or `EPSG:n` where PROJ finds one, else its WKT.

    Raises MissingCrs for an empty name, BadInput for one that nobody knows or that needs parameters.

    >>> parse("gcj02"), parse("epsg:4547"), parse("4490")
    ('GCJ-02', 'EPSG:4547', 'EPSG:4490')
    """
    text = name.strip()
    if not text:
        raise MissingCrs("no CRS is stated; expected an EPSG code such as EPSG:4547, or GCJ-02, or BD-09")
    key = text.upper().replace("-", "").replace("_", "").replace(" ", "")
    if key in ("GCJ02", "BD09"):
        return GCJ02 if key == "GCJ02" else BD09
    if text.isdigit():
        text = f"EPSG:{text}"
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        raise BadInput(f"CRS {name!r} is not known; expected an EPSG code, WKT, GCJ-02 or BD-09") from None
    _refuse_old_datum(crs)
    epsg = crs.to_epsg(min_confidence=70)
    return f"EPSG:{epsg}" if epsg else crs.to_wkt()


def _refuse_old_datum(crs: CRS) -> None:
    geodetic = crs.geodetic_crs
    for datum, label in _REFUSED.items():
        if geodetic is not None and datum.lower() in geodetic.name.lower():
            raise BadInput(
                f"CRS {crs.name!r} is on {label}: PROJ has only ballpark operations from it; "
                "transform the data with your survey office's parameters first, then state CGCS2000"
            )


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _as_known(name: str) -> str:
    """WGS 84 stands for CGCS2000 geographic (identical at metre level), so that no ballpark operation is asked for."""
    return CGCS2000 if name == LONLAT else name


def transform(coordinates: FloatArray, source: str, target: str) -> FloatArray:
    """Move points from one CRS to another; x is east or longitude in both.

    coordinates: (n, 2) or (n, 3), in `source`. Returns the same shape in `target`; a third column passes unchanged.
    Points that the projection cannot place become inf. Raises BadInput for an unknown CRS.

    >>> transform(np.array([[113.295, 40.090]]), "EPSG:4490", "EPSG:4547").round(3).tolist()
    [[439876.181, 4439760.443]]
    """
    source, target = _as_known(parse(source)), _as_known(parse(target))
    result = np.array(coordinates, dtype=np.float64, copy=True)
    if source == target or len(result) == 0:
        return result
    xy = result[:, :2]
    if source in (GCJ02, BD09):
        xy = gcj02_to_wgs84(bd09_to_gcj02(xy) if source == BD09 else xy)
        source = CGCS2000
    final = CGCS2000 if target in (GCJ02, BD09) else target
    if source != final:
        # 4547 -> 4490 -> target by steps: PROJ's direct pipelines from a projected CRS take 0.1-0.8 s to set up.
        x, y = _transformer(source, final).transform(xy[:, 0], xy[:, 1])
        xy = np.column_stack([x, y])
    if target in (GCJ02, BD09):
        xy = wgs84_to_gcj02(xy)
        xy = gcj02_to_bd09(xy) if target == BD09 else xy
    result[:, :2] = xy
    return result


def to_ecef(lonlat_h: FloatArray) -> FloatArray:
    """Earth-centred coordinates of points.

    lonlat_h: (n, 3) degrees and ellipsoidal metres (WGS 84). Returns (n, 3) metres, EPSG:4978.
    The closed formula (EPSG method 9602); PROJ agrees to a nanometre and takes 0.8 s to set up.

    >>> to_ecef(np.array([[0.0, 0.0, 0.0]])).tolist()
    [[6378137.0, 0.0, 0.0]]
    """
    a, f = 6378137.0, 1.0 / 298.257223563
    e2 = f * (2.0 - f)
    lon, lat = np.radians(lonlat_h[:, 0]), np.radians(lonlat_h[:, 1])
    h = lonlat_h[:, 2]
    n = a / np.sqrt(1.0 - e2 * np.sin(lat) ** 2)
    return np.column_stack(
        [
            (n + h) * np.cos(lat) * np.cos(lon),
            (n + h) * np.cos(lat) * np.sin(lon),
            (n * (1.0 - e2) + h) * np.sin(lat),
        ]
    )


def enu_axes(lon: float, lat: float) -> FloatArray:
    """The east, north and up unit vectors at a place, as the rows of a (3, 3) array in earth-centred axes."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.array(
        [
            [-np.sin(lam), np.cos(lam), 0.0],
            [-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)],
            [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)],
        ]
    )


def is_geographic(name: str) -> bool:
    """Whether coordinates of this CRS are degrees."""
    known = parse(name)
    return known in (GCJ02, BD09) or bool(CRS.from_user_input(known).is_geographic)


def _gcj_offset(lonlat: FloatArray) -> FloatArray:
    """The published GCJ-02 shift (degrees) at WGS 84 points (n, 2)."""
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    dlat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    dlat += wave * 2.0 / 3.0
    dlat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    dlat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    dlon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    dlon += wave * 2.0 / 3.0
    dlon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    dlon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _EE * np.sin(phi) ** 2
    dlat = dlat * 180.0 / ((_A * (1.0 - _EE)) / (magic * np.sqrt(magic)) * np.pi)
    dlon = dlon * 180.0 / (_A / np.sqrt(magic) * np.cos(phi) * np.pi)
    return cast(FloatArray, np.column_stack([dlon, dlat]))


def wgs84_to_gcj02(lonlat: FloatArray) -> FloatArray:
    """WGS 84 (n, 2) degrees to GCJ-02, by the public approximation (metre level).

    >>> wgs84_to_gcj02(np.array([[113.295, 40.090]])).round(6).tolist()
    [[113.302008, 40.091193]]
    """
    return np.asarray(lonlat + _gcj_offset(lonlat), dtype=np.float64)


def gcj02_to_wgs84(lonlat: FloatArray) -> FloatArray:
    """GCJ-02 (n, 2) degrees to WGS 84: the fixed point of the forward shift, exact to a micrometre of it."""
    guess = np.array(lonlat, dtype=np.float64, copy=True)
    for _ in range(6):  # the shift's Lipschitz constant is about 1e-3, so each round gains three digits
        guess = lonlat - _gcj_offset(guess)
    return guess


def gcj02_to_bd09(lonlat: FloatArray) -> FloatArray:
    """GCJ-02 (n, 2) degrees to BD-09."""
    x, y = lonlat[:, 0], lonlat[:, 1]
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _BD)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD)
    return np.column_stack([z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006])


def bd09_to_gcj02(lonlat: FloatArray) -> FloatArray:
    """BD-09 (n, 2) degrees to GCJ-02: the fixed point of the forward shift."""
    guess = lonlat - np.array([0.0065, 0.006])
    for _ in range(6):
        guess = lonlat - (gcj02_to_bd09(guess) - guess)
    return np.asarray(guess, dtype=np.float64)
