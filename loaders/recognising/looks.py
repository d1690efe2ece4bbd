"""A first look at a file that nobody has described: its format, its tables, its columns, and where it would lie."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from cim.boundary import Boundary
from cim.errors import BadInput, BadSource
from cim.layers import LAYERS
from cim.plugins import Batch, Raster, Source
from cim.types import ObjectArray
from loaders.delivery.files import recognise
from loaders.formats import wkt_column
from loaders.recognising.encodings import encoding_of
from loaders.recognising.recognition import Fit, Table, choose, place_columns, settled
from loaders.sources.mesh_model import MeshModel, refuse_anchored

_SAMPLE = 200
_KINDS = {0: "point", 4: "point", 1: "line", 5: "line", 3: "polygon", 6: "polygon"}
_PLACELESS = "division_codes"  # a layer without places: read as such, no file is refused for want of a CRS


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file was recognised as.

    source: as it would stand in the city file. fit: why this layer (None of a raster). format: its name. crs: canonical,
    as read. told: topic -> a sentence on how it was recognised.
    """

    source: Source
    format: str
    crs: str
    fit: Fit | None
    told: tuple[tuple[str, str], ...]


def tables(path: Path) -> list[str | None]:
    """The tables of a file, [None] where there is but one. Raises BadSource for a file that cannot be read."""
    found = recognise(path)
    lister = getattr(found, "tables", None)
    if lister is not None:
        names = list(lister(path))
    elif found.name != "GeoPackage":
        return [None]
    else:
        try:
            names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        except (DataSourceError, DataLayerError, UnicodeError) as error:
            raise BadSource(f"{path}: not readable as {found.name}: {error}") from error
    return [None] if len(names) <= 1 else list(names)


def look(path: Path, stated: Source, layer: str | None) -> Recognised:
    """What a file is, by what its owner states of it and what it shows.

    stated: location, and whatever else is known (its `layer` is not read). layer: the layer, if it is stated. Raises
    BadSource, MissingCrs or BadInput with one sentence and how to go on.
    """
    found = recognise(path)
    refuse_anchored(found, stated, path)
    if found.name == "OSM PBF" and layer is None and stated.table in LAYERS:
        layer = stated.table  # the themes of a map are called as the layers that hold them
    source = replace(stated, location=str(path), layer=layer or _PLACELESS)
    told: list[tuple[str, str]] = [("format", f"{found.name}, by its name and first bytes")]
    if source.encoding is None and found.name == "CSV":
        source = replace(source, encoding=_encoding(path, told))
    elif source.encoding is not None:
        told.append(("encoding", f"{source.encoding}, as stated"))
    first = _first(replace(source, layer=_PLACELESS, columns={}))
    if not isinstance(first, Batch):
        return _picture(path, source, stated.location, layer, first, found.name, told)
    if source.table is not None:
        told.append(("table", source.table))
    if isinstance(found, MeshModel):
        told += found.standing(source)
    told += [(issue.code, issue.message) for issue in first.issues if issue.row is None]
    seen, place = _table(first, path, source, is_text=found.name == "CSV")
    if place:
        told.append(
            ("place", f"WKT in {place['wkt']}" if "wkt" in place else f"columns {place['lon']} and {place['lat']}")
        )
    fit = choose(seen, layer)
    source = settled(source, fit, place)
    read = _first(source)
    assert isinstance(read, Batch)
    if LAYERS[fit.layer].geometry != "none":
        told.append(("CRS", f"{read.crs}, {'as stated' if stated.crs is not None else 'as the file says'}"))
    return Recognised(replace(source, location=stated.location), found.name, read.crs, fit, (*told, *_words(fit)))


def _first(source: Source) -> Any:
    """The first thing that the reader gives."""
    for one in recognise(Path(source.location)).read(source):
        if not isinstance(one, Batch) or len(one.frame):
            return one
    raise BadSource(f"{source.location}: no record of it can be made out")


def _encoding(path: Path, told: list[tuple[str, str]]) -> str | None:
    encoding, why = encoding_of(path)
    told.append(("encoding", f"{encoding}, {why}"))
    return encoding


