"""The shapefile reader: as GDAL reads what is whole, and each kind of damage costs only what it must."""

import struct

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
from cim.plugins import Source
from loaders import placed, ragged, shp_geometry
from loaders.sources.shapefile import SHAPEFILE
from tests.vector_files import footprints, shapefile

pytestmark = pytest.mark.long


def read(path, after=0, layer="buildings", **stated):
    return list(SHAPEFILE.read(Source(str(path), layer, **stated), after))


def joined(batches):
    return pd.concat([b.frame for b in batches])


def codes(batches):
    return [(i.code, i.row) for b in batches for i in b.issues]


def damaged(batches):
    return [(r.row, r.codes[0]) for b in batches for r in b.damaged]


def dbf(path, fields, rows, language=0):
    """A .dbf of raw cells. fields: (name, kind, width); rows: a flag and the cells, bytes each."""
    size = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<BBBBIHH17xB2x", 3, 124, 1, 1, len(rows), 33 + 32 * len(fields), size, language)
    for name, kind, width in fields:
        head += struct.pack("<11sc4xBB14x", name, kind, width, 0)
    body = b"".join(
        flag + b"".join(cell.ljust(width) for cell, (_, _, width) in zip(cells, fields, strict=True))
        for flag, *cells in rows
    )
    path.write_bytes(head + b"\r" + body + b"\x1a")


def with_table(folder, fields, rows, language=0, cpg=None):
    """A shapefile of squares with this attribute table."""
    path = shapefile(folder, footprints(len(rows)))
    dbf(path.with_suffix(".dbf"), fields, rows, language)
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def same(shapes, others):
    """Whether they are the same to the last bit; GDAL leaves shells turning clockwise, as the file has them."""
    ours, theirs = np.asarray(shapes, dtype=object), np.asarray(others, dtype=object)
    turned = shapely.orient_polygons(theirs)
    return (shapely.equals_identical(ours, turned) | (shapely.is_missing(ours) & shapely.is_missing(turned))).all()


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


TEXTS = [(b"id", b"N", 5), (b"name", b"C", 10)]


def named(*texts):
    return [(b" ", str(i).encode(), text) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("encoding", "language", "cpg", "stated", "noted"),
    [
        ("gbk", 0, None, "gbk", False),
        ("gbk", 0, "936", None, False),
        ("gbk", 0, "OEM 936", None, False),
        ("gbk", 0x4D, None, None, False),
        ("gbk", 0, None, None, True),
        ("gbk", 0x57, None, None, True),
        ("utf-8", 0, None, None, True),
        ("utf-8", 0, "UTF-8", None, False),
    ],
)
def test_the_encoding_is_the_stated_one_or_the_one_that_fits_and_that_is_said(
    tmp_path, encoding, language, cpg, stated, noted
):
    path = with_table(tmp_path, TEXTS, named("大同".encode(encoding), b"plain"), language, cpg)
    batches = read(path, encoding=stated)
    assert joined(batches)["name"].tolist() == ["大同", "plain"]
    assert codes(batches) == ([("encoding_detected", None)] if noted else [])


def test_texts_of_no_usual_encoding_are_refused_until_it_is_stated(tmp_path):
    path = with_table(tmp_path, TEXTS, named("Ñandú".encode("latin1"), b"plain"))
    with pytest.raises(BadSource, match=r"some\.shp: .* neither as utf-8 nor as gb18030 .*encoding = "):
        read(path)
    assert joined(read(path, encoding="ISO 88591"))["name"].tolist() == ["Ñandú", "plain"]
    with pytest.raises(BadSource, match="'klingon', which the city file says, is not known"):
        read(path, encoding="klingon")


def test_a_wrong_encoding_is_refused_and_the_right_one_named(tmp_path):
    path = with_table(tmp_path, TEXTS, named("大同".encode("gbk"), b"plain"), cpg="UTF-8")
    with pytest.raises(
        BadSource, match=r"1 records, the first in row 1, are not utf-8, which its \.cpg says; .*gb18030"
    ):
        read(path)


def test_one_spoilt_text_costs_its_record_only(tmp_path):
    path = with_table(tmp_path, TEXTS, named(*["大同".encode()] * 30, b"\xff\xfe!", b"a\0b"), cpg="UTF-8")
    batches = read(path)
    assert damaged(batches) == [(31, "encoding"), (32, "nul_character")]
    assert batches[0].damaged[0].content["name"] == "\\xff\\xfe!"
    assert len(batches[0].frame) == 30


def test_a_character_that_the_fields_end_cut_through_is_left_out_and_said(tmp_path):
    path = with_table(tmp_path, TEXTS, named("大同市鼓楼".encode()[:10], b"plain"))
    batches = read(path)
    assert joined(batches)["name"].tolist() == ["大同市", "plain"]
    assert codes(batches) == [("encoding_detected", None), ("text_cut", 1)]


def test_records_marked_as_deleted_are_left_out_and_said(tmp_path):
    rows = [(b"*" if i == 1 else b" ", str(i).encode(), b"x") for i in range(3)]
    batches = read(with_table(tmp_path, TEXTS, rows))
    assert list(joined(batches).index) == [1, 3]
    assert codes(batches) == [("record_deleted", 2)]
    assert batches[-1].last_row == 3


@pytest.mark.parametrize("count", [8, 16])
def test_where_one_file_has_more_records_the_rest_stands_alone(tmp_path, count):
    path = shapefile(tmp_path, footprints(12))
    dbf(path.with_suffix(".dbf"), TEXTS, named(*[b"x"] * count))
    batches = read(path)
    frame = joined(batches)
    assert len(frame) == max(12, count)
    assert frame.geometry.notna().sum() == 12
    assert frame["id"].notna().sum() == count
    assert codes(batches) == [("record_counts_differ", None)]


