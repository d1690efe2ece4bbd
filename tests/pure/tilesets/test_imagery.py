"""Imagery layers: what a tile shows, which picture wins, what is refused, and reading from many threads."""

import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from cim import crs as frames
from cim.errors import BadInput, BadSource, MissingCrs, Unavailable, Unknown
from tilesets.imagery.cog import zoom_for
from tilesets.imagery.layer import JPEG, PNG, ImageryLayer, build_imagery
from tilesets.imagery.mosaic import Picture
from tilesets.imagery.relief import build_reliefs
from tilesets.imagery.steepness import STEEPNESS
from tilesets.terrain.dem import DemSource

pytestmark = pytest.mark.long

GREEN, RED = (30, 160, 40), (200, 40, 30)
WEST, NORTH = 430_000.0, 4_446_000.0


def picture(path: Path, colour: tuple[int, ...], pixel: float, size: int, **profile: Any) -> Path:
    """One colour over size x size pixels about the middle of a 12.8 km square."""
    corner = 6400 - pixel * size / 2
    options: dict[str, Any] = {
        "driver": "GTiff",
        "width": size,
        "height": size,
        "count": len(colour),
        "dtype": "uint8",
        "crs": "EPSG:4547",
        "transform": from_origin(WEST + corner, NORTH - corner, pixel, pixel),
    } | profile
    with rasterio.open(path, "w", **options) as dataset:
        for band, value in enumerate(colour, 1):
            dataset.write(np.full((size, size), value, options["dtype"]), band)
    return path


