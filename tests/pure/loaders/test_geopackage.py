"""The GeoPackage reader: rows in the order of the file, and spoilt ones that cost no other."""

import math
import sqlite3
import struct
from contextlib import closing

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from cim.errors import BadSource, MissingCrs
from cim.plugins import Source
from loaders.sources import vector

X, Y = 439_000.0, 4_440_000.0


def write(path, count=30, crs="EPSG:4547", **columns):
    shapes = [shapely.box(X + 20 * i, Y, X + 20 * i + 10, Y + 10) for i in range(count)]
    data = {"id": [f"k{i}" for i in range(count)], "name": "鼓楼", "height_m": 3.5, **columns}
    gpd.GeoDataFrame(data, geometry=shapes, crs=crs).to_file(path, layer="some")
    return path


def change(path, sql, *values):
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')  # the spatial index asks functions that only GDAL has
        connection.execute(sql, values)
        connection.commit()


def read(path, after=0, **stated):
    return list(vector.GEOPACKAGE.read(Source(str(path), "buildings", **stated), after))


def test_rows_arrive_as_gdal_reads_them(tmp_path):
    flags = [True, None, *[False] * 28]
    path = write(tmp_path / "a.gpkg", storeys=range(30), old=pd.array(flags, dtype="boolean"), note=[None] * 30)
    (batch,) = read(path)
    expected = gpd.read_file(path)
    assert batch.crs == "EPSG:4547"
    assert list(batch.frame.index) == list(range(1, 31))
    assert shapely.equals_identical(batch.frame.geometry.to_numpy(), expected.geometry.to_numpy()).all()
    assert list(batch.frame.columns) == list(expected.columns)
    for name in ("id", "name", "height_m", "storeys"):
        assert batch.frame[name].tolist() == expected[name].tolist()
    assert batch.frame["old"].tolist() == flags
    assert batch.frame["note"].isna().all()
    assert (batch.last_row, batch.records, batch.done_bytes) == (30, 30, batch.size_bytes)


def test_rows_are_numbered_in_order_though_keys_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(vector, "_FETCH_ROWS", 4)
    monkeypatch.setattr(vector, "BATCH_ROWS", 8)
    path = write(tmp_path / "a.gpkg")
    change(path, "DELETE FROM some WHERE fid IN (1, 2, 17)")
    batches = read(path)
    assert [len(b.frame) for b in batches] == [8, 8, 8, 3]
    assert batches[0].frame["id"][1] == "k2"
    for after in (1, 8, 14, 26):
        rest = pd.concat([b.frame for b in read(path, after)])
        assert list(rest.index) == list(range(after + 1, 28))
        assert rest["id"].tolist() == pd.concat([b.frame for b in batches])["id"].tolist()[after:]
    assert read(path, 27) == []


@pytest.mark.parametrize(
    "blob",
    [
        b"junk",
        b"",
        b"GP",
        b"GP\x00\x01" + b"\xff" * 40,
        b"GP\x00\x0f" + b"\0" * 99,
        b"GP\0\1\0\0\0\0\1\x0a" + b"\xff" * 40,
    ],
)
def test_a_spoilt_geometry_is_set_aside_with_its_fields_and_costs_no_other(tmp_path, blob):
    path = write(tmp_path / "a.gpkg")
    change(path, "UPDATE some SET geom = ? WHERE fid = 7", blob)
    change(path, "UPDATE some SET geom = NULL WHERE fid = 9")
    (batch,) = read(path)
    assert list(batch.frame.index) == [i for i in range(1, 31) if i != 7]
    assert batch.frame.geometry[9] is None
    (bad,) = batch.damaged
    assert (bad.row, bad.codes) == (7, ("geometry_unreadable",))
    assert bad.content["geom"] == blob.hex()
    assert bad.content["id"] == "k6"


def test_an_unclosed_ring_is_closed_and_named(tmp_path):
    path = write(tmp_path / "a.gpkg")
    triangle = struct.pack("<BIII6d", 1, 3, 1, 3, X, Y, X + 2, Y, X, Y + 2)
    change(path, "UPDATE some SET geom = ? WHERE fid = 5", b"GP\0\1\0\0\0\0" + triangle)
    (batch,) = read(path)
    assert batch.frame.geometry[5].area == 2.0
    assert [(i.row, i.code) for i in batch.issues] == [(5, "ring_unclosed")]
    assert batch.issues[0].repaired


