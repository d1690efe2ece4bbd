"""What the attributes of a record must agree on, pure: ladders of levels, a stated area with its shape, classes that the
city has none of, parts that cannot be built."""

from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim.assembly import fault
from cim.city import City
from cim.errors import BadSettings
from cim.fusion.eras import outside
from cim.layers import LAYERS
from cim.plugins import Layer
from cim.types import FloatArray, Issue
from loaders.judging.verdicts import Verdicts

_AREA_SHARE = 0.05  # the project's own default: a stated area may differ so far from its shape before it is told
_HECTARE_M2 = 10_000.0


def agree(table: gpd.GeoDataFrame, layer: Layer, city: City, verdicts: Verdicts) -> None:
    """Reject records of classes that the city has none of, and parts that nothing can be built of; tell of levels out of
    order and areas that differ.

    table: typed columns, shapes in the city frame.
    """
    _refuse_absent(table, layer, city, verdicts)
    if layer.name == "buildings":
        _tell_eras(table, verdicts)
    if layer.name == "assembly_parts":
        _refuse_unbuildable(table, layer, verdicts)
    for lower, upper in layer.ascending:
        _tell_disorder(table, lower, upper, verdicts)
    if layer.stated_area is not None:
        _tell_area(table, layer.stated_area, verdicts)


def refuse_strange(city: City) -> None:
    """Raises BadSettings where `limits.absent` names a layer, a column or a class that there is not."""
    for name, columns in city.limits.absent.items():
        if name not in LAYERS:
            raise BadSettings(f"limits.absent: no layer {name!r}; known: {', '.join(LAYERS)}")
        choices = {column.name: column.choices for column in LAYERS[name].columns if column.choices}
        for column, classes in columns.items():
            if column not in choices:
                raise BadSettings(
                    f"limits.absent.{name}: no column {column!r} with classes; it has {', '.join(choices)}"
                )
            strange = sorted(set(classes) - set(choices[column]))
            if strange:
                known = ", ".join(choices[column])
                raise BadSettings(f"limits.absent.{name}.{column}: no class {', '.join(strange)}; known: {known}")


def _refuse_absent(table: gpd.GeoDataFrame, layer: Layer, city: City, verdicts: Verdicts) -> None:
    for column, classes in city.limits.absent.get(layer.name, {}).items():
        for one in classes:
            found = verdicts.alive() & (table[column] == one).to_numpy(dtype=bool)
            verdicts.reject(found, "class_absent", f"{column} {one!r}: the city file says that {city.name} has none")


def _refuse_unbuildable(table: gpd.GeoDataFrame, layer: Layer, verdicts: Verdicts) -> None:
    names = [column.name for column in layer.columns]
    known = table[names].astype(object)
    known = known.where(known.notna(), None)
    for at in np.flatnonzero(verdicts.alive()).tolist():
        wrong = fault(dict(zip(names, known.iloc[at].tolist(), strict=True)))
        if wrong is not None:
            verdicts.reject(np.arange(len(table)) == at, "part_unbuildable", wrong)


def _tell_disorder(table: gpd.GeoDataFrame, lower: str, upper: str, verdicts: Verdicts) -> None:
    low, high = _numbers(table, lower), _numbers(table, upper)
    for at in np.flatnonzero(verdicts.alive() & (low > high)).tolist():
        message = f"{lower} {low[at]:g} lies above {upper} {high[at]:g}"
        verdicts.issues.append(Issue("out_of_order", message, int(table.index[at])))


def _tell_area(table: gpd.GeoDataFrame, name: str, verdicts: Verdicts) -> None:
    """Areas in the city frame: its scale makes them differ from true ones by some hundredths of a percent."""
    stated = _numbers(table, name)
    drawn = shapely.area(table.geometry.to_numpy()) / _HECTARE_M2
    far = verdicts.alive() & np.isfinite(stated) & (np.abs(drawn - stated) > _AREA_SHARE * stated)
    for at in np.flatnonzero(far).tolist():
        message = f"{name} {stated[at]:g} ha, but its shape has {drawn[at]:.2f} ha"
        verdicts.issues.append(Issue("area_differs", message, int(table.index[at])))


def _numbers(table: gpd.GeoDataFrame, name: str) -> FloatArray:
    return np.asarray(cast("pd.Series[Any]", table[name]).astype(float).to_numpy(), dtype=np.float64)


def _tell_eras(table: gpd.GeoDataFrame, verdicts: Verdicts) -> None:
    """Tell of years that lie outside the era that the same record names among its free fields."""
    for at, said in enumerate(table["extra"].tolist()):
        era = said.get("era") if said else None
        year = table["year"].iloc[at] if isinstance(era, str) else None
        message = None if year is None or pd.isna(year) else outside(str(era), int(year))
        if message is not None and verdicts.alive()[at]:
            verdicts.issues.append(Issue("year_outside_era", message, int(table.index[at])))
