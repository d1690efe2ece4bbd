"""The CRS of a source: what its file says and what its owner states, which must agree where both speak."""

import numpy as np

from cim import crs as frames
from cim import whereabouts
from cim.errors import BadInput, BadSource, MissingCrs
from cim.layers import LAYERS
from cim.plugins import Source
from cim.types import FloatArray

# What a GeoPackage calls a CRS that nobody stated (OGC 12-128r19, 1.1.2.1.2), and what is converted from one.
_UNDEFINED = ("Undefined geographic", "Undefined Cartesian")


def needs_place(source: Source) -> bool:
    """Whether records of this source must have a geometry: a list of what ends, and a layer without places, need none."""
    return source.mode != "terminate" and LAYERS[source.layer].geometry != "none"


def stated_crs(source: Source, told: str | None, xy: FloatArray | None = None) -> str:
    """The canonical CRS of a source.

    told: what the file says, None where it is silent. xy: (n, 2) some coordinates of it, for a hint. Raises MissingCrs
    where nobody says anything (RFC 7946 presumes WGS 84, but Chinese web maps ship GCJ-02 without a word), BadSource
    where file and owner disagree or nobody knows the name.
    """
    if told is not None and any(f'"{name}' in told for name in _UNDEFINED):
        told = None
    if told is None and source.crs is None:
        if not needs_place(source):
            return frames.LONLAT
        raise MissingCrs(
            f'{source.location}: states no CRS; write `crs = "..."` beside it in the city file, or say --crs. Likely: '
            f"{likely(source, xy)}"
        )
    if told is None:
        return str(source.crs)
    try:
        known = frames.parse(told, old_datum=source.datum_shift is not None)
    except BadInput as error:
        raise BadSource(f"{source.location}: {error}") from error
    # GCJ-02 and BD-09 have no EPSG code, so files in them wear WGS 84's: the owner's word wins.
    if source.crs in (frames.GCJ02, frames.BD09):
        return source.crs
    if source.crs is not None and source.crs != known:
        raise BadSource(
            f"{source.location}: the file says {known}, the city file says {source.crs}; one of them is wrong"
        )
    return known


def likely(source: Source, xy: FloatArray | None) -> str:
    """The CRSs that coordinates (n, 2) could be in, each with where it would put them, as far as that can be told."""
    if xy is not None:
        xy = xy[np.isfinite(xy).all(axis=1)]
    if xy is None or len(xy) == 0:
        return "EPSG:4326 (GPS), EPSG:4490 (survey offices), GCJ-02 (Chinese web maps; about 600 m off)"
    if source.city is None:
        return ", ".join(whereabouts.likely(xy))
    extent, frame = source.city
    return whereabouts.sentence(whereabouts.candidates(xy, extent, frame))
