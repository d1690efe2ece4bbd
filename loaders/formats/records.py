"""Records of a table as a batch holds them: columns as they came; spoilt ones set aside with all their fields."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from cim.types import ObjectArray, Rejected

_RAW_KEPT_BYTES = 256

WHY = {
    "geometry_unreadable": "the bytes of its geometry cannot be made out",
    "encoding": "text that is not in the file's encoding",
    "nul_character": "text with a NUL character, which no database can hold",
}
"""code -> the sentence for a record that is set aside, where nothing more is known of it"""


def framed(
    first: int,
    columns: Mapping[str, Sequence[Any]],
    shapes: ObjectArray,
    faults: Mapping[int, tuple[str, str]],
    geometry: str = "geometry",
    raw: Mapping[int, Any] | None = None,
) -> tuple[gpd.GeoDataFrame, tuple[Rejected, ...]]:
    """The records numbered from `first` on, and those of them that are set aside.

    columns: name -> n values as they came; text that was no text holds half surrogate pairs. shapes: (n,), None where
    there is none. faults: place (from 0) -> (code, why) of records that the reader gave up already. geometry: what the
    file calls its geometry; raw: place -> what stood there, as the rejected record shows it.
    """
    index = pd.RangeIndex(first, first + len(shapes))
    faults = dict(faults)
    for values in columns.values():
        for place, code in bad_text(values).items():
            faults.setdefault(place, (code, WHY[code]))
    data = {own_name(name): column(values, index) for name, values in columns.items()}
    frame = gpd.GeoDataFrame(pd.DataFrame(data, index=index), geometry=gpd.GeoSeries(shapes, index=index))
    damaged = []
    for place, (code, why) in sorted(faults.items()):
        content = {geometry: _shown((raw or {}).get(place))}
        content |= {name: _shown(values[place]) for name, values in columns.items()}
        damaged.append(Rejected(first + place, (code,), why, content))
    if faults:
        frame = frame.drop(index=[first + place for place in faults])
    return frame, tuple(damaged)


def own_name(name: str) -> str:
    """A column's name in the frame, where `geometry` is the geometry."""
    return "geometry_property" if name == "geometry" else name


def distinct(names: Sequence[str]) -> list[str]:
    """The names with those that occur again numbered, so that no column hides another.

    >>> distinct(["name", "", "name"])
    ['name', 'column_2', 'name_2']
    """
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        plain = name or f"column_{place}"
        number, unique = 2, plain
        while unique in found:
            unique, number = f"{plain}_{number}", number + 1
        found.append(unique)
    return found


def column(values: Sequence[Any], index: pd.Index) -> "pd.Series[Any]":
    """A column: numbers of one kind as numbers, everything else as it came."""
    if isinstance(values, list | tuple):
        kinds = set(map(type, values))
        if kinds == {float} or (kinds == {int} and max(map(abs, values)) < 2**63):
            return pd.Series(values, index=index)
        return pd.Series(values, index=index, dtype=object)
    return pd.Series(values, index=index)


def bad_text(values: Sequence[Any]) -> dict[int, str]:
    """Which of these values are text that cannot be stored, by their place, and the code that says why."""
    if not isinstance(values, list | tuple):
        return {}
    joined = "".join([v for v in values if type(v) is str])
    try:
        joined.encode()
        if "\0" not in joined:
            return {}
    except UnicodeEncodeError:
        pass
    out = {}
    for place, value in enumerate(values):
        if type(value) is str and "\0" in value:
            out[place] = "nul_character"
        elif type(value) is str and any("\ud800" <= c <= "\udfff" for c in value):
            out[place] = "encoding"
    return out


def _shown(value: Any) -> Any:
    """A value as JSON can hold it: bytes in hexadecimal, what is no text as escapes."""
    if isinstance(value, bytes):
        return value[:_RAW_KEPT_BYTES].hex()
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    if isinstance(value, float) and value != value:
        return None
    return value.item() if hasattr(value, "item") else value
