"""Geodetic datums: which one a CRS is on, and the way from one to another: by PROJ's operations or seven parameters.

WGS 84 (the ensemble and its realisations) and CGCS2000 count as one datum here, the hub: they differ by centimetres to
decimetres, and PROJ knows only a ballpark operation between them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from cim.errors import BadInput
from cim.types import FloatArray

Step = Callable[[FloatArray], FloatArray]
"""One leg of a way: (n, 2) coordinates to (n, 2), x east or longitude."""

# Without stated parameters these have only ballpark operations to CGCS2000: a silent shift of up to 100 m.
_OLD = {"Xian 1980": "Xian 80", "Beijing 1954": "Beijing 54", "New Beijing": "New Beijing"}
_HUB = ("World Geodetic System 1984", "China 2000")
_HUB_NAME = "EPSG:4326"
_MAX_SHIFT_M = 1_000.0
"""Xian 80 and Beijing 54 lie some 100 m from CGCS2000; a kilometre is a wrong unit or a wrong order of parameters."""


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid of revolution: its semi-major axis (metres) and its flattening."""

    a: float
    f: float


# EPSG ellipsoids 7030 and 1024.
WGS84 = Ellipsoid(6378137.0, 1.0 / 298.257223563)
CGCS2000 = Ellipsoid(6378137.0, 1.0 / 298.257222101)


class SevenParameters(NamedTuple):
    """Translations (m), rotations (arc seconds) and scale (ppm), position vector convention (EPSG method 9606)."""

    dx: float
    dy: float
    dz: float
    rx: float
    ry: float
    rz: float
    ds: float


def seven(values: Sequence[float]) -> SevenParameters:
    """The parameters as a survey office states them, checked to be seven finite numbers. Raises BadInput."""
    numbers = [float(v) for v in values]
    if len(numbers) != 7 or not np.isfinite(numbers).all():
        raise BadInput(
            f"datum_shift {list(values)}: expected seven numbers, dx dy dz (m) rx ry rz (arc seconds) ds (ppm)"
        )
    return SevenParameters(*numbers)


def to_geocentric(lonlat_h: FloatArray, ellipsoid: Ellipsoid) -> FloatArray:
    """Earth-centred coordinates (EPSG method 9602). lonlat_h: (n, 3) degrees and ellipsoidal metres. Returns (n, 3) m.

    >>> to_geocentric(np.array([[0.0, 0.0, 0.0]]), WGS84).tolist()
    [[6378137.0, 0.0, 0.0]]
    """
    e2 = ellipsoid.f * (2.0 - ellipsoid.f)
    lon, lat = np.radians(lonlat_h[:, 0]), np.radians(lonlat_h[:, 1])
    h = lonlat_h[:, 2]
    n = ellipsoid.a / np.sqrt(1.0 - e2 * np.sin(lat) ** 2)
    return np.column_stack(
        [
            (n + h) * np.cos(lat) * np.cos(lon),
            (n + h) * np.cos(lat) * np.sin(lon),
            (n * (1.0 - e2) + h) * np.sin(lat),
        ]
    )


def to_geodetic(xyz: FloatArray, ellipsoid: Ellipsoid) -> FloatArray:
    """The inverse, near the Earth's surface: (n, 3) metres to (n, 3) degrees and ellipsoidal metres.

    Bowring's formula on the reduced latitude, twice: below a micrometre within some kilometres of the ellipsoid.
    """
    a, f = ellipsoid.a, ellipsoid.f
    e2, b = f * (2.0 - f), a * (1.0 - f)
    x, y, z = xyz.T
    p = np.hypot(x, y)
    beta = np.arctan2(a * z, b * p)
    lat = beta
    for _ in range(2):
        lat = np.arctan2(z + e2 / (1.0 - e2) * b * np.sin(beta) ** 3, p - e2 * a * np.cos(beta) ** 3)
        beta = np.arctan2((1.0 - f) * np.sin(lat), np.cos(lat))
    h = p * np.cos(lat) + z * np.sin(lat) - a * np.sqrt(1.0 - e2 * np.sin(lat) ** 2)
    return np.column_stack([np.degrees(np.arctan2(y, x)), np.degrees(lat), h])


def shift(
    lonlat: FloatArray, source: Ellipsoid, target: Ellipsoid, parameters: SevenParameters, *, back: bool = False
) -> FloatArray:
    """Points moved from one datum to another: EPSG method 9606, the position vector transformation.

    lonlat: (n, 2) degrees on `source`; returns the same on `target`. `back`: the parameters are those from target to
    source, and are undone. Points are taken on the ellipsoid: at 1,000 m a shift of 100 m is then 2 cm off, far below
    what such parameters are worth. Points that are nowhere become NaN. Raises BadInput where
    the result lies over a kilometre away.
    """
    lonlat = np.where(np.isfinite(lonlat).all(axis=1, keepdims=True), lonlat, np.nan)
    if back:
        result = lonlat.copy()
        for _ in range(3):  # each round gains four digits: the shift hardly changes over its own length
            result += lonlat - _forward(result, target, source, parameters)
    else:
        result = _forward(lonlat, source, target, parameters)
    _refuse_leap(lonlat, result, parameters)
    return result


