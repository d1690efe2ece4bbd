"""Rasters that no version names are cleared away; those of versions of the past, and of a load under way, stay."""

import argparse
import io
import itertools
from pathlib import Path

import pytest

from api.commands import clean as command
from api.terminal import Terminal
from cim.errors import Conflict
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import dem
from cim.types import silent
from loaders import pipeline
from loaders.raster import leftovers
from loaders.rollback import rollback
from tests.raster_files import NORTH, WEST, heights, plane

pytestmark = pytest.mark.db


def load(database, city, path, folder):
    named = NamedSource("dem", Source(str(path), "dem", crs="EPSG:4547"))
    return pipeline.load(database, named, Path(path), city, silent, itertools.count().__next__, data=folder)


def clean(settings, *, preview=False):
    stream = io.StringIO()
    assert command.run(settings, argparse.Namespace(preview=preview), Terminal(stream)) == 0
    return stream.getvalue()


def sheets(folder, raised):
    folder.mkdir(exist_ok=True)
    for number in range(2):
        west = WEST + 100 * number
        heights(folder / f"{number}.tif", plane(12, 10, west=west) + raised, west=west, north=NORTH)
    return folder / "*.tif"


def test_only_what_no_version_of_any_day_names_is_removed(database, city, settings, tmp_path):
    folder = settings.data / "rasters"
    load(database, city, sheets(tmp_path / "in", 0), settings.data)
    (first,) = leftovers.find(folder, ())
    load(database, city, sheets(tmp_path / "in", 5), settings.data)
    second = next(path for path in leftovers.find(folder, ()) if path != first)
    (folder / f"{second.name}.aux.xml").write_text("statistics")
    for name in ("partial_dem-1.tif", "dem-0123456789abcdef.tif", "dem-0123456789abcdef.tif.msk"):
        (folder / name).write_bytes(bytes(1000))
    assert "3 files of 0.0 MB that no version names would be removed" in clean(settings, preview=True)
    assert len(leftovers.find(folder, ())) == 6
    with leftovers.writing(folder), leftovers.writing(folder), pytest.raises(Conflict, match="a load is writing there"):
        clean(settings)
    assert "3 files of 0.0 MB that no version names removed" in clean(settings)
    assert {path.name for path in leftovers.find(folder, ())} == {first.name, second.name, f"{second.name}.aux.xml"}
    rollback(database, "dem")
    with database.begin() as connection:
        assert [raster["path"] for raster in dem.rasters(connection, "dem")] == [str(first)]
    assert "0 files" in clean(settings)


def test_a_store_that_knows_of_no_raster_clears_nothing(database, settings):
    folder = settings.data / "rasters"
    assert "0 files" in clean(settings)
    folder.mkdir(parents=True)
    (folder / "dem-0123456789abcdef.tif").write_bytes(bytes(9))
    for preview in (True, False):
        with pytest.raises(Conflict, match="the store names no raster at all"):
            clean(settings, preview=preview)
    assert (folder / "dem-0123456789abcdef.tif").is_file()
