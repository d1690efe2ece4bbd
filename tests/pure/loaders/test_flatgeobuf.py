"""The FlatGeobuf reader: as GDAL reads what is whole; a spoilt feature costs no other."""

import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from cim.errors import BadSource, MissingCrs
from cim.plugins import Source
from loaders.formats import fgb
from loaders.sources.flatgeobuf import FLATGEOBUF
from tests.vector_files import footprints

pytestmark = pytest.mark.long

SHAPES = {
    "polygons": footprints(9).geometry.tolist(),
    "points": [shapely.Point(i, 2) for i in range(5)],
    "lines": [shapely.LineString([(i, 0), (i, 1), (i, 2)]) for i in range(5)],
    "multilines": [shapely.MultiLineString([[(i, 0), (i, 1)], [(i, 5), (i, 6), (7, 7)]]) for i in range(5)],
    "multipoints": [shapely.MultiPoint([(i, 0), (i, 1)]) for i in range(5)],
    "mixed": [shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1), shapely.Polygon()],
}


def write(path, frame, index="YES", **options):
    pyogrio.write_dataframe(frame, path, driver="FlatGeobuf", SPATIAL_INDEX=index, **options)
    return path


def read(path, after=0, **stated):
    return list(FLATGEOBUF.read(Source(str(path), "buildings", **stated), after))


def joined(batches):
    return pd.concat([b.frame for b in batches])


def as_parts(shapes):
    """Geometries without the difference between one and a multi-geometry of one."""
    return [s.geoms[0] if hasattr(s, "geoms") and len(s.geoms) == 1 else s for s in shapes]


def places(path):
    """Where each feature's bytes begin and end."""
    head = fgb.head(path, "x")
    with path.open("rb") as file:
        entries = list(fgb.by_walking(file, head, 0))
    return [(a, a + s) for e in entries for a, s in zip(e.at.tolist(), e.size.tolist(), strict=True)]


@pytest.mark.parametrize("index", ["YES", "NO"])
@pytest.mark.parametrize("z", [False, True])
@pytest.mark.parametrize("kind", list(SHAPES))
def test_geometries_arrive_as_gdal_reads_them(tmp_path, kind, z, index):
    shapes = [shapely.force_3d(s, 7.5) if z else s for s in SHAPES[kind] if index == "NO" or not s.is_empty]
    path = write(
        tmp_path / "a.fgb", gpd.GeoDataFrame({"id": range(len(shapes))}, geometry=shapes, crs="EPSG:4547"), index
    )
    (batch,) = read(path)
    expected = gpd.read_file(path)
    assert batch.frame["id"].tolist() == expected["id"].tolist()
    for one, other in zip(as_parts(batch.frame.geometry), as_parts(expected.geometry), strict=True):
        if other is None or other.is_empty:  # a polygon without rings is nothing here
            assert one is None
        else:
            assert shapely.equals_identical(one, other)


def test_attributes_arrive_in_their_kinds(tmp_path):
    data = {
        "id": [2**60 + 1, -5, 7],
        "small": np.array([1, 2, 3], dtype="int16"),
        "part": np.array([0.5, np.nan, 2.0], dtype="float32"),
        "name": ["鼓楼", None, ""],
        "old": pd.array([True, None, False], dtype="boolean"),
        "at": pd.to_datetime(["2024-02-29T01:02:03Z", None, "1999-01-01T00:00:00Z"]),
    }
    path = write(tmp_path / "a.fgb", gpd.GeoDataFrame(data, geometry=[shapely.Point(i, i) for i in range(3)], crs=4490))
    frame = joined(read(path)).sort_values("small")
    assert frame["id"].tolist() == [2**60 + 1, -5, 7]
    assert [None if pd.isna(v) else v for v in frame["part"]] == [0.5, None, 2.0]
    assert [v or None for v in frame["name"]] == ["鼓楼", None, None]
    assert frame["old"].tolist() == [True, None, False]
    assert frame["at"].tolist() == ["2024-02-29T01:02:03Z", None, "1999-01-01T00:00:00Z"]


