"""Coordinate reference systems: one axis order (x = east or longitude first), one transformer cache, one error.

Named offsets that are no CRS (GCJ-02, BD-09) are values here too, so that a source can state them. WGS 84 and CGCS2000
geographic coordinates are taken as identical at metre level: PROJ knows only a ballpark operation between them. Any
other ballpark operation is refused: it would leave data up to hundreds of metres off without a word.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError

from cim import datum
from cim.errors import BadInput, MissingCrs
from cim.types import FloatArray

GCJ02 = "GCJ-02"
BD09 = "BD-09"
LONLAT = "EPSG:4326"
CGCS2000 = "EPSG:4490"
ECEF = "EPSG:4978"
WEB_MERCATOR = "EPSG:3857"
ELLIPSOIDAL = "ellipsoidal"

# Krasovsky 1940, as the public GCJ-02 approximation uses it (wandergis/coordTransform_py).
_A = 6378245.0
_EE = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0


@lru_cache(maxsize=64)
def parse(name: str, *, old_datum: bool = False) -> str:
    """The canonical name of a stated CRS: `GCJ-02`, `BD-09` or `EPSG:n` where PROJ finds one, else its WKT.

    A compound or 3-D CRS keeps its horizontal part (`vertical` answers the rest). old_datum: Xian 80 and Beijing 54 are
    let through, because their seven parameters come along. Raises MissingCrs for an empty name; BadInput for one that
    nobody knows, that places nothing, or that needs parameters.

    >>> parse("gcj02"), parse("epsg:4547"), parse("4490"), parse("EPSG:4547+5737")
    ('GCJ-02', 'EPSG:4547', 'EPSG:4490', 'EPSG:4547')
    """
    offset = _offset_name(name)
    if offset:
        return offset
    stated = _known(name)
    crs = _horizontal(stated)
    if crs is None:
        raise BadInput(f"CRS {stated.name!r} places nothing on the Earth; expected a projected or geographic CRS")
    if not old_datum:
        datum.refuse_old(crs)
    epsg = crs.to_epsg(min_confidence=70) or _own_number(crs)
    if epsg:
        return f"EPSG:{epsg}"
    # OGC:CRS84 is 4326 with longitude first, as everything is here.
    return LONLAT if crs.is_geographic and datum.is_wgs84(crs) else crs.to_wkt()


@lru_cache(maxsize=64)
def vertical(name: str) -> str | None:
    """What the heights of a stated CRS count from: `EPSG:n` (WKT where there is none), `ellipsoidal`, or None: unsaid.

    Raises MissingCrs for an empty name, BadInput for one that nobody knows.

    >>> vertical("EPSG:4547+5737"), vertical("EPSG:4979"), vertical("EPSG:4547")
    ('EPSG:5737', 'ellipsoidal', None)
    """
    return None if _offset_name(name) else _vertical(_known(name))


def _offset_name(name: str) -> str | None:
    key = name.upper().replace("-", "").replace("_", "").replace(" ", "")
    return {"GCJ02": GCJ02, "BD09": BD09}.get(key)


def _known(name: str) -> CRS:
    text = name.strip()
    if not text:
        raise MissingCrs("no CRS is stated; expected an EPSG code such as EPSG:4547, or GCJ-02, or BD-09")
    try:
        return CRS.from_user_input(f"EPSG:{text}" if text.isdigit() else text)
    except CRSError:
        raise BadInput(f"CRS {name!r} is not known; expected an EPSG code, WKT, GCJ-02 or BD-09") from None


def _horizontal(crs: CRS) -> CRS | None:
    """The 2-D part that places things on the Earth; None for heights, local drawings and geocentric coordinates."""
    if crs.is_compound:
        return next((part for part in map(_horizontal, crs.sub_crs_list) if part is not None), None)
    if crs.is_bound and crs.source_crs is not None:
        inner = _horizontal(crs.source_crs)
        # What a file binds (TOWGS84) to a CRS that PROJ knows is second to PROJ; to an unknown one it is all there is.
        return crs if inner is not None and not inner.to_epsg(min_confidence=70) else inner
    if not (crs.is_projected or crs.is_geographic):
        return None
    return crs.to_2d() if len(crs.axis_info) == 3 else crs


def _own_number(crs: CRS) -> int | None:
    """The EPSG number that a CRS says of itself, if it is that one but for names and the order of axes.

    WKT 1, as LAS files carry it, leaves both out: PROJ does not take such a Gauss-Krueger zone for its own.
    """
    own = crs.to_json_dict().get("id", {})
    if own.get("authority") != "EPSG":
        return None
    try:
        known = CRS.from_epsg(int(own["code"]))
    except (CRSError, ValueError):
        return None
    return int(own["code"]) if _map_of(crs) == _map_of(known) and _map_of(crs) is not None else None


def _map_of(crs: CRS) -> object:
    """What a projected CRS does to its geographic one, without its words: method, parameters, units; None of others."""
    way, base = crs.coordinate_operation, crs.geodetic_crs
    if not crs.is_projected or way is None or base is None:
        return None
    parameters = sorted((p.code, round(float(p.value) * p.unit_conversion_factor, 12)) for p in way.params)
    return (
        base.to_epsg(min_confidence=70),
        way.method_code,
        parameters,
        {a.unit_conversion_factor for a in crs.axis_info},
    )


def _vertical(crs: CRS) -> str | None:
    if crs.is_compound:
        return next((found for found in map(_vertical, crs.sub_crs_list) if found), None)
    if crs.is_bound and crs.source_crs is not None:
        return _vertical(crs.source_crs)
    if crs.is_vertical:
        epsg = crs.to_epsg(min_confidence=70)
        return f"EPSG:{epsg}" if epsg else crs.to_wkt()
    return ELLIPSOIDAL if len(crs.axis_info) == 3 and (crs.is_projected or crs.is_geographic) else None


@lru_cache(maxsize=64)
def _route(source: str, target: str, parameters: datum.SevenParameters | None) -> tuple[datum.Step, ...]:
    """The way between two CRSs: off the map, over the datums, onto the map.

    By steps because PROJ's direct pipelines from a projected CRS take 0.1-0.8 s to set up, and hide ballpark ones.
    """
    start, end = datum.geographic(source), datum.geographic(target)
    try:
        off = () if start == source else (datum.operation(source, start),)
        onto = () if end == target else (datum.operation(end, target),)
        return (*off, *datum.change(start, end, parameters), *onto)
    except ProjError:
        raise BadInput(
            f"from {label(source)} to {label(target)} PROJ has only a ballpark operation, wrong by up to hundreds of "
            "metres; state a CRS on a datum with known parameters, or transform the data first"
        ) from None


def label(name: str) -> str:
    """A CRS as a message names it: its code, or the name in its WKT where it has none."""
    known = parse(name, old_datum=True)
    return known if known in (GCJ02, BD09) or known.startswith("EPSG:") else repr(CRS.from_user_input(known).name)


def transform(
    coordinates: FloatArray, source: str, target: str, *, datum_shift: Sequence[float] | None = None
) -> FloatArray:
    """Move points from one CRS to another; x is east or longitude in both.

    coordinates: (n, 2) or (n, 3), in `source`. Returns the same shape in `target`; a third column passes unchanged.
    datum_shift: seven parameters to CGCS2000 (m, arc seconds, ppm; position vector, EPSG method 9606) of whichever of
    the two is on an old datum. Points that a projection cannot place become inf, those that are no degrees NaN. Raises
    BadInput for an unknown CRS, and where nothing better than a ballpark operation leads from one to the other.

    >>> transform(np.array([[113.295, 40.090]]), "EPSG:4490", "EPSG:4547").round(3).tolist()
    [[439876.181, 4439760.443]]
    """
    shifted = datum_shift is not None
    parameters = None if datum_shift is None else datum.seven(datum_shift)
    source, target = parse(source, old_datum=shifted), parse(target, old_datum=shifted)
    result = np.array(coordinates, dtype=np.float64, copy=True)
    if len(result) == 0 or (source == target and not shifted):
        return result
    xy = result[:, :2]
    if source in (GCJ02, BD09):
        xy = gcj02_to_wgs84(bd09_to_gcj02(xy) if source == BD09 else xy)
        source = CGCS2000
    for step in _route(source, CGCS2000 if target in (GCJ02, BD09) else target, parameters):
        xy = step(xy)
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
    return datum.to_geocentric(lonlat_h, datum.WGS84)


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


def _degrees(lonlat: FloatArray) -> FloatArray:
    """The points (n, 2), NaN where the numbers are no degrees: the offsets' waves would give them a place all the same."""
    sane = (np.abs(lonlat[:, 0]) <= 360.0) & (np.abs(lonlat[:, 1]) <= 90.0)
    return np.where(sane[:, None], lonlat, np.nan)


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
    lonlat = _degrees(lonlat)
    return np.asarray(lonlat + _gcj_offset(lonlat), dtype=np.float64)


def gcj02_to_wgs84(lonlat: FloatArray) -> FloatArray:
    """GCJ-02 (n, 2) degrees to WGS 84: the fixed point of the forward shift, exact to a micrometre of it."""
    lonlat = guess = _degrees(lonlat)
    for _ in range(6):  # the shift's Lipschitz constant is about 1e-3, so each round gains three digits
        guess = lonlat - _gcj_offset(guess)
    return guess


def gcj02_to_bd09(lonlat: FloatArray) -> FloatArray:
    """GCJ-02 (n, 2) degrees to BD-09."""
    x, y = _degrees(lonlat).T
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _BD)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD)
    return np.column_stack([z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006])


def bd09_to_gcj02(lonlat: FloatArray) -> FloatArray:
    """BD-09 (n, 2) degrees to GCJ-02: the fixed point of the forward shift."""
    lonlat = _degrees(lonlat)
    guess = lonlat - np.array([0.0065, 0.006])
    for _ in range(6):
        guess = lonlat - (gcj02_to_bd09(guess) - guess)
    return np.asarray(guess, dtype=np.float64)
