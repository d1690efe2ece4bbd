"""Plain grids and hollow headers: what is read, what is refused before it costs memory, and any bytes survived."""

import resource
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from cim.errors import BadInput, BadSource, MissingCrs
from cim.plugins import Raster, Source
from loaders.delivery.files import recognise
from loaders.raster.control_points import fit, of
from loaders.raster.height_mosaic import fineness, grid_of
from tests.raster_files import NORTH, WEST, heights, plane

ASC = f"ncols 4\nnrows 3\nxllcorner {WEST}\nyllcorner {NORTH}\ncellsize 5\nNODATA_value -9999\n"


def read(path: Path, **stated) -> Raster:
    (raster,) = recognise(path).read(Source(str(path), "dem", **stated))
    assert isinstance(raster, Raster)
    return raster


def test_an_ascii_grid_keeps_its_decimals_and_takes_its_crs_from_the_prj(tmp_path):
    path = tmp_path / "a.asc"
    path.write_text(ASC + "1 2 3 4\n5 6 7 8\n9 10 11 12.25\n")
    with pytest.raises(MissingCrs, match=r"a\.asc: states no CRS"):
        read(path)
    (tmp_path / "a.prj").write_text(rasterio.crs.CRS.from_epsg(4547).to_wkt(version="WKT1_ESRI"))
    raster = read(path)
    assert (raster.crs, raster.driver, raster.dtype, raster.nodata) == ("EPSG:4547", "AAIGrid", "float32", -9999)
    assert raster.bounds == (WEST, NORTH, WEST + 20, NORTH + 15)


@pytest.mark.parametrize(
    ("head", "match"),
    [
        ("ncols 200000\nnrows 200000\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2", "have no room"),
        ("ncols many\nnrows 3\n1 2 3", "without whole ncols and nrows"),
        ("ncols -4\nnrows 3\n1 2 3", "have no room"),
        ("ncols 4\nnrows 3\n1 2 3 4 5 6 7 8 9 10 11 12", "a.asc"),
    ],
)
def test_an_ascii_grid_that_is_not_whole_is_refused(tmp_path, head, match):
    (tmp_path / "a.asc").write_text(head)
    with pytest.raises(BadSource, match=match):
        read(tmp_path / "a.asc", crs="EPSG:4547")


def test_an_srtm_tile_is_placed_by_its_name_and_its_size(tmp_path):
    path = tmp_path / "N40E113.hgt"
    path.write_bytes(np.full((1201, 1201), 1040, ">i2").tobytes())
    raster = read(path)
    assert (raster.crs, raster.width, raster.nodata) == ("EPSG:4326", 1201, -32768)
    assert raster.bounds == pytest.approx((113 - 1 / 2400, 40 - 1 / 2400, 114 + 1 / 2400, 41 + 1 / 2400))
    path.rename(tmp_path / "datong.hgt")
    with pytest.raises(BadSource, match=r"datong\.hgt: its name is all that places it"):
        read(tmp_path / "datong.hgt")
    (tmp_path / "N40E113.hgt").write_bytes(bytes(1000))
    with pytest.raises(BadSource, match=r"1,000 bytes; expected 1201 or 3601"):
        read(tmp_path / "N40E113.hgt")


