"""An independent reader of vector tiles, and where city-frame shapes lie in them by pyproj alone."""

import mapbox_vector_tile
import numpy as np
import pyproj
import shapely
from shapely.geometry import shape as from_geojson

from cim.store import vector_tiles
from cim.web_tiles import HALF_M, WebTile, side_m
from tests.model_rows import OLD_TOWN

X, Y = OLD_TOWN
TO_MERCATOR = pyproj.Transformer.from_crs(4547, 3857, always_xy=True)


def moved(shape, x=0.0, y=0.0):
    return shapely.transform(shape, lambda xy: xy + (X + x, Y + y))


def on_map(shape):
    return shapely.transform(shape, lambda xy: np.column_stack(TO_MERCATOR.transform(*xy.T)))


def tile_of(shape, z):
    """The tile that the middle of a city-frame shape lies in."""
    x, y = shapely.get_coordinates(on_map(shapely.centroid(shape)))[0]
    return WebTile(z, int((x + HALF_M) // side_m(z)), int((HALF_M - y) // side_m(z)))


def in_units(shape, place):
    """A city-frame shape in a tile's own units, y down, by pyproj alone."""
    box = place.box()
    return shapely.transform(
        on_map(shape),
        lambda xy: (xy - (box.west, box.north)) / ((box.east - box.west) / 4096, (box.south - box.north) / 4096),
    )


def read(connection, layers, place):
    """{layer: its features}, as another decoder reads them."""
    data = vector_tiles.tile(connection, layers, place)
    decoded = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    assert all(layer["version"] == 2 and layer["extent"] == 4096 for layer in decoded.values())
    return {name: layer["features"] for name, layer in decoded.items()}


def drawn(feature):
    return from_geojson(feature["geometry"])


def swept(connection, layers, z):
    """Every feature of every tile of a zoom round the old town."""
    near = tile_of(moved(shapely.Point(0, 0)), z)
    found = []
    for x in range(near.x - 2, near.x + 3):
        for y in range(near.y - 2, near.y + 3):
            for features in read(connection, layers, WebTile(z, x, y)).values():
                found += features
    return found
