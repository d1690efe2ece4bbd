"""Attributes of records, pure: columns under their canonical names, of their kind, within their domain."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from cim.city import City
from cim.errors import BadInput, BadSource
from cim.layers import PROVENANCE, VALIDITY
from cim.plugins import Column, Layer, Source
from cim.types import Issue
from loaders.judging.bodies import bodies
from loaders.judging.field_values import as_json, as_text, as_texts
from loaders.judging.keys import BODILY, bodily, is_naming, keys
from loaders.judging.verdicts import Verdicts

_OFFSET = r"(?:[Zz]|[+-]\d\d:?\d\d)$"
_DAY = r"\d{4}-\d\d-\d\d"
_TRUE = {"1", "true", "yes", "t", "y", "是"}
_A_MOMENT = "expected a day or ISO 8601 with its UTC offset"
_YEARS = (1, 2200)  # as the layer of buildings bounds a year; PostgreSQL and the calendar know no year 0
_ACCURACY = Column("accuracy_m", "real", "精度", "Accuracy", unit="m", low=0.0)


def wide(frame: gpd.GeoDataFrame, source: Source, layer: Layer) -> gpd.GeoDataFrame:
    """A copy with every canonical column of the layer, `source_key`, provenance, and the rest as dicts in `extra`.

    Columns are renamed as the source maps them; what the owner states stands where the file is silent. Raises BadSource
    for a mapped column that the file does not have, and where what identifies a record is in no column.
    """
    _refuse_absent(frame, source, layer)
    mapped = {there: here for here, there in source.columns.items() if there in frame}
    # A column of the file that is called as one that another stands for is kept, under a name of its own.
    aside = {name: _free(name, frame) for name in mapped.values() if name in frame and name not in mapped}
    renamed = frame.rename(columns=mapped | aside)
    names = [c.name for c in layer.columns] + list(PROVENANCE) + list(VALIDITY)
    index = renamed.index
    out = gpd.GeoDataFrame(geometry=gpd.GeoSeries(renamed.geometry.to_numpy(), index=index))
    for name in dict.fromkeys(names):
        out[name] = _column(renamed, name, source.constants.get(name))
    out["source_key"] = keys(renamed, layer)
    if layer.name == "buildings":
        out = bodily(out, renamed, source)
    if "extra" in source.columns:  # the file says which fields are its others: no further column is one
        out["extra"] = pd.Series(
            [_others(v) for v in renamed.get("extra", [None] * len(index))], index=index, dtype=object
        )
        return out
    taken = {*names, *("lon", "lat"), *(BODILY & set(out.columns))}
    rest = [c for c in renamed.columns if c not in taken and c != renamed.geometry.name]
    known = {str(name): renamed[name].astype(object).where(renamed[name].notna(), None).tolist() for name in rest}
    out["extra"] = pd.Series(_rest(known, len(index)), index=index, dtype=object)
    return out


def _free(name: str, frame: gpd.GeoDataFrame) -> str:
    """A name like this one that no column of the file has."""
    while name in frame:
        name = f"{name}_property"
    return name


def _rest(columns: Mapping[str, list[Any]], count: int) -> list[dict[str, Any]]:
    """Of each record what is told in these columns."""
    if not columns:
        return [{} for _ in range(count)]
    rows = zip(*columns.values(), strict=True)
    return [{k: as_json(v) for k, v in zip(columns, row, strict=True) if v is not None} for row in rows]


def _others(value: Any) -> dict[str, Any]:
    """The fields that a column holds as one JSON object; what is none stays, under the column's name."""
    if not isinstance(value, dict | list) and as_text(value) is None:
        return {}
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        found = value
    return found if isinstance(found, dict) else {"extra": found}


def _column(frame: gpd.GeoDataFrame, name: str, stated: Any) -> "pd.Series[Any]":
    """A column of the file, what its owner states where it is silent; numbers keep their kind, unknown is None."""
    if name not in frame:
        kind = float if type(stated) is float else object  # a number needs not be read from text again
        return pd.Series([stated] * len(frame), index=frame.index, dtype=kind)
    column = frame[name]
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return cast("pd.Series[Any]", column if stated is None else column.where(column.notna(), stated))
    column = column.astype(object)
    return cast("pd.Series[Any]", column.where(column.notna(), stated))


