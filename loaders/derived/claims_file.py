"""What was derived, as a file that the pipeline loads: a GeoPackage of claims about buildings."""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pyogrio

_FIXED_DATE = "2000-01-01T00:00:00.000Z"  # GDAL's own date of writing


def write(frame: gpd.GeoDataFrame, path: Path, dataset: str) -> None:
    """The claims as a layer named after their dataset, put in place when it is whole; the same claims are the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial_{path.name}")
    partial.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_DATE})
    try:
        pyogrio.write_dataframe(frame, partial, layer=dataset, driver="GPKG", promote_to_multi=True)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    partial.replace(path)


def told(made_from: Sequence[tuple[str, int]]) -> str:
    """The versions that something was made from, in words.

    >>> told([("dem", 3), ("dsm", 4), ("dem", 3)])
    'dem version 3, dsm version 4'
    """
    return ", ".join(f"{dataset} version {number}" for dataset, number in sorted(set(made_from)))
