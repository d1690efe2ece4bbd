"""The LAS and LAZ reader, held against what laspy was given to write: places, classes, frames; damage is one sentence."""

import struct
from pathlib import Path

import numpy as np
import pytest

from cim import crs as frames
from cim.errors import BadSource, MissingCrs
from cim.plugins import Source
from cim.types import Box
from loaders.sources import point_cloud
from tests.las_files import X, Y, slope, write_las, write_with_keys

pytestmark = pytest.mark.long

CITY = (Box(112.57, 39.04, 114.57, 40.74), "EPSG:4547")


def read(path: Path, **stated):
    (found,) = point_cloud.LAS.read(Source(str(path), "point_clouds", city=CITY, **stated))
    return found


def points(path: Path, box: Box | None = None, **stated):
    chunks = list(point_cloud.points(Source(str(path), "point_clouds", city=CITY, **stated), box))
    xyz = np.concatenate([chunk.xyz for chunk in chunks]) if chunks else np.zeros((0, 3))
    return xyz, np.concatenate([np.zeros(0, np.uint8), *(chunk.classification for chunk in chunks)])


@pytest.mark.parametrize("ending", ["las", "laz"])
@pytest.mark.parametrize("point_format", [0, 1, 3, 6, 7])
def test_points_come_as_they_were_written(tmp_path, ending, point_format):
    xyz, classes = slope(1_000)
    path = write_las(tmp_path / f"a.{ending}", xyz, classes, crs="EPSG:4547+5737", point_format=point_format)
    found = read(path)
    assert (found.crs, found.count, found.withheld, found.point_format) == ("EPSG:4547", 1_000, 0, point_format)
    assert found.classes == {code: int((classes == code).sum()) for code in (2, 6, 9)}
    assert np.allclose(found.bounds, [*xyz[:, :2].min(axis=0), *xyz[:, :2].max(axis=0)], atol=1e-6)
    assert np.allclose(found.heights, [xyz[:, 2].min(), xyz[:, 2].max()], atol=1e-6)
    ours, codes = points(path)
    assert ours.dtype == np.float64
    assert codes.dtype == np.uint8
    assert np.allclose(ours, xyz, atol=1e-6)
    assert (codes == classes).all()


def test_a_box_takes_what_lies_in_it_chunk_by_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(point_cloud, "CHUNK_POINTS", 700)
    xyz, classes = slope(5_000)
    path = write_las(tmp_path / "a.laz", xyz, classes, crs="EPSG:4547")
    box = Box(X + 100.0, Y + 50.0, X + 300.0, Y + 400.0)
    inside = (xyz[:, 0] >= box.west) & (xyz[:, 0] <= box.east) & (xyz[:, 1] >= box.south) & (xyz[:, 1] <= box.north)
    ours, codes = points(path, box)
    assert 500 < len(ours) == inside.sum()
    assert np.allclose(ours, xyz[inside], atol=1e-6)
    assert (codes == classes[inside]).all()
    assert len(points(path, Box(X - 9.0, Y, X - 1.0, Y + 1.0))[0]) == 0


def test_points_of_another_frame_lie_where_the_city_has_them(tmp_path):
    xyz, classes = slope(300)
    lonlat = frames.transform(xyz[:, :2], "EPSG:4547", "EPSG:32649")
    path = write_with_keys(tmp_path / "a.las", np.column_stack([lonlat, xyz[:, 2]]), classes, 32649)
    assert read(path).crs == "EPSG:32649"
    assert np.allclose(points(path)[0], xyz, atol=0.002)


def test_feet_are_told_by_the_frame(tmp_path):
    xyz = np.array([[900_000.0, 900_000.0, 100.0], [900_100.0, 900_000.0, 200.0]])
    feet = write_las(tmp_path / "a.las", xyz, np.array([2, 2]), crs="EPSG:2263")
    assert read(feet).heights_unit == "US survey foot"
    assert np.allclose(read(feet).heights, np.array([100.0, 200.0]) * 1200 / 3937)
    metres = write_las(tmp_path / "b.las", xyz, np.array([2, 2]), crs="EPSG:2263+5703")
    assert np.allclose(read(metres).heights, [100.0, 200.0])
    silent = write_las(tmp_path / "c.las", xyz, np.array([2, 2]))
    assert np.allclose(read(silent, crs="EPSG:2263").heights, np.array([100.0, 200.0]) * 1200 / 3937)


