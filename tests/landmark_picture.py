"""Draws landmarks of the sample city, built of their parts, into docs/pictures: `python -m tests.landmark_picture`.

A plain depth buffer, so that the picture needs neither a browser nor a graphics card: orthographic, lit from one side.
"""

import csv
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from PIL import Image

from cim.assembly import Assembled, Parts, raise_assemblies
from cim.types import FloatArray, Surface

CHECKOUT = Path(__file__).resolve().parents[1]
SAMPLE = CHECKOUT / "data_samples" / "datong"
TARGET = CHECKOUT / "docs" / "pictures" / "landmarks.png"
SUN = np.array([-0.45, -0.6, 0.75])
TONES = {
    Surface.wall: (176, 150, 124),
    Surface.roof: (104, 110, 118),
    Surface.outer_floor: (196, 188, 174),
    Surface.overhang: (120, 92, 74),
    Surface.ground: (110, 106, 98),
}
SCALE = 2  # pixels drawn for each pixel kept


def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Names, assemblies, footprints and heights of the sample's buildings that are built of parts."""
    frame = pyogrio.read_dataframe(SAMPLE / "buildings_oldtown.gpkg")
    frame = frame[frame["assembly"].notna()]
    columns = (frame[name].to_numpy() for name in ("name", "assembly", "geometry", "height_m"))
    name, assembly, shape, height = columns
    return name, assembly, shape, height.astype(np.float64)


def parts() -> Parts:
    """The sample's table of parts."""
    with (SAMPLE / "assembly_parts.csv").open(encoding="utf-8", newline="") as file:
        return Parts.of([{name: _value(text) for name, text in row.items()} for row in csv.DictReader(file)])


def _value(text: str) -> float | str | None:
    try:
        return None if text == "" else float(text)
    except ValueError:
        return text


def built(assembly: np.ndarray, shape: np.ndarray, height: np.ndarray, *, closed: bool = False) -> Assembled:
    """Buildings of the sample on level ground at height 0."""
    base = np.zeros(len(height))
    return raise_assemblies(parts(), assembly, shape, base - 1.5, base, height, closed=closed)


def view(made: Assembled, size: tuple[int, int], bearing_deg: float, tilt_deg: float) -> Image.Image:
    """One picture of what is built, filled to its edges. bearing: where the eye looks to; tilt: how far it looks down."""
    width, height = (side * SCALE for side in size)
    at = made.mesh.positions()
    turn, tilt = np.radians(bearing_deg), np.radians(tilt_deg)
    right = np.array([np.cos(turn), -np.sin(turn), 0.0])
    ahead = np.array([np.sin(turn) * np.cos(tilt), np.cos(turn) * np.cos(tilt), -np.sin(tilt)])
    up = np.cross(right, ahead)
    plan, depth = np.column_stack([at @ right, -(at @ up)]), at @ ahead
    low, high = plan.min(axis=0), plan.max(axis=0)
    zoom = 0.94 * min(width / (high[0] - low[0]), height / (high[1] - low[1]))
    plan = (plan - (low + high) / 2.0) * zoom + [width / 2.0, height / 2.0]
    light = np.clip(made.mesh.normal @ (SUN / np.linalg.norm(SUN)), 0.0, 1.0)
    tone = np.array([TONES.get(Surface(code), TONES[Surface.wall]) for code in range(7)])[made.mesh.surface]
    colour = np.clip(tone * (0.5 + 0.6 * light)[:, None], 0, 255)
    facing = made.mesh.normal @ ahead < 0
    canvas = np.full((height, width, 3), (236, 240, 244), dtype=np.uint8)
    buffer = np.full((height, width), np.inf)
    for corner in made.mesh.triangles[facing[made.mesh.triangles[:, 0]]]:
        _fill(canvas, buffer, plan[corner], depth[corner], colour[corner[0]])
    return Image.fromarray(canvas).resize(size, Image.Resampling.LANCZOS)


def _fill(canvas: np.ndarray, buffer: FloatArray, at: FloatArray, depth: FloatArray, colour: FloatArray) -> None:
    """One triangle into the picture, where nothing nearer is drawn yet."""
    low = np.maximum(np.floor(at.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(at.max(axis=0)).astype(int) + 1, [buffer.shape[1], buffer.shape[0]])
    (ax, ay), (bx, by), (cx, cy) = at
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if abs(area) < 1e-9 or (high <= low).any():
        return
    x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
    one = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
    two = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
    three = 1.0 - one - two
    far = one * depth[0] + two * depth[1] + three * depth[2]
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    shown = (one >= 0) & (two >= 0) & (three >= 0) & (far < buffer[window])
    buffer[window][shown] = far[shown]
    canvas[window][shown] = colour.astype(np.uint8)


def picture() -> Image.Image:
    """An eastern gate with its barbicans, a gate tower, a pagoda, the nine-dragon wall and a tower over a crossing."""
    name, assembly, shape, height = sample()
    middle = shapely.get_coordinates(shapely.centroid(shape))
    gate = middle[name == "和阳门"][0]
    kind = np.array([one.partition("@")[0] for one in assembly])
    near = (np.abs(middle - gate) < [95.0, 260.0]).all(axis=1)
    views = (
        (near, (1200, 440), 300.0, 32.0),
        (name == "和阳门", (600, 440), 315.0, 18.0),
        ((np.abs(middle - gate - [6.0, 76.0]) < [30.0, 62.0]).all(axis=1), (600, 440), 305.0, 24.0),
        (kind == "pagoda", (300, 440), 330.0, 12.0),
        (name == "鼓楼", (450, 440), 330.0, 16.0),
        (name == "九龙壁", (450, 440), 340.0, 14.0),
    )
    sheet = Image.new("RGB", (1200, 3 * 440), (255, 255, 255))
    x = y = 0
    for chosen, size, bearing, tilt in views:
        sheet.paste(view(built(assembly[chosen], shape[chosen], height[chosen]), size, bearing, tilt), (x, y))
        x += size[0]
        if x >= sheet.width:
            x, y = 0, y + size[1]
    return sheet


def main() -> None:
    """Draw it."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    picture().save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
