"""What identifies a record, pure: its own key, or the building of the model that it says it is."""

from typing import Any

import geopandas as gpd
import pandas as pd

from cim.boundary import Boundary
from cim.plugins import Layer, Source
from loaders.judging.field_values import as_text, as_texts

NAMED = "building"
"""The column that says which building of the model a record is, by its stable id; only where the city file fills it."""

BODILY = frozenset({NAMED, "boundary"})
"""Columns of buildings beside those of the layer: which building it is, and its surfaces."""


def keys(frame: gpd.GeoDataFrame, layer: Layer) -> list[str | None]:
    """What identifies each record; None where a part of it is missing."""
    names = layer.key.split("+")
    if not set(names) <= set(frame.columns):
        return [None] * len(frame)
    if len(names) == 1:
        return list(as_texts(frame[names[0]]))
    parts = zip(*(as_texts(frame[name]) for name in names), strict=True)
    return [None if None in one else "+".join(map(str, one)) for one in parts]


def is_naming(source: Source, layer: Layer) -> bool:
    """Whether the records of a source name buildings of the model: many files have a column `building` that does not."""
    return layer.name == "buildings" and (NAMED in source.columns or NAMED in source.constants)


def bodily(out: gpd.GeoDataFrame, renamed: gpd.GeoDataFrame, source: Source) -> gpd.GeoDataFrame:
    """The table with `boundary` (`Boundary` or None) where records came with surfaces, and with `building` (text or None)
    where they name buildings of the model: then that is their key, whatever id they have of their own.
    """
    surfaces = list(renamed["boundary"]) if "boundary" in renamed else []
    if any(isinstance(value, Boundary) for value in surfaces):
        found = [value if isinstance(value, Boundary) else None for value in surfaces]
        out["boundary"] = pd.Series(found, index=out.index, dtype=object)
    if NAMED not in source.columns and NAMED not in source.constants:
        return out
    stated = source.constants.get(NAMED)
    told: list[Any] = list(renamed[NAMED]) if NAMED in renamed else [None] * len(out)
    names = [as_text(stated) if (name := as_text(value)) is None else name for value in told]
    out[NAMED] = pd.Series(names, index=out.index, dtype=object)
    own = out["source_key"].tolist()
    named = [key if name is None else key_of(name) for name, key in zip(names, own, strict=True)]
    out["source_key"] = pd.Series(named, index=out.index, dtype=object)
    ids = [key if as_text(value) is None else value for value, key in zip(out["id"].tolist(), named, strict=True)]
    out["id"] = pd.Series(ids, index=out.index, dtype=object)
    return out


def key_of(building: str) -> str:
    """The key of a record that names a building.

    >>> key_of("12")
    'building:12'
    """
    return f"building:{building}"
