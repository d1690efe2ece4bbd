"""Orthophoto of the prefecture: a picture painted from the synthetic terrain, water, roads and
buildings, 60 m pixels."""

from collections.abc import Sequence

import numpy as np
import rasterio.features
import shapely
from rasterio.transform import Affine, from_origin

from data_samples.generate import frame, oldtown, rivers, roads, settlements
from data_samples.generate.frame import Array
from data_samples.generate.terrain import heights, noise_lattice

PIXEL = 60.0
SUN = np.array([-0.5, 0.5, 0.7071])  # from the north-west, 45 degrees high
Colour = tuple[int, int, int]
FIELDS: tuple[Colour, ...] = (
    (152, 142, 104),
    (134, 136, 94),
    (164, 150, 112),
    (122, 128, 86),
    (146, 130, 98),
    (130, 132, 98),
    (114, 122, 82),
)
PLAIN: Colour = (146, 138, 106)
SLOPE: Colour = (122, 116, 86)
SHRUB: Colour = (84, 96, 62)
FOREST: Colour = (58, 76, 48)
ROCK: Colour = (140, 132, 120)
WATER: Colour = (62, 86, 92)
TOWN: Colour = (150, 146, 138)
ROAD: Colour = (176, 172, 162)


def _smooth(value: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def _mixed(picture: np.ndarray, colour: np.ndarray | Colour, weight: np.ndarray) -> None:
    """Blend a colour (one, or per pixel) into (3, r, c) float32 by an (r, c) weight, in place."""
    for band in range(3):
        target = colour[band]
        picture[band] += weight * (np.asarray(target, dtype=np.float32) - picture[band])


def _fields(xs: Array, ys: Array, rng: np.random.Generator) -> np.ndarray:
    """(3, r, c) patchwork: strips of fields whose direction changes from one large cell to the next."""
    gx, gy = np.meshgrid(xs.astype(np.float32), ys.astype(np.float32))
    large = 2600.0
    turn = rng.uniform(-0.6, 0.6, (97, 89)).astype(np.float32)
    cell = turn[(gy // large).astype(int) % 97, (gx // large).astype(int) % 89]
    u, v = gx + cell * gy * 0.35, gy - cell * gx * 0.35
    key = ((u // 260.0).astype(np.int64) * 73_856_093) ^ ((v // 410.0).astype(np.int64) * 19_349_663)
    palette = np.array(FIELDS, dtype=np.float32)
    shade = rng.uniform(0.9, 1.08, 64).astype(np.float32)[(key >> 3) % 64]
    return np.asarray(palette[key % len(palette)].transpose(2, 0, 1) * shade)


def _ground(seed: int, xs: Array, ys: Array) -> np.ndarray:
    """(3, r, c) land cover by height, slope and chance, lit by the sun; row 0 in the south."""
    z = heights(seed, xs, ys)
    dy, dx = np.gradient(z, PIXEL)
    slope = np.hypot(dx, dy)
    rough = noise_lattice(seed, "cover", 1500.0).on(xs, ys) + 0.6 * noise_lattice(seed, "cover fine", 420.0).on(xs, ys)
    picture = _fields(xs, ys, frame.stream(seed, "fields"))
    _mixed(picture, PLAIN, np.float32(0.3) + np.float32(0.22) * np.clip(rough, -1.0, 1.0))
    _mixed(picture, SLOPE, _smooth(slope + 0.015 * rough, 0.035, 0.10))
    green = _smooth(z + 130.0 * rough + 220.0 * (dx * 0.5 - dy), 1180.0, 1620.0) * _smooth(slope, 0.03, 0.12)
    _mixed(picture, SHRUB, 0.85 * green)
    _mixed(
        picture,
        FOREST,
        0.8 * _smooth(z + 160.0 * rough - 900.0 * dy, 1450.0, 1900.0) * _smooth(slope, 0.05, 0.16),
    )
    _mixed(picture, ROCK, _smooth(slope + 0.05 * rough, 0.42, 0.62) * 0.7)
    _mixed(picture, ROCK, 0.4 * _smooth(z, 2150.0, 2350.0))
    exaggeration = 1.7
    length = np.sqrt((exaggeration * dx) ** 2 + (exaggeration * dy) ** 2 + 1.0)
    light = (-dx * exaggeration * SUN[0] - dy * exaggeration * SUN[1] + SUN[2]) / length / SUN[2]
    picture *= np.clip(0.35 + 0.65 * light, 0.35, 1.45).astype(np.float32)
    picture *= (1.0 + 0.03 * rough)[None]
    return picture


def _cover(shapes: Sequence[shapely.Geometry], size: tuple[int, int], transform: Affine, fine: int) -> np.ndarray:
    """Share (0..1) of each pixel covered, from a raster `fine` times finer."""
    rows, columns = size
    sharp = transform * Affine.scale(1.0 / fine)
    mask = rasterio.features.rasterize(shapes, out_shape=(rows * fine, columns * fine), transform=sharp, dtype="uint8")
    total = np.zeros(size, dtype=np.uint8)
    for i in range(fine):
        for j in range(fine):
            total += mask[i::fine, j::fine]
    return total.astype(np.float32) / np.float32(fine * fine)


def _paint_works(picture: np.ndarray, seed: int, transform: Affine) -> None:
    """Towns, water and roads over the land, in place; row 0 in the north."""
    size = picture.shape[1:]
    built = settlements.outside(seed).shape
    blocks = list(shapely.buffer(shapely.centroid(built), 38.0, quad_segs=2))
    streets = [r.line.buffer(max(r.width / 2, 14.0)) for r in roads.roads(seed) if r.kind != "lane"]
    _mixed(picture, TOWN, 0.62 * _cover([*blocks, oldtown.wall_outline()], size, transform, 2))
    _mixed(picture, (118, 112, 106), 0.55 * _cover([oldtown.wall_outline()], size, transform, 2))
    _mixed(picture, (196, 194, 190), 0.75 * _cover(list(built), size, transform, 3))
    water = [w.shape for w in rivers.waters(seed)]
    meadow = [shapely.buffer(w.shape, 170.0) for w in rivers.waters(seed) if w.kind == "river"]
    _mixed(
        picture,
        (96, 114, 72),
        0.35 * _cover(meadow, size, transform, 1) * (1 - _cover(blocks, size, transform, 1)),
    )
    _mixed(picture, WATER, 0.95 * _cover(water, size, transform, 3))
    _mixed(picture, ROAD, 0.7 * _cover(streets, size, transform, 3))


def prefecture(seed: int) -> tuple[np.ndarray, float, float]:
    """uint8 (3, rows, columns) picture, its west and north edge (EPSG:4547 metres)."""
    west, south, east, north = frame.rectangle(step=PIXEL)
    xs, ys = np.arange(west + PIXEL / 2, east, PIXEL), np.arange(south + PIXEL / 2, north, PIXEL)
    picture = np.ascontiguousarray(_ground(seed, xs, ys)[:, ::-1])
    _paint_works(picture, seed, from_origin(west, north, PIXEL, PIXEL))
    return np.clip(picture, 0, 255).astype(np.uint8), west, north