def test_the_crs_is_the_files_or_the_owners(tmp_path):
    assert read(write(tmp_path / "a.fgb", footprints()))[0].crs == "EPSG:4547"
    silent = write(tmp_path / "b.fgb", footprints().set_crs(None, allow_override=True))
    with pytest.raises(MissingCrs, match=r"b\.fgb: states no CRS"):
        read(silent)
    assert read(silent, crs="EPSG:4547")[0].crs == "EPSG:4547"


@pytest.mark.parametrize("index", ["YES", "NO"])
def test_a_spoilt_feature_is_set_aside_and_costs_no_other(tmp_path, index):
    path = write(tmp_path / "a.fgb", footprints(30), index)
    whole = joined(read(path))
    content = bytearray(path.read_bytes())
    spans = places(path)
    struct.pack_into("<I", content, spans[4][0], 2**31)  # the root lies outside
    content[spans[9][0] + 4 : spans[9][1]] = b"\xff" * (spans[9][1] - spans[9][0] - 4)
    path.write_bytes(content)
    (batch,) = read(path)
    assert [(r.row, r.codes[0]) for r in batch.damaged] == [(5, "record_unreadable"), (10, "record_unreadable")]
    assert batch.frame["id"].tolist() == whole.drop(index=[5, 10])["id"].tolist()


def test_a_spoilt_length_costs_nothing_where_there_is_an_index(tmp_path):
    path = write(tmp_path / "a.fgb", footprints(30))
    whole = joined(read(path))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, places(path)[4][0] - 4, 2**32 - 1)
    path.write_bytes(content)
    assert joined(read(path))["id"].tolist() == whole["id"].tolist()


@pytest.mark.parametrize("index", ["YES", "NO"])
def test_a_file_that_was_cut_off_says_so(tmp_path, index):
    path = write(tmp_path / "a.fgb", footprints(30), index)
    path.write_bytes(path.read_bytes()[: places(path)[15][0] + 20])
    (batch,) = read(path)
    assert len(batch.frame) == 15
    assert [i.code for i in batch.issues] == ["truncated"]
    assert {r.codes[0] for r in batch.damaged} == {"record_unreadable"}
    assert len(batch.damaged) == (15 if index == "YES" else 1)


def test_a_spoilt_index_is_passed_over(tmp_path):
    path = write(tmp_path / "a.fgb", footprints(30))
    whole = joined(read(path))
    head = fgb.head(path, "x")
    content = bytearray(path.read_bytes())
    content[head.leaves_at : head.features_at] = b"\x11" * (head.features_at - head.leaves_at)
    path.write_bytes(content)
    assert joined(read(path))["id"].tolist() == whole["id"].tolist()


@pytest.mark.parametrize("behind", [b"", b"\xff\xff\xff\xff", b"\x10\0\0\0" + b"\xee" * 16])
def test_a_file_without_a_head_is_refused_by_name(tmp_path, behind):
    path = tmp_path / "half.fgb"
    path.write_bytes(b"fgb\x03fgb\x00" + behind)
    with pytest.raises(BadSource, match=r"half\.fgb: "):
        read(path)


def test_collections_are_set_aside_by_name(tmp_path):
    shapes = [shapely.Point(0, 0), shapely.GeometryCollection([shapely.Point(1, 1)])]
    (batch,) = read(write(tmp_path / "a.fgb", gpd.GeoDataFrame({"id": [1, 2]}, geometry=shapes, crs=4490), "NO"))
    assert [(r.row, r.reason) for r in batch.damaged] == [(2, "a GeometryCollection, which is not read")]


@pytest.mark.parametrize("index", ["YES", "NO"])
def test_reading_goes_on_behind_any_record(tmp_path, monkeypatch, index):
    monkeypatch.setattr(fgb, "PIECE_ROWS", 8)
    path = write(tmp_path / "a.fgb", footprints(30), index)
    batches = read(path)
    assert [b.last_row for b in batches] == [8, 16, 24, 30]
    whole = joined(batches)
    for after in (1, 8, 15, 29):
        rest = joined(read(path, after))
        assert rest["id"].tolist() == whole["id"].tolist()[after:]
        assert list(rest.index) == list(range(after + 1, 31))
