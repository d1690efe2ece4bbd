"""Draws every roof form as the service builds it: `.venv/bin/python docs/pictures/roofs/draw.py [FOLDER]`.

No graphics card and no font: triangles are filled into a depth buffer, lit by one sun, with rows of tiles down the slopes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from PIL import Image
from shapely.affinity import rotate

from cim.geometry import Rings, clean, rings, snap, wind
from cim.roofs import raise_bodies
from cim.types import FloatArray, RoofForm, Surface

WIDTH_PX, HEIGHT_PX, OVERSAMPLED, COLOURS = 300, 210, 3, 48
VIEW_DEG, TILT_DEG = 24.0, 27.0
SUN = np.array([-0.45, -0.65, 0.75]) / np.linalg.norm([-0.45, -0.65, 0.75])
EARTH = np.array([234, 230, 221])
PAINT = {Surface.wall: (196, 172, 146), Surface.roof: (112, 120, 128), Surface.overhang: (120, 78, 58)}
TILE_ROW_M = 0.55
L_SHAPE = shapely.Polygon([(0, 0), (22, 0), (22, 8), (8, 8), (8, 17), (0, 17)])
COURTYARD = shapely.box(0, 0, 26, 22).difference(shapely.box(7, 7, 19, 15))
HALL, HOUSE, SQUARE = shapely.box(0, 0, 18, 10), shapely.box(0, 0, 14, 7.5), shapely.box(0, 0, 11, 11)


@dataclass(frozen=True, slots=True)
class Subject:
    """One picture: a footprint and what is asked for over it."""

    outline: shapely.Polygon
    form: RoofForm
    eaves_m: float = 3.6
    ridge_m: float = 7.0
    overhang_m: float = 0.8
    tiers: int = 1
    curved: bool = False


SUBJECTS = {
    "flat": Subject(HOUSE, RoofForm.flat, ridge_m=4.2),
    "shed": Subject(HOUSE, RoofForm.shed, ridge_m=5.4),
    "gable": Subject(HOUSE, RoofForm.gable, ridge_m=6.4),
    "flush_gable": Subject(HOUSE, RoofForm.flush_gable, ridge_m=6.4),
    "round_ridge": Subject(HOUSE, RoofForm.round_ridge, ridge_m=6.2),
    "hip": Subject(HALL, RoofForm.hip, 4.5, 9.0, 1.0, curved=True),
    "hip_and_gable": Subject(HALL, RoofForm.hip_and_gable, 4.5, 9.2, 1.0, curved=True),
    "pyramidal": Subject(SQUARE, RoofForm.pyramidal, 4.2, 9.4, 1.0, curved=True),
    "conical": Subject(shapely.Point(0, 0).buffer(5.5, quad_segs=6), RoofForm.conical, 4.2, 9.0, 0.9),
    "double_hip_and_gable": Subject(HALL, RoofForm.hip_and_gable, 4.4, 12.5, 1.0, 2, True),
    "triple_pyramidal": Subject(SQUARE, RoofForm.pyramidal, 3.8, 14.5, 0.8, 3, True),
    "hip_on_l": Subject(L_SHAPE, RoofForm.hip),
    "gable_on_l": Subject(L_SHAPE, RoofForm.gable),
    "hip_on_courtyard": Subject(COURTYARD, RoofForm.hip, ridge_m=6.2),
    "hip_and_gable_on_l": Subject(L_SHAPE, RoofForm.hip_and_gable),
}


@dataclass(slots=True)
class Canvas:
    """colour: (h, w, 3); depth: (h, w), larger is nearer; face: (h, w) number of the flat face seen, -1 none."""

    colour: FloatArray
    depth: FloatArray
    face: np.ndarray


def triangles_of(subject: Subject) -> tuple[FloatArray, np.ndarray]:
    """The body's triangles (t, 3, 3), standing on the ground about the origin, and their surfaces (t,)."""
    middle = subject.outline.centroid
    outline = shapely.transform(subject.outline, lambda xy: xy - [middle.x, middle.y])
    raw = rings(np.array([rotate(outline, VIEW_DEG, origin=(0, 0))], dtype=object))
    shape = wind(clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature)))
    one = np.ones(1)
    body = raise_bodies(
        shape,
        0.0 * one,
        subject.eaves_m * one,
        subject.ridge_m * one,
        np.array([subject.form], dtype=np.uint8),
        subject.overhang_m * one,
        tiers=np.array([subject.tiers], dtype=np.uint8),
        curved=np.array([subject.curved]),
    )
    assert body.form[0] == subject.form, body.reasons
    return body.mesh.positions()[body.mesh.triangles], body.mesh.triangle_surface()


