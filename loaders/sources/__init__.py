"""The source formats, by name: one file each, one line here."""

from cim.plugins import Registry, SourceFormat
from loaders.sources import geojson, geotiff, point_cloud, table, vector, workbook

SOURCES: Registry[SourceFormat] = Registry(
    "source",
    vector.GEOPACKAGE,
    geojson.GEOJSON,
    table.CSV,
    workbook.XLSX,
    geotiff.SOURCE,
    point_cloud.LAS,
)