def tile_at(x: float, y: float, zoom: int) -> tuple[int, int, int, int, int]:
    """The tile and the pixel in it that show a place of the city frame."""
    lon, lat = frames.transform(np.array([[x, y]]), "EPSG:4547", frames.LONLAT)[0]
    across = (lon + 180) / 360 * 2**zoom * 256
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom * 256
    return zoom, int(across // 256), int(down // 256), int(across % 256), int(down % 256)


def colour_at(layer: ImageryLayer, x: float, y: float, zoom: int) -> tuple[int, ...]:
    z, column, row, i, j = tile_at(x, y, zoom)
    shown = Image.open(io.BytesIO(layer.tile(z, column, row).data)).convert("RGBA").getpixel((i, j))
    assert isinstance(shown, tuple)
    return shown


def near(shown: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(shown[:3], colour, strict=True)) <= 6 and shown[3] == 255


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> ImageryLayer:
    folder = tmp_path_factory.mktemp("imagery")
    coarse = picture(folder / "coarse.tif", GREEN, 50.0, 256)
    fine = picture(folder / "fine.tif", RED, 2.0, 512)
    build_imagery([Picture(coarse), Picture(fine)], folder, "orthophoto", title="正射影像", title_en="Orthophoto")
    return ImageryLayer.open(folder / "orthophoto")


def test_a_layer_says_what_it_is(layer: ImageryLayer) -> None:
    assert (layer.name, layer.title, layer.title_en, layer.minzoom) == ("orthophoto", "正射影像", "Orthophoto", 0)
    assert layer.maxzoom == zoom_for(2.0, 40.1) == 16
    west, south, east, north = layer.bbox
    corner = frames.transform(np.array([[WEST, NORTH]]), "EPSG:4547", frames.LONLAT)[0]
    assert abs(west - corner[0]) < 0.002
    assert abs(north - corner[1]) < 0.002
    assert west < east < west + 0.2
    assert south < north


def test_the_sharper_picture_wins_where_it_lies_and_the_coarser_fills_the_rest(layer: ImageryLayer) -> None:
    middle = (WEST + 6400, NORTH - 6400)
    assert near(colour_at(layer, *middle, 16), RED)
    assert near(colour_at(layer, *middle, 14), RED)
    assert near(colour_at(layer, middle[0] + 300, middle[1] - 400, 16), RED)
    assert near(colour_at(layer, middle[0] + 600, middle[1], 16), GREEN)
    assert near(colour_at(layer, WEST + 1000, NORTH - 1000, 16), GREEN)
    assert near(colour_at(layer, *middle, 9), GREEN)  # sharp enough from the coarse one alone


def test_no_dark_rim_shows_where_the_sharper_picture_ends(layer: ImageryLayer) -> None:
    for offset in np.arange(-520.0, -500.0, 1.0):
        assert min(colour_at(layer, WEST + 6400 + offset, NORTH - 6400, 16)[:2]) > 15


def test_outside_every_picture_the_tile_is_transparent(layer: ImageryLayer) -> None:
    far = layer.tile(10, 0, 0)
    assert far.media_type == PNG
    assert Image.open(io.BytesIO(far.data)).convert("RGBA").getextrema()[3] == (0, 0)
    assert colour_at(layer, WEST - 2000, NORTH, 12)[3] == 0


def test_a_covered_tile_is_jpeg_and_a_tile_over_the_edge_png(layer: ImageryLayer) -> None:
    assert layer.tile(*tile_at(WEST + 6400, NORTH - 6400, 16)[:3]).media_type == JPEG
    assert layer.tile(*tile_at(WEST, NORTH, 12)[:3]).media_type == PNG


@pytest.mark.parametrize("place", [(17, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_tiles_that_do_not_exist_are_unknown(layer: ImageryLayer, place: tuple[int, int, int]) -> None:
    with pytest.raises(Unknown, match="zooms 0 to 16"):
        layer.tile(*place)


def test_many_threads_read_the_same_bytes(layer: ImageryLayer) -> None:
    place = tile_at(WEST + 5900, NORTH - 6400, 15)[:3]
    once = layer.tile(*place).data
    with ThreadPoolExecutor(6) as pool:
        assert {tile.data for tile in pool.map(lambda _: layer.tile(*place), range(60))} == {once}


def test_a_rebuilt_layer_is_picked_up_and_an_unchanged_one_not_rebuilt(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.tif", GREEN, 50.0, 128)
    first = build_imagery([Picture(file)], tmp_path, "o", fingerprint="1")
    layer = ImageryLayer.open(tmp_path / "o")
    middle = (WEST + 6400, NORTH - 6400)
    assert near(colour_at(layer, *middle, 10), GREEN)
    assert build_imagery([Picture(file)], tmp_path, "o", fingerprint="1").unchanged
    picture(file, RED, 50.0, 128)
    second = build_imagery([Picture(file)], tmp_path, "o", fingerprint="2")
    assert second.version != first.version
    assert near(colour_at(layer, *middle, 10), RED)


def test_nodata_alpha_gray_and_infrared_are_understood(tmp_path: Path) -> None:
    west = WEST + 6400 - 1200
    cases = {
        "nodata": picture(tmp_path / "n.tif", (0, 0, 0), 50.0, 64, nodata=0),
        "gray": picture(tmp_path / "g.tif", (90,), 50.0, 64),
        "infrared": picture(tmp_path / "i.tif", (*RED, 7), 50.0, 64, alpha="unspecified", photometric="RGB"),
    }
    with rasterio.open(cases["nodata"], "r+") as dataset:
        half = np.zeros((64, 64), np.uint8)
        half[:, 32:] = 120
        for band in (1, 2, 3):
            dataset.write(half, band)
    shown = {}
    for name, file in cases.items():
        build_imagery([Picture(file)], tmp_path, name)
        shown[name] = ImageryLayer.open(tmp_path / name)
    assert colour_at(shown["nodata"], west, NORTH - 6400, 11)[3] == 0
    assert near(colour_at(shown["nodata"], west + 2200, NORTH - 6400, 11), (120, 120, 120))
    assert near(colour_at(shown["gray"], west, NORTH - 6400, 11), (90, 90, 90))
    assert near(colour_at(shown["infrared"], west, NORTH - 6400, 11), RED)


def test_pictures_that_cannot_be_shown_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    deep = picture(tmp_path / "deep.tif", (900,), 50.0, 16, dtype="uint16")
    nowhere = picture(tmp_path / "nowhere.tif", GREEN, 50.0, 16, crs=None)
    with pytest.raises(BadSource, match=r"deep\.tif: uint16"):
        build_imagery([Picture(deep)], tmp_path / "out", "o")
    with pytest.raises(MissingCrs, match=r"nowhere\.tif"):
        build_imagery([Picture(nowhere)], tmp_path / "out", "o")
    with pytest.raises(BadSource, match=r"absent\.tif"):
        build_imagery([Picture(tmp_path / "absent.tif")], tmp_path / "out", "o")
    blocks = {"tiled": True, "blockxsize": 64, "blockysize": 64}
    damaged = picture(tmp_path / "damaged.tif", GREEN, 50.0, 256, compress="deflate", **blocks)
    data = bytearray(damaged.read_bytes())
    with rasterio.open(damaged) as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
    data[start : start + 16] = b"\xff" * 16
    damaged.write_bytes(data)
    with pytest.raises(BadSource, match=r"damaged\.tif"):
        build_imagery([Picture(damaged)], tmp_path / "out", "o")
    with pytest.raises(BadInput, match="no picture"):
        build_imagery([], tmp_path / "out", "o")
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(Unavailable, match="no imagery is built"):
        ImageryLayer.open(tmp_path / "out" / "o")
    build_imagery([Picture(nowhere, crs="EPSG:4547")], tmp_path / "out", "o")
    assert near(colour_at(ImageryLayer.open(tmp_path / "out" / "o"), WEST + 6400, NORTH - 6400, 11), GREEN)


def test_hillshade_is_bright_towards_the_light_and_slopes_have_the_colour_of_their_degrees(tmp_path: Path) -> None:
    x, y = np.meshgrid(np.arange(200) * 50.0, np.arange(200) * 50.0)
    ridge = 1500 - np.abs(x + y - 10_000) * 0.3  # runs from south-west to north-east
    with rasterio.open(
        tmp_path / "dem.tif",
        "w",
        driver="GTiff",
        width=200,
        height=200,
        count=1,
        dtype="float32",
        crs="EPSG:4547",
        transform=from_origin(WEST, NORTH, 50, 50),
    ) as dataset:
        dataset.write(ridge.astype(np.float32), 1)
    build_reliefs([DemSource(tmp_path / "dem.tif")], tmp_path)
    layer = ImageryLayer.open(tmp_path / "hillshade")
    slope = 0.3 * np.sqrt(2)
    lit = 1 + 254 * (np.sin(np.pi / 4) + slope * np.cos(np.pi / 4)) / np.sqrt(1 + slope**2)
    dark = 1 + 254 * (np.sin(np.pi / 4) - slope * np.cos(np.pi / 4)) / np.sqrt(1 + slope**2)
    assert colour_at(layer, WEST + 3000, NORTH - 3000, layer.maxzoom)[0] == pytest.approx(lit, abs=4)
    assert colour_at(layer, WEST + 7000, NORTH - 7000, layer.maxzoom)[0] == pytest.approx(dark, abs=4)
    assert colour_at(layer, WEST - 3000, NORTH - 3000, layer.maxzoom)[3] == 0
    steep = ImageryLayer.open(tmp_path / "slope")
    at, colours = zip(*STEEPNESS, strict=True)
    degrees = np.degrees(np.arctan(slope))
    expected = [np.interp(degrees, at, [colour[n] for colour in colours]) for n in range(3)]
    assert np.abs(np.subtract(colour_at(steep, WEST + 3000, NORTH - 3000, steep.maxzoom)[:3], expected)).max() <= 4


@pytest.mark.long
def test_a_picture_that_lies_on_the_map_is_not_resampled(tmp_path: Path) -> None:
    west, north = frames.transform(np.array([[WEST, NORTH]]), "EPSG:4547", frames.WEB_MERCATOR)[0]
    place = {"crs": "EPSG:3857", "transform": from_origin(west, north, 7.3, 7.3)}
    plain = picture(tmp_path / "plain.tif", GREEN, 7.3, 600, **place)
    clear = picture(tmp_path / "clear.tif", (*RED, 255), 7.3, 600, photometric="RGB", alpha="yes", **place)
    with rasterio.open(clear, "r+") as dataset:
        alpha = np.full((600, 600), 255, np.uint8)
        alpha[:, 300:] = 0
        dataset.write(alpha, 4)
    for name, file in (("plain", plain), ("clear", clear)):
        build_imagery([Picture(file)], tmp_path, name)
        with rasterio.open(tmp_path / name / "0.tif") as made, rasterio.open(file) as source:
            assert (made.transform, made.shape) == (source.transform, source.shape)
            assert (made.dataset_mask() == source.dataset_mask()).all()
            assert made.overviews(1) == [2, 4]
    left, right = (
        frames.transform(np.array([[west + x, north - 2000]]), frames.WEB_MERCATOR, "EPSG:4547")[0]
        for x in (1000, 3500)
    )
    layer = ImageryLayer.open(tmp_path / "clear")
    assert near(colour_at(layer, *left, layer.maxzoom), RED)
    assert colour_at(layer, *right, layer.maxzoom)[3] == 0
    assert near(colour_at(ImageryLayer.open(tmp_path / "plain"), *right, 12), GREEN)