def seen(at: FloatArray, scale: float) -> FloatArray:
    """Pixels and nearness (..., 3) of points, seen from the south and above."""
    tilt = np.radians(TILT_DEG)
    up = at[..., 2] * np.cos(tilt) + at[..., 1] * np.sin(tilt)
    near = at[..., 2] * np.sin(tilt) - at[..., 1] * np.cos(tilt)
    across = at[..., 0] * scale + WIDTH_PX * OVERSAMPLED / 2
    return np.stack([across, HEIGHT_PX * OVERSAMPLED * 0.66 - up * scale, near], axis=-1)


def fill(canvas: Canvas, corners: FloatArray, world: FloatArray, colour: FloatArray, face: int, *, tiled: bool) -> None:
    """One triangle into the depth buffer."""
    low = np.maximum(np.floor(corners[:, :2].min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners[:, :2].max(axis=0)).astype(int) + 1, canvas.depth.shape[::-1])
    x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
    (ax, ay), (bx, by), (cx, cy) = corners[:, :2]
    whole = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if x.size == 0 or abs(whole) < 1e-9:
        return
    second = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / whole
    third = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / whole
    share = np.stack([1 - second - third, second, third], axis=-1)
    depth = share @ corners[:, 2]
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    hit = (share >= -1e-9).all(axis=-1) & (depth > canvas.depth[window] + 1e-6)
    shaded = np.broadcast_to(colour, (*hit.shape, 3)).copy()
    if tiled:
        normal = np.cross(world[1] - world[0], world[2] - world[0])
        along = np.cross(normal, [0.0, 0.0, 1.0])
        along /= np.linalg.norm(along) or 1.0
        rows = (share @ world @ along) / TILE_ROW_M
        shaded *= (1.0 + 0.13 * np.cos(2 * np.pi * rows))[..., None]
    canvas.colour[window][hit] = shaded[hit]
    canvas.depth[window][hit] = depth[hit]
    canvas.face[window][hit] = face


def draw(subject: Subject) -> Image.Image:
    """The picture of one body with its shadow on the ground."""
    world, surface = triangles_of(subject)
    size = (HEIGHT_PX * OVERSAMPLED, WIDTH_PX * OVERSAMPLED)
    canvas = Canvas(np.tile(EARTH.astype(float), (*size, 1)), np.full(size, -np.inf), np.full(size, -1))
    reach = max(np.ptp(world[..., 0]), 1.25 * np.ptp(world[..., 2]) + 0.55 * np.ptp(world[..., 1]))
    scale = 0.8 * WIDTH_PX * OVERSAMPLED / max(reach, 17.0)
    shadow = world - SUN * (world[..., 2:] / SUN[2])
    for triangle in shadow:
        fill(canvas, seen(triangle - [0, 0, 0.03], scale), triangle, 0.72 * EARTH, -1, tiled=False)
    normal = np.cross(world[:, 1] - world[:, 0], world[:, 2] - world[:, 0])
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    lit = 0.45 + 0.62 * np.maximum(normal @ SUN, 0.0)
    for face, (triangle, of, light) in enumerate(zip(world, surface.tolist(), lit, strict=True)):
        paint = np.array(PAINT[Surface(of)]) * light
        fill(canvas, seen(triangle, scale), triangle, paint, face, tiled=of == Surface.roof)
    return finished(canvas, normal, surface)


def finished(canvas: Canvas, normal: FloatArray, surface: np.ndarray) -> Image.Image:
    """With dark lines along edges and before what is further off, in the size and colours of the page."""
    line = np.zeros(canvas.face.shape, dtype=bool)
    for axis in (0, 1):
        other, behind = np.roll(canvas.face, 1, axis=axis), np.roll(canvas.depth, 1, axis=axis)
        both = (canvas.face >= 0) | (other >= 0)
        with np.errstate(invalid="ignore"):
            bent = np.sum(normal[canvas.face] * normal[other], axis=-1) < 0.995
            bent |= surface[canvas.face] != surface[other]
            outline = (canvas.face < 0) | (other < 0) | (np.abs(canvas.depth - behind) > 1.5)
            line |= both & (bent | outline)
    line |= np.roll(line, 1, axis=0)
    colour = np.where(line[..., None], canvas.colour * 0.45, canvas.colour)
    picture = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))
    return picture.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BOX).quantize(COLOURS, dither=Image.Dither.NONE)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, subject in SUBJECTS.items():
        draw(subject).save(folder / f"{name}.png", optimize=True)
