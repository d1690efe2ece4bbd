"""Small valid files of every vector format, all of the same records, for tests that compare readers or spoil files."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import osmium
import pyogrio
import shapely
from osmium.osm.mutable import Node, Relation, Way

X, Y = 439_000.0, 4_440_000.0
CRS = "EPSG:4547"


def footprints(count: int = 12) -> gpd.GeoDataFrame:
    """Squares in a row: every fifth with a courtyard, every seventh of two parts; texts in Chinese, some fields empty."""
    shapes = []
    for i in range(count):
        square = shapely.box(X + 40 * i, Y, X + 40 * i + 10, Y + 10)
        if i % 5 == 4:
            square = square.difference(shapely.box(X + 40 * i + 2, Y + 2, X + 40 * i + 4, Y + 4))
        if i % 7 == 6:
            square = shapely.MultiPolygon([square, shapely.box(X + 40 * i + 20, Y, X + 40 * i + 25, Y + 5)])
        shapes.append(square)
    data = {
        "id": [f"k{i}" for i in range(count)],
        "name": [f"鼓楼{i}" if i % 3 else None for i in range(count)],
        "storeys": [i % 6 + 1 for i in range(count)],
        "height_m": [3.5 * (i % 6 + 1) for i in range(count)],
    }
    return gpd.GeoDataFrame(data, geometry=shapely.orient_polygons(shapes), crs=CRS)


def shapefile(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "some.shp"
    pyogrio.write_dataframe(frame, path, encoding="utf-8")
    return path


def flatgeobuf(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "some.fgb"
    pyogrio.write_dataframe(frame, path, driver="FlatGeobuf")
    return path


def flatgeobuf_without_index(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "plain.fgb"
    pyogrio.write_dataframe(frame, path, driver="FlatGeobuf", SPATIAL_INDEX="NO")
    return path


def geoparquet(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "some.parquet"
    frame.to_parquet(path, compression=None)
    return path


def geoparquet_of_lists(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "lists.parquet"
    frame.assign(
        geometry=[shapely.MultiPolygon([s]) if s.geom_type == "Polygon" else s for s in frame.geometry]
    ).to_parquet(path, geometry_encoding="geoarrow")
    return path


def geopackage(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "some.gpkg"
    pyogrio.write_dataframe(frame, path, driver="GPKG", layer="some")
    return path


def geojson(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "some.geojson"
    pyogrio.write_dataframe(frame, path, driver="GeoJSON", WRITE_BBOX="NO", RFC7946="NO")
    return path


def geojson_records(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "some.geojsons"
    pyogrio.write_dataframe(frame.to_crs("EPSG:4326"), path, driver="GeoJSONSeq", RS="YES")
    return path


def osm_pbf(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    """Each single part as a closed way; a courtyard makes a multipolygon of two ways. Blocks are not compressed."""
    path = folder / "some.osm.pbf"
    nodes: list[Node] = []
    ways: list[Way] = []
    relations: list[Relation] = []
    for record in frame.to_crs("EPSG:4326").itertuples():
        tags = {"building": "yes", "building:levels": str(record.storeys), "height": f"{record.height_m} m"}
        tags |= {"name": record.name} if isinstance(record.name, str) else {}
        for polygon in getattr(record.geometry, "geoms", [record.geometry]):
            rings = [polygon.exterior, *polygon.interiors]
            first = len(ways) + 1
            for ring in rings:
                numbers = [len(nodes) + k + 1 for k in range(len(ring.coords) - 1)]
                nodes += [Node(id=n, location=xy[:2]) for n, xy in zip(numbers, ring.coords, strict=False)]
                ways.append(Way(id=len(ways) + 1, nodes=[*numbers, numbers[0]], tags=tags if len(rings) == 1 else {}))
            if len(rings) > 1:
                members = [("w", first + k, "inner" if k else "outer") for k in range(len(rings))]
                relations.append(Relation(id=len(relations) + 1, members=members, tags=tags | {"type": "multipolygon"}))
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(osmium.io.File(str(path), "osm.pbf,pbf_compression=none")) as writer:
        for thing in [*nodes, *ways, *relations]:
            writer.add(thing)
    return path


WRITERS: dict[str, Callable[[Path, gpd.GeoDataFrame], Path]] = {
    write.__name__: write
    for write in (
        *(shapefile, flatgeobuf, flatgeobuf_without_index, geoparquet, geoparquet_of_lists, geopackage),
        *(geojson, geojson_records, osm_pbf),
    )
}
"""name -> what writes the records as a file of that format in a folder"""
