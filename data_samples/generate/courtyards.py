"""Courtyard houses: each hutong block divided into plots, each plot into the wings of a siheyuan.

All shapes are in metres round 四牌楼, before the lanes' bending.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_samples.generate import shapes
from data_samples.generate.footprints import Footprints, footprints, joined
from data_samples.generate.frame import Array
from data_samples.generate.lanes import Plan

FORMS = ("four_wings", "u_and_row", "ring", "two_ells", "rows", "garden")
SHARES = (0.17, 0.22, 0.33, 0.08, 0.06, 0.14)


@dataclass(frozen=True, slots=True)
class Plots:
    """Plot boxes (n, 4) west, south, east, north; the lane each faces (-1 main street or ring); its form."""

    box: Array
    lane: NDArray[np.int64]
    form: NDArray[np.int64]


def plots(plan: Plan, rng: np.random.Generator) -> Plots:
    """Rows of plots some 29-37 m wide, back to back where a block is deep."""
    boxes: list[tuple[float, float, float, float]] = []
    lanes: list[int] = []
    for (west, south, east, north), lane_n, lane_s in zip(plan.blocks, plan.north, plan.south, strict=True):
        middle = south + (north - south) * rng.uniform(0.46, 0.54)
        rows = [(south, middle, lane_s), (middle, north, lane_n)] if north - south > 46 else [(south, north, lane_s)]
        for low, high, lane in rows:
            count = max(round((east - west) / rng.uniform(29.0, 37.0)), 1)
            weights = rng.uniform(0.75, 1.25, count)
            edges = west + np.concatenate([[0.0], np.cumsum(weights) / weights.sum()]) * (east - west)
            boxes += [(a, low, b, high) for a, b in zip(edges[:-1], edges[1:], strict=True)]
            lanes += [lane] * count
    form = rng.choice(len(FORMS), size=len(boxes), p=SHARES)
    return Plots(np.array(boxes), np.array(lanes, dtype=np.int64), form)


def _wings(box: Array, lot: NDArray[np.int64], rng: np.random.Generator) -> list[Footprints]:
    """Four detached wings: 正房 in the north, 东 and 西厢房, 倒座 in the south."""
    n = len(box)
    west, south, east, north = box.T
    width, depth = east - west, north - south
    main, side, front = rng.uniform(7.2, 9.0, n), rng.uniform(4.6, 5.8, n), rng.uniform(4.8, 5.8, n)
    middle = (west + east) / 2
    length = depth - main - front - 2.4
    tall = rng.random(n) < 0.12
    x_side = np.stack([west + side / 2, east - side / 2])
    y_side = south + front + 1.2 + length / 2
    parts = [
        _house(
            shapes.rectangles(np.column_stack([middle, north - main / 2]), width, main),
            lot,
            np.where(tall, 7.0, rng.uniform(5.4, 6.4, n)),
            tall,
            rng,
        ),
        _house(
            shapes.rectangles(np.column_stack([middle, south + front / 2]), width, front),
            lot,
            rng.uniform(3.9, 4.6, n),
            False,
            rng,
        ),
    ]
    for x in x_side:
        parts.append(
            _house(
                shapes.rectangles(np.column_stack([x, y_side]), side, length),
                lot,
                rng.uniform(4.0, 5.0, n),
                False,
                rng,
            )
        )
    return parts


def _house(
    shape: shapes.Shapes,
    lot: NDArray[np.int64],
    height: Array,
    tall: NDArray[np.bool_] | bool,
    rng: np.random.Generator,
) -> Footprints:
    """Houses of one kind: gable roofs whose eaves are some 62 % of the ridge height."""
    n = len(shape)
    old = rng.random(n) < 0.3
    year = np.where(old, rng.integers(1890, 1950, n), rng.integers(2009, 2020, n)).astype(np.float64)
    use = np.where(rng.random(n) < 0.9, "residential", "commercial").astype(object)
    return footprints(
        shape,
        use=use,
        storeys=np.where(tall, 2, 1),
        height_m=height,
        eaves_m=height * rng.uniform(0.58, 0.66, n),
        roof_form="gable",
        year=year,
        lot=lot,
    )


def _u_and_row(box: Array, lot: NDArray[np.int64], rng: np.random.Generator) -> list[Footprints]:
    west, south, east, north = box.T
    middle, width, front = (west + east) / 2, east - west, rng.uniform(4.8, 5.6, len(box))
    low = south + front + 2.2
    you = shapes.yous(np.column_stack([middle, (low + north) / 2]), width, north - low, rng.uniform(5.2, 6.4, len(box)))
    row = shapes.rectangles(np.column_stack([middle, south + front / 2]), width, front)
    return [
        _house(you, lot, rng.uniform(4.8, 6.0, len(box)), False, rng),
        _house(row, lot, rng.uniform(3.9, 4.5, len(box)), False, rng),
    ]


def _ring(box: Array, lot: NDArray[np.int64], rng: np.random.Generator) -> list[Footprints]:
    west, south, east, north = box.T
    centre = np.column_stack([(west + east) / 2, (south + north) / 2])
    shape = shapes.courtyards(centre, east - west, north - south, rng.uniform(5.4, 6.8, len(box)))
    tall = rng.random(len(box)) < 0.25
    return [_house(shape, lot, np.where(tall, 7.0, rng.uniform(4.6, 5.8, len(box))), tall, rng)]


def _two_ells(box: Array, lot: NDArray[np.int64], rng: np.random.Generator) -> list[Footprints]:
    """Two L wings that face each other across the court."""
    west, south, east, north = box.T
    n = len(box)
    width, depth, arm = (east - west) - 5.6, (north - south) - 7.0, 5.0
    first = shapes.ells(np.column_stack([west + width / 2, south + depth / 2]), width, depth, arm)
    second = shapes.ells(np.column_stack([east - width / 2, north - depth / 2]), width, depth, arm, np.pi)
    return [
        _house(first, lot, rng.uniform(4.2, 5.2, n), False, rng),
        _house(second, lot, rng.uniform(4.8, 6.2, n), False, rng),
    ]


def _rows(box: Array, lot: NDArray[np.int64], rng: np.random.Generator) -> list[Footprints]:
    """Plain rows facing south, as rebuilt yards have."""
    west, south, east, north = box.T
    n, middle, width = len(box), (west + east) / 2, east - west
    depth = rng.uniform(6.2, 7.6, n)
    made = []
    for share in (0.0, 1.0):
        y = south + depth / 2 + share * (north - south - depth)
        made.append(
            _house(
                shapes.rectangles(np.column_stack([middle, y]), width, depth),
                lot,
                rng.uniform(4.2, 5.6, n),
                False,
                rng,
            )
        )
    return made


def _garden(box: Array, lot: NDArray[np.int64], rng: np.random.Generator) -> list[Footprints]:
    """A pavilion in a garden."""
    west, south, east, north = box.T
    centre = np.column_stack([(west + east) / 2, south + (north - south) * 0.7])
    side = rng.uniform(6.0, 8.0, len(box))
    return [
        footprints(
            shapes.rectangles(centre, side, side),
            use="public",
            storeys=1,
            height_m=6.5,
            eaves_m=3.8,
            roof_form="pyramidal",
            lot=lot,
        )
    ]


_MAKERS = (_wings, _u_and_row, _ring, _two_ells, _rows, _garden)


def houses(table: Plots, rng: np.random.Generator) -> Footprints:
    """Every plot built up; `lot` is the plot's index. Plots too narrow or shallow for their form get rows."""
    box = table.box + np.array([0.7, 0.9, -0.7, -0.9])
    width, depth = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    small = (width < 16.5) | (depth < 22.0)
    form = np.where(small, FORMS.index("rows"), table.form)
    parts: list[Footprints] = []
    for k, make in enumerate(_MAKERS):
        chosen = np.flatnonzero(form == k)
        if len(chosen):
            parts += make(box[chosen], chosen.astype(np.int64), rng)
    return joined(parts)
