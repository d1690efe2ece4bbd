"""What the columns of a building's body must be, pure: heights and roofs with their basis, eaves, storeys, the ground."""

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from cim import crs as frames
from cim.city import City, Limits
from cim.fusion.storeys import HALL_ROOFS, HALL_USES, misfits
from cim.geometry import centroids
from cim.types import BoolArray, FloatArray, Issue
from loaders.judging.verdicts import Verdicts


def bodies(table: gpd.GeoDataFrame, limits: Limits, verdicts: Verdicts) -> gpd.GeoDataFrame:
    """Every building gets a height and says where it comes from; so does a roof whose form is stated.

    table: typed columns.
    """
    alive = verdicts.alive()
    height = table["height_m"].astype(float)
    low, high = limits.building_height_m
    wrong = alive & height.notna().to_numpy() & ~height.between(low, high).to_numpy()
    verdicts.reject(wrong, "height_out_of_range", f"height_m is outside {low} to {high} m")
    storeys = table["storeys"].astype(float)
    from_storeys = height.isna() & storeys.notna()
    assumed = height.isna() & storeys.isna()
    # A height that the file itself calls reckoned or assumed does not become measured by being delivered.
    stated = table["height_basis"].where(table["height_basis"].notna(), "source")
    table["height_basis"] = stated.mask(from_storeys, "storeys").mask(assumed, "assumed")
    reckoned = height.where(~from_storeys, storeys * limits.assumed_storey_m)
    table["height_m"] = reckoned.where(~assumed, limits.assumed_height_m)
    _eaves(table, alive, verdicts)
    _storeys(table, height, limits, alive & ~wrong, verdicts)
    silent, told = table["roof_basis"].isna().to_numpy(), table["roof_basis"].to_numpy(dtype=object, copy=True)
    told[silent] = None
    told[silent & table["roof_form"].notna().to_numpy()] = "source"
    table["roof_basis"] = pd.Series(told, index=table.index, dtype=object)
    return table


def _eaves(table: gpd.GeoDataFrame, alive: BoolArray, verdicts: Verdicts) -> None:
    eaves = table["eaves_m"].astype(float)
    above = alive & (eaves > table["height_m"]).to_numpy()
    for row in table.index[above]:
        message = f"eaves_m {eaves[row]:g} lies above height_m {table['height_m'][row]:g}"
        verdicts.issues.append(Issue("eaves_above_ridge", message, int(row), repaired="emptied"))
    table["eaves_m"] = eaves.where(~above)


def _storeys(
    table: gpd.GeoDataFrame, height: "pd.Series[Any]", limits: Limits, alive: BoolArray, verdicts: Verdicts
) -> None:
    """Tell of storeys and heights of one record that do not fit each other."""
    halls = (table["use"].isin(HALL_USES) | table["roof_form"].isin(HALL_ROOFS)).to_numpy(dtype=bool)
    total, eaves, storeys = (
        np.asarray(one.astype(float), dtype=np.float64) for one in (height, table["eaves_m"], table["storeys"])
    )
    for at, message in misfits(total, eaves, storeys, halls, limits).items():
        if alive[at]:
            verdicts.issues.append(Issue("storeys_against_height", message, int(table.index[at])))


def tell_bases(
    table: gpd.GeoDataFrame, city: City, ground: Callable[[FloatArray], FloatArray] | None, verdicts: Verdicts
) -> None:
    """Tell of stated ground heights that the elevation models put elsewhere, in the middle of the footprint.

    table: shapes in the city frame, base_m by the city's datum. ground: heights (n,) under lon/lat (n, 2); None: no model.
    """
    bases = table["base_m"].astype(float).to_numpy(dtype=np.float64)
    stated = np.flatnonzero(verdicts.alive() & np.isfinite(bases))
    if ground is None or not len(stated):
        return
    middle = centroids(table.geometry.to_numpy()[stated])
    found = ground(frames.transform(middle, city.crs, frames.LONLAT))
    with np.errstate(invalid="ignore"):
        far = np.abs(bases[stated] - found) > city.limits.base_tolerance_m
    for at, height in zip(stated[far].tolist(), found[far].tolist(), strict=True):
        message = (
            f"base_m {bases[at]:g} is {bases[at] - height:+.2f} m from the elevation model's {height:.2f} "
            f"(limits.base_tolerance_m {city.limits.base_tolerance_m:g})"
        )
        verdicts.issues.append(Issue("base_against_ground", message, int(table.index[at])))