def _forward(lonlat: FloatArray, source: Ellipsoid, target: Ellipsoid, parameters: SevenParameters) -> FloatArray:
    rx, ry, rz = np.radians(np.array(parameters[3:6]) / 3600.0)
    matrix = (1.0 + parameters.ds * 1e-6) * np.array([[1.0, -rz, ry], [rz, 1.0, -rx], [-ry, rx, 1.0]])
    xyz = to_geocentric(np.column_stack([lonlat, np.zeros(len(lonlat))]), source)
    return to_geodetic(xyz @ matrix.T + np.array(parameters[:3]), target)[:, :2]


def _refuse_leap(before: FloatArray, after: FloatArray, parameters: SevenParameters) -> None:
    steps = np.radians(after - before) * WGS84.a
    steps[:, 0] *= np.cos(np.radians(before[:, 1]))
    far = np.hypot(steps[:, 0], steps[:, 1])
    far = far[np.isfinite(far)]
    if len(far) and np.median(far) > _MAX_SHIFT_M:
        raise BadInput(
            f"datum_shift {list(parameters)} moves points by {np.median(far):,.0f} m; expected some 100 m: "
            "are they dx dy dz (metres), rx ry rz (arc seconds, position vector), ds (ppm), in this order?"
        )


def refuse_old(crs: CRS) -> None:
    """Raise BadInput for a CRS on Xian 80, Beijing 54 or New Beijing: nobody's parameters are known for it."""
    geodetic = crs.geodetic_crs
    for old, label in _OLD.items():
        if geodetic is not None and old.lower() in geodetic.name.lower():
            raise BadInput(
                f"CRS {crs.name!r} is on {label}: PROJ has only ballpark operations from it; state your survey office's "
                "seven parameters to CGCS2000 beside it in the city file, `datum_shift = [dx, dy, dz, rx, ry, rz, ds]` "
                "(metres, arc seconds, ppm; position vector), or transform the data first"
            )


def _named(crs: CRS, names: tuple[str, ...]) -> bool:
    """Whether this is a plain geographic CRS in degrees from Greenwich, on a datum of these names."""
    named = crs.datum is not None and crs.datum.name.startswith(names)
    plain = crs.prime_meridian is not None and crs.prime_meridian.longitude == 0.0
    degrees = all(abs(axis.unit_conversion_factor - np.pi / 180.0) < 1e-12 for axis in crs.axis_info)
    return named and plain and degrees and bool(crs.is_geographic) and not crs.is_derived and not crs.is_bound


def is_wgs84(crs: CRS) -> bool:
    """Whether this is geographic WGS 84 in degrees, in whatever axis order."""
    return _named(crs, _HUB[:1])


@lru_cache(maxsize=64)
def _in_hub(name: str) -> bool:
    return _named(CRS.from_user_input(name), _HUB)


@lru_cache(maxsize=64)
def geographic(name: str) -> str:
    """The geographic CRS that a horizontal one is built on; a geographic one, or one with bound parameters, is its own."""
    crs = CRS.from_user_input(name)
    base = (
        None if crs.is_bound else crs.geodetic_crs if crs.is_projected else crs.source_crs if crs.is_derived else None
    )
    if base is None:
        return name
    epsg = base.to_epsg(min_confidence=70)
    return f"EPSG:{epsg}" if epsg else base.to_wkt()


@lru_cache(maxsize=64)
def operation(source: str, target: str) -> Step:
    """PROJ's best operation from one CRS to another. Raises ProjError where there is none but a ballpark one."""
    transformer = Transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)
    return lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))


def change(start: str, end: str, parameters: SevenParameters | None) -> tuple[Step, ...]:
    """The steps between two geographic CRSs, none of them a ballpark one.

    parameters: those from the one that is not in the hub to CGCS2000. Raises ProjError where there is no way; BadInput
    for parameters between two CRSs of which not exactly one is in the hub.
    """
    if parameters is not None:
        return (_by_parameters(start, end, parameters),)
    if start == end or (_in_hub(start) and _in_hub(end)):
        return ()
    if not (_in_hub(start) or _in_hub(end)):
        try:
            return (operation(start, end),)
        except ProjError:
            return (operation(start, _HUB_NAME), operation(_HUB_NAME, end))
    return (operation(start, _HUB_NAME) if _in_hub(end) else operation(_HUB_NAME, end),)


def _by_parameters(start: str, end: str, parameters: SevenParameters) -> Step:
    if _in_hub(start) == _in_hub(end):
        what = "both are on WGS 84 or CGCS2000" if _in_hub(start) else "neither is on CGCS2000"
        names = [CRS.from_user_input(name).name for name in (start, end)]
        raise BadInput(
            f"datum_shift is stated from {names[0]} to {names[1]}: {what}; expected one old datum, or no shift"
        )
    shape = CRS.from_user_input(end if _in_hub(start) else start).ellipsoid
    if shape is None or not shape.inverse_flattening:
        raise BadInput(f"datum_shift: {start} has no ellipsoid to shift from")
    old = Ellipsoid(shape.semi_major_metre, 1.0 / shape.inverse_flattening)
    if _in_hub(start):
        return partial(shift, source=CGCS2000, target=old, parameters=parameters, back=True)
    return partial(shift, source=old, target=CGCS2000, parameters=parameters)
