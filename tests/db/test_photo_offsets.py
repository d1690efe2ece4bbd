"""Footprints against the loaded photo: what lies where it is painted, what was moved, and what no photo shows."""

import argparse
import itertools
import json
from datetime import date

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import shapely
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from api.commands import offsets as command
from api.reports import files as report_files
from api.reports import offset as report_offset
from api.terminal import Terminal
from cim.errors import BadInput, Conflict, Unknown
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.store import catalogue
from cim.types import silent
from loaders import pipeline
from loaders.judging import photo_offsets
from tests.raster_files import NORTH, WEST, colours

pytestmark = pytest.mark.db


def load(database, city, settings, path, layer, name=None, card=None, **stated):
    named = NamedSource(name or layer, Source(str(path), layer, **stated), card or Card())
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__, data=settings.data)


def shapes(east=0.0, north=0.0):
    rng = np.random.default_rng(4)
    found = []
    for x in range(8):
        for y in range(8):
            w, h = rng.uniform(8, 18, 2)
            left, top = WEST + 40 + 30 * x + rng.uniform(0, 8), NORTH - 40 - 30 * y - rng.uniform(0, 8)
            found.append(shapely.box(left + east, top - h + north, left + w + east, top + north))
    return found


def write(path, found, **columns):
    data = {"id": [f"{path.stem}{n}" for n in range(len(found))], "height_m": 6.0, **columns}
    gpd.GeoDataFrame(data, geometry=found, crs="EPSG:4547").to_file(path)
    return path


def photo(path, **profile):
    rng = np.random.default_rng(5)
    picture = rng.normal(110.0, 5.0, (3, 640, 640))
    x, y = WEST + 0.25 + 0.5 * np.arange(640), NORTH - 0.25 - 0.5 * np.arange(640)
    for shape in shapes():
        west, south, east, north = shape.bounds
        roof = ((y > south) & (y < north))[:, None] & ((x > west) & (x < east))[None, :]
        picture[:, roof] += rng.uniform(25, 70)
    return colours(path, picture.clip(0, 255).astype("uint8"), pixel=0.5, **profile)


def offsets(settings, *datasets):
    code = command.run(settings, argparse.Namespace(dataset=list(datasets), reach=8.0), Terminal())
    told = json.loads((settings.data / "reports/photo_offsets.json").read_text(encoding="utf-8"))
    return code, {one["dataset"]: one for one in told}


def test_moved_footprints_are_told_by_how_much_and_those_that_lie_right_are_not(database, city, settings, tmp_path):
    load(database, city, settings, photo(tmp_path / "photo.tif"), "orthophoto", card=Card(accuracy_m=0.5))
    load(database, city, settings, write(tmp_path / "plan.gpkg", shapes(), accuracy_m=0.5), "buildings", name="plan")
    moved = write(tmp_path / "moved.gpkg", shapes(2.3, 0.0), accuracy_m=0.5)
    load(database, city, settings, moved, "buildings", name="moved")
    far = write(tmp_path / "far.gpkg", shapes(3_000.0, 0.0))
    load(database, city, settings, far, "buildings", name="far")
    code, found = offsets(settings)
    assert code == 3
    assert {name: one["verdict"] for name, one in found.items()} == {
        "plan": "agrees", "moved": "differs", "far": "cannot_tell"
    }  # fmt: skip
    assert found["plan"]["offset"]["dx_m"] == pytest.approx(0.0, abs=0.25)
    assert (found["moved"]["offset"]["dx_m"], found["moved"]["offset"]["dy_m"]) == pytest.approx((-2.3, 0.0), abs=0.25)
    assert found["moved"]["limit_m"] == pytest.approx(0.707, abs=0.001)
    assert "m west" in found["moved"]["sentence"]
    assert set(found["far"]["reasons"]) == {"photo_missing"}
    assert "no photo covers the outlines" in found["far"]["sentence"]
    assert offsets(settings, "plan")[0] == 0
    with database.begin() as connection:
        held = {one["name"]: one for one in catalogue.datasets(connection, date(2026, 3, 2))}
        told = catalogue.report(connection, held["moved"]["published_version"])
    noted = held["moved"]["photo_offset"]
    assert (noted["verdict"], noted["limit_m"], noted["photo"]) == ("differs", 0.707, "orthophoto")
    assert noted["photo_version"] == held["orthophoto"]["published_version"]
    assert noted["length_m"] == pytest.approx(2.3, abs=0.25)
    assert (held["far"]["photo_offset"]["verdict"], held["orthophoto"]["photo_offset"]) == ("cannot_tell", None)
    assert (told["photo_offset"], told["accepted"]) == (noted, 64)
    zh, en = report_offset.sentences(noted)
    assert en.startswith(f"orthophoto version {noted['photo_version']} lies 2.")
    page = report_files.write(settings, database, city, "moved", held["moved"]["published_version"])
    assert zh in page.read_text(encoding="utf-8")
    load(database, city, settings, write(tmp_path / "moved.gpkg", shapes(2.2, 0.0)), "buildings", name="moved")
    with database.begin() as connection:
        latest, before = catalogue.versions(connection, "moved")
    assert (latest["photo_offset"], before["photo_offset"]) == (None, noted)


