"""The source formats, by name: one file each, one line here."""

from cim.plugins import Registry, SourceFormat
from loaders.sources import (
    citygml,
    cityjson,
    cityjsonseq,
    flatgeobuf,
    geojson,
    geoparquet,
    geotiff,
    grid,
    mesh_model,
    osm_pbf,
    point_cloud,
    shapefile,
    table,
    vector,
    vrt,
    workbook,
)

SOURCES: Registry[SourceFormat] = Registry(
    "source",
    vector.GEOPACKAGE,
    shapefile.SHAPEFILE,
    flatgeobuf.FLATGEOBUF,
    geoparquet.GEOPARQUET,
    osm_pbf.OSM_PBF,
    citygml.CITYGML,
    cityjson.CITYJSON,
    cityjsonseq.CITYJSONSEQ,
    geojson.GEOJSON,
    table.CSV,
    workbook.XLSX,
    geotiff.SOURCE,
    grid.HGT,
    grid.ASCII,
    vrt.SOURCE,
    point_cloud.LAS,
    mesh_model.GLTF,
    mesh_model.OBJ,
    mesh_model.COLLADA,
)