@pytest.mark.parametrize("index", [None, b"", b"\0" * 300])
def test_without_an_index_of_use_the_records_are_found_in_the_shp(tmp_path, index):
    path = shapefile(tmp_path, footprints(30))
    whole = joined(read(path))
    path.with_suffix(".shx").unlink()
    if index is not None:
        path.with_suffix(".shx").write_bytes(index)
    batches = read(path)
    assert same(joined(batches).geometry, whole.geometry)
    assert codes(batches) == [("index_rebuilt", None)]


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("words", [2**30, 9_999, 0, -5])
def test_a_wrong_length_costs_no_other_record(tmp_path, indexed, words):
    path = shapefile(tmp_path, footprints(30))
    whole = joined(read(path))
    content = bytearray(path.read_bytes())
    (place,) = struct.unpack_from(">i", path.with_suffix(".shx").read_bytes(), 100 + 8 * 9)
    struct.pack_into(">i", content, 2 * place + 4, words)  # the tenth record
    path.write_bytes(content)
    if not indexed:
        path.with_suffix(".shx").unlink()
    batches = read(path)
    assert damaged(batches) == []  # its counts say where it ends
    assert same(joined(batches).geometry, whole.geometry)


def test_spoilt_counts_set_their_record_aside_with_its_fields(tmp_path):
    path = shapefile(tmp_path, footprints(30))
    content = bytearray(path.read_bytes())
    for record, offset, value in ((3, 36, -1), (5, 40, 2**31 - 1), (7, 44, 99), (9, 0, 77), (11, 0, 31)):
        (place,) = struct.unpack_from(">i", path.with_suffix(".shx").read_bytes(), 100 + 8 * (record - 1))
        struct.pack_into("<i", content, 2 * place + 8 + offset, value)
    path.write_bytes(content)
    batches = read(path)
    assert damaged(batches) == [(n, "geometry_unreadable") for n in (3, 5, 7, 9, 11)]
    assert batches[0].damaged[0].content["id"] == "k2"
    assert "MultiPatch" in batches[0].damaged[-1].reason
    assert len(batches[0].frame) == 25


def test_what_lies_behind_the_end_of_a_cut_file_is_set_aside(tmp_path):
    path = shapefile(tmp_path, footprints(30))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    batches = read(path)
    assert codes(batches) == [("truncated", None)]
    assert 10 < len(batches[0].frame) < 20
    assert {code for _, code in damaged(batches)} == {"geometry_unreadable"}
    assert len(batches[0].frame) + len(batches[0].damaged) == 30


def test_a_head_that_declares_ten_gigabytes_asks_for_no_memory(tmp_path):
    path = shapefile(tmp_path, footprints(30))
    content = bytearray(path.read_bytes())
    struct.pack_into(">i", content, 24, 2**31 - 1)
    path.write_bytes(content)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    struct.pack_into("<I", table, 4, 2**32 - 1)
    path.with_suffix(".dbf").write_bytes(table)
    batches = read(path)
    assert codes(batches) == [("truncated", None)] * 2
    assert len(batches[0].frame) == 30


def test_short_parts_and_null_shapes(tmp_path):
    shapes = [shapely.LineString([(0, 0), (1, 1)]), None, shapely.LineString([(5, 5), (6, 6)])]
    path = shapefile(tmp_path, gpd.GeoDataFrame({"id": [1, 2, 3]}, geometry=shapes, crs="EPSG:4547"))
    content = bytearray(path.read_bytes())
    struct.pack_into("<i", content, 108 + 40, 1)  # two positions are one now
    path.write_bytes(content)
    batches = read(path, layer="roads")
    assert damaged(batches) == [(1, "line_too_short")]
    assert batches[0].frame.geometry[2] is None
    assert shapely.equals_identical(batches[0].frame.geometry[3], shapes[2])


def test_an_unclosed_ring_is_closed_and_named(tmp_path):
    path = shapefile(tmp_path, gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.box(0, 0, 2, 2)], crs="EPSG:4547"))
    content = bytearray(path.read_bytes())
    struct.pack_into("<i", content, 108 + 40, 4)
    path.write_bytes(content)
    batches = read(path)
    assert batches[0].frame.geometry[1].area == 4.0
    assert codes(batches) == [("ring_unclosed", 1)]


def test_a_shapefile_without_its_table_is_refused_by_name(tmp_path):
    path = shapefile(tmp_path, footprints())
    path.with_suffix(".dbf").rename(tmp_path / "some.DBF")
    assert len(joined(read(path))) == 12  # the case of the ending is free
    (tmp_path / "some.DBF").unlink()
    with pytest.raises(BadSource, match=r"some\.shp: some\.dbf is not beside it"):
        read(path)


@pytest.mark.parametrize("indexed", [True, False])
def test_reading_goes_on_behind_any_record(tmp_path, monkeypatch, indexed):
    monkeypatch.setattr("loaders.shp.PIECE_ROWS", 8)
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


def test_records_that_lie_backwards_in_the_file_are_read(tmp_path):
    path = shapefile(tmp_path, footprints(30))
    whole = joined(read(path)).geometry.tolist()
    index = path.with_suffix(".shx").read_bytes()
    entries = [index[100 + 8 * i : 108 + 8 * i] for i in range(30)]
    content = path.read_bytes()
    body, new = content[:100], []
    for entry in reversed(entries):
        place, words = struct.unpack(">ii", entry)
        new.append(struct.pack(">ii", len(body) // 2, words))
        body += content[2 * place : 2 * place + 8 + 2 * words]
    path.write_bytes(body)
    path.with_suffix(".shx").write_bytes(index[:100] + b"".join(reversed(new)))
    assert same(joined(read(path)).geometry, whole)


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