def _refuse_absent(frame: gpd.GeoDataFrame, source: Source, layer: Layer) -> None:
    """A misspelt column must not be taken for an empty one."""
    if not len(frame):
        return  # nothing of this batch could be made out: the next one says which columns there are
    there = [str(c) for c in frame.columns if c != frame.geometry.name]
    has = f"the file has {', '.join(there) or 'none'}"
    for target, wanted in source.columns.items():
        needed = source.mode != "terminate" or target in layer.key.split("+")  # a list of what ended has the keys only
        needed &= target != "wkt"  # a reader that knows such a column has made the geometry of it
        if needed and wanted not in there:
            raise BadSource(f"{source.location}: no column {wanted!r}, which the city file maps; {has}")
    for key in layer.key.split("+"):
        if key not in there and key not in source.columns and not is_naming(source, layer):
            hint = f'write columns = {{ {key} = "..." }} beside it in the city file, or say --column {key}=...'
            raise BadSource(f"{source.location}: no column {key!r}, which identifies a record; {has}; {hint}")


def clean(table: gpd.GeoDataFrame, layer: Layer, city: City, verdicts: Verdicts) -> gpd.GeoDataFrame:
    """Bring each column to its kind and domain; what cannot be is emptied and named, or the record is rejected."""
    blank = table["source_key"].isna().to_numpy()
    verdicts.reject(verdicts.alive() & blank, "key_missing", f"no {layer.key}, which identifies the record")
    for column in layer.columns:
        table[column.name] = _typed(table, column, verdicts)
        if column.required:
            absent = verdicts.alive() & table[column.name].isna().to_numpy()
            verdicts.reject(absent, "attribute_missing", f"no {column.name}, which layer {layer.name} requires")
    if layer.name == "buildings":
        return bodies(table, city.limits, verdicts)
    return table


def provenance(table: gpd.GeoDataFrame, verdicts: Verdicts) -> gpd.GeoDataFrame:
    """Type the four columns that say how far to trust a record; a source that is silent is taken for real, not synthetic."""
    said = table["is_synthetic"].tolist()
    synthetic = [v if v is True or v is False else v is not None and str(v).strip().lower() in _TRUE for v in said]
    table["is_synthetic"] = np.array(synthetic, dtype=bool)
    table["accuracy_m"] = _number(table["accuracy_m"], _ACCURACY, verdicts)
    table["survey_date"] = _dates(table["survey_date"], "survey_date", verdicts)
    table["source"] = pd.Series(as_texts(table["source"]), index=table.index, dtype=object)  # None stays None, not NaN
    return table


def validity(table: gpd.GeoDataFrame, time_zone: str, verdicts: Verdicts) -> gpd.GeoDataFrame:
    """Type since when and until when a record's state holds in the world; a day begins at midnight of the city's clock."""
    for name in VALIDITY:
        table[name] = moments(table[name], name, time_zone, verdicts)
    inside_out = (table["valid_from"] >= table["valid_to"]).to_numpy()
    verdicts.reject(verdicts.alive() & inside_out, "valid_time_inside_out", "valid_to does not lie behind valid_from")
    return table


