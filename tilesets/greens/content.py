"""The content of a tile of fixtures: what stands in a cell, on its ground, as one GLB of instances. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.crs import LONLAT, to_ecef, transform
from cim.fixtures import Fixtures
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray
from tilesets.gltf.instances import LEAF, Pattern, Repeated, Sheet, encode
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import EARTH_M, Frame
from tilesets.greens.kinds import FixtureLayer, Shape
from tilesets.greens.models import SIZES, model
from tilesets.greens.solids import Solid
from tilesets.spec import Region, outward

SLACK_M = 0.05
"""What a float's rounding of a place, the steps of a pattern and the Earth's curve over a tile come to, at the most."""


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """Fixtures (n) as they will be drawn: shape: (n,) `Shape` codes; ground_m: (n,) ellipsoidal heights they stand on;
    turn: (n,) radians counter-clockwise from east."""

    rows: Fixtures
    shape: IntArray
    ground_m: FloatArray
    turn: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: IntArray | BoolArray | slice) -> "Planted":
        """Some of them."""
        return Planted(self.rows.take(which), self.shape[which], self.ground_m[which], self.turn[which])

    def sizes(self) -> FloatArray:
        """Height and width (n, 2), metres: as stated, else as the shape is made."""
        made = np.array([(SIZES[shape].height, SIZES[shape].width) for shape in Shape])[self.shape]
        stated = np.column_stack([self.rows.height_m, self.rows.crown_m])
        known = np.isfinite(stated) & (stated > 0.0)
        # where one of the two is unknown it follows the other, so that the shape keeps its proportions
        ratio = np.where(known, stated / made, np.nan)
        other = np.where(known, ratio, ratio[:, ::-1])
        scale: FloatArray = np.where(np.isfinite(other), other, 1.0)
        return made * scale


def content(
    planted: Planted, frame: Frame, *, near: bool, ground: tuple[Sheet, PropertyTable] | None = None
) -> tuple[bytes, Region] | None:
    """One tile's GLB and the region that holds all of it that stands; None where nothing stands out at this distance.

    ground: what lies there, drawn with it.
    """
    solids = {int(code): model(Shape(int(code)), near=near) for code in np.unique(planted.shape)}
    drawn = np.array([solids[code] is not None for code in planted.shape.tolist()], dtype=np.bool_)
    planted = planted.take(drawn)
    if not len(planted):
        return None
    sizes, place = planted.sizes(), placed(planted.rows.xy, planted.ground_m, frame)
    parts = []
    reach, low, high = np.zeros(len(planted)), np.zeros(len(planted)), np.zeros(len(planted))
    for code, solid in solids.items():
        if solid is None:
            continue
        mine = np.flatnonzero(planted.shape == code)
        made = SIZES[Shape(code)]
        scale = np.column_stack([sizes[mine, 1], sizes[mine, 1], sizes[mine, 0]]) / [
            made.width,
            made.width,
            made.height,
        ]
        parts.append(Repeated(_pattern(solid), place[mine], planted.turn[mine], scale, mine))
        reach[mine] = np.hypot(solid.position[:, 0], solid.position[:, 1]).max() * scale[:, 0]
        low[mine], high[mine] = solid.position[:, 2].min() * scale[:, 2], solid.position[:, 2].max() * scale[:, 2]
    data = encode(parts, table(planted), frame.pose(), ground)
    return data, region(planted, frame.crs, reach, low, high)


def placed(xy: FloatArray, height_m: FloatArray, frame: Frame) -> FloatArray:
    """Points (n, 2) of the city frame at ellipsoidal heights (n,) in a tile's axes (n, 3), metres: exact, in float64."""
    lonlat = transform(xy, frame.crs, LONLAT)
    found: FloatArray = (to_ecef(np.column_stack([lonlat, height_m])) - frame.origin) @ frame.axes.T
    return found


def region(planted: Planted, crs: str, reach: FloatArray, low: FloatArray, high: FloatArray) -> Region:
    """What holds instances that reach so far (n,) round their feet, and from low (n,) to high (n,) above them, metres."""
    lonlat = np.radians(transform(planted.rows.xy, crs, LONLAT))
    margin = reach + SLACK_M
    north = margin / EARTH_M
    east = north / np.cos(np.abs(lonlat[:, 1]).max())
    return outward(
        float((lonlat[:, 0] - east).min()), float((lonlat[:, 1] - north).min()),
        float((lonlat[:, 0] + east).max()), float((lonlat[:, 1] + north).max()),
        float((planted.ground_m + low).min()) - SLACK_M, float((planted.ground_m + high).max()) + SLACK_M,
    )  # fmt: skip


def table(planted: Planted) -> PropertyTable:
    """The attributes of fixtures, one row each, in the order and types that clients rely on."""
    rows = planted.rows
    layer = np.array([FixtureLayer[name] for name in rows.layer.tolist()], dtype=np.uint8)
    return PropertyTable(
        "fixture",
        len(rows),
        (
            Property("id", rows.id.astype(np.int64), "Stable id of the feature"),
            Property("layer", layer, "The layer that it belongs to", choices=FixtureLayer),
            Property("shape", planted.shape.astype(np.uint8), "What it is drawn as", choices=Shape),
            Property("kind", texts(rows.kind), "Kind as its layer words it", no_data=""),
            Property("species", texts(rows.species), "Species of a tree", no_data=""),
            Property("name", texts(rows.name), "Name", no_data=""),
            Property("height", known(rows.height_m), "Height as stated, metres", no_data=-1),
            Property("crown", known(rows.crown_m), "Width of the crown as stated, metres", no_data=-1),
            Property("source", texts(rows.source), "Where the data came from", no_data=""),
            Property("is_synthetic", rows.is_synthetic.astype(np.bool_), "Made by a generator, not surveyed"),
            Property("accuracy", known(rows.accuracy_m), "Positional accuracy, metres", no_data=-1),
        ),
    )


def _pattern(solid: Solid) -> Pattern:
    alpha = np.where(solid.leaves(), LEAF, 255).astype(np.uint8)
    return Pattern(solid.position, solid.normal, np.column_stack([solid.colour, alpha]), solid.triangles)


def texts(values: ObjectArray) -> list[str]:
    """Text (n,) with nothing where nothing is known."""
    return [value if isinstance(value, str) else "" for value in values.tolist()]


def known(values: FloatArray) -> npt.NDArray[np.float32]:
    """Numbers (n,) with -1 where nothing is known."""
    return np.where(np.isfinite(values), values, -1.0).astype(np.float32)
