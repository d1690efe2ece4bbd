"""Monuments inside the wall: temples and the prince's palace as compounds of halls.

Names, 九龙壁's size, the area of 华严寺's main hall and of 善化寺 are sourced; positions, layouts and
heights are invented.
All shapes are in metres round 四牌楼.
"""

from typing import NamedTuple

import numpy as np
import shapely

from data_samples.generate import facts, shapes
from data_samples.generate.footprints import Footprints, footprints, joined


class Compound(NamedTuple):
    """A walled plot: name, kind and box west, south, east, north in metres round 四牌楼."""

    name: str
    kind: str
    west: float
    south: float
    east: float
    north: float


class Hall(NamedTuple):
    """A hall on the axis: its share of the compound's depth from the south, width, depth, height, roof
    form."""

    at: float
    width: float
    depth: float
    height: float
    roof: str


COMPOUNDS = (
    Compound("华严寺", "temple", -560.0, -270.0, -440.0, -70.0),
    Compound("善化寺", "temple", -160.0, -800.0, -60.0, -660.0),  # 100 x 140 m = 14 000 m2
    Compound("文庙", "temple", 420.0, -330.0, 510.0, -190.0),
    Compound("关帝庙", "temple", 170.0, -560.0, 240.0, -450.0),
    Compound("法华寺", "temple", 580.0, 90.0, 660.0, 210.0),
    Compound("清真寺", "mosque", -330.0, -230.0, -265.0, -130.0),
    Compound("代王府", "palace", 120.0, 130.0, 300.0, 520.0),
)
NINE_DRAGON_WALL_AT = (210.0, -40.0)
PAGODA, PAGODA_AT = 15.0, 0.61  # across flats, metres; share of the compound's depth
_GREAT_WIDTH = 53.75  # x 29.0 m = 1 558.75 m2: the sourced 1 559 m2 of 华严寺's main hall
LAYOUTS = {
    "华严寺": (
        Hall(0.07, 22, 10, 9, "gable"),
        Hall(0.26, 26, 16, 13, "hip_and_gable"),
        Hall(0.46, 34, 20, 16, "hip_and_gable"),
        Hall(0.76, _GREAT_WIDTH, facts.HUAYAN_MAIN_HALL_M2 / _GREAT_WIDTH, 21, "hip"),
    ),
    "善化寺": (Hall(0.08, 28, 11, 11, "hip"), Hall(0.40, 34, 18, 15, "hip"), Hall(0.76, 42, 26, 19, "hip")),
    "代王府": (
        Hall(0.05, 36, 14, 12, "gable"),
        Hall(0.17, 30, 14, 13, "hip_and_gable"),
        Hall(0.34, 58, 30, 23, "hip"),
        Hall(0.50, 40, 20, 17, "hip_and_gable"),
        Hall(0.66, 48, 24, 19, "hip"),
        Hall(0.82, 36, 18, 14, "hip_and_gable"),
        Hall(0.94, 30, 12, 10, "gable"),
    ),
    "清真寺": (
        Hall(0.10, 16, 8, 8, "gable"),
        Hall(0.48, 22, 26, 13, "hip_and_gable"),
        Hall(0.84, 12, 12, 17, "pyramidal"),
    ),
}
TEMPLE = (
    Hall(0.08, 18, 9, 8, "gable"),
    Hall(0.34, 22, 13, 11, "hip_and_gable"),
    Hall(0.62, 30, 18, 15, "hip_and_gable"),
    Hall(0.88, 24, 11, 9, "gable"),
)


