"""Orthophotos to measure imagery with, and both programs that make COGs of them, run and then checked."""

import shutil
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform
from rasterio.windows import Window

from tests.bench.ground import Ground
from tests.bench.line import Invalid
from tests.bench.program import timed

SIDE = 18_944
"""So many pixels across: three bands of them are a little over 1 GB."""
_PLACES = {"EPSG:3857": (12_610_000.3, 4_881_000.7, 0.55), "EPSG:4547": (438_000.0, 4_440_000.0, 0.5)}
_BLOCK = 512
_LOSS = 12.0
"""JPEG at quality 85 of a noisy picture may be off by so much in the mean, of 255."""


def kept(files: Path, side: int, crs: str) -> Path:
    """A picture of waves and grain in a frame, uncompressed and tiled as cameras' software leaves them; made once."""
    path = files / f"picture_{side}_{crs[5:]}.tif"
    if path.is_file():
        return path
    part = path.with_suffix(".part.tif")
    west, north, pixel = _PLACES[crs]
    grain = np.random.default_rng(1).integers(0, 40, (_BLOCK, _BLOCK), dtype=np.uint8)
    options = {"driver": "GTiff", "count": 3, "dtype": "uint8", "photometric": "rgb", "tiled": True}
    blocks = {"blockxsize": _BLOCK, "blockysize": _BLOCK, "bigtiff": "if_safer"}
    place = {"crs": crs, "transform": from_origin(west, north, pixel, pixel), "width": side, "height": side}
    with rasterio.open(part, "w", **options, **blocks, **place) as dataset:
        for top in range(0, side, _BLOCK):
            for left in range(0, side, _BLOCK):
                high, wide = min(_BLOCK, side - top), min(_BLOCK, side - left)
                y, x = np.mgrid[top : top + high, left : left + wide]
                wave = 90 + 60 * np.sin(x / 97.0) * np.cos(y / 71.0) + 30 * np.sin(x / 11.0 + y / 13.0)
                bands = [(wave * share).astype(np.uint8) + grain[:high, :wide] for share in (1.0, 0.8, 0.5)]
                dataset.write(np.stack(bands), window=Window(left, top, wide, high))
    part.replace(path)
    return path


def layer(ground: Ground, source: Path, place: Path) -> float:
    """Seconds of our layer: read, warped where it must be, compressed, overviews, hashed and swapped in."""
    shutil.rmtree(place, ignore_errors=True)
    seconds, said = timed([sys.executable, "-m", "tests.bench.picture_layer", str(source), str(place)])
    ground.note(f"    peak memory {said.strip().splitlines()[-1]} MB")
    _check(source, place / "orthophoto" / "0.tif", "our layer")
    return seconds


def translated(program: str, source: Path, place: Path, *, onto_map: bool) -> float:
    """Seconds of gdal_translate into a COG of the same blocks and compression, on as many threads."""
    place.mkdir(exist_ok=True)
    target = place / "rival.tif"
    target.unlink(missing_ok=True)
    made = ["COMPRESS=JPEG", "QUALITY=85", "BLOCKSIZE=256", "OVERVIEW_RESAMPLING=AVERAGE", "NUM_THREADS=ALL_CPUS"]
    made += ["TILING_SCHEME=GoogleMapsCompatible"] if onto_map else []
    options = [word for one in [*made, "BIGTIFF=IF_SAFER"] for word in ("-co", one)]
    seconds, _ = timed([program, "-q", "-of", "COG", *options, str(source), str(target)])
    _check(source, target, "gdal_translate")
    return seconds


def _check(source: Path, made: Path, whose: str) -> None:
    """The file is laid out as a COG, has overviews, and shows the source's colours at places all over."""
    with rasterio.open(made) as cog, rasterio.open(source) as dataset:
        laid_out = cog.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG"
        if not laid_out or not cog.overviews(1) or cog.crs.to_epsg() != 3857:
            raise Invalid(f"{whose}: {made.name} is no COG with overviews in EPSG:3857")
        rng = np.random.default_rng(2)
        at = rng.integers(8, min(dataset.width, dataset.height) - 8, (200, 2))
        x, y = dataset.xy(at[:, 1], at[:, 0])
        theirs = np.array(list(dataset.sample(list(zip(x, y, strict=True)))), dtype=float)
        xs, ys = transform(dataset.crs, cog.crs, x, y)
        ours = np.array(list(cog.sample(list(zip(xs, ys, strict=True)))), dtype=float)[:, :3]
        off = float(np.abs(ours - theirs).mean())
    if off > _LOSS:
        raise Invalid(f"{whose}: its colours are off by {off:.1f} in the mean")
