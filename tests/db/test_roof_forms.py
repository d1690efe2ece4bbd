"""Roofs that nobody tells, through the pipeline: filled where unknown, never over a form that its source states."""

import argparse
import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely

from api.commands import forms as command
from api.terminal import Terminal
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.store import features
from cim.types import silent
from loaders import pipeline
from tests.raster_files import NORTH, WEST, colours, heights, plane

pytestmark = pytest.mark.db

COUNT = 6


def load(database, city, settings, path, layer, name=None, priority=0, **stated):
    clock = itertools.count().__next__
    named = NamedSource(name or layer, Source(str(path), layer, **stated), Card(priority=priority))
    return pipeline.load(database, named, path, city, silent, clock, data=settings.data)


def shapes():
    return [shapely.box(WEST + 30 * n, NORTH - 60, WEST + 30 * n + 14, NORTH - 52) for n in range(COUNT)]


def town(path, **columns):
    path.unlink(missing_ok=True)
    data = {"id": [f"h{n}" for n in range(COUNT)], "name": [f"n{n}" for n in range(COUNT)], "height_m": 5.0, **columns}
    gpd.GeoDataFrame(data, geometry=shapes(), crs="EPSG:4547").to_file(path)
    return path


def photo(path):
    """Half a metre a pixel; the first three roofs have a bright and a dark half, the others are even."""
    picture = np.full((3, 200, 460), 90, dtype=np.uint8) + np.random.default_rng(2).integers(
        0, 6, (200, 460), dtype="u1"
    )
    for n in range(3):
        picture[:, 104:112, 60 * n : 60 * n + 28] += 60
        picture[:, 112:120, 60 * n : 60 * n + 28] += 20
    return colours(path, picture, pixel=0.5)


def held(database):
    with database.begin() as connection:
        found = [one["properties"] for page in features.pages(connection, "buildings") for one in page]
    return {one["name"]: one for one in found}


def infer(settings):
    return command.run(settings, argparse.Namespace(all=False), Terminal())


L3 = {"cim_level": "L3", "lod": 2.0}


def test_what_nobody_tells_is_inferred_marked_and_drawn_and_what_is_told_stays(
    database, city, settings, tmp_path, capsys
):
    load(database, city, settings, photo(tmp_path / "photo.tif"), "orthophoto")
    stated = [None, None, None, None, "flat", "hip"]
    uses = ["residential", *["industrial"] * 3, "residential", "residential"]
    path = town(
        tmp_path / "town.gpkg", roof_form=stated, year=[None, 1995, 1995, 1995, None, None], use=uses, storeys=2
    )
    load(database, city, settings, path, "buildings", constants=L3)
    assert infer(settings) == 0
    found = held(database)
    assert [found[f"n{n}"]["roof_form"] for n in range(COUNT)] == [
        "flush_gable",
        "gable",
        "gable",
        "flat",
        "flat",
        "hip",
    ]
    first = found["n0"]
    assert (first["roof_basis"], first["roof_form_inferred"], first["roof_rule"]) == ("inferred", True, "court_house")
    assert first["decisions"]["won"]["roof_form"]["dataset"] == "roofs_inferred"
    assert first["decisions"]["won"]["roof_form"]["why"] == "the only roof that is told"
    assert (first["height_m"], first["height_basis"], first["dataset"]) == (5.0, "source", "buildings")
    assert 2.5 <= first["eaves_m"] < 5.0
    assert found["n1"]["roof_rule"] == "ridge_in_photo"
    assert (found["n3"]["roof_rule"], found["n3"]["roof_basis"]) == ("nothing_speaks_for_a_pitch", "inferred")
    assert (found["n4"]["roof_basis"], found["n4"]["decisions"]) == ("source", None)
    assert [one["decisions"]["conflicts"] for one in found.values() if one["decisions"]] == [[]] * 4
    before = (settings.data / "derived/roofs_inferred.gpkg").read_bytes()
    assert infer(settings) == 0
    assert (settings.data / "derived/roofs_inferred.gpkg").read_bytes() == before
    assert held(database) == found


