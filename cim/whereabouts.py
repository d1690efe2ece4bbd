"""Whereabouts: where on the Earth unlabelled or mislabelled coordinates would lie, CRS by CRS of those usual in China."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cim import crs as frames
from cim.errors import BadInput
from cim.types import Box, FloatArray

_MOST = 6
_SAMPLE = 2_000
_WEB_MERCATOR_EDGE = 20_037_508.343
_REACH_DEGREES = 30.0
_USUAL_HALF_WIDTH_M = 180_000.0
"""Half a 3-degree zone at the latitudes of China (1.5 degrees and a margin): beyond it 6-degree zones are likelier."""
_NOWHERE = (
    "these coordinates look like none of the CRSs usual in China (a local survey frame?): ask whoever made the file"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A CRS that coordinates could be in, and what follows if they are.

    crs: as it would be stated. label: what it is, in words. centre: where the data's middle would lie, WGS 84 degrees.
    share_inside: of the points, in the city's extent. exchanged: only if the two columns are taken the other way round.
    """

    crs: str
    label: str
    centre: tuple[float, float]
    share_inside: float
    exchanged: bool = False


def candidates(xy: FloatArray, extent: Box, city_crs: str) -> list[Candidate]:
    """The CRSs that coordinates could be in, those that place them in the city first, then the nearest; at most six.

    xy: (n, 2) as they stand in the file, NaN and infinite ones are passed over. extent: of the city, WGS 84 degrees.
    The columns are taken the other way round only where nothing else places any of them in the city. Empty: nothing fits.

    >>> found = candidates(np.array([[440000.0, 4440000.0]]), Box(112.6, 39.0, 114.5, 40.8), "EPSG:4547")
    >>> found[0].crs, found[0].share_inside
    ('EPSG:4547', 1.0)
    """
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    points = points[:: max(1, -(-len(points) // _SAMPLE))]
    if len(points) == 0:
        return []
    found = list(_tried(points, extent, city_crs, False))
    if not any(one.share_inside > 0.0 for one in found):
        found += [one for one in _tried(points[:, ::-1], extent, city_crs, True) if one.share_inside > 0.0]
    middle = np.array([extent.west + extent.east, extent.south + extent.north]) / 2.0
    found = [one for one in found if one.crs in _of_degrees() or _far(one.centre, middle) < _REACH_DEGREES]
    found.sort(key=lambda one: (-round(one.share_inside, 2), one.crs != city_crs, _far(one.centre, middle)))
    return found[:_MOST]


def _far(place: tuple[float, float], middle: FloatArray) -> float:
    """Rough distance on the map, in degrees of latitude; the offsets of a few hundred metres count as nothing."""
    east = (place[0] - middle[0]) * np.cos(np.radians(middle[1]))
    return round(float(np.hypot(east, place[1] - middle[1])), 1)


def _tried(points: FloatArray, extent: Box, city_crs: str, exchanged: bool) -> Iterator[Candidate]:
    for name, label in _thinkable(np.median(points, axis=0), extent, city_crs).items():
        try:
            lonlat = frames.transform(points, name, frames.LONLAT)
        except BadInput:  # a city frame that has only ballpark operations: no candidate
            continue
        lonlat = lonlat[np.isfinite(lonlat).all(axis=1)]
        if len(lonlat) == 0:
            continue
        lon, lat = lonlat.T
        inside = (lon >= extent.west) & (lon <= extent.east) & (lat >= extent.south) & (lat <= extent.north)
        centre = np.median(lonlat, axis=0)
        share = float(inside.sum() / len(points))
        yield Candidate(name, label, (float(centre[0]), float(centre[1])), share, exchanged)


def _thinkable(middle: FloatArray, extent: Box, city_crs: str) -> dict[str, str]:
    """CRSs by the size of the numbers alone, with their labels. middle: (2,) of the coordinates."""
    x, y = middle.tolist()
    if abs(x) <= 180.0 and abs(y) <= 90.0:
        return _of_degrees()
    northing = 1.5e6 <= y <= 6.5e6
    found: dict[str, str] = {}
    if northing and 25e6 <= x < 46e6:
        zone = int(x // 1e6)
        found[f"EPSG:{4513 + zone - 25}"] = f"CGCS2000 3-degree zone {zone}, its number before the easting"
    elif northing and 13e6 <= x < 24e6:
        zone = int(x // 1e6)
        found[f"EPSG:{4491 + zone - 13}"] = f"CGCS2000 6-degree zone {zone}, its number before the easting"
    elif northing and 1e5 <= x <= 9e5:
        found = _without_zone(x, extent)
    if max(abs(x), abs(y)) <= _WEB_MERCATOR_EDGE and not (northing and 1e5 <= x <= 9e5):
        found[frames.WEB_MERCATOR] = "web Mercator"
    if city_crs not in found and -1e5 <= x <= 1.1e6 and -1e7 <= y <= 1e7:
        found[city_crs] = "the city's own frame"
    return found


def _of_degrees() -> dict[str, str]:
    return {
        frames.LONLAT: "WGS 84; CGCS2000, EPSG:4490, is the same within a metre",
        frames.GCJ02: "Chinese web maps",
        frames.BD09: "Baidu maps",
    }


def _without_zone(x: float, extent: Box) -> dict[str, str]:
    """Gauss-Krüger and UTM zones whose numbers look alike: those near the city, the others would lie far from it."""
    lon = (extent.west + extent.east) / 2.0
    narrow = {
        f"EPSG:{4534 + (meridian - 75) // 3}": f"CGCS2000 3-degree, central meridian {meridian}E"
        for meridian in sorted(range(75, 136, 3), key=lambda m: abs(m - lon))[:5]
    }
    wide = {
        f"EPSG:{4502 + (meridian - 75) // 6}": f"CGCS2000 6-degree, central meridian {meridian}E"
        for meridian in sorted(range(75, 136, 6), key=lambda m: abs(m - lon))[:2]
    }
    utm = {f"EPSG:{32600 + z}": f"UTM {z}N" for z in sorted(range(1, 61), key=lambda z: abs(6 * z - 183 - lon))[:2]}
    return narrow | wide | utm if abs(x - 5e5) <= _USUAL_HALF_WIDTH_M else wide | utm | narrow


def sentence(found: list[Candidate]) -> str:
    """The candidates in one line for a message: each with its place, and what cannot be told apart.

    >>> sentence([Candidate("EPSG:4547", "central meridian 114E", (113.295, 40.09), 1.0)])
    'EPSG:4547 (central meridian 114E): 113.295 E, 40.090 N, inside the city'
    >>> sentence([])[:46]
    'these coordinates look like none of the CRSs u'
    """
    if not found:
        return _NOWHERE
    parts = [_clause(one) for one in found]
    alike = _alike(found)
    return "; ".join([*parts, alike] if alike else parts)


def outside(bounds: tuple[float, float, float, float], crs: str, extent: Box, city_crs: str) -> str | None:
    """Why a rectangle does not lie in a city: where it lies instead, and what its coordinates could be; None: it does.

    bounds: (west, south, east, north) in `crs`. extent: of the city, WGS 84 degrees.

    >>> outside((113.0, 40.0, 113.1, 40.1), "EPSG:4326", Box(112.6, 39.0, 114.5, 40.8), "EPSG:4547") is None
    True
    """
    west, south, east, north = bounds
    corners = np.array([[x, y] for x in np.linspace(west, east, 9) for y in np.linspace(south, north, 9)])
    lonlat = frames.transform(corners, crs, frames.LONLAT)
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    if low[0] <= extent.east and high[0] >= extent.west and low[1] <= extent.north and high[1] >= extent.south:
        return None
    found = candidates(corners, extent, city_crs)
    could_be = f"its coordinates could be {sentence(found)}" if found else _NOWHERE
    return (
        f"lies at {low[0]:.3f}..{high[0]:.3f} E, {low[1]:.3f}..{high[1]:.3f} N when read as {crs[:40]}, outside the city "
        f"({extent.west}..{extent.east} E, {extent.south}..{extent.north} N); {could_be}"
    )


def _clause(one: Candidate) -> str:
    lon, lat = one.centre
    place = f"{abs(lon):.3f} {'E' if lon >= 0 else 'W'}, {abs(lat):.3f} {'N' if lat >= 0 else 'S'}"
    if one.share_inside >= 0.995:
        where = "inside the city"
    else:
        where = f"{one.share_inside:.0%} inside the city" if one.share_inside >= 0.005 else "outside"
    turned = ", with its two columns exchanged" if one.exchanged else ""
    return f"{one.crs} ({one.label}{turned}): {place}, {where}"


def _alike(found: list[Candidate]) -> str:
    """What the numbers cannot decide: degrees that are all in the city, and the older datums of the same zones."""
    here = {one.crs: one.centre for one in found if one.share_inside > 0.0}
    true = here.get(frames.LONLAT)
    if true is not None:
        apart = [f"{name} {_metres(true, here[name]):,.0f} m" for name in (frames.GCJ02, frames.BD09) if name in here]
        if apart:
            return f"their numbers cannot tell these apart: away from WGS 84 would lie {' and '.join(apart)}"
    if any("CGCS2000" in one.label and one.crs not in (frames.LONLAT,) for one in found):
        return "Xian 80 and Beijing 54 look the same as CGCS2000, some 100 m off"
    return ""


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    ecef = frames.to_ecef(np.array([[*one, 0.0], [*other, 0.0]]))
    return float(np.linalg.norm(ecef[1] - ecef[0]))


def likely(xy: FloatArray) -> list[str]:
    """CRSs in which coordinates (n, 2) of a place in China would look like these, the likeliest first.

    For callers that know no city; `candidates` says more.

    >>> likely(np.array([[440000.0, 4440000.0]]))[:2]
    ['EPSG:4547 (CGCS2000 3-degree, central meridian 114E)', 'EPSG:4546 (111E)']
    >>> likely(np.array([[113.3, 40.1]]))[0]
    'EPSG:4326 (GPS)'
    """
    x, y = xy.mean(axis=0).tolist()
    if 70.0 <= x <= 140.0 and 0.0 <= y <= 60.0:
        return ["EPSG:4326 (GPS)", "EPSG:4490 (survey offices)", "GCJ-02 (Chinese web maps; about 600 m off)"]
    if 25e6 <= x < 46e6 and 1.5e6 <= y <= 6.5e6:
        zone = int(x // 1e6)
        return [f"EPSG:{4513 + zone - 25} (CGCS2000 3-degree zone {zone}, its number before the easting)"]
    if 13e6 <= x < 24e6 and 1.5e6 <= y <= 6.5e6:
        zone = int(x // 1e6)
        return [f"EPSG:{4491 + zone - 13} (CGCS2000 6-degree zone {zone}, its number before the easting)"]
    if 1e5 <= x <= 9e5 and 1.5e6 <= y <= 6.5e6:
        names = ["EPSG:4547 (CGCS2000 3-degree, central meridian 114E)", "EPSG:4546 (111E)", "EPSG:4548 (117E)"]
        return [*names, "EPSG:4508 (6-degree, 111E)", "EPSG:32649 (UTM 49N)"]
    if 7.5e6 <= x <= 15.5e6 and 0.0 <= y <= 8.5e6:
        return ["EPSG:3857 (web Mercator)"]
    return ["none of those usual in China: ask whoever made the file"]
