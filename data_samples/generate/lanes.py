"""Lanes: the walled town cut into hutong blocks, round the monuments, by lanes that bend a little.

All shapes are in metres round 四牌楼.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data_samples.generate.frame import Array
from data_samples.generate.monuments import COMPOUNDS
from data_samples.generate.wall import HALF_X, HALF_Y

STREET_HALF = 11.0  # main street
SHOP_DEPTH = 13.0
STRIP = STREET_HALF + 1.5 + SHOP_DEPTH + 3.5  # from the axis to the blocks
RING_IN = 18.0 + 16.0  # from the wall's outer face to the blocks: base, ring road and its verge
Box = tuple[float, float, float, float]


class Lane(NamedTuple):
    """A straight lane before bending: two ends and a width in metres."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The cut town: lanes, and blocks with the index of the lane to their north and south (-1 = a main
    street or the ring)."""

    lanes: tuple[Lane, ...]
    blocks: tuple[Box, ...]
    north: tuple[int, ...]
    south: tuple[int, ...]


def _width(size: float) -> float:
    return 9.0 if size > 420 else 5.5 if size > 190 else 3.6


def _cut_round(box: Box, inside: list[Box]) -> tuple[str, float] | None:
    """The edge of a monument in the box to cut along: the one with most room beyond, never through
    another."""
    west, south, east, north = box
    best: tuple[float, str, float] | None = None
    for w, s, e, n in inside:
        for axis, at, room in (
            ("x", w, w - west),
            ("x", e, east - e),
            ("y", s, s - south),
            ("y", n, north - n),
        ):
            k = 0 if axis == "x" else 1
            through = any(o[k] < at < o[k + 2] for o in inside)
            if room > 1.0 and not through and (best is None or room > best[0]):
                best = (room, axis, at)
    return None if best is None else (best[1], best[2])


def _outward(at: float, axis: str, inside: list[Box], width: float) -> float:
    """Centre of a lane along a monument's edge: half a width outside it."""
    k = 0 if axis == "x" else 1
    return at - width / 2 if any(abs(o[k] - at) < 1e-6 for o in inside) else at + width / 2


class _Cutter:
    """Recursive cutting of one quadrant; collects lanes and blocks in order."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.lanes: list[Lane] = []
        self.blocks: list[tuple[Box, int, int]] = []

    def cut(self, box: Box, inside: list[Box], north: int, south: int) -> None:
        """Cut a box until its blocks are two courtyards deep and a dozen long."""
        west, low, east, high = box
        wide, deep = east - west, high - low
        if inside:
            edge = _cut_round(box, inside)
            if edge is None:
                return  # the box is the monument itself
            axis, at = edge
            width = 5.5
            at = _outward(at, axis, inside, width)
        elif deep > 98 and (deep > 0.62 * wide or wide < 230):
            axis, width = "y", _width(min(wide, deep))
            at = low + deep * self.rng.uniform(0.4, 0.6)
        elif wide > 215:
            axis, width = "x", _width(min(wide, deep))
            at = west + wide * self.rng.uniform(0.38, 0.62)
        else:
            self.blocks.append((box, north, south))
            return
        self._split(box, inside, north, south, axis, at, width)

    def _split(self, box: Box, inside: list[Box], north: int, south: int, axis: str, at: float, width: float) -> None:
        west, low, east, high = box
        number, half = len(self.lanes), width / 2
        k = 0 if axis == "x" else 1
        before = [o for o in inside if o[k] < at]
        after = [o for o in inside if o[k] > at]
        if axis == "x":
            self.lanes.append(Lane(at, low, at, high, width))
            pair = ((west, low, at - half, high), north, south), ((at + half, low, east, high), north, south)
        else:
            self.lanes.append(Lane(west, at, east, at, width))
            pair = (
                ((west, low, east, at - half), number, south),
                ((west, at + half, east, high), north, number),
            )
        for (part, n, s), rest in zip(pair, (before, after), strict=True):
            if part[2] - part[0] > 9 and part[3] - part[1] > 9:
                self.cut(part, rest, n, s)


def plan(rng: np.random.Generator) -> Plan:
    """The four quadrants cut."""
    cutter = _Cutter(rng)
    for sx in (-1, 1):
        for sy in (-1, 1):
            xs = sorted((sx * STRIP, sx * (HALF_X - RING_IN)))
            ys = sorted((sy * STRIP, sy * (HALF_Y - RING_IN)))
            box = (xs[0], ys[0], xs[1], ys[1])
            inside = [tuple(c[2:]) for c in COMPOUNDS if box[0] < c.west < box[2] and box[1] < c.south < box[3]]
            cutter.cut(box, inside, -1, -1)  # type: ignore[arg-type]
    return Plan(
        tuple(cutter.lanes),
        *(tuple(column) for column in zip(*cutter.blocks, strict=True)),
    )


def bend(xy: Array) -> Array:
    """Shift (n, 2) points by the lanes' gentle sway: none on the main streets and at the wall, at most
    some 5 m."""
    x, y = xy[:, 0], xy[:, 1]
    fade_x = np.clip((np.abs(x) - 26.0) / 150.0, 0, 1) * np.clip((HALF_X - 20.0 - np.abs(x)) / 150.0, 0, 1)
    fade_y = np.clip((np.abs(y) - 26.0) / 150.0, 0, 1) * np.clip((HALF_Y - 20.0 - np.abs(y)) / 150.0, 0, 1)
    dx = 4.2 * np.sin(y / 71.0 + 1.3) + 2.0 * np.sin(x / 97.0 + y / 53.0)
    dy = 4.2 * np.sin(x / 83.0 + 0.4) + 2.0 * np.sin(x / 61.0 - y / 90.0 + 2.0)
    fade = (fade_x * fade_y)[:, None]
    return np.asarray(xy + fade * np.column_stack([dx, dy]))