def _table(batch: Batch, path: Path, source: Source, *, is_text: bool) -> tuple[Table, dict[str, str]]:
    """The table that a batch shows, and its columns of coordinates, or of WKT in a text, if its places are there."""
    frame = batch.frame
    names = [str(c) for c in frame.columns if c != frame.geometry.name and not _is_surfaces(frame[c])]
    columns = {name: _sample(frame[name]) for name in names}
    kind = _kind(frame.geometry.to_numpy())
    stated = {k: v for k, v in source.columns.items() if k in ("lon", "lat", "wkt")}
    place = place_columns(names) | stated if kind == "none" else {}
    wkt = wkt_column.column(names, stated, prefers_points=False) if kind == "none" and is_text else None
    if wkt is not None and wkt in columns:
        kind, place = _kind(wkt_column.shapes(columns.pop(wkt))[0]), {"wkt": wkt}
    if len(place) == 2:
        kind = "point"
    name = path.stem if source.table is None else f"{path.stem} {source.table}"
    others = {k: v for k, v in source.columns.items() if k not in stated}
    return Table(name, kind, columns, others, tuple(source.constants)), place


def _is_surfaces(values: "pd.Series[Any]") -> bool:
    """Whether a column holds the surfaces of bodies, which no column of a layer is."""
    return values.dtype == object and any(isinstance(value, Boundary) for value in values.head(_SAMPLE))


def _kind(shapes: ObjectArray) -> str:
    """The kind of most shapes. Raises nothing: without shapes there is none."""
    ids = shapely.get_type_id(shapes)
    kinds = Counter(_KINDS[i] for i in ids[ids >= 0].tolist() if i in _KINDS)
    return kinds.most_common(1)[0][0] if kinds else "none"


def _sample(values: "pd.Series[Any]") -> list[str]:
    given = values.dropna()
    step = max(1, len(given) // _SAMPLE)
    return [str(value) for value in given.iloc[::step].tolist()]


def _words(fit: Fit) -> Iterator[tuple[str, str]]:
    """Why this layer, which columns mean what, what stays as it is."""
    yield ("layer", f"{fit.layer}: {'; '.join(fit.why) or 'as stated'}")
    means = [*(f"{target} = {there}" for target, there in fit.columns.items()), *fit.same]
    yield ("columns", ", ".join(means) or "none that the layer knows")
    for there, reason in fit.unlike.items():
        yield ("not taken", f"{there} {reason}")
    if fit.left:
        yield ("left", f"{', '.join(fit.left)}: kept as properties")
    if fit.missing:
        yield (
            "missing",
            f"{', '.join(fit.missing)}: state --column {fit.missing[0]}=COLUMN or --constant {fit.missing[0]}=VALUE",
        )


def _picture(
    path: Path, source: Source, location: str, layer: str | None, found: Any, name: str, told: list[tuple[str, str]]
) -> Recognised:
    """A raster or points: which layer by what its cells are. location: as its owner wrote it."""
    fitting, why = _layer_of(found)
    chosen = layer or fitting
    if chosen is None:
        raise BadInput(f"{path}: {why}: a dem or an orthophoto, it is not guessed at. Say --layer")
    told += [
        ("CRS", f"{found.crs[:60]}, {'as stated' if source.crs is not None else 'as the file says'}"),
        ("layer", f"{chosen}: {'as stated' if layer else why}"),
    ]
    return Recognised(replace(source, layer=chosen, location=location), name, found.crs, None, tuple(told))


def _layer_of(found: Any) -> tuple[str | None, str]:
    """The layer of what is no table, and why."""
    if not isinstance(found, Raster):
        kinds = [one for one in LAYERS.values() if one.geometry == "points"]
        return (kinds[0].name if kinds else None), "points with heights"
    number = np.dtype(found.dtype)
    what = f"{found.bands} band{'s' if found.bands > 1 else ''} of {found.dtype}"
    if found.bands == 1 and (number.kind == "f" or number.itemsize >= 2):
        return "dem", what
    return ("orthophoto" if found.bands >= 3 else None), what
