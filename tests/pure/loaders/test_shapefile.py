"""The shapefile reader: what is whole arrives as GDAL reads it, in pieces, behind any record."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from cim.errors import BadSource, MissingCrs
from loaders.formats import placed, ragged, shp_geometry
from tests.shapefiles import TEXTS, codes, dbf, joined, named, read, same, with_table
from tests.vector_files import footprints, shapefile

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    "shapes",
    [
        footprints().geometry.tolist(),
        [shapely.force_3d(s, 7.5) for s in footprints().geometry],
        [shapely.Point(i, 2) for i in range(5)],
        [shapely.Point(i, 2, 3) for i in range(5)],
        [shapely.LineString([(i, 0), (i, 1), (i, 2)]) for i in range(5)],
        [shapely.MultiLineString([[(i, 0), (i, 1)], [(i, 5, 1), (i, 6, 2)]]) for i in range(5)],
        [shapely.MultiPoint([(i, 0), (i, 1)]) for i in range(5)],
    ],
)
def test_geometries_arrive_as_gdal_reads_them(tmp_path, shapes):
    path = shapefile(tmp_path, gpd.GeoDataFrame({"id": range(len(shapes))}, geometry=shapes, crs="EPSG:4547"))
    assert same(joined(read(path)).geometry, gpd.read_file(path).geometry)


def test_attributes_arrive_in_their_kinds_and_names(tmp_path):
    fields = [(b"id", b"N", 9), (b"geometry", b"C", 8), (b"geometry", b"C", 8), (b"h", b"F", 9), (b"day", b"D", 8)]
    fields += [(b"old", b"L", 1), (b"big", b"N", 20), (b"note", b"M", 10)]
    rows = [
        (b" ", b"1", "鼓楼".encode(), b"x", b"3.5", b"20240229", b"T", b"9" * 20, b"1"),
        (b" ", b"*********", b"", b"y", b"", b"00000000", b"?", b"12", b""),
        (b" ", b"7,5", b"a", b"z", b"1e3", b"2024", b"n", b"-5", b""),
    ]
    batches = read(with_table(tmp_path, fields, rows, cpg="UTF-8"))
    frame = joined(batches)
    assert list(frame.columns) == [
        *("id", "geometry_property", "geometry_2", "h", "day", "old", "big", "note", "geometry")
    ]
    assert frame["id"].tolist() == [1, None, "7,5"]  # what is no number is left for the checks to name
    assert frame["geometry_property"].tolist() == ["鼓楼", None, "a"]
    assert [None if pd.isna(v) else v for v in frame["h"]] == [3.5, None, 1000.0]
    assert frame["day"].tolist() == ["2024-02-29", None, "2024"]
    assert frame["old"].tolist() == [True, None, False]
    assert frame["big"].tolist() == [int("9" * 20), 12, -5]
    assert codes(batches) == [("column_unread", None)]


@pytest.mark.parametrize("wkt", ["WKT1_ESRI", "WKT1_GDAL", "WKT2_2019"])
@pytest.mark.parametrize("epsg", [4547, 4526, 4490])
def test_a_prj_is_known_by_its_code(tmp_path, epsg, wkt):
    path = shapefile(tmp_path, footprints())
    path.with_suffix(".prj").write_text(CRS.from_epsg(epsg).to_wkt(wkt))
    assert read(path)[0].crs == f"EPSG:{epsg}"


def test_an_old_datum_wants_its_parameters_and_gcj02_is_the_owners_word(tmp_path):
    path = shapefile(tmp_path, footprints())
    path.with_suffix(".prj").write_text(CRS.from_epsg(2381).to_wkt("WKT1_ESRI"))
    with pytest.raises(BadSource, match=r"some\.shp: .*Xian 80"):
        read(path)
    assert read(path, datum_shift=(1.0,) * 7)[0].crs == "EPSG:2381"
    path.with_suffix(".prj").write_text(CRS.from_epsg(4326).to_wkt("WKT1_ESRI"))
    assert read(path, crs="GCJ-02")[0].crs == "GCJ-02"
    path.with_suffix(".prj").unlink()
    with pytest.raises(MissingCrs, match=r"some\.shp: states no CRS"):
        read(path)


@pytest.mark.parametrize("indexed", [True, False])
def test_reading_goes_on_behind_any_record(tmp_path, monkeypatch, indexed):
    monkeypatch.setattr("loaders.formats.shp.PIECE_ROWS", 8)
    monkeypatch.setattr("loaders.sources.shapefile.BATCH_ROWS", 8)
    path = shapefile(tmp_path, footprints(30))
    dbf(path.with_suffix(".dbf"), TEXTS, named(*[b"x"] * 41))
    if not indexed:
        path.with_suffix(".shx").unlink()
    whole = joined(read(path))
    assert list(whole.index) == list(range(1, 42))
    for after in (1, 8, 29, 30, 40):
        rest = joined(read(path, after))
        assert rest["id"].tolist() == whole["id"].tolist()[after:]
        assert list(rest.index) == list(range(after + 1, 42))


_places = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 4))


@given(st.dictionaries(_places, st.booleans(), min_size=1, max_size=9), st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_rings_come_to_the_area_that_they_enclose(turns, say):
    """Nested squares on a lattice, none touching another: the area is what an odd number of them covers.

    say: shells turn clockwise and holes the other way, as they should; else they turn as it happens, all of them alike.
    """
    faces = [shapely.box(20 * x + d, 20 * y + d, 20 * x + 10 - d, 20 * y + 10 - d) for x, y, d in turns]
    expected = shapely.Polygon()
    for face in faces:
        expected = expected.symmetric_difference(face)
    depth = [sum(other.contains_properly(face) for other in faces) for face in faces]
    shell_turns = [d % 2 == 1 if say else next(iter(turns.values())) for d in depth]
    rings = [
        shapely.LinearRing(f.exterior if ccw else f.exterior.reverse()) for f, ccw in _oriented(faces, shell_turns)
    ]
    sizes = np.array([len(ring.coords) for ring in rings])
    areas = ragged.signed_areas(shapely.get_coordinates(rings), sizes)
    assert np.allclose(np.abs(areas), [face.area for face in faces])
    assert [a > 0 for a in areas] == shell_turns
    owner = np.zeros(len(rings), dtype=np.int64)
    if say or areas[0] > 0 or len(rings) == 1:
        (made,) = shp_geometry.polygons(np.array(rings, dtype=object), areas, owner, 1)
        assert made.is_valid
        assert made.equals(expected)


def _oriented(faces, turns):
    return [(shapely.box(*face.bounds, ccw=True), ccw) for face, ccw in zip(faces, turns, strict=True)]


def test_pieces_hold_what_lies_forward_and_close_together():
    at = np.array([100, 200, 150, 300, 300 + (80 << 20)])
    pieces = list(placed.pieces(iter([placed.Entries(at, np.full(5, 10))])))
    assert [p.at.tolist() for p in pieces] == [[100, 200], [150, 300], [300 + (80 << 20)]]
    pieces = list(placed.pieces(iter([placed.Entries(np.arange(5) * 10, np.full(5, 10))]), most=2))
    assert [len(p.at) for p in pieces] == [2, 2, 1]


def test_a_record_of_very_many_rings_is_put_together_in_little_memory(tmp_path):
    count = 3_000
    shells = [shapely.box(20 * i, 0, 20 * i + 10, 10) for i in range(count)]
    pierced = [s.difference(shapely.box(20 * i + 2, 2, 20 * i + 4, 4)) for i, s in enumerate(shells)]
    path = shapefile(tmp_path, gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.MultiPolygon(pierced)], crs="EPSG:4547"))
    (shape,) = joined(read(path)).geometry
    assert (len(shape.geoms), shape.area) == (count, 96.0 * count)


def test_wide_rows_come_in_smaller_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(placed, "PIECE_BYTES", 400)
    batches = read(with_table(tmp_path, TEXTS, named(*[b"x"] * 60)))
    assert len(batches) > 2
    assert joined(batches)["id"].tolist() == list(range(60))


def test_other_peoples_shapefiles_arrive_as_gdal_reads_them(real_files):
    paths = [p for p in sorted(real_files.glob("*/*.shp")) if p.with_suffix(".dbf").is_file()]
    assert len(paths) > 30
    for path in paths:
        prj = path.with_suffix(".prj")
        stated = {} if prj.is_file() and prj.read_text().strip() else {"crs": "EPSG:4326"}
        frame, expected = joined(read(path, **stated)), pyogrio.read_dataframe(path)
        assert same(frame.geometry, expected.geometry), path.name
        for name in (c for c in expected.columns if c != "geometry" and expected[c].dtype.kind in "if"):
            numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(float)
            assert np.array_equal(numbers, expected[name].to_numpy(float), equal_nan=True), (path.name, name)