def test_text_that_is_no_text_is_set_aside_as_it_came(tmp_path):
    path = write(tmp_path / "a.gpkg")
    change(path, "UPDATE some SET name = CAST(? AS TEXT) WHERE fid = 3", "大".encode("gbk"))
    change(path, "UPDATE some SET name = ? WHERE fid = 4", "a\0b")
    (batch,) = read(path)
    assert [(r.row, r.codes[0], r.content["name"]) for r in batch.damaged] == [
        (3, "encoding", "\\xb4\\xf3"),
        (4, "nul_character", "a\\x00b"),
    ]
    assert len(batch.frame) == 28
    assert set(batch.frame["name"]) == {"鼓楼"}


def test_arcs_are_drawn_as_lines_by_gdal(tmp_path):
    path = write(tmp_path / "a.gpkg", 3)
    # A curve polygon of one ring, an arc string over three positions that is a whole circle of radius 1 m.
    circle = struct.pack("<BIIBII6d", 1, 10, 1, 1, 8, 3, X, Y, X + 2, Y, X, Y)
    change(path, "UPDATE some SET geom = ? WHERE fid = 2", b"GP\0\1\0\0\0\0" + circle)
    (batch,) = read(path)
    assert not batch.damaged
    assert batch.frame.geometry[2].area == pytest.approx(math.pi, rel=0.01)
    assert batch.frame.geometry[3].area == 100.0


def test_the_crs_must_be_in_the_file_or_stated_and_agree(tmp_path):
    path = write(tmp_path / "a.gpkg", crs=None)
    with pytest.raises(MissingCrs, match=r"a\.gpkg: states no CRS"):
        read(path)
    assert read(path, crs="EPSG:4547")[0].crs == "EPSG:4547"
    with pytest.raises(BadSource, match=r"file says EPSG:4547, the city file says EPSG:32649"):
        read(write(tmp_path / "b.gpkg"), crs="EPSG:32649")


@pytest.mark.long
@pytest.mark.parametrize("number", [0, -1])
def test_a_crs_that_the_file_calls_undefined_must_be_stated(tmp_path, number):
    path = write(tmp_path / "a.gpkg")
    change(path, "UPDATE gpkg_geometry_columns SET srs_id = ?", number)
    change(path, "UPDATE gpkg_contents SET srs_id = ?", number)
    with pytest.raises(MissingCrs, match=r"a\.gpkg: states no CRS"):
        read(path)
    assert read(path, crs="EPSG:4547")[0].crs == "EPSG:4547"


@pytest.mark.long
def test_of_several_layers_the_named_one_or_the_only_one_that_fits_is_read(tmp_path):
    path = write(tmp_path / "a.gpkg")
    for name, shape in (
        ("roads", shapely.LineString([(X, Y), (X + 9, Y)])),
        ("plots", shapely.box(X, Y, X + 1, Y + 1)),
    ):
        gpd.GeoDataFrame({"id": [name]}, geometry=[shape], crs="EPSG:4547").to_file(path, layer=name, mode="a")
    assert list(vector.GEOPACKAGE.read(Source(str(path), "roads")))[0].frame["id"].tolist() == ["roads"]
    assert read(path, table="plots")[0].frame["id"].tolist() == ["plots"]
    listed = r"some \(Polygon, 30 records\); roads \(LineString, 1 records\); plots \(Polygon, 1 records\)"
    with pytest.raises(BadSource, match=rf"a\.gpkg: 3 layers, 2 of which could be buildings; .*{listed}"):
        read(path)
    with pytest.raises(BadSource, match=rf"no layer 'Plots', which the city file names; it has: {listed}"):
        read(path, table="Plots")


@pytest.mark.parametrize(
    "content", [b"SQLite format 3\0" + b"\0" * 200, b"SQLite format 3\0 but then something else" * 99]
)
def test_a_file_that_is_no_geopackage_is_refused_by_name(tmp_path, content):
    path = tmp_path / "half.gpkg"
    path.write_bytes(content)
    with pytest.raises(BadSource, match=r"half\.gpkg: not readable as GeoPackage"):
        read(path)


def test_a_file_cut_in_half_is_refused_and_says_where(tmp_path):
    path = write(tmp_path / "a.gpkg", 5_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadSource, match=r"a\.gpkg: (not readable as GeoPackage|unreadable after row)"):
        read(path)
