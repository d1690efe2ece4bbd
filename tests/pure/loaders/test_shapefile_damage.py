"""Damaged shapefiles: each kind of damage costs only what it must, and is said."""

import struct

import geopandas as gpd
import pytest
import shapely

from cim.errors import BadSource
from tests.shapefiles import TEXTS, codes, damaged, dbf, joined, named, read, same, with_table
from tests.vector_files import footprints, shapefile

pytestmark = pytest.mark.long


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