def test_a_source_that_comes_to_tell_the_form_wins_and_the_inference_goes(database, city, settings, tmp_path, capsys):
    load(database, city, settings, town(tmp_path / "town.gpkg"), "buildings", constants=L3)
    assert infer(settings) == 0
    assert {one["roof_basis"] for one in held(database).values()} == {"inferred"}
    told = town(tmp_path / "survey.gpkg", roof_form=["hip", *["gable"] * 5])
    load(database, city, settings, told, "buildings", name="survey", priority=1, constants=L3)
    found = held(database)
    assert (found["n0"]["roof_form"], found["n0"]["roof_basis"], found["n0"]["roof_rule"]) == ("hip", "source", None)
    assert found["n0"]["decisions"]["won"]["roof_form"]["why"].endswith("better roof basis: source over inferred")
    assert infer(settings) == 0
    assert "nothing to infer" in capsys.readouterr().err
    assert {name: one["roof_form"] for name, one in held(database).items()} == {
        name: one["roof_form"] for name, one in found.items()
    }


def test_a_building_that_ends_is_not_kept_standing_by_its_inferred_roof(database, city, settings, tmp_path):
    path = town(tmp_path / "town.gpkg")
    load(database, city, settings, path, "buildings", constants=L3)
    assert infer(settings) == 0
    fewer = gpd.read_file(path).iloc[:4]
    path.unlink()
    fewer.to_file(path)
    load(database, city, settings, path, "buildings", constants=L3)
    assert sorted(held(database)) == ["n0", "n1", "n2", "n3"]
    assert {one["roof_basis"] for one in held(database).values()} == {"inferred"}


def surface(path):
    """A ground that slopes, and a surface over it: two gables, a shed, a hip, a level roof; the last it does not reach."""
    fall = 0.5
    x = WEST + 0.25 + 0.5 * np.arange(460)
    y = NORTH - 0.25 - 0.5 * np.arange(200)
    z = plane(200, 460, 0.5)
    for n, shape in enumerate(shapes()):
        west, south, east, north = shape.bounds
        off = np.minimum(x - west, east - x)[None, :], np.minimum(y - south, north - y)[:, None]
        inside = (off[0] > 0) & (off[1] > 0)
        rise = [fall * off[1], fall * off[1], fall * (y - south)[:, None], fall * np.minimum(*off), 0.0, 0.0][n]
        z[inside] = (1000.0 + 3.0 + rise + np.zeros(z.shape))[inside]
    z[:, 300:] = -9999.0
    return heights(path / "dem.tif", plane(40, 60)), heights(path / "dsm.tif", z, 0.5, nodata=-9999.0)


def test_forms_follow_a_surface_that_shows_them_and_keep_what_they_were_inferred_from(
    database, city, settings, tmp_path
):
    ground, model = surface(tmp_path)
    load(database, city, settings, ground, "dem")
    load(database, city, settings, model, "dsm")
    path = town(
        tmp_path / "town.gpkg", use="office", year=1995, storeys=[1, 5, 1, 1, 1, 1], height_m=[5, 17, 10, 5, 4, 4]
    )
    load(database, city, settings, path, "buildings", constants=L3 | {"cim_level": "L2", "lod": 1.2})
    assert command.run(settings, argparse.Namespace(all=True), Terminal()) == 0
    found = held(database)
    told = [(found[f"n{n}"]["roof_form"], found[f"n{n}"]["roof_rule"]) for n in range(COUNT)]
    assert told == [
        ("gable", "surface_shows_form"),
        ("gable", "surface_shows_form"),
        ("shed", "surface_shows_form"),
        ("hip", "surface_shows_form"),
        ("flat", "surface_is_flat"),
        ("flat", "nothing_speaks_for_a_pitch"),
    ]
    assert {one["roof_basis"] for one in found.values()} == {"inferred"}
    assert [found[f"n{n}"]["pitch_deg"] for n in range(3)] == pytest.approx([26.57] * 3, abs=0.6)
    evidence = gpd.read_file(settings.data / "derived/roofs_inferred.gpkg")
    assert evidence["roof_surface_slope_deg"].iloc[0] == pytest.approx(26.57, abs=1.0)
    assert found["n0"]["roof_confidence"] > found["n5"]["roof_confidence"]