def test_a_photo_in_another_frame_says_the_same(database, city, settings, tmp_path):
    path = photo(tmp_path / "photo.tif")
    warped = tmp_path / "warped.tif"
    with rasterio.open(path) as dataset, WarpedVRT(dataset, crs="EPSG:32649", resampling=Resampling.bilinear) as view:
        rasterio.shutil.copy(view, warped, driver="GTiff")
    load(database, city, settings, warped, "orthophoto")
    load(database, city, settings, write(tmp_path / "moved.gpkg", shapes(0.0, -1.6)), "buildings", name="moved")
    code, found = offsets(settings)
    assert (code, found["moved"]["verdict"]) == (3, "differs")
    assert (found["moved"]["offset"]["dx_m"], found["moved"]["offset"]["dy_m"]) == pytest.approx((0.0, 1.6), abs=0.3)


def test_without_a_fine_photo_or_for_a_strange_dataset_it_says_so(database, city, settings, tmp_path):
    with pytest.raises(BadInput, match="no orthophoto of pixels up to 2 m"):
        offsets(settings)
    load(database, city, settings, photo(tmp_path / "photo.tif"), "orthophoto")
    with pytest.raises(Unknown, match="no dataset plans tells of buildings"):
        offsets(settings, "plans")


def test_a_dataset_that_is_loaded_anew_meanwhile_keeps_nothing_of_what_was_measured_before(
    database, city, settings, tmp_path, monkeypatch
):
    load(database, city, settings, photo(tmp_path / "photo.tif"), "orthophoto")
    load(database, city, settings, write(tmp_path / "plan.gpkg", shapes()), "buildings", name="plan")
    load(database, city, settings, write(tmp_path / "moved.gpkg", shapes(2.3, 0.0)), "buildings", name="moved")

    def measured_while_loaded(dataset, *asked):
        if dataset == "moved":
            load(database, city, settings, write(tmp_path / "moved.gpkg", shapes()), "buildings", name="moved")
        return photo_offsets.find(dataset, *asked)

    monkeypatch.setattr(command, "find", measured_while_loaded)
    with pytest.raises(Conflict, match="loaded anew while it was measured: moved; run `cim offsets moved`"):
        offsets(settings)
    with database.begin() as connection:
        noted = {one["name"]: one["photo_offset"] for one in catalogue.datasets(connection, date(2026, 3, 2))}
        assert [one["photo_offset"] for one in catalogue.versions(connection, "moved")] == [None, None]
    assert noted["plan"]["verdict"] == "agrees"
    told = json.loads((settings.data / "reports/photo_offsets.json").read_text(encoding="utf-8"))
    assert [one["dataset"] for one in told] == ["plan"]
