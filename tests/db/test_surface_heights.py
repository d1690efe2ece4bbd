"""Heights from a surface over the ground: right on a slope, told where there are none, and behind what anyone measured."""

import argparse
import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from api.commands import heights as command
from api.terminal import Terminal
from cim.errors import BadInput
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.store import features
from cim.types import silent
from loaders import pipeline
from tests.raster_files import NORTH, WEST, heights, plane

pytestmark = pytest.mark.db

COUNT, PIXEL = 12, 1.0
TRUE = np.array([3.2, 5.0, 6.6, 9.1, 12.0, 18.3, 24.0, 33.3, 54.0, 99.5, 7.7, 8.8])


def load(database, city, settings, path, layer, name=None, priority=0, **stated):
    clock = itertools.count().__next__
    named = NamedSource(name or layer, Source(str(path), layer, **stated), Card(priority=priority))
    return pipeline.load(database, named, Path(path), city, silent, clock, data=settings.data)


def shapes():
    x = WEST + 40.0 + 30.0 * np.arange(COUNT)
    turned = [shapely.affinity.rotate(shapely.box(v, NORTH - 60, v + 16, NORTH - 46), 7.0 * n) for n, v in enumerate(x)]
    return np.array(turned, dtype=object)


def footprints(path, **columns):
    frame = gpd.GeoDataFrame({"id": [f"b{n}" for n in range(COUNT)], **columns}, geometry=shapes(), crs="EPSG:4547")
    frame.to_file(path)
    return path


@pytest.fixture
def city_with_surface(database, city, settings, tmp_path):
    """A sloping ground in 10 m, and a surface in 1 m over it that stands on every footprint by its true height."""
    ground = heights(tmp_path / "dem.tif", plane(40, 60))
    surface = plane(150, 460, PIXEL)
    x = WEST + (np.arange(460) + 0.5) * PIXEL
    y = NORTH - (np.arange(150) + 0.5) * PIXEL
    for shape, height in zip(shapes(), TRUE, strict=True):
        inside = shapely.contains_xy(shapely.buffer(shape, 0.2), x[None, :], y[:, None])
        surface[inside] += np.float32(height)
    surface[:, 365:] = -9999.0
    load(database, city, settings, ground, "dem")
    load(database, city, settings, heights(tmp_path / "dsm.tif", surface, PIXEL, nodata=-9999.0), "dsm")
    return database


def held(database):
    with database.begin() as connection:
        found = [one["properties"] for page in features.pages(connection, "buildings") for one in page]
    return {one["name"]: one for one in found}


def run(settings):
    return command.run(settings, argparse.Namespace(percentile=50.0), Terminal())


def test_a_raised_footprint_on_a_slope_gets_its_height_and_says_how(city_with_surface, city, settings, tmp_path):
    database = city_with_surface
    names = [f"n{n}" for n in range(COUNT)]
    forms = ["gable"] * COUNT
    path = footprints(tmp_path / "a.gpkg", name=names, roof_form=forms, storeys=[None, 2] + [None] * 10)
    load(database, city, settings, path, "buildings", name="plan")
    assert {one["height_basis"] for one in held(database).values()} == {"assumed", "storeys"}
    assert run(settings) == 0
    found = held(database)
    for n in range(11):
        one = found[f"n{n}"]
        assert one["height_basis"] == "dsm"
        assert one["height_m"] == pytest.approx(TRUE[n], abs=0.06)
        assert one["roof_form"] == "gable"
        assert 0.0 <= one["height_spread_m"] < 0.3
        assert one["height_pixels"] > 100
        assert one["height_inferred"] is True
        assert "tells_of" not in one  # the derived record speaks of heights, and is no building of its own
    assert found["n11"]["height_basis"] == "assumed"  # the surface does not reach it
    told = (settings.data / "derived/heights_dsm.json").read_text()
    assert "dsm_missing" in told
    before = (settings.data / "derived/heights_dsm.gpkg").read_bytes()
    assert run(settings) == 0
    assert (settings.data / "derived/heights_dsm.gpkg").read_bytes() == before


@pytest.mark.parametrize("measured_first", [True, False])
def test_what_somebody_measured_wins_in_either_order(city_with_surface, city, settings, tmp_path, measured_first):
    database = city_with_surface
    names = [f"n{n}" for n in range(COUNT)]
    load(database, city, settings, footprints(tmp_path / "a.gpkg", name=names), "buildings", name="plan", priority=0)
    survey = footprints(tmp_path / "b.gpkg", height_m=[44.0, *[None] * 11])

    def measure():
        load(database, city, settings, survey, "buildings", name="survey", priority=1)

    steps = [measure, lambda: run(settings)]
    for step in steps if measured_first else reversed(steps):
        step()
    found = held(database)
    assert (found["n0"]["height_m"], found["n0"]["height_basis"]) == (44.0, "source")
    assert found["n1"]["height_m"] == pytest.approx(TRUE[1], abs=0.06)
    assert found["n1"]["height_basis"] == "dsm"
    assert len(found) == COUNT


def test_without_a_surface_or_with_everything_measured_there_is_nothing_to_derive(database, city, settings, tmp_path):
    with pytest.raises(BadInput, match="no source of layer dsm is loaded"):
        run(settings)
    load(database, city, settings, heights(tmp_path / "dem.tif", plane(40, 60)), "dem")
    low = plane(150, 460, PIXEL) - np.float32(2.0)
    load(database, city, settings, heights(tmp_path / "dsm.tif", low, PIXEL), "dsm")
    load(database, city, settings, footprints(tmp_path / "a.gpkg"), "buildings", name="plan")
    with pytest.raises(BadInput, match="dsm_below_ground"):
        run(settings)
    load(database, city, settings, footprints(tmp_path / "a.gpkg", height_m=TRUE), "buildings", name="plan")
    with pytest.raises(BadInput, match="every building that is loaded has a measured height"):
        run(settings)
