"""The target formats, by name: one file each, one line here."""

from cim.exports.sheet import TargetFormat
from cim.exports.targets import delimited, flatgeobuf, geojson, geopackage, geoparquet, shapefile
from cim.plugins import Registry

TARGETS: Registry[TargetFormat] = Registry(
    "export format",
    geopackage.GEOPACKAGE,
    geoparquet.GEOPARQUET,
    flatgeobuf.FLATGEOBUF,
    geojson.GEOJSON,
    geojson.GEOJSONSEQ,
    delimited.CSV,
    shapefile.SHAPEFILE,
)
