"""Divisions through the pipeline: the table of codes, the real list, unit grids derived and loaded with their lineage."""

import argparse
import itertools
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from api.commands import grid
from api.terminal import Terminal
from cim.errors import BadInput, Unknown
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import divisions, features
from cim.types import silent
from loaders import pipeline

pytestmark = pytest.mark.db

SAMPLE = Path(__file__).resolve().parents[2] / "data_samples/datong"


def load(database, city, path, layer, name=None, **stated):
    source = Source(str(path), layer, **stated)
    clock = itertools.count().__next__
    return pipeline.load(database, NamedSource(name or layer, source), Path(path), city, silent, clock)


def test_the_table_of_codes_loads_like_anything_else(database, city):
    report = load(database, city, SAMPLE / "division_codes.csv", "division_codes")
    assert (report.read, report.accepted, report.rejected) == (17, 17, 0)
    with database.begin() as connection:
        known = divisions.held(connection)
        assert known.tree.issues == ()
        assert known.features == {}
        assert [c.code for c in known.tree.resolve("140211")] == ["140214", "140213", "140212"]
        assert known.tree.is_statistical("140271")
        assert known.tree.units["140227"].source.startswith("cpca")
        item = features.items(connection, "division_codes", limit=1)[0]
    assert item["geometry"] is None
    assert item["properties"]["is_synthetic"] is False


def test_the_real_list_of_the_city_loads_as_the_same_layer_and_is_one_whole_tree(database, city, shared):
    path = shared / "admin/datong_divisions.csv"
    report = load(database, city, path, "division_codes", columns={"parent": "parent_code"})
    assert (report.read, report.accepted, report.rejected) == (1966, 1966, 0)
    with database.begin() as connection:
        tree = divisions.held(connection).tree
        counts = [len(divisions.listing(connection, level=name)) for name in ("city", "county", "town", "community")]
    assert (tree.issues, tree.roots(), counts) == ((), ("140200",), [1, 11, 127, 1827])


def test_unit_grids_are_derived_from_the_finest_divisions_and_loaded_with_their_lineage(
    database, city, settings, client
):
    for name, layer in (("divisions.geojson", "divisions"), ("towns.geojson", "divisions")):
        load(database, city, SAMPLE / name, layer, name=name.partition(".")[0], crs="EPSG:4326")
    terminal = Terminal()
    assert grid.run(settings, argparse.Namespace(code=[], size=100.0), terminal) == 0
    with database.begin() as connection:
        found = features.items(connection, "unit_grids", limit=1_000)
        town = next(o for o in divisions.outlines(connection) if o.code == "140213051")
        chain = divisions.chain(connection, 113.28824, 40.09110)
        with pytest.raises(Unknown, match="no division with an outline has the code 140271"):
            grid.derive(settings, database, terminal, ("140271",))
    assert 300 < len(found) < 400
    assert sum(f["properties"]["area_m2"] for f in found) == pytest.approx(town.shape.area, abs=0.5)
    assert {f["properties"]["unit"] for f in found} == {"140213051"}
    assert all(f["properties"]["is_synthetic"] for f in found)
    source = found[0]["properties"]["source"]
    assert source == f"derived from towns version {town.version_id} at 100 m"
    assert chain["grid"]["code"].startswith("140213051000")
    written = gpd.read_file(settings.data / "derived/unit_grids.gpkg")
    assert (len(written), written.crs.to_epsg()) == (len(found), 4547)
    assert shapely.coverage_is_valid(written.geometry.to_numpy())
    before = (settings.data / "derived/unit_grids.gpkg").read_bytes()
    grid.run(settings, argparse.Namespace(code=["140213051"], size=100.0), terminal)
    assert (settings.data / "derived/unit_grids.gpkg").read_bytes() == before
    with pytest.raises(BadInput, match="140213 has more than 999 unit grids of 100 m"):
        grid.run(settings, argparse.Namespace(code=["140213"], size=100.0), terminal)
    grid.run(settings, argparse.Namespace(code=["140213051"], size=200.0), terminal)
    with database.begin() as connection:
        assert len(features.items(connection, "unit_grids", limit=1_000)) < 120
