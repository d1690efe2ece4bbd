"""A street of houses that tests deliver and ask for: files, loads, and heights by key."""

import itertools
from datetime import UTC, datetime

import geopandas as gpd
import shapely

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import features
from cim.types import silent
from loaders import pipeline

X, Y = 439_000.0, 4_440_000.0


def day(year, month=1, day=1):
    return datetime(year, month, day, 12, tzinfo=UTC)


def source(path, name="houses", layer="buildings", **stated):
    return NamedSource(name, Source(str(path), layer, **stated))


def load(database, city, path, *, preview=False, **stated):
    clock = itertools.count().__next__
    return pipeline.load(database, source(path, **stated), path, city, silent, clock, preview=preview)


def write(path, keys, side=10.0, **columns):
    path.unlink(missing_ok=True)
    places = [int(key[1:]) for key in keys]
    shapes = [shapely.box(X + 30 * i, Y, X + 30 * i + side, Y + 10) for i in places]
    gpd.GeoDataFrame({"id": keys, **columns}, geometry=shapes, crs="EPSG:4547").to_file(path)
    return path


def heights(database, **when):
    with database.begin() as connection:
        found = features.items(connection, "buildings", **when)
    return {f["properties"]["id"]: f["properties"]["height_m"] for f in found}
