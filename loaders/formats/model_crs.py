"""The CRS of a city model: its horizontal part, and what is said of the heights that stand beside it."""

import re

from cim import crs as frames
from cim.errors import CimError
from cim.plugins import Source
from cim.types import FloatArray, Issue
from loaders.formats.stated_crs import stated_crs

_COMPOUND = re.compile(r"crs-compound\?1=.*?/EPSG/[^/]*/(\d+)&2=.*?/EPSG/[^/]*/(\d+)")
_GERMAN = re.compile(r"urn:adv:crs:(?:ETRS89_UTM3([123]))\b", re.IGNORECASE)


def plain_name(told: str) -> str:
    """A CRS as PROJ understands its name: compound addresses and the names of German surveyors put as EPSG codes.

    >>> plain_name("http://www.opengis.net/def/crs-compound?1=http://www.opengis.net/def/crs/EPSG/0/25832"
    ...            "&2=http://www.opengis.net/def/crs/EPSG/0/7837")
    'EPSG:25832+7837'
    >>> plain_name("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH")
    'EPSG:25832'
    """
    compound = _COMPOUND.search(told)
    if compound:
        return f"EPSG:{compound.group(1)}+{compound.group(2)}"
    german = _GERMAN.match(told.strip())
    return f"EPSG:2583{german.group(1)}" if german else told.strip()


def model_crs(source: Source, told: str | None, xy: FloatArray | None) -> tuple[str, list[Issue]]:
    """(canonical CRS of the plan, notes on the heights). told: what the file says, None: nothing. Raises as `stated_crs`."""
    name = None if told is None else plain_name(told)
    crs = stated_crs(source, name, xy)
    try:
        counted = None if name is None else frames.vertical(name)
    except CimError:
        counted = None
    if counted in (None, source.height_datum) or (counted == frames.ELLIPSOIDAL and source.heights == "ellipsoidal"):
        return crs, []
    asked = "ellipsoidal heights" if source.heights == "ellipsoidal" else "heights of the city's datum"
    datum = "the ellipsoid" if counted == frames.ELLIPSOIDAL else str(counted)[:60]
    note = f"its heights count from {datum}; they are taken for {asked} as they are"
    return crs, [Issue("heights_as_given", note)]
