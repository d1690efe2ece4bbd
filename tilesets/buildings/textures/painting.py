"""The walls' pictures, painted by rule: bricks, plaster, lattices, boards and glass, each tileable. No picture of anything.

Every picture is painted at twice its size and halved, with noise of its own fixed seed: the same bytes every time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from cim.types import FloatArray
from tilesets.buildings.textures.packing import Pack, webp
from tilesets.buildings.textures.rules import WallTexture

_FINE = 2
_Painting = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Panel:
    """What one picture shows. width_m, height_m: of wall; size_px: of the picture (width, height). storeys: how many lie
    above one another in it; 0: none, it is laid side by side by the metre and does not fit itself to a wall. mirrors: above
    its upper edge it goes on upside down, so that what is at its foot comes again no lower than near twice its height.
    """

    width_m: float
    height_m: float
    size_px: tuple[int, int]
    storeys: int = 0
    roughness: float = 0.9
    mirrors: bool = False


PANELS = {
    WallTexture.grey_brick: Panel(2.56, 2.56, (320, 320)),
    WallTexture.timber_front: Panel(9.9, 3.3, (768, 256), 1),
    WallTexture.plaster: Panel(3.2, 3.2, (128, 128)),
    WallTexture.shopfront: Panel(3.6, 6.6, (256, 464), 2),
    WallTexture.vermilion: Panel(3.2, 3.2, (128, 128)),
    WallTexture.hall_front: Panel(12.0, 4.2, (768, 256), 1),
    WallTexture.city_brick: Panel(3.52, 3.52, (256, 256)),
    WallTexture.dwelling: Panel(3.3, 3.0, (192, 176), 1),
    WallTexture.glass: Panel(3.0, 3.6, (64, 80), 1, 0.45),
    WallTexture.band_windows: Panel(3.6, 3.6, (96, 96), 1),
    WallTexture.brick_windows: Panel(3.3, 3.3, (192, 192), 1),
    WallTexture.brick_plinth: Panel(2.56, 3.2, (320, 400), mirrors=True),
    WallTexture.plaster_plinth: Panel(2.56, 3.2, (320, 400), mirrors=True),
}
"""By picture; the sizes are of ordinary bays, storeys and bricks."""
PLINTH_M = 0.896
"""How high a plinth reaches, its ledge with it: ten courses of large bricks."""


@cache
def picture(texture: WallTexture, pack: Pack = webp) -> bytes:
    """A wall's picture, packed. Raises KeyError for `none`."""
    return pack(painted(texture), True)


def painted(texture: WallTexture) -> npt.NDArray[np.uint8]:
    """The pixels (h, w, 3) of a wall's picture, sRGB."""
    panel = PANELS[texture]
    wide, high = panel.size_px
    wall = _Wall(panel, np.random.default_rng(int(texture)))
    _PAINTERS[texture](wall)
    halved = wall.pixels.reshape(high, _FINE, wide, _FINE, 3).mean(axis=(1, 3))
    return np.asarray(np.round(np.clip(halved, 0.0, 1.0) * 255.0).astype(np.uint8))


