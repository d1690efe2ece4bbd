"""The served orthophoto in the city frame: right place, the sharpest sheet uppermost, nothing where nothing is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from cim.errors import BadSource
from cim.types import Box
from tilesets.imagery.layer import build_imagery
from tilesets.imagery.mosaic import Picture
from tilesets.imagery.photo import ServedPhoto, version

pytestmark = pytest.mark.long

CRS = "EPSG:4547"
WEST, NORTH = 439_800.0, 4_439_900.0
SQUARE_M = 32.0


def squares(path: Path, pixel_m: float, size: int, *, west: float = WEST, light: int = 0) -> Path:
    """Squares of 32 m in four colours, in the city frame."""
    x = west + (np.arange(size) + 0.5) * pixel_m
    y = NORTH - (np.arange(size) + 0.5) * pixel_m
    options: dict[str, Any] = {"driver": "GTiff", "width": size, "height": size, "count": 3, "dtype": "uint8"}
    place = {"crs": CRS, "transform": from_origin(west, NORTH, pixel_m, pixel_m)}
    with rasterio.open(path, "w", **options, **place) as file:
        for band, values in enumerate(colours(*np.meshgrid(x, y)), 1):
            file.write((values + light).astype(np.uint8), band)
    return path


def colours(x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    column, row = np.floor(x / SQUARE_M) % 2, np.floor(y / SQUARE_M) % 2
    return [60.0 + 100.0 * column, 60.0 + 100.0 * row, np.full(x.shape, 90.0)]


def opened(folder: Path, *pictures: Path) -> ServedPhoto:
    build_imagery([Picture(path) for path in pictures], folder, "orthophoto")
    photo = ServedPhoto.open(folder / "orthophoto", CRS)
    assert photo is not None
    return photo


def test_every_pixel_has_the_colour_of_its_place(tmp_path: Path) -> None:
    photo = opened(tmp_path, squares(tmp_path / "a.tif", 0.5, 600))
    box = Box(WEST + 40.0, NORTH - 200.0, WEST + 240.0, NORTH - 60.0)
    seen, known = photo.crop(box, 0.5, 1.0)
    assert seen.shape == (280, 400, 3)
    assert known.all()
    x, y = np.meshgrid(box.west + 0.25 + np.arange(400) * 0.5, box.north - 0.25 - np.arange(280) * 0.5)
    inner = (np.abs(x % SQUARE_M - 16.0) < 10.0) & (
        np.abs(y % SQUARE_M - 16.0) < 10.0
    )  # JPEG and warping blend the edges
    wanted = np.stack(colours(x, y), axis=-1)
    assert np.abs(seen[inner] - wanted[inner]).max() < 16
    again, _ = photo.crop(box, 0.5, 1.0)
    assert (again == seen).all()


def test_the_sharper_sheet_lies_over_the_coarser_and_too_coarse_ones_are_left_out(tmp_path: Path) -> None:
    sharp = squares(tmp_path / "sharp.tif", 0.5, 200, light=60)
    photo = opened(tmp_path, squares(tmp_path / "wide.tif", 4.0, 100), sharp)
    box = Box(WEST + 40.0, NORTH - 80.0, WEST + 160.0, NORTH - 20.0)
    assert 0.35 < photo.sharpest_m(box) < 0.65
    beside = Box(WEST + 200.0, NORTH - 80.0, WEST + 220.0, NORTH - 20.0)
    assert 2.5 < photo.sharpest_m(beside) < 5.1
    assert photo.sharpest_m(Box(WEST - 900.0, NORTH, WEST - 800.0, NORTH + 10.0)) == np.inf
    seen, known = photo.crop(box, 1.0, 10.0)
    assert known.all()
    blue = seen[..., 2].astype(int)
    assert np.median(blue[:, :50]) > 140
    assert np.median(blue[:, 75:]) < 100
    _, near = photo.crop(box, 1.0, 1.0)
    assert near[:, :50].all()
    assert not near[:, 62:].any()


def test_no_layer_is_no_photo_and_other_pictures_are_another_version(tmp_path: Path) -> None:
    place = tmp_path / "orthophoto"
    assert (ServedPhoto.open(place, CRS), version(place)) == (None, None)
    opened(tmp_path, squares(tmp_path / "a.tif", 0.5, 64))
    first = version(place)
    opened(tmp_path, squares(tmp_path / "b.tif", 0.5, 64, light=20))
    assert first is not None
    assert version(place) not in (None, first)
    (place / "layer.json").write_text("{")
    with pytest.raises(BadSource):
        ServedPhoto.open(place, CRS)
