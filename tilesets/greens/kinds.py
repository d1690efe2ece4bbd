"""What a fixture is drawn as: the shapes there are, and which word of which layer stands for which."""

from collections.abc import Mapping
from enum import IntEnum

import numpy as np

from cim.fixtures import Fixtures
from cim.types import IntArray


class Shape(IntEnum):
    """The shapes that fixtures are drawn as."""

    broadleaf = 0
    conifer = 1
    weeping = 2
    columnar = 3
    shrub = 4
    lamp = 5
    bench = 6
    bin = 7
    hydrant = 8
    signal = 9
    shelter = 10
    board = 11
    charger = 12
    cover = 13
    lion = 14
    toilet = 15


class FixtureLayer(IntEnum):
    """The layers that fixtures come from."""

    trees = 0
    components = 1
    hydrants = 2


NOTHING = -1
"""Of what no shape is known for: it is counted, and not drawn."""

WORDS: Mapping[str, Mapping[str, Shape]] = {
    "trees": {shape.name: shape for shape in list(Shape)[:5]},
    "components": {
        "行道树": Shape.broadleaf,
        "古树名木": Shape.broadleaf,
        "路灯": Shape.lamp,
        "景观灯": Shape.lamp,
        "座椅": Shape.bench,
        "休闲座椅": Shape.bench,
        "垃圾箱": Shape.bin,
        "果皮箱": Shape.bin,
        "消火栓": Shape.hydrant,
        "交通信号灯": Shape.signal,
        "公交站亭": Shape.shelter,
        "宣传栏": Shape.board,
        "充电桩": Shape.charger,
        "井盖": Shape.cover,
        "石狮": Shape.lion,
        "公共厕所": Shape.toilet,
        "公厕": Shape.toilet,
    },
    "hydrants": {},
}
"""The words of each layer's `kind` that stand for a shape (the project's own reading of free text)."""

OTHERWISE: Mapping[str, int] = {"trees": Shape.broadleaf, "components": NOTHING, "hydrants": Shape.hydrant}
"""What is drawn where the kind is not known, or has no word above."""


def shapes(fixtures: Fixtures) -> IntArray:
    """The `Shape` (n,) of each fixture, NOTHING for what has none.

    >>> WORDS["components"]["路灯"].name
    'lamp'
    """
    drawn = [
        WORDS[layer].get(kind, OTHERWISE[layer]) for layer, kind in zip(fixtures.layer, fixtures.kind, strict=True)
    ]
    return np.array(drawn, dtype=np.int64)