class _Wall:
    """A wall that is being painted, in metres from its lower left corner."""

    def __init__(self, panel: Panel, random: np.random.Generator) -> None:
        wide, high = panel.size_px[0] * _FINE, panel.size_px[1] * _FINE
        self.width, self.height, self.random = panel.width_m, panel.height_m, random
        self.x = (np.arange(wide) + 0.5) / wide * panel.width_m
        self.y = panel.height_m - (np.arange(high) + 0.5) / high * panel.height_m
        self.pixels: _Painting = np.zeros((high, wide, 3))

    def fill(self, colour: str, grain: float = 0.03) -> None:
        """All of it, with fine noise and soft blotches."""
        self.pixels[:] = _rgb(colour)
        self.pixels *= 1.0 + grain * self.random.standard_normal(self.pixels.shape[:2])[..., None]
        self.pixels *= 1.0 + 0.8 * grain * _blotches(self.random, self.pixels.shape[:2])[..., None]

    def box(self, left: float, low: float, right: float, high: float, colour: str, grain: float = 0.02) -> None:
        """An upright rectangle."""
        columns = slice(*np.searchsorted(self.x, [left, right]).tolist())
        rows = slice(*np.searchsorted(-self.y, [-high, -low]).tolist())
        part = self.pixels[rows, columns]
        part[:] = _rgb(colour) * (1.0 + grain * self.random.standard_normal(part.shape[:2]))[..., None]

    def courses(
        self, low: float, high: float, long: float, course: float, colour: str, mortar: str, *,
        joint: float = 0.009, relief: float = 0.16,
    ) -> None:  # fmt: skip
        """Bricks in running bond as one sees them from close by: joints of one width, each brick of its own shade, lit along
        its upper edge and in the shade along its lower one (relief). Lengths in metres: `long` must divide the picture's
        width, and `course` its height where it is laid one above another.
        """
        row = np.floor(self.y / course + 1e-9).astype(int)
        across = (self.x[None, :] / long + np.where(row % 2 == 0, 0.0, 0.5)[:, None]) % (self.width / long)
        brick = across.astype(int)
        shades = self.random.normal(1.0, 0.055, (int(row.max()) + 1, int(brick.max()) + 1))
        up = self.y - row * course
        side = (across % 1.0) * long
        edge = np.where(course - up < 0.014, relief, 0.0) - np.where((up >= joint) & (up < joint + 0.01), relief, 0.0)
        shade = shades[row[:, None], brick] * (1.0 + 0.5 * edge)[:, None]
        shade = shade * (1.0 + 0.018 * self.random.standard_normal(across.shape))
        is_joint = (up < joint)[:, None] | (side < joint)
        wall = np.where(is_joint[..., None], _rgb(mortar), _rgb(colour) * shade[..., None])
        inside = (self.y >= low) & (self.y < high)
        self.pixels[inside] = wall[inside]

    def lattice(self, left: float, low: float, right: float, high: float, bars: str, step: float = 0.17) -> None:
        """A window of paper behind bars, framed."""
        self.box(left, low, right, high, bars)
        frame = 0.07
        self.box(left + frame, low + frame, right - frame, high - frame, "#a89a7c", 0.03)
        for at in np.arange(left + frame + step, right - frame - 0.03, step).tolist():
            self.box(at - 0.02, low, at + 0.02, high, bars)
        for at in np.arange(low + frame + step, high - frame - 0.03, step).tolist():
            self.box(left, at - 0.02, right, at + 0.02, bars)


def _rgb(colour: str) -> FloatArray:
    return np.array([int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)])


