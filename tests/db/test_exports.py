"""Exports: every layer, in every format, comes back as it was, in another database; packages are whole or not there."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from cim import crs as frames
from cim.errors import BadInput, BadSource, Conflict, Unknown
from cim.exports import package
from cim.exports.order import FILES, HELD_ELSEWHERE, Order
from cim.exports.targets import TABLES as TARGETS
from cim.layers import LAYERS
from cim.types import Box, silent
from loaders import pipeline
from loaders.delivery import exchange
from tests.conftest import other_database
from tests.rich_city import AT, export, fill, load
from tests.round_trip import assert_same, held, lost

pytestmark = pytest.mark.db

_LAYERS = [one.name for one in LAYERS.values() if one.geometry not in FILES and one.name not in HELD_ELSEWHERE]

# Every layer comes back from a GeoPackage, these from every format, and each other one from one more, in turn.
_OFTEN = (
    "divisions",
    "division_codes",
    "unit_grids",
    "roads",
    "water",
    "addresses",
    "buildings",
    "pipes",
    "reservoirs",
)
_IN_TURN = [name for name in _LAYERS if name not in _OFTEN]


def _read(format):
    """The layers that come back from a format. (Text of a Shapefile that is too long does not.)"""
    if format == "gpkg":
        return _LAYERS
    beside = {"csv": ("point", "none"), "shp": ("polygon", "line", "point")}  # places in columns; no table alone
    turns = [name for name in TARGETS if name != "gpkg"]
    mine = [*_OFTEN, *_IN_TURN[turns.index(format) :: len(turns)]]
    return [name for name in mine if format not in beside or LAYERS[name].geometry in beside[format]]


_TWICE = ("gpkg", "geojson")  # formats whose second export, out of the other database, is held against the first


@pytest.fixture(scope="module")
def full(cluster, template, city, tmp_path_factory):
    """A database with the rich city; nothing here writes to it."""
    with other_database(cluster, template) as database:
        fill(database, city, tmp_path_factory.mktemp("rich"))
        yield database


def bring_in(database, city, folder):
    for named in exchange.sources(folder):
        report = pipeline.load(database, named, Path(named.source.location), city, silent, lambda: 0.0)
        assert report.rejected == 0, report.issues
        assert report.accepted > 0


@pytest.mark.parametrize("format", TARGETS)
def test_every_layer_comes_back_as_it_was(full, city, tmp_path, cluster, template, format):
    order = {"layers": tuple(_read(format)), "formats": (format,)}
    told = export(full, city, tmp_path / "out", **order)
    with other_database(cluster, template) as other:
        bring_in(other, city, tmp_path / "out")
        for entry in told.entries:
            assert_same(held(other, entry.layer), held(full, entry.layer), format, lost(tmp_path / "out", entry))
        again = export(other, city, tmp_path / "again", **order)
        assert [(e.layer, e.records) for e in again.entries] == [(e.layer, e.records) for e in told.entries]
        if format in _TWICE:
            for entry in told.entries:
                (name,) = (file.path for file in entry.files)
                assert _lasting(tmp_path / "again" / name) == _lasting(tmp_path / "out" / name), name


def _lasting(path):
    """{key: record} of a file as others read it, without what only the one database can know."""
    frame = pyogrio.read_dataframe(path)
    frame = frame[[c for c in frame.columns if c in ("cim_key", "cim_level") or not c.startswith("cim_")]]
    rows = frame.drop(columns=["geometry"], errors="ignore").to_json(
        orient="records", date_format="iso", date_unit="us"
    )
    shapes = shapely.to_wkb(frame.geometry.to_numpy()).tolist() if "geometry" in frame else [None] * len(frame)
    return {row["cim_key"]: (row, shape) for row, shape in zip(json.loads(rows), shapes, strict=True)}


def test_a_package_holds_every_layer_and_what_is_not_there_is_said(full, city, tmp_path):
    told = export(full, city, tmp_path / "out", formats=("gpkg", "csv"))
    assert {(e.layer, e.format) for e in told.entries} == {(n, f) for n in _LAYERS for f in ("gpkg", "csv")}
    assert told.left_out == ()
    assert told.city["crs"] == "EPSG:4547"
    buildings = next(e for e in told.entries if e.layer == "buildings" and e.format == "gpkg")
    assert buildings.records == 3
    assert buildings.licences[0].licence == "CC-BY-4.0"
    assert buildings.lineage[0].file == "buildings.geojson"
    assert len(buildings.lineage[0].sha256) == 64
    assert next(c for c in buildings.columns if c.name == "height_m").unit == "m"


def test_the_checksums_are_those_that_sha256sum_accepts(full, city, tmp_path):
    export(full, city, tmp_path / "out", layers=("roads", "division_codes"), formats=("gpkg", "shp"))
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(": OK") == len(list((tmp_path / "out").iterdir())) - 1


def test_the_same_state_makes_the_same_bytes(full, city, tmp_path):
    for name in ("one.zip", "two.zip"):
        export(full, city, tmp_path / name, layers=("roads", "pipes", "buildings"), formats=tuple(TARGETS))
    one, two = ((tmp_path / name).read_bytes() for name in ("one.zip", "two.zip"))
    assert hashlib.sha256(one).hexdigest() == hashlib.sha256(two).hexdigest()


@pytest.mark.parametrize("format", ["gpkg", "fgb", "shp", "parquet", "geojson", "csv"])
def test_programs_of_others_read_every_record_and_its_text(full, city, tmp_path, format):
    (entry,) = export(full, city, tmp_path / "out", layers=("buildings",), formats=(format,)).entries
    path = tmp_path / "out" / entry.files[0].path
    frame = gpd.read_parquet(path) if format == "parquet" else pyogrio.read_dataframe(path)
    frame = frame.set_index("id").sort_index()
    expected = held(full, "buildings")
    assert set(frame.index) == set(expected)
    for key, record in expected.items():
        row = frame.loc[key]
        assert (row["name"] or None if isinstance(row["name"], str) else None) == record["name"]
        assert float(row["height_m"]) == record["height_m"]
        shape = shapely.from_wkt(row["wkt"]) if format == "csv" else row["geometry"]
        assert shapely.normalize(shape) == shapely.normalize(shapely.from_wkb(record["geometry"]))
    assert format in ("csv",) or frame.crs.to_epsg() == 4547


def test_gdal_shows_chinese_text_of_a_shapefile_by_its_code_page(full, city, tmp_path):
    if shutil.which("ogrinfo") is None:
        pytest.skip("needs ogrinfo (gdal-bin)")
    export(full, city, tmp_path / "out", layers=("buildings",), formats=("shp",))
    command = ["ogrinfo", "-al", "-q", str(tmp_path / "out" / "buildings.shp")]
    said = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    assert "四牌楼“一”号" in said
    assert (tmp_path / "out" / "buildings.cpg").read_text() == "GBK"
    assert "四牌楼".encode("gbk") in (tmp_path / "out" / "buildings.dbf").read_bytes()


def test_what_a_shapefile_cannot_hold_is_told_record_by_record(full, city, tmp_path):
    (entry,) = export(full, city, tmp_path / "out", layers=("water",), formats=("shp",)).entries
    lines = (tmp_path / "out" / str(entry.losses_file)).read_text(encoding="utf-8").splitlines()
    (lost,) = map(json.loads, lines)
    assert entry.losses == {"cut": 1}
    assert (lost["row"], lost["column"], lost["code"]) == (1, "extra", "cut")
    assert json.loads(lost["value"]) == held(full, "water")["w1"]["extra"]
    assert {c.name: c.written_as for c in entry.columns}["cim_record_to"] == "cim_reco_1"


def test_a_geopackage_has_the_tables_that_the_standard_requires(full, city, tmp_path):
    export(full, city, tmp_path / "out", layers=("roads", "division_codes"))
    with sqlite3.connect(tmp_path / "out" / "roads.gpkg") as file:
        assert file.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"gpkg_spatial_ref_sys", "gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions"} <= tables
        assert "rtree_roads_geom" in tables
        assert file.execute("SELECT data_type, srs_id FROM gpkg_contents").fetchall() == [("features", 4547)]
    with sqlite3.connect(tmp_path / "out" / "division_codes.gpkg") as file:
        assert file.execute("SELECT data_type FROM gpkg_contents").fetchall() == [("attributes",)]


def test_a_flatgeobuf_is_found_by_its_index(full, city, tmp_path):
    export(full, city, tmp_path / "out", layers=("buildings",), formats=("fgb",))
    path = tmp_path / "out" / "buildings.fgb"
    third = shapely.bounds(shapely.from_wkb(held(full, "buildings")["b3"]["geometry"]))
    assert pyogrio.read_info(path)["capabilities"]["fast_spatial_filter"]
    assert list(pyogrio.read_dataframe(path, bbox=tuple(third))["id"]) == ["b3"]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "EPSG:3857", "GCJ-02"])
def test_other_frames_are_as_the_frames_module_has_them(full, city, tmp_path, crs):
    told = export(full, city, tmp_path / "out", layers=("landmarks",), formats=("csv", "geojson"), crs=crs)
    (record,) = held(full, "landmarks").values()
    xy = shapely.get_coordinates(shapely.from_wkb(record["geometry"]))
    expected = frames.transform(xy, city.crs, crs)[0]
    table = pyogrio.read_dataframe(tmp_path / "out" / told.entries[0].files[0].path, encoding="utf-8")
    assert [float(table[name][0]) for name in told.entries[0].place] == expected.tolist()
    assert {entry.crs for entry in told.entries} == {crs}
    assert all(("gcj02" in file.path) == (crs == "GCJ-02") for entry in told.entries for file in entry.files)
    collection = json.loads((tmp_path / "out" / told.entries[1].files[0].path).read_text(encoding="utf-8"))
    assert ("crs" in collection) == (crs in ("EPSG:4490", "EPSG:3857"))


def test_a_box_keeps_what_meets_it(full, city, tmp_path):
    west, south, east, north = shapely.bounds(shapely.from_wkb(held(full, "buildings")["b3"]["geometry"])).tolist()
    corners = frames.transform(np.array([[west + 1, south + 1], [east - 1, north - 1]]), city.crs, frames.LONLAT)
    box = Box(*corners[0].tolist(), *corners[1].tolist())
    (entry,) = export(full, city, tmp_path / "out", layers=("buildings",), formats=("csv",), bbox=box).entries
    assert entry.records == 1
    with pytest.raises(BadInput, match="nothing to write: roads holds no record then and there"):
        export(full, city, tmp_path / "none", layers=("roads",), bbox=box)
    assert not (tmp_path / "none").exists()


def test_a_target_that_is_there_stays_as_it_is(full, city, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(Conflict, match="is there already"):
        export(full, city, tmp_path / "out")
    with pytest.raises(BadInput, match="a package is a folder or a .zip"):
        export(full, city, tmp_path / "roads.GeoJSON")
    with pytest.raises(BadInput, match="the folder .* is not there"):
        export(full, city, tmp_path / "no" / "out")
    with pytest.raises(Unknown, match="no export format named 'dxf'; known: gpkg"):
        export(full, city, tmp_path / "other", formats=("dxf",))
    with pytest.raises(BadInput, match="devices"):
        export(full, city, tmp_path / "other", layers=("stations",))
    with pytest.raises(BadInput, match="not written in 'big5'"):
        export(full, city, tmp_path / "other", formats=("csv",), encoding="big5")


def test_an_export_that_breaks_off_leaves_nothing(full, city, tmp_path):
    def broken(done, total, note):
        raise KeyboardInterrupt

    for format in TARGETS:
        order = Order(layers=("roads",), formats=(format,))
        with pytest.raises(KeyboardInterrupt):
            package.write(full, city, order, tmp_path / "out", broken, clock=lambda: AT, software="tests")
    assert list(tmp_path.iterdir()) == []


def test_a_raster_is_copied_with_its_checksum_and_refused_when_it_changed(database, city, tmp_path):
    path = tmp_path / "dem.tif"
    place = rasterio.transform.from_origin(439_000.0, 4_440_000.0, 10.0, 10.0)
    form = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "float32", "crs": "EPSG:4547"}
    with rasterio.open(path, "w", transform=place, **form) as file:
        file.write(np.full((8, 8), 1040.0, dtype=np.float32), 1)
    load(database, city, "dem", path)
    (entry,) = export(database, city, tmp_path / "out").entries
    assert (tmp_path / "out" / entry.files[0].path).read_bytes() == path.read_bytes()
    assert (entry.format, entry.crs, entry.files[0].sha256) == ("original", "EPSG:4547", entry.lineage[0].sha256)
    (source,) = exchange.sources(tmp_path / "out")
    assert (source.name, source.source.layer) == ("dem", "dem")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(BadSource, match="not the file that was delivered any more"):
        export(database, city, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_what_places_a_raster_is_copied_beside_it(database, city, tmp_path):
    form = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "float32", "crs": "EPSG:4547"}
    with rasterio.open(tmp_path / "ground.tif", "w", **form) as file:
        file.write(np.full((8, 8), 1040.0, dtype=np.float32), 1)
    (tmp_path / "ground.tfw").write_text("10\n0\n0\n-10\n439005\n4439995\n")
    load(database, city, "dem", tmp_path / "ground.tif")
    (entry,) = export(database, city, tmp_path / "out").entries
    assert [Path(file.path).suffix for file in entry.files] == [".tif", ".tfw"]
    (source,) = exchange.sources(tmp_path / "out")
    with rasterio.open(source.source.location) as copied:
        assert copied.bounds[:2] == (439_000.0, 4_439_920.0)
    (tmp_path / "ground.tfw").write_text("10\n0\n0\n-10\n439105\n4439995\n")
    with pytest.raises(BadSource, match="not the file that was delivered any more"):
        export(database, city, tmp_path / "again")
