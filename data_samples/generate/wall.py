"""The city wall: bays, four gates, corner and watch towers, the mid-street towers and 四牌楼.

Outer faces 1.80 x 1.82 km, 14 m high, 18 m wide at the base are sourced; every tower's size but
洪字楼's height is invented.
All shapes are in metres round 四牌楼.
"""

import numpy as np

from data_samples.generate import facts, shapes
from data_samples.generate.footprints import Footprints, footprints, joined, taken
from data_samples.generate.frame import Array

HALF_X = facts.WALL_EAST_WEST / 2
HALF_Y = facts.WALL_NORTH_SOUTH / 2
GATE_WIDTH = 42.0
CORNER = 24.0
JOINT = 0.02  # between neighbouring works, so that no two footprints touch
LONGEST_BAY = 65.0  # so that a wall on sloping ground keeps its height nearly everywhere
MID_STREET = 440.0
# side -> unit vector outward, half length of the side, distance of the outer face
SIDES = {
    "E": ((1, 0), HALF_Y, HALF_X),
    "W": ((-1, 0), HALF_Y, HALF_X),
    "N": ((0, 1), HALF_X, HALF_Y),
    "S": ((0, -1), HALF_X, HALF_Y),
}
BEARINGS = {"N": 0, "E": 90, "S": 180, "W": 270}


def on_side(side: str, along: Array | float, inward: float) -> Array:
    """(n, 2) points at `along` metres on a side (north or east positive) and `inward` metres inside the
    outer face."""
    (ux, uy), _, face = SIDES[side]
    run = np.atleast_1d(np.asarray(along, dtype=np.float64))
    depth = face - inward
    return np.column_stack([run * abs(uy) + ux * depth, run * abs(ux) + uy * depth])


def block(side: str, along: Array, length: Array | float, depth: float, inward: float) -> shapes.Shapes:
    """Rectangles with their middles at `along` metres on a side and `inward` metres inside the outer face; length along the
    side, depth across it."""
    across = side in "EW"
    return shapes.rectangles(on_side(side, along, inward), depth if across else length, length if across else depth)


def cuts(stops: Array) -> tuple[Array, Array]:
    """Where bays begin and end between stops (n,) on a line: none longer than the longest, a joint between each two."""
    ends = [
        np.linspace(a, b, int(np.ceil((b - a) / LONGEST_BAY)) + 1) for a, b in zip(stops[:-1], stops[1:], strict=True)
    ]
    cut = np.unique(np.concatenate(ends))
    return cut[:-1] + JOINT / 2, cut[1:] - JOINT / 2


def _bays() -> list[Footprints]:
    """Both hands of each side, from the gate to the corner, cut at the watch towers and between them."""
    parts = []
    for side, (_, half, _) in SIDES.items():
        for hand in (-1.0, 1.0):
            low, high = cuts(np.array([GATE_WIDTH / 2 + JOINT, *_towers(side), half - CORNER - JOINT]))
            parts.append(
                footprints(
                    block(side, hand * (low + high) / 2, high - low, facts.WALL_BASE, facts.WALL_BASE / 2),
                    name="城墙",
                    use="heritage",
                    storeys=1,
                    height_m=facts.WALL_HEIGHT,
                    assembly=f"city_wall@{BEARINGS[side]}",
                )
            )
    return parts