def hollow(width: int, height: int, rows: int) -> bytes:
    """A little-endian TIFF of gray bytes: a directory that declares an image, and nothing behind it."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 200), (277, 3, 1)]
    tags += [(278, 4, rows), (279, 4, width * min(rows, height) % 2**32)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4 + 800)


@pytest.mark.parametrize("shape", [(100_000, 100_000, 100_000), (100_000, 100_000, 1), (30_000, 10_000, 10_000)])
def test_a_header_that_declares_gigabytes_is_refused_without_taking_them(tmp_path, shape):
    path = tmp_path / "hollow.tif"
    path.write_bytes(hollow(*shape))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadSource, match=r"hollow\.tif"):
        read(path, crs="EPSG:3857")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_a_world_file_places_a_picture_whose_owner_states_the_frame(tmp_path):
    path = heights(tmp_path / "a.tif", plane(5, 5), crs=None, transform=None)
    (tmp_path / "a.tfw").write_text(f"2.0\n0.0\n0.0\n-2.0\n{WEST + 1}\n{NORTH - 1}\n")
    assert read(path, crs="EPSG:4547").bounds == (WEST, NORTH - 10, WEST + 10, NORTH)
    with pytest.raises(MissingCrs):
        read(path)


def test_rational_polynomials_alone_place_nothing(tmp_path):
    path = heights(tmp_path / "a.tif", plane(5, 5), crs=None, transform=None)
    ones = [1.0] * 20
    with rasterio.open(path, "r+") as dataset:
        dataset.rpcs = RPC(0, 1, 40, 1, ones, ones, 0, 1, 113, 1, ones, ones, 0, 1)
    with pytest.raises(BadSource, match="only rational polynomials"):
        read(path, control_points="warp")


def test_units_of_heights_are_told_and_strange_ones_refused(tmp_path):
    path = heights(tmp_path / "a.tif", plane(5, 5), crs="EPSG:2263+6360", west=980_000, north=200_000)
    assert read(path).unit_m == pytest.approx(1200 / 3937)
    assert read(path).vertical == "EPSG:6360"
    with rasterio.open(path, "r+") as dataset:
        dataset.units = ("fathom",)
    with pytest.raises(BadSource, match="its heights are in 'fathom'"):
        read(path)


def test_control_points_of_a_known_map_are_fitted_and_their_number_decides_the_order():
    rng = np.random.default_rng(4)
    for count, order in ((3, 1), (6, 1), (7, 2), (20, 2)):
        image = rng.uniform(0, 1000, (count, 2))
        ground = image @ np.array([[1.9, 0.3], [0.3, -1.9]]) + [WEST, NORTH]
        found = fit(image, ground, (1000, 1000))
        assert found.order == order
        assert np.abs(found.image(ground) - image).max() < 1e-6
        assert found.pixel_m == pytest.approx(np.hypot(1.9, 0.3), rel=1e-6)
        assert (found.error_m is None) == (count == 3)
    with pytest.raises(BadSource, match="on one line"):
        fit(np.array([[0.0, 0], [1, 1], [2, 2]]), np.array([[0.0, 0], [1, 1], [2, 2]]), (9, 9))
    with pytest.raises(BadSource, match="at least 3"):
        fit(np.zeros((2, 2)), np.zeros((2, 2)), (9, 9))


def test_control_points_on_a_line_of_the_image_alone_are_refused_too():
    image, ground = np.array([[0.0, 0], [50, 50], [100, 100]]), np.array([[0.0, 0], [500, 500], [1000, 900]])
    with pytest.raises(BadSource, match="on one line"):
        fit(image, ground, (100, 100))


def test_control_points_that_would_make_a_giant_of_an_image_are_refused(tmp_path):
    path = heights(tmp_path / "a.tif", plane(100, 100), crs=None, transform=None)
    with rasterio.open(path, "r+") as dataset:
        near = [(0, 0, 0, 0), (50.1, 50, 500, 500), (100, 100, 1000, 1000.01)]
        points = [GroundControlPoint(r, c, WEST + x, NORTH - y) for c, r, x, y in near]
        dataset.gcps = (points, rasterio.crs.CRS.from_epsg(4547))
    with pytest.raises(BadSource, match=r"would make [\d,]+ x [\d,]+ pixels of its 100 x 100"):
        of(read(path, control_points="warp"), "EPSG:4547")


def test_the_error_of_noisy_control_points_is_that_of_the_noise():
    rng = np.random.default_rng(8)
    image = rng.uniform(0, 1000, (400, 2))
    ground = image * [2.0, -2.0] + [WEST, NORTH]
    found = fit(image + rng.normal(0, 0.5, image.shape), ground, (1000, 1000))
    assert found.error_m == pytest.approx(2.0 * 0.5 * np.sqrt(2), rel=0.1)


def test_sheets_are_grouped_by_fineness_and_the_grid_is_that_of_the_finest(tmp_path):
    a = read(heights(tmp_path / "a.tif", plane(10, 10)))
    b = read(heights(tmp_path / "b.tif", plane(12, 12, 8.0, WEST - 100), 8.0, WEST - 100))
    c = read(heights(tmp_path / "c.tif", plane(10, 10, 30.0), 30.0))
    groups = fineness([a, b, c])
    assert [[Path(s.location).stem for s in group] for group in groups] == [["a", "b"], ["c"]]
    grid = grid_of(groups[0])
    assert (grid.transform.a, grid.transform.c, grid.transform.f) == (8.0, WEST - 104 + 4, NORTH)
    assert (grid.width, grid.height) == (25, 13)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_spoilt_rasters_are_refused_or_read_and_never_more(tmp_path):
    rng = np.random.default_rng(11)
    (tmp_path / "in").mkdir()
    tiles = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    values = plane(40, 40)
    whole = {
        "deflate.tif": heights(tmp_path / "1.tif", values, compress="deflate", **tiles),
        "lzw.tif": heights(tmp_path / "2.tif", values.astype("uint8"), compress="lzw"),
        "jpeg.tif": heights(tmp_path / "3.tif", values.astype("uint8"), compress="jpeg", **tiles),
        "big.tif": heights(tmp_path / "4.tif", values, bigtiff="yes", compress="zstd"),
    }
    (tmp_path / "a.asc").write_text(ASC + "1 2 3 4\n5 6 7 8\n9 10 11 12.25\n")
    whole["a.asc"] = tmp_path / "a.asc"
    outcome = {"read": 0, "refused": 0}
    for name, file in whole.items():
        data = file.read_bytes()
        for round_ in range(150):
            spoilt = bytearray(data)
            for _ in range(int(rng.integers(1, 6))):  # most of them in the head, where the sizes stand
                at = int(rng.integers(0, min(len(data), 400 if round_ % 2 else len(data))))
                spoilt[at] = int(rng.integers(0, 256))
            if round_ % 5 == 0:
                del spoilt[int(rng.integers(1, len(spoilt))) :]
            path = tmp_path / "in" / name
            path.write_bytes(spoilt)
            try:
                read(path, crs="EPSG:4547")
                outcome["read"] += 1
            except BadInput as error:
                assert name in str(error)
                outcome["refused"] += 1
    assert min(outcome.values()) > 50


def test_of_sizes_that_a_grid_says_twice_those_are_held_against_it_that_are_read(tmp_path):
    path = tmp_path / "twice.asc"
    head = "ncols 300000\nnrows 300000\nxllcorner 436000\nyllcorner 4440000\ncellsize 1\n"
    path.write_text(f"{head}ncols 3\nnrows 3\n" + "1 2 3\n" * 3)
    with rasterio.open(path, driver="AAIGrid") as dataset:
        assert dataset.shape == (300_000, 300_000)
    with pytest.raises(BadSource, match=r"declares 300000 x 300000 numbers"):
        read(path, crs="EPSG:4547")