def test_the_crs_must_be_in_the_file_or_stated_and_agree(tmp_path):
    xyz, classes = slope(50)
    silent = write_las(tmp_path / "a.las", xyz, classes)
    with pytest.raises(MissingCrs, match="EPSG:4547 .*inside the city"):
        read(silent)
    assert read(silent, crs="EPSG:4547").crs == "EPSG:4547"
    saying = write_las(tmp_path / "b.las", xyz, classes, crs="EPSG:4547")
    with pytest.raises(BadSource, match="one of them is wrong"):
        read(saying, crs="EPSG:32649")


def test_withheld_points_are_counted_and_left_out(tmp_path):
    xyz, classes = slope(100)
    path = write_las(tmp_path / "a.las", xyz, classes, crs="EPSG:4547", point_format=1)
    content = bytearray(path.read_bytes())
    begin = struct.unpack_from("<I", content, 96)[0]
    content[begin + 15] |= 0x80
    path.write_bytes(bytes(content))
    assert (read(path).count, read(path).withheld) == (99, 1)
    assert np.allclose(points(path)[0], xyz[1:], atol=1e-6)


def test_a_cut_file_says_how_much_of_it_is_there(tmp_path):
    xyz, classes = slope(1_000)
    plain = write_las(tmp_path / "a.las", xyz, classes, crs="EPSG:4547", point_format=1)
    plain.write_bytes(plain.read_bytes()[: -28 * 300 - 5])
    with pytest.raises(BadSource, match="breaks off: 699 of 1,000 points are there"):
        read(plain)
    packed = write_las(tmp_path / "b.laz", xyz, classes, crs="EPSG:4547")
    packed.write_bytes(packed.read_bytes()[:-500])
    with pytest.raises(BadSource, match=r"b\.laz: .*(breaks off|damaged)"):
        read(packed)


def test_absurd_counts_are_refused_before_anything_is_allocated(tmp_path):
    xyz, classes = slope(1_000)
    for ending, point_format in (("las", 1), ("laz", 1), ("las", 6), ("laz", 6)):
        path = write_las(
            tmp_path / f"{point_format}.{ending}", xyz, classes, crs="EPSG:4547", point_format=point_format
        )
        whole = path.read_bytes()
        for place, form, value in ((247, "<Q", 1 << 60),) if point_format == 6 else ((107, "<I", (1 << 32) - 1),):
            content = bytearray(whole)
            struct.pack_into(form, content, place, value)
            path.write_bytes(bytes(content))
            with pytest.raises(BadSource, match="points"):
                read(path)
        content = bytearray(whole)
        struct.pack_into("<I", content, 100, (1 << 32) - 1)
        path.write_bytes(bytes(content))
        with pytest.raises(BadSource, match="4,294,967,295 tables"):
            read(path)


def test_a_table_of_chunks_that_the_file_cannot_hold_is_refused(tmp_path):
    xyz, classes = slope(1_000)
    path = write_las(tmp_path / "a.laz", xyz, classes, crs="EPSG:4547")
    content = bytearray(path.read_bytes())
    begin = struct.unpack_from("<I", content, 96)[0]
    table = struct.unpack_from("<q", content, begin)[0]
    struct.pack_into("<I", content, table + 4, 4_000_000_000)
    path.write_bytes(bytes(content))
    with pytest.raises(BadSource, match="its header or its end is damaged"):
        read(path)


def test_real_points_of_the_netherlands_are_read(shared):
    path = shared / "lod2_delft_east/ahn3_cropped_2.laz"
    with pytest.raises(MissingCrs):
        read(path)
    found = read(path, crs="EPSG:28992")
    assert (found.count, found.classes) == (208_432, {1: 86_308, 2: 87_130, 6: 33_312, 9: 568, 26: 1_114})