def moments(values: "pd.Series[Any]", name: str, time_zone: str, verdicts: Verdicts) -> "pd.Series[Any]":
    """UTC-aware times of texts that are a day of the city's clock or ISO 8601 with its UTC offset; else NaT, and named."""
    if values.isna().all():
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us, UTC]")
    text = pd.Series(as_texts(values), index=values.index, dtype=object)
    days = pd.to_datetime(text.where(text.astype(str).str.fullmatch(_DAY)), errors="coerce", format="%Y-%m-%d")
    local = days.astype("datetime64[us]").dt.tz_localize(time_zone, ambiguous=True, nonexistent="shift_forward")
    whole = text.where(text.astype(str).str.contains(_OFFSET) & days.isna())
    times = pd.to_datetime(whole, errors="coerce", utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    found = times.fillna(local.dt.tz_convert("UTC"))
    found = found.where(found.dt.year.between(*_YEARS))
    column = Column(name, "time", name, name)
    _name(
        verdicts,
        text.notna() & found.isna(),
        text,
        "not_a_time",
        column,
        "expected a day or ISO 8601 with its UTC offset",
    )
    return found


def moment(stated: str, time_zone: str) -> datetime:
    """One time, as `valid_from` of a source states it. Raises BadInput with what was expected."""
    verdicts = Verdicts(gpd.GeoDataFrame({"stated": [stated]}, geometry=[None]))
    found = moments(pd.Series([stated], dtype=object), "valid_from", time_zone, verdicts).iloc[0]
    if verdicts.issues:
        raise BadInput(f"valid_from {verdicts.issues[0].message.removeprefix('valid_from ')}")
    return cast(datetime, found.to_pydatetime())


def _dates(values: "pd.Series[Any]", name: str, verdicts: Verdicts) -> "pd.Series[Any]":
    """Days; what is none, or lies in no year that a survey could have been made in, is emptied and named."""
    if values.isna().all():
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[s]")
    text = pd.Series(as_texts(values), index=values.index, dtype=object)
    kinds, place = np.unique(text.fillna("").to_numpy(str), return_inverse=True)
    days = pd.to_datetime(pd.Series(kinds), errors="coerce", format="mixed", utc=True).dt.tz_localize(None)
    found = pd.Series(days.astype("datetime64[s]").to_numpy()[place], index=values.index)
    found = found.where(found.dt.year.between(*_YEARS))
    column = Column(name, "time", name, name)
    _name(verdicts, text.notna() & found.isna(), text, "not_a_date", column, "expected a date of the years 1 to 2200")
    return found


def _typed(table: gpd.GeoDataFrame, column: Column, verdicts: Verdicts) -> "pd.Series[Any]":
    values = table[column.name]
    if column.kind in ("integer", "real"):
        return _number(values, column, verdicts)
    if column.kind == "time":
        return _time(values, column, verdicts)
    if column.kind == "text":
        text = pd.Series(as_texts(values), index=values.index, dtype=object)
        if column.words and text.notna().any():
            meant = {zh: code for code, (zh, _) in zip(column.choices, column.words, strict=True)}
            text = text.map(lambda value: meant.get(value, value))
        if column.choices:
            strange = text.notna() & ~text.isin(column.choices)
            _name(verdicts, strange, text, "domain", column, f"expected one of {', '.join(column.choices)}")
            text = text.where(~strange, None)
        return text
    return _structured(values)


def _structured(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """JSON values; one that came as the text of an object or a list, as tables hold it, is read; a blank text is none."""

    def read(value: Any) -> Any:
        text = value.strip() if isinstance(value, str) else None
        if text is None or (text and text[0] not in "{["):
            return value
        try:
            return json.loads(text) if text else None
        except ValueError:
            return value

    return values.astype(object).map(read)


def _number(values: "pd.Series[Any]", column: Column, verdicts: Verdicts) -> "pd.Series[Any]":
    text = values
    if not pd.api.types.is_numeric_dtype(values.dtype):
        text = pd.Series(as_texts(values), index=values.index, dtype=object)
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    numbers = numbers.where(np.isfinite(numbers))
    _name(verdicts, text.notna() & numbers.isna(), text, "not_a_number", column, "expected a number")
    if column.kind == "integer":
        broken = numbers.notna() & (numbers % 1 != 0)
        _name(verdicts, broken, text, "not_whole", column, "expected a whole number")
        numbers = numbers.where(~broken)  # stored as it is, it would lose its fraction
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    strange = numbers.notna() & ~numbers.between(low, high)
    _name(verdicts, strange, text, "out_of_range", column, f"expected {low} to {high} {column.unit or ''}".strip())
    return numbers.where(~strange)


def _time(values: "pd.Series[Any]", column: Column, verdicts: Verdicts) -> "pd.Series[Any]":
    """UTC-aware times; one without its UTC offset is no time, for nobody knows which clock it was read on."""
    text = pd.Series(as_texts(values), index=values.index, dtype=object)
    whole = text.where(text.astype(str).str.contains(_OFFSET), None)
    times = pd.to_datetime(whole, errors="coerce", utc=True, format="ISO8601")
    _name(verdicts, text.notna() & times.isna(), text, "not_a_time", column, "expected ISO 8601 with its UTC offset")
    return cast("pd.Series[Any]", times)


def _name(
    verdicts: Verdicts, bad: "pd.Series[bool]", text: "pd.Series[Any]", code: str, column: Column, expected: str
) -> None:
    if not bad.any():
        return
    here = bad.to_numpy() & verdicts.alive()
    for row, value in text[here].items():
        message = f"{column.name} {str(value)[:40]!r}: {expected}"
        verdicts.issues.append(Issue(code, message, int(cast(int, row)), repaired="emptied"))