def _blotches(random: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Soft noise about 0 that goes on over the edges: a few waves each way."""
    y, x = np.meshgrid(*(np.arange(size) / size for size in shape), indexing="ij")
    found = np.zeros(shape)
    for across in range(4):
        for up in range(4):
            phase = random.uniform(0.0, 2.0 * np.pi)
            found += np.cos(2.0 * np.pi * (across * x + up * y) + phase) / (1.0 + across + up)
    return np.asarray(found - found.mean())


# --- one function a picture ------------------------------------------------------------------------------------------


def _grey_brick(wall: _Wall) -> None:
    wall.courses(0.0, wall.height, 0.256, 0.064, "#727372", "#98968f")


def _plinth(wall: _Wall) -> None:
    """下碱: ten courses of large, closely laid bricks and the ledge above them; below its foot they go on."""
    wall.courses(0.0, PLINTH_M, 0.32, PLINTH_M / 10.0, "#6d6e6d", "#5c5d5c", joint=0.008, relief=0.1)
    wall.box(0.0, PLINTH_M - 0.024, wall.width, PLINTH_M, "#565654", 0.02)


def _brick_plinth(wall: _Wall) -> None:
    _grey_brick(wall)
    _plinth(wall)


def _plaster_plinth(wall: _Wall) -> None:
    wall.fill("#9b9486", 0.012)
    _plinth(wall)


def _city_brick(wall: _Wall) -> None:
    wall.courses(0.0, wall.height, 0.44, 0.11, "#89847b", "#a9a294", joint=0.014)


def _plaster(wall: _Wall) -> None:
    wall.fill("#9b9486", 0.025)


def _vermilion(wall: _Wall) -> None:
    wall.fill("#8f3d2f", 0.03)


def _front(wall: _Wall, post: str, bars: str, beam: str) -> None:
    """Three bays between posts: windows over a brick sill, in the middle doors, under a beam."""
    bay, top = wall.width / 3.0, wall.height - 0.5
    wall.courses(0.0, wall.height, wall.width / 40.0, wall.height / 50.0, "#787977", "#918f89", joint=0.012)
    for side in (0, 2):
        left = side * bay
        wall.box(left, 0.88, left + bay, 0.98, post)
        for half in range(2):
            wall.lattice(left + half * bay / 2, 0.98, left + (half + 1) * bay / 2, top, bars)
    for leaf in range(4):
        left = bay + leaf * bay / 4
        wall.box(left, 0.12, left + bay / 4, top, bars)
        wall.lattice(left + 0.03, 1.05, left + bay / 4 - 0.03, top - 0.05, bars)
        wall.box(left + 0.1, 0.25, left + bay / 4 - 0.1, 0.9, post)
    wall.box(0.0, 0.0, wall.width, 0.12, "#8d8a83")
    wall.box(0.0, top, wall.width, wall.height, beam)
    wall.box(0.0, top, wall.width, top + 0.06, bars)
    for at in range(4):
        wall.box(at * bay - 0.14, 0.12, at * bay + 0.14, wall.height, post)


def _timber_front(wall: _Wall) -> None:
    _front(wall, "#5d3a2a", "#4f3426", "#58402f")


def _hall_front(wall: _Wall) -> None:
    _front(wall, "#8c2f24", "#7c3324", "#2f5f66")


def _shopfront(wall: _Wall) -> None:
    storey = wall.height / 2.0
    wall.box(0.0, 0.0, wall.width, wall.height, "#5a3b2a")
    for board in range(9):
        left = 0.25 + board * (wall.width - 0.5) / 9.0
        colour = "#6d4a34" if board in (3, 4, 5) else "#7b5539"
        wall.box(left + 0.015, 0.2, left + (wall.width - 0.5) / 9.0 - 0.015, 2.35, colour, 0.05)
    wall.box(1.25, 0.2, wall.width - 1.25, 2.2, "#2b211c", 0.05)
    wall.box(0.2, 2.5, wall.width - 0.2, 3.0, "#2d2a26")
    wall.box(0.26, 2.56, wall.width - 0.26, 2.94, "#8f6a2c", 0.05)
    wall.box(0.34, 2.63, wall.width - 0.34, 2.87, "#2d2a26")
    wall.courses(storey, storey + 0.9, wall.width / 14.0, wall.height / 100.0, "#787977", "#918f89", joint=0.012)
    for half in range(3):
        left = 0.18 + half * (wall.width - 0.36) / 3.0
        wall.lattice(left, storey + 0.9, left + (wall.width - 0.36) / 3.0, wall.height - 0.4, "#4f3426")
    for at in (0.0, wall.width):
        wall.box(at - 0.13, 0.0, at + 0.13, wall.height, "#5d3a2a")
    wall.box(0.0, 0.0, wall.width, 0.15, "#8d8a83")


def _dwelling(wall: _Wall) -> None:
    wall.fill("#b5a893", 0.02)
    wall.box(0.0, 2.86, wall.width, 3.0, "#a3998a")
    wall.box(0.82, 0.88, 2.48, 2.52, "#d3d1cb")
    wall.box(0.9, 0.96, 2.4, 2.44, "#44525a", 0.06)
    wall.box(1.61, 0.96, 1.69, 2.44, "#d3d1cb")
    wall.box(0.74, 0.8, 2.56, 0.88, "#9a9388")


def _glass(wall: _Wall) -> None:
    wall.fill("#5d7480", 0.04)
    wall.box(0.0, 0.0, wall.width, 0.8, "#4a5a63", 0.03)
    for at in (0.0, wall.width / 2.0, wall.width):
        wall.box(at - 0.04, 0.0, at + 0.04, wall.height, "#9aa3a7")
    for at in (0.0, 0.8, wall.height):
        wall.box(0.0, at - 0.04, wall.width, at + 0.04, "#9aa3a7")


def _band_windows(wall: _Wall) -> None:
    wall.fill("#a8a59d", 0.02)
    wall.box(0.0, 1.0, wall.width, 2.8, "#cfcdc7")
    for pane in range(3):
        left = pane * wall.width / 3.0
        wall.box(left + 0.07, 1.08, left + wall.width / 3.0 - 0.07, 2.72, "#4b5a62", 0.06)
    wall.box(0.0, 0.9, wall.width, 1.0, "#8f8c85")


def _brick_windows(wall: _Wall) -> None:
    wall.courses(0.0, wall.height, wall.width / 13.0, wall.height / 50.0, "#787977", "#918f89", joint=0.012)
    wall.box(0.85, 0.82, 2.45, 0.92, "#a09d95")
    wall.box(0.85, 2.55, 2.45, 2.75, "#8b8d8c")
    wall.lattice(0.9, 0.92, 2.4, 2.55, "#5d3a2a", 0.37)


_PAINTERS: dict[WallTexture, Callable[[_Wall], None]] = {
    WallTexture.grey_brick: _grey_brick,
    WallTexture.timber_front: _timber_front,
    WallTexture.plaster: _plaster,
    WallTexture.shopfront: _shopfront,
    WallTexture.vermilion: _vermilion,
    WallTexture.hall_front: _hall_front,
    WallTexture.city_brick: _city_brick,
    WallTexture.dwelling: _dwelling,
    WallTexture.glass: _glass,
    WallTexture.band_windows: _band_windows,
    WallTexture.brick_windows: _brick_windows,
    WallTexture.brick_plinth: _brick_plinth,
    WallTexture.plaster_plinth: _plaster_plinth,
}
