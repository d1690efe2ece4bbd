"""Unit grids derived from the divisions that the store holds, as a table and a file ready for the pipeline."""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio

from cim import divisions
from cim.divisions import LEVELS
from cim.errors import BadInput, Unknown
from cim.plugins import Source
from cim.store.divisions import Outline
from cim.types import Progress
from cim.unit_grid import SIZE_M, divide

_FIXED_DATE = "2000-01-01T00:00:00.000Z"  # GDAL's own date of writing: the same grids are the same bytes


def chosen(outlines: Sequence[Outline], codes: Sequence[str] = ()) -> list[Outline]:
    """The units to divide: those named, else all of the finest level there is.

    Raises Unknown for a code without an outline, BadInput where there is nothing to divide, and for units that lie in one
    another, whose grids would overlap.
    """
    if not codes:
        can = [o for o in outlines if divisions.level(o.code) in ("county", "town", "community")]
        if not can:
            raise BadInput("the store holds no county, town or community to divide; load divisions first")
        finest = max(LEVELS.index(divisions.level(o.code)) for o in can)
        return [o for o in can if LEVELS.index(divisions.level(o.code)) == finest]
    there = {o.code: o for o in outlines}
    wanted = sorted({divisions.normal(code) for code in codes})
    absent = [code for code in wanted if code not in there]
    if absent:
        raise Unknown(f"no division with an outline has the code {', '.join(absent)}; there are {', '.join(there)}")
    for code in wanted:
        above = next((c for c in divisions.lineage(code) if c in wanted), None)
        if above is not None:
            raise BadInput(f"{code} lies in {above}: name one of them, their unit grids would overlap")
    return [there[code] for code in wanted]


def derive(outlines: Sequence[Outline], crs: str, size_m: float, progress: Progress) -> gpd.GeoDataFrame:
    """The unit grids of these divisions, in the city frame `crs`, with every column of layer `unit_grids`.

    Raises BadInput for a unit that has more than 999, naming a size that fits.
    """
    columns: dict[str, list[object]] = {name: [] for name in ("code", "unit", "sequence", "area_m2", "is_synthetic")}
    shapes: list[object] = []
    for done, one in enumerate(outlines, start=1):
        codes, pieces, areas = divide(one.shape, one.code, size_m)
        columns["code"] += codes
        columns["unit"] += [one.code] * len(codes)
        columns["sequence"] += range(1, len(codes) + 1)
        columns["area_m2"] += np.round(areas, 3).tolist()
        columns["is_synthetic"] += [one.is_synthetic] * len(codes)
        shapes += pieces.tolist()
        progress(done, len(outlines), f"divisions, {len(shapes):,} unit grids")
    return gpd.GeoDataFrame({**columns, "size_m": float(size_m)}, geometry=shapes, crs=crs)


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """The grids as a GeoPackage, put in place when it is whole; the same grids give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial_{path.name}")
    partial.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_DATE})
    try:
        pyogrio.write_dataframe(frame, partial, layer="unit_grids", driver="GPKG", geometry_type="Polygon")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    partial.replace(path)


def source(path: Path, outlines: Sequence[Outline], crs: str, size_m: float = SIZE_M) -> Source:
    """How the pipeline is told of the file: what the grids were derived from stands beside every one of them."""
    versions = sorted({(o.dataset, o.version_id) for o in outlines if o.dataset is not None})
    told = ", ".join(f"{dataset} version {number}" for dataset, number in versions)
    made = f"derived from {told or 'divisions'} at {size_m:g} m"
    return Source(location=str(path), layer="unit_grids", crs=crs, constants={"source": made})