def _towers(side: str) -> Array:
    """Where the watch towers of one hand of a side stand, metres from its middle."""
    return np.linspace(GATE_WIDTH / 2 + 55.0, SIDES[side][1] - CORNER - 45.0, facts.WATCH_TOWERS[side] // 2)


def _gates() -> list[Footprints]:
    """A gate tower fills the opening of each side: 42 m wide, deeper than the wall on both faces."""
    parts = []
    for side, (gate, _, _) in facts.AXES.items():
        shape = block(side, np.array([0.0]), GATE_WIDTH, 30.0, facts.WALL_BASE / 2)
        parts.append(
            footprints(
                shape,
                name=gate,
                use="heritage",
                storeys=3,
                height_m=31.0,
                eaves_m=23.0,
                roof_form="hip_and_gable",
                assembly=f"gate_tower@{BEARINGS[side]}",
            )
        )
    return parts


def _corners() -> Footprints:
    x, y = HALF_X - CORNER / 2, HALF_Y - CORNER / 2
    centres = np.array([[-x, y], [x, y], [x, -y], [-x, -y]])
    names = np.array(["乾楼", None, None, None], dtype=object)
    return footprints(
        shapes.rectangles(centres, CORNER, CORNER),
        name=names,
        use="heritage",
        storeys=3,
        height_m=26.0,
        eaves_m=20.0,
        roof_form="hip_and_gable",
        # The front and the left of it look out of the city.
        assembly=np.array([f"corner_tower@{BEARINGS[side]}" for side in "WNES"], dtype=object),
    )


def _watch_towers() -> list[Footprints]:
    """54 towers on the outer face, 12 of them in the east; one in the north is called 洪字楼 and is 19
    m high."""
    parts = []
    for side, count in facts.WATCH_TOWERS.items():
        along = np.concatenate([-_towers(side)[::-1], _towers(side)])
        names = np.full(count, None, dtype=object)
        if side == "N":
            names[3] = "洪字楼"
        shape = block(side, along, 15.0, 12.0, -6.05)
        parts.append(
            footprints(
                shape,
                name=names,
                use="heritage",
                storeys=2,
                height_m=facts.HONGZI_TOWER_HEIGHT,
                eaves_m=15.5,
                roof_form="hip_and_gable",
                assembly=f"watch_tower@{BEARINGS[side]}",
            )
        )
    return parts


def _street_towers() -> list[Footprints]:
    """The four mid-street towers and the four archways of 四牌楼."""
    parts = []
    for side, (_, _, tower) in facts.AXES.items():
        (ux, uy), _, _ = SIDES[side]
        centre = np.array([[ux * MID_STREET, uy * MID_STREET]], dtype=np.float64)
        parts.append(
            footprints(
                shapes.rectangles(centre, 18.0, 18.0),
                name=tower,
                use="heritage",
                storeys=3,
                height_m=21.0,
                eaves_m=14.0,
                roof_form="pyramidal",
                assembly="street_tower",
            )
        )
        arch = np.array([[ux * 20.0, uy * 20.0]], dtype=np.float64)
        width, depth = (3.0, 16.0) if side in "EW" else (16.0, 3.0)
        parts.append(
            footprints(
                shapes.rectangles(arch, width, depth),
                name=facts.CENTRE_NAME,
                use="heritage",
                storeys=1,
                height_m=11.0,
                eaves_m=9.0,
                roof_form="gable",
                assembly="archway",
            )
        )
    return parts


def wall() -> Footprints:
    """The works of the wall and the towers in the streets, of the bays those beside the gates."""
    first = [taken(part, np.arange(1)) for part in _bays()]
    return joined([*first, *_gates(), _corners(), *_watch_towers(), *_street_towers()])


def later() -> Footprints:
    """The other bays of the wall."""
    return joined([taken(part, np.arange(1, len(part))) for part in _bays()])


def landmarks() -> list[tuple[str, str, float, float, float | None]]:
    """name, kind, x, y round 四牌楼, height in metres where a source gives one."""
    found: list[tuple[str, str, float, float, float | None]] = [(facts.CENTRE_NAME, "crossing", 0.0, 0.0, None)]
    for side, (gate, _, tower) in facts.AXES.items():
        (ux, uy), _, face = SIDES[side]
        found.append((gate, "gate", ux * (face - 9.0), uy * (face - 9.0), None))
        found.append((tower, "tower", ux * MID_STREET, uy * MID_STREET, None))
    found.append(("乾楼", "corner_tower", -HALF_X + CORNER / 2, HALF_Y - CORNER / 2, None))
    half = _towers("N")
    found.append(
        (
            "洪字楼",
            "watch_tower",
            float(np.concatenate([-half[::-1], half])[3]),
            HALF_Y + 6.05,
            facts.HONGZI_TOWER_HEIGHT,
        )
    )
    return found
