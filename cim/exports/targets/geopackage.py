"""GeoPackage: one table a file, with a spatial index; the same records make the same bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock

import pyarrow as pa
import pyogrio

from cim.exports.batches import GEOMETRY, schema
from cim.exports.losses import milliseconds
from cim.exports.sheet import Loss, Sheet, Written

# GDAL takes the time of the last change from its settings, which are the process's: one file after the other.
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class GeoPackage:
    """The format (OGC 12-128), in its version 1.3, by GDAL. Times are held to the millisecond."""

    name: str = "gpkg"
    title: str = "GeoPackage"
    suffix: str = ".gpkg"
    encodings: tuple[str, ...] = ("utf-8",)

    def write(
        self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]
    ) -> Written:
        """One file; `gpkg_contents.last_change` is the sheet's stamp."""
        form = schema(sheet.columns)
        kept = milliseconds(batches, lose)
        if sheet.shape is None:
            form, kept = form.remove(form.get_field_index(GEOMETRY)), (b.drop_columns([GEOMETRY]) for b in kept)
        with _one_at_a_time:
            before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{sheet.stamp:%Y-%m-%dT%H:%M:%S.000Z}"})
            try:
                pyogrio.write_arrow(
                    pa.RecordBatchReader.from_batches(form, kept),
                    path,
                    layer=sheet.name,
                    driver="GPKG",
                    geometry_name=None if sheet.shape is None else GEOMETRY,
                    geometry_type=sheet.shape,
                    crs=sheet.crs if sheet.crs.startswith("EPSG:") else None,
                    dataset_options={"VERSION": "1.3"},
                    layer_options={"SPATIAL_INDEX": "YES"} if sheet.shape else {"ASPATIAL_VARIANT": "GPKG_ATTRIBUTES"},
                )
            finally:
                pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        return Written((path,))


GEOPACKAGE = GeoPackage()
