"""GeoTIFF sources: what is read, and what is refused before anyone relies on it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.transform import from_origin

from cim.errors import BadSource, MissingCrs
from cim.plugins import Raster, Source
from loaders.sources.geotiff import SOURCE

RNG = np.random.default_rng(7)


def write(path: Path, size: int = 300, **profile: Any) -> Path:
    options: dict[str, Any] = {
        "driver": "GTiff",
        "width": size,
        "height": size,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4547",
        "transform": from_origin(430_000, 4_446_000, 10, 10),
        "nodata": -9999,
        "tiled": True,
        "blockxsize": 128,
        "blockysize": 128,
    } | profile
    with rasterio.open(path, "w", **options) as dataset:
        for band in range(1, options["count"] + 1):
            dataset.write(RNG.uniform(0, 200, (size, size)).astype(options["dtype"]), band)
    return path


def read(path: Path, crs: str | None = None) -> Raster:
    (raster,) = SOURCE.read(Source(str(path), "dem", crs=crs))
    return raster


def test_a_dem_is_described_as_it_is(tmp_path: Path) -> None:
    raster = read(write(tmp_path / "dem.tif"))
    assert raster.crs == "EPSG:4547"
    assert raster.bounds == (430_000, 4_443_000, 433_000, 4_446_000)
    assert (raster.width, raster.height, raster.bands, raster.dtype, raster.nodata) == (300, 300, 1, "float32", -9999)
    assert raster.pixel_m == pytest.approx(10.0, rel=2e-4)


def test_a_compound_crs_is_accepted_for_its_horizontal_part(tmp_path: Path) -> None:
    assert read(write(tmp_path / "dem.tif", crs="EPSG:4547+5737")).crs == "EPSG:4547"


def test_degrees_give_a_ground_size_in_metres(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", crs="EPSG:4326", transform=from_origin(113.0, 40.1, 0.001, 0.001))
    assert read(path).pixel_m == pytest.approx(np.sqrt(111.0 * 85.4), rel=0.01)


@pytest.mark.parametrize("share", [0.25, 0.6, 0.97])
@pytest.mark.parametrize("compress", ["deflate", None])
def test_a_truncated_file_is_refused_with_file_and_block(tmp_path: Path, share: float, compress: str | None) -> None:
    path = write(tmp_path / "dem.tif", compress=compress)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadSource, match=r"dem\.tif: band 1, block column \d, row \d"):
        read(path)


def test_damage_in_the_middle_names_the_block_it_hit(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", compress="deflate")
    data = bytearray(path.read_bytes())
    with rasterio.open(path) as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_1_2", "TIFF", bidx=1))
    data[start : start + 64] = b"\xff" * 64
    path.write_bytes(data)
    with pytest.raises(BadSource, match="block column 1, row 2"):
        read(path)


def test_a_head_without_a_body_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    path.write_bytes(b"II*\x00" + bytes(4))
    with pytest.raises(BadSource, match=r"dem\.tif"):
        read(path)


def test_a_missing_crs_is_refused_with_likely_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", crs=None)
    with pytest.raises(MissingCrs, match=r"dem\.tif: states no CRS.*EPSG:4547"):
        read(path)
    assert read(path, crs="EPSG:4547").crs == "EPSG:4547"


def test_an_owner_who_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="EPSG:4547.*EPSG:4548"):
        read(write(tmp_path / "dem.tif"), crs="EPSG:4548")


def test_an_old_datum_is_refused_by_the_files_name(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"dem\.tif.*Xian 80"):
        read(write(tmp_path / "dem.tif", crs="EPSG:2383"))


def test_a_raster_placed_by_control_points_only_is_refused(tmp_path: Path) -> None:
    points = [GroundControlPoint(r, c, 113 + c / 1e4, 40 - r / 1e4) for r in (0, 300) for c in (0, 300)]
    path = write(tmp_path / "scan.tif", transform=rasterio.Affine.identity(), crs=None)
    with rasterio.open(path, "r+") as dataset:
        dataset.gcps = (points, rasterio.crs.CRS.from_epsg(4326))
    with pytest.raises(BadSource, match=r"only 4 ground control points.*warp"):
        read(path)


def test_coordinates_that_cannot_lie_in_the_crs_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", crs="EPSG:4326")
    with pytest.raises(BadSource, match="do not lie in EPSG:4326"):
        read(path)


def test_the_format_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    head = write(tmp_path / "dem.tif").read_bytes()[:64]
    assert SOURCE.sniff(head, "whatever")
    assert not SOURCE.sniff(b"\x89PNG\r\n\x1a\n", "dem.tif")


@pytest.mark.parametrize(
    ("file", "crs", "pixel_m"),
    [
        ("dem/datong_relief_approx_3857.tif", "EPSG:3857", 399.0),
        ("dem/datong_itu_p1511_topo_5min.tif", "EPSG:4326", 8114.0),
        ("ortho/RGB.byte.tif", "EPSG:32618", 299.9),
    ],
)
def test_real_rasters_are_read(shared: Path, file: str, crs: str, pixel_m: float) -> None:
    raster = read(shared / file)
    assert raster.crs == crs
    assert raster.pixel_m == pytest.approx(pixel_m, rel=1e-3)


_ELSEWHERE = (
    '<VRTDataset rasterXSize="150" rasterYSize="150"><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
    '<SourceFilename relativeToVRT="0">{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
)


@pytest.mark.parametrize("way", ["within", "aux", ".ovr", ".msk", ".OVR", "overviews of its overviews"])
def test_a_raster_that_shows_the_pixels_of_another_file_is_refused(tmp_path: Path, way: str) -> None:
    (tmp_path / "others").mkdir()
    other = write(tmp_path / "others" / "secret.tif", 150)
    path = write(tmp_path / "dem.tif")
    if way == "within":
        with rasterio.open(path, "r+") as dataset:
            dataset.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(other))
    elif way == "aux":
        tag = f'<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{other}</MDI></Metadata>'
        path.with_name("dem.tif.aux.xml").write_text(f"<PAMDataset>{tag}</PAMDataset>")
    elif way.startswith("."):
        path.with_name(f"dem.tif{way}").write_text(_ELSEWHERE.format(other))
    else:
        write(tmp_path / "dem.tif.ovr", 150)
        (tmp_path / "dem.tif.ovr.ovr").write_text(_ELSEWHERE.format(other))
    with pytest.raises(BadSource, match=r"secret\.tif|beside it is no TIFF"):
        read(path)


def test_overviews_beside_a_raster_are_let_in(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif")
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2])
    assert (tmp_path / "dem.tif.ovr").is_file()
    assert read(path).width == 300
