"""The target formats, by name: one file each, one line here."""

from cim.exports.sheet import TargetFormat
from cim.exports.targets import (
    cityjson,
    cityjsonseq,
    delimited,
    flatgeobuf,
    geojson,
    geopackage,
    geoparquet,
    shapefile,
)
from cim.plugins import Registry

TABLES: Registry[TargetFormat] = Registry(
    "table format",
    geopackage.GEOPACKAGE,
    geoparquet.GEOPARQUET,
    flatgeobuf.FLATGEOBUF,
    geojson.GEOJSON,
    geojson.GEOJSONSEQ,
    delimited.CSV,
    shapefile.SHAPEFILE,
)
"""Those that hold records of any layer, with flat shapes."""

MODELS: Registry[TargetFormat] = Registry("model format", cityjson.CITYJSON, cityjsonseq.CITYJSONSEQ)
"""Those that hold buildings with their surfaces: their batches have `cim.exports.solids.COLUMNS` behind the geometry."""

TARGETS: Registry[TargetFormat] = Registry("export format", *TABLES.values(), *MODELS.values())
