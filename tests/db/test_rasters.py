"""Rasters through the pipeline: sheets put together, other formats and units, what is told of them, and what is shown."""

import io
import itertools
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp

from cim import crs as frames
from cim.errors import BadInput, BadSource
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import catalogue, dem
from cim.store.geoid import open_geoid
from cim.types import silent
from loaders import pipeline
from loaders.rollback import rollback
from tests.raster_files import NORTH, WEST, colours, heights, plane, tilted
from tilesets import products
from tilesets.imagery.layer import ImageryLayer

pytestmark = pytest.mark.db


def load(database, city, path, layer, folder, name=None, **stated):
    source = Source(str(path), layer, **stated)
    clock = itertools.count().__next__
    geoid = open_geoid(city)
    named = NamedSource(name or layer, source)
    return pipeline.load(database, named, Path(path), city, silent, clock, geoid=geoid, data=folder)


def refresh(database, city, folder, *only):
    products.refresh(database, city, folder, silent, lambda title: nullcontext(), only)


def ground(database, x, y, layer="dem"):
    lonlat = frames.transform(np.column_stack([x, y]), "EPSG:4547", frames.LONLAT)
    with database.begin() as connection:
        return dem.heights(connection, lonlat, layer)


def shown(folder, layer, lon, lat, zoom):
    """The pixel of a layer over a place, RGBA."""
    held = ImageryLayer.open(folder / "imagery" / layer)
    x, y = frames.transform(np.array([[lon, lat]]), frames.LONLAT, frames.WEB_MERCATOR)[0]
    side = 2 * np.pi * 6378137.0
    across, down = (x / side + 0.5) * 2**zoom * 256, (0.5 - y / side) * 2**zoom * 256
    tile = held.tile(zoom, int(across // 256), int(down // 256))
    picture = Image.open(io.BytesIO(tile.data)).convert("RGBA")
    return picture.getpixel((int(across % 256), int(down % 256)))


def test_sheets_of_several_frames_units_and_formats_are_one_ground(database, city, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    heights(folder / "a.tif", plane(60, 50), nodata=-9999)
    heights(folder / "b.tif", plane(60, 50, west=WEST + 500), west=WEST + 500)
    feet = plane(60, 100, north=NORTH - 600) / np.float32(0.3048)
    path = heights(folder / "c.tif", feet, north=NORTH - 600)
    with rasterio.open(path, "r+") as dataset:
        dataset.units = ("ft",)
    rows = "\n".join(" ".join(f"{v:.3f}" for v in row) for row in plane(40, 100, north=NORTH - 1200))
    head = f"ncols 100\nnrows 40\nxllcorner {WEST}\nyllcorner {NORTH - 1600}\ncellsize 10\nNODATA_value -9999\n"
    (folder / "d.asc").write_text(head + rows)
    report = load(database, city, folder / "*", "dem", tmp_path, crs="EPSG:4547")
    assert (report.read, report.accepted, report.repaired) == (4, 4, 1)
    assert report.codes == {"height_unit": 1}
    rng = np.random.default_rng(3)
    x, y = WEST + rng.uniform(10, 990, 200), NORTH - rng.uniform(10, 1590, 200)
    assert np.abs(ground(database, x, y) - tilted(x, y)).max() < 0.01
    with database.begin() as connection:
        (note,) = [v.raster for v in catalogue.published(connection, layer="dem")]
    assert (note["sheets"], len(note["parts"]), note["width"], note["height"]) == (4, 1, 100, 160)
    assert note["path"].startswith(str(tmp_path / "rasters/dem-"))
    assert load(database, city, folder / "*", "dem", tmp_path, crs="EPSG:4547").unchanged
    Path(note["path"]).unlink()  # what was made of the sheets is made again where it has gone
    assert not load(database, city, folder / "*", "dem", tmp_path, crs="EPSG:4547").unchanged
    assert Path(note["path"]).is_file()


def test_sheets_that_were_put_together_can_be_gone_back_to(database, city, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for height in (1000.0, 1100.0):
        for n in range(2):
            heights(folder / f"{n}.tif", np.full((30, 30), height, "float32"), west=WEST + 300 * n)
        load(database, city, folder / "*.tif", "dem", tmp_path)
    x, y = np.array([WEST + 300.0]), np.array([NORTH - 150.0])  # between the sheets
    assert ground(database, x, y).tolist() == [1100.0]
    rollback(database, "dem")
    assert ground(database, x, y).tolist() == [1000.0]


def test_a_finer_sheet_lies_over_a_coarser_one_and_the_coarser_is_kept_apart(database, city, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    heights(folder / "a_fine.tif", np.full((100, 100), 1200.0, "float32"), pixel=2.0)
    heights(folder / "b_coarse.tif", np.full((50, 50), 1000.0, "float32"), pixel=30.0)
    load(database, city, folder / "*.tif", "dem", tmp_path)
    x, y = np.array([WEST + 100, WEST + 600]), np.array([NORTH - 100, NORTH - 600])
    assert ground(database, x, y).tolist() == [1200.0, 1000.0]
    with database.begin() as connection:
        (note,) = [v.raster for v in catalogue.published(connection, layer="dem")]
    assert [round(part["pixel_m"]) for part in note["parts"]] == [2, 30]
    refresh(database, city, tmp_path, "terrain")


def test_ellipsoidal_heights_come_down_by_the_geoid(database, city, tmp_path):
    path = heights(tmp_path / "a.tif", plane(40, 40))
    report = load(database, city, path, "dem", tmp_path, heights="ellipsoidal")
    assert report.codes == {"ellipsoidal_heights": 1}
    x, y = np.array([WEST + 203.0, WEST + 311.0]), np.array([NORTH - 150.0, NORTH - 222.0])
    lonlat = frames.transform(np.column_stack([x, y]), "EPSG:4547", frames.LONLAT)
    expected = tilted(x, y) - open_geoid(city).undulation(lonlat)
    assert np.abs(ground(database, x, y) - expected).max() < 0.02
    lonlat_dem = heights(tmp_path / "b.tif", plane(9, 9), crs="EPSG:4979", west=113.2, north=40.1, pixel=0.001)
    with pytest.raises(BadSource, match="says that its heights are ellipsoidal"):
        load(database, city, lonlat_dem, "dem", tmp_path, name="other")


def test_voids_and_spikes_are_told_with_their_place(database, city, tmp_path):
    values = plane(60, 60)
    values[20, 30] += 500.0
    values[40:43, 10:12] = -9999.0
    values[5, 5] = -32000.0
    path = heights(tmp_path / "a.tif", values, nodata=-9999.0)
    report = load(database, city, path, "dem", tmp_path)
    assert report.codes == {"dem_spike": 2, "dem_void": 1, "dem_void_undeclared": 1}  # the sum, and the one spike
    found = {issue.code: issue for issue in report.issues}
    assert found["dem_spike"].message.endswith("m at column 31, row 21")
    assert found["dem_void"].message.startswith("6 pixels")
    spike = frames.transform(np.array([found["dem_spike"].at]), frames.LONLAT, "EPSG:4547")[0]
    assert np.abs(spike - [WEST + 305.0, NORTH - 205.0]).max() < 0.1


def scan(path, shift=0.0, count=9):
    """A picture of colour squares that only control points place: turned by 10 degrees in the city frame."""
    turn = np.radians(10.0)
    at = [(float(c), float(r)) for c in (10, 100, 190) for r in (10, 100, 190)][:count]
    points = []
    for n, (c, r) in enumerate(at):
        x = WEST + 2 * (c * np.cos(turn) + r * np.sin(turn)) + (shift if n == 4 else 0.0)
        y = NORTH + 2 * (c * np.sin(turn) - r * np.cos(turn))
        points.append(GroundControlPoint(r, c, x, y))
    values = np.zeros((3, 200, 200), "uint8")
    values[0, :100], values[1, 100:] = 220, 180
    colours(path, values, transform=rasterio.Affine.identity(), crs=None)
    with rasterio.open(path, "r+") as dataset:
        dataset.gcps = (points, rasterio.crs.CRS.from_epsg(4547))
    return path


def test_a_scan_by_control_points_is_warped_where_its_owner_wants_it(database, city, tmp_path):
    path = scan(tmp_path / "scan.tif")
    with pytest.raises(BadSource, match='only 9 ground control points.*control_points = "warp"'):
        load(database, city, path, "orthophoto", tmp_path)
    report = load(database, city, path, "orthophoto", tmp_path, control_points="warp")
    assert report.issues[0].message == "9 control points, polynomial of order 2: standard error 0.00 m"
    refresh(database, city, tmp_path, "imagery")
    turn = np.radians(10.0)
    for row, colour in ((50, (220, 0, 0, 255)), (150, (0, 180, 0, 255))):
        x = WEST + 2 * (100 * np.cos(turn) + row * np.sin(turn))
        y = NORTH + 2 * (100 * np.sin(turn) - row * np.cos(turn))
        lon, lat = frames.transform(np.array([[x, y]]), "EPSG:4547", frames.LONLAT)[0]
        pixel = shown(tmp_path, "orthophoto", lon, lat, 16)
        assert np.abs(np.subtract(pixel, colour)).max() <= 8
    with pytest.raises(BadSource, match=r"contradict each other: standard error .* furthest off: column 100 row 100"):
        load(database, city, scan(tmp_path / "bad.tif", 90.0), "orthophoto", tmp_path, control_points="warp")


def test_deep_pictures_are_stretched_alike_and_near_infrared_is_not_shown(database, city, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(2):
        values = np.zeros((4, 100, 100), "uint16")
        values[0], values[1], values[2], values[3] = 400 + 1000 * n, 900, 1400, 60000
        path = colours(folder / f"{n}.tif", values, west=WEST + 1000 * n, photometric="rgb")
        with rasterio.open(path, "r+") as dataset:
            dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
    report = load(database, city, folder / "*.tif", "orthophoto", tmp_path)
    assert report.codes == {"band_not_shown": 2, "values_stretched": 1}
    assert "400 to 1400" in next(i.message for i in report.issues if i.code == "values_stretched")
    refresh(database, city, tmp_path, "imagery")
    lonlat = frames.transform(
        np.array([[WEST + 500.0, NORTH - 500.0], [WEST + 1500.0, NORTH - 500.0]]), "EPSG:4547", frames.LONLAT
    )
    left, right = (shown(tmp_path, "orthophoto", *place, 13) for place in lonlat)
    assert np.abs(np.subtract(left, (0, 128, 255, 255))).max() <= 4
    assert np.abs(np.subtract(right, (255, 128, 255, 255))).max() <= 4
    load(database, city, folder / "*.tif", "orthophoto", tmp_path, stretch=(0.0, 2550.0))
    refresh(database, city, tmp_path, "imagery")
    assert np.abs(np.subtract(shown(tmp_path, "orthophoto", *lonlat[0], 13), (40, 90, 140, 255))).max() <= 4


def test_of_two_sheets_the_later_lies_on_top_and_its_voids_show_the_earlier(database, city, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    below, above = np.full((3, 100, 100), 90, "uint8"), np.full((3, 100, 100), 200, "uint8")
    above[:, 60:] = 0
    colours(folder / "1.tif", below)
    colours(folder / "2.tif", above, nodata=0)
    palette = np.where(np.arange(100)[None, None, :] < 50, 1, 2).astype("uint8") * np.ones((1, 100, 1), "uint8")
    path = colours(folder / "3.tif", palette, west=WEST + 1000)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (250, 10, 10, 255), 2: (10, 10, 250, 255)})
    report = load(database, city, folder / "*.tif", "orthophoto", tmp_path)
    assert report.codes == {"palette_expanded": 1}
    refresh(database, city, tmp_path, "imagery")
    for x, y, colour in (
        (500.0, 300.0, (200, 200, 200)),
        (500.0, 800.0, (90, 90, 90)),
        (1200.0, 500.0, (250, 10, 10)),
        (1800.0, 500.0, (10, 10, 250)),
    ):
        lon, lat = frames.transform(np.array([[WEST + x, NORTH - y]]), "EPSG:4547", frames.LONLAT)[0]
        assert np.abs(np.subtract(shown(tmp_path, "orthophoto", lon, lat, 13)[:3], colour)).max() <= 10, (x, y)


def test_what_is_no_ground_or_no_picture_is_refused_by_name(database, city, tmp_path):
    three = colours(tmp_path / "rgb.tif", np.zeros((3, 9, 9), "uint8"))
    with pytest.raises(BadSource, match=r"rgb\.tif: 3 bands; an elevation model has one"):
        load(database, city, three, "dem", tmp_path)
    (tmp_path / "a.vrt").write_text("<VRTDataset rasterXSize='2' rasterYSize='2'></VRTDataset>")
    with pytest.raises(BadSource, match=r"a\.vrt: a virtual raster only points at other files"):
        load(database, city, tmp_path / "a.vrt", "dem", tmp_path)
    with pytest.raises(BadInput, match="a picture has no heights"):
        load(database, city, three, "orthophoto", tmp_path, heights="ellipsoidal")
    void = heights(tmp_path / "void.tif", np.full((9, 9), -1.0, "float32"), nodata=-1.0)
    with pytest.raises(BadSource, match="every pixel of the elevation model is void"):
        load(database, city, void, "dem", tmp_path)


def test_a_world_file_that_changes_makes_another_version_and_is_missed_when_it_is_not_the_one_loaded(
    database, city, tmp_path
):
    path = colours(tmp_path / "a.tif", np.full((3, 20, 20), 90, "uint8"), crs=None, transform=None)
    world = tmp_path / "a.tfw"
    world.write_text(f"10\n0\n0\n-10\n{WEST + 5}\n{NORTH - 5}\n")
    first = load(database, city, path, "orthophoto", tmp_path, crs="EPSG:4547")
    assert load(database, city, path, "orthophoto", tmp_path, crs="EPSG:4547").unchanged
    world.write_text(f"10\n0\n0\n-10\n{WEST + 105}\n{NORTH - 5}\n")
    with pytest.raises(BadSource, match="changed since it was loaded"):
        refresh(database, city, tmp_path, "imagery")
    assert not load(database, city, path, "orthophoto", tmp_path, crs="EPSG:4547").unchanged
    with pytest.raises(BadInput, match="is not the file that version"):
        rollback(database, "orthophoto", first.version)
