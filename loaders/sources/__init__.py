"""The source formats, by name: one file each, one line here."""

from cim.plugins import Registry, SourceFormat
from loaders.sources import geojson, geotiff, grid, table, vector, vrt

SOURCES: Registry[SourceFormat] = Registry(
    "source",
    vector.GEOPACKAGE,
    geojson.GEOJSON,
    table.CSV,
    geotiff.SOURCE,
    grid.HGT,
    grid.ASCII,
    vrt.SOURCE,
)