def _halls(compound: Compound) -> Footprints:
    """The halls on the south-north axis; the largest carries the compound's name."""
    layout = LAYOUTS.get(compound.name, TEMPLE)
    table = np.array([hall[:4] for hall in layout], dtype=np.float64)
    depth = compound.north - compound.south
    centres = np.column_stack(
        [
            np.full(len(table), (compound.west + compound.east) / 2),
            compound.south + 6.0 + table[:, 0] * (depth - 12.0),
        ]
    )
    largest = int(np.argmax(table[:, 1] * table[:, 2]))
    names = np.array([f"{compound.name}{'大殿' if k == largest else ''}" for k in range(len(table))], dtype=object)
    return footprints(
        shapes.rectangles(centres, table[:, 1], table[:, 2]),
        name=names,
        use="heritage" if compound.kind == "palace" else "religious",
        storeys=np.where(table[:, 3] > 15, 2, 1),
        height_m=table[:, 3],
        eaves_m=table[:, 3] * 0.58,
        roof_form=np.array([hall.roof for hall in layout], dtype=object),
        assembly=np.array(["pavilion" if hall.roof == "pyramidal" else None for hall in layout], dtype=object),
    )


def _side_wings(compound: Compound) -> Footprints:
    """Rows of side halls along both long walls."""
    depth, breadth = compound.north - compound.south, compound.east - compound.west
    wing = min(10.0, breadth * 0.11)
    count = max(int((depth - 20.0) // 26.0), 2)
    length = (depth - 20.0) / count - 3.0
    ys = compound.south + 10.0 + (np.arange(count) + 0.5) * (depth - 20.0) / count
    xs = np.array([compound.west + 3.0 + wing / 2, compound.east - 3.0 - wing / 2])
    centres = np.array([(x, y) for x in xs for y in ys])
    return footprints(
        shapes.rectangles(centres, wing, length),
        name=compound.name,
        use="religious" if compound.kind != "palace" else "heritage",
        storeys=1,
        height_m=7.0,
        eaves_m=4.4,
        roof_form="gable",
    )


def compounds() -> Footprints:
    """All compounds' buildings and 九龙壁 (45.5 x 2 m, 8 m high); each compound is one lot of its own
    below -1."""
    length, thickness, height = facts.NINE_DRAGON_WALL
    screen = footprints(
        shapes.rectangles(np.array([NINE_DRAGON_WALL_AT]), length, thickness),
        name="九龙壁",
        use="heritage",
        storeys=1,
        height_m=height,
        eaves_m=height - 1.2,
        roof_form="gable",
        assembly="nine_dragon_wall",
        lot=-2,
    )
    parts = [screen]
    for k, compound in enumerate(COMPOUNDS):
        part = joined([_halls(compound), _side_wings(compound)])
        part.lot[:] = -3 - k
        parts.append(part)
    return joined(parts)


def later() -> Footprints:
    """The pagoda behind the second hall of 华严寺: that it stands, and how, is invented."""
    number = next(k for k, compound in enumerate(COMPOUNDS) if compound.name == "华严寺")
    compound = COMPOUNDS[number]
    corner = np.pi / 8.0 + np.pi / 4.0 * np.arange(8)
    x, y = (compound.west + compound.east) / 2, compound.south + PAGODA_AT * (compound.north - compound.south)
    ring = np.array([x, y]) + PAGODA / 2.0 / np.cos(np.pi / 8.0) * np.column_stack([np.cos(corner), np.sin(corner)])
    return footprints(
        np.array([shapely.Polygon(np.round(ring, 2))], dtype=object),
        name=compound.name,
        use="religious",
        storeys=7,
        height_m=38.0,
        eaves_m=31.0,
        roof_form="pyramidal",
        assembly="pagoda",
        lot=-3 - number,
    )


def landmarks() -> list[tuple[str, str, float, float, float | None]]:
    """name, kind, x, y, height (only where sourced): see `wall.landmarks`."""
    found: list[tuple[str, str, float, float, float | None]] = [
        (c.name, c.kind, (c.west + c.east) / 2, (c.south + c.north) / 2, None) for c in COMPOUNDS
    ]
    found.append(("九龙壁", "screen_wall", *NINE_DRAGON_WALL_AT, facts.NINE_DRAGON_WALL[2]))
    return found
