"""Barbicans before the four gates: how long the eastern ones are in all is sourced, everything else of them is invented.

All shapes are in metres round 四牌楼.
"""

from typing import NamedTuple

import numpy as np

from data_samples.generate import facts, shapes
from data_samples.generate.footprints import Footprints, footprints, joined
from data_samples.generate.wall import BEARINGS, JOINT, block, cuts, on_side

THICK = 10.0
HEIGHT = 12.0
GATE_WIDTH, GATE_DEPTH, GATE_HEIGHT = 20.0, 13.0, 20.0


class Barbican(NamedTuple):
    """A wall round a court before a gate: side of the city, name, width along the city wall, how far it reaches out."""

    side: str
    name: str
    width: float
    depth: float

    @property
    def length(self) -> float:
        """Metres of wall, along its outer faces."""
        return self.width + 2 * self.depth


# In the east one within the other: 278 + 422 m, the sourced 700 m.
BARBICANS = (
    Barbican("E", "瓮城", 210.0, 34.0),
    Barbican("E", "月城", facts.EAST_BARBICAN - 278.0 - 120.0, 60.0),
    Barbican("N", "瓮城", 116.0, 58.0),
    Barbican("S", "瓮城", 116.0, 58.0),
    Barbican("W", "瓮城", 116.0, 58.0),
)


def outlines() -> list[tuple[float, float, float, float]]:
    """West, south, east, north of each barbican, from the face of the city wall on."""
    found = []
    for one in BARBICANS:
        corner = np.concatenate([on_side(one.side, -one.width / 2, 0.0), on_side(one.side, one.width / 2, -one.depth)])
        west, south = corner.min(axis=0).tolist()
        east, north = corner.max(axis=0).tolist()
        found.append((west, south, east, north))
    return found


def _works(shape: shapes.Shapes, name: str, assembly: str) -> Footprints:
    return footprints(shape, name=name, use="heritage", storeys=1, height_m=HEIGHT, assembly=assembly)


def _one(barbican: Barbican) -> list[Footprints]:
    side, name, width, depth = barbican
    bearing, parts = BEARINGS[side], []
    for hand in (-1.0, 1.0):
        low, high = cuts(np.array([GATE_WIDTH / 2 + JOINT, width / 2]))
        face = block(side, hand * (low + high) / 2, high - low, THICK, THICK / 2 - depth)
        parts.append(_works(face, name, f"barbican_wall@{bearing}"))
        leg = depth - THICK - 2 * JOINT
        # The hand that is positive along the side is the northern one, or the eastern one.
        outward = BEARINGS[("N" if hand > 0 else "S") if side in "EW" else ("E" if hand > 0 else "W")]
        shape = block(side, np.array([hand * (width - THICK) / 2]), THICK, leg, -JOINT - leg / 2)
        parts.append(_works(shape, name, f"barbican_leg@{outward}"))
    gate = block(side, np.array([0.0]), GATE_WIDTH, GATE_DEPTH, THICK / 2 - depth)
    parts.append(
        footprints(
            gate, name=name, use="heritage", storeys=2, height_m=GATE_HEIGHT, eaves_m=GATE_HEIGHT - 3.5,
            roof_form="hip_and_gable", assembly=f"barbican_gate@{bearing}",
        )
    )  # fmt: skip
    return parts


def barbicans() -> Footprints:
    """Every work of every barbican."""
    return joined([part for one in BARBICANS for part in _one(one)])
